"""Leases with epochs, the position in the log, and the marks of roads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lib.errors import Conflict
from lib.model import Subject
from lib.rules.hook_health import HookHealth, Mark, Road
from lib.store.cursors import LONGEST, LogCursor
from lib.store.table import Table
from tests.fakes.clock import START
from tests.fakes.make import APP, SUBJECT

MINUTE = timedelta(minutes=1)
CURSOR = LogCursor("/api/v1/logs?after=x", 'eventType eq "a"', START)


def test_a_lease_is_held_by_one_until_it_ends(table: Table) -> None:
    first = table.take_lease("a", START, START + MINUTE)
    with pytest.raises(Conflict):
        table.take_lease("a", START + MINUTE / 2, START + 2 * MINUTE)
    assert table.take_lease("b", START, START + MINUTE).epoch == 1
    second = table.take_lease("a", START + MINUTE, START + 2 * MINUTE)
    assert second.epoch == first.epoch + 1


def test_a_lease_given_back_rests_as_long_as_wanted(table: Table) -> None:
    lease = table.take_lease("a", START, START + MINUTE)
    table.give_back_lease(lease, START + 10 * MINUTE)
    with pytest.raises(Conflict):
        table.take_lease("a", START + 9 * MINUTE, START + 20 * MINUTE)
    assert table.take_lease("a", START + 10 * MINUTE, START + 20 * MINUTE).epoch == 2


def test_who_was_replaced_gives_nothing_back(table: Table) -> None:
    old = table.take_lease("a", START, START)
    table.take_lease("a", START, START + MINUTE)
    table.give_back_lease(old, START)
    with pytest.raises(Conflict):
        table.take_lease("a", START, START + MINUTE)


def test_a_lease_from_a_clock_far_ahead_holds_nobody_up(table: Table) -> None:
    table.take_lease("a", START + timedelta(days=400), START + timedelta(days=400) + MINUTE)
    assert table.take_lease("a", START, START + MINUTE).epoch == 2
    table.take_lease("b", START, START + LONGEST)
    with pytest.raises(Conflict):
        table.take_lease("b", START, START + MINUTE)


def test_only_the_holder_stores_a_position(table: Table) -> None:
    assert table.log_cursor() is None
    old = table.take_lease("catch_up", START, START)
    new = table.take_lease("catch_up", START, START + MINUTE)
    table.store_log_cursor(CURSOR, new)
    with pytest.raises(Conflict):
        table.store_log_cursor(replace(CURSOR, link="/api/v1/logs?after=older"), old)
    assert table.log_cursor() == CURSOR


def test_marks_are_read_back_in_order_and_expire(table: Table) -> None:
    other = Subject(APP, "00uOTHER")
    first = Mark(START, Road.HOOK, ((SUBJECT, START), (other, START - MINUTE)))
    second = Mark(START + MINUTE, Road.LOG, ((SUBJECT, START + timedelta(milliseconds=7)),))
    table.mark_roads([second, first])
    assert table.road_marks(START, 10) == [first, second]
    assert table.road_marks(START + MINUTE / 2, 10) == [second]
    assert table.road_marks(START, 1) == [first]
    rows = table._query("pk = :p", {":p": "FACT#hook_marks"})
    hours = [(int(row["expires"]) - START.timestamp()) / 3600 for row in rows]
    assert all(3 < hour < 5 for hour in hours)


def test_a_mark_of_two_hundred_and_fifty_subjects_is_small(table: Table) -> None:
    hints = tuple((Subject(APP, f"00u{number:017}"), START) for number in range(250))
    table.mark_roads([Mark(START, Road.HOOK, hints)])
    (row,) = table._query("pk = :p", {":p": "FACT#hook_marks"})
    assert len(str(row["body"])) < 12_000


def test_health_is_written_by_one_comparison_at_a_time(table: Table) -> None:
    assert table.hook_health() is None
    began = HookHealth(START, START)
    table.record_hook_health(began, None)
    with pytest.raises(Conflict):
        table.record_hook_health(began, None)
    after = replace(began, compared_to=START + MINUTE, missed=3, silent_minute=START)
    table.record_hook_health(after, began)
    assert table.hook_health() == after
    with pytest.raises(Conflict):
        table.record_hook_health(replace(after, missed=9), began)
