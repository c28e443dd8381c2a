"""Marks: the newest hint wins, and whoever covered an older one takes nothing away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lib.errors import Conflict
from lib.model import Link, LinkSource, Subject
from lib.rules.sweep import Kind, Mark, Phase, Sweep
from lib.store.keys import SHARDS, shard
from lib.store.records import SubjectState
from lib.store.table import Table
from tests.fakes.clock import START
from tests.fakes.make import APP, OBJECT, OTHER_APP, SUBJECT, USER

LATER = START + timedelta(seconds=5)
MARK = Mark(SUBJECT, "sw-1", START, START)


def marks(table: Table) -> list[Mark]:
    return [mark for number in range(SHARDS) for mark in table.marks(number, "", 100)]


def test_the_newest_hint_wins_in_any_order(table: Table) -> None:
    table.want([MARK])
    table.want([replace(MARK, published=LATER)])
    table.want([MARK])
    assert [mark.published for mark in marks(table)] == [LATER]


def test_a_newer_hint_is_not_taken_away_by_an_older_cover(table: Table) -> None:
    table.want([MARK])
    table.want([replace(MARK, published=LATER)])
    table.unwant([MARK])
    assert len(marks(table)) == 1
    table.unwant(marks(table))
    assert marks(table) == []


def test_a_kept_look_survives_a_newer_hint_and_never_hides_it(table: Table) -> None:
    kept = replace(MARK, due=LATER, start=LATER, tries=1)
    table.keep_marks([kept])
    assert marks(table) == [kept]
    newer = replace(MARK, published=LATER, at=LATER)
    table.want([newer])
    assert marks(table) == [replace(kept, published=LATER, at=LATER)]
    table.keep_marks([kept])
    assert marks(table)[0].published == LATER


def test_a_look_without_a_hint_is_a_mark_as_well(table: Table) -> None:
    look = replace(MARK, published=None, due=LATER)
    table.keep_marks([look])
    assert table.wanted([SUBJECT, Subject(APP, "00uOTHER")]) == {SUBJECT: look}
    table.unwant([look])
    assert marks(table) == []


def test_many_marks_are_read_in_parts(table: Table) -> None:
    users = [Subject(APP, f"00u{number:017d}") for number in range(130)]
    table.want([replace(MARK, subject=subject) for subject in users])
    assert set(table.wanted(users)) == set(users)
    found: list[Subject] = []
    for number in range(SHARDS):
        after = ""
        while part := table.marks(number, after, 7):
            assert len(part) <= 7
            found += [mark.subject for mark in part]
            after = f"{part[-1].subject.app_id}#{part[-1].subject.user_id}"
    assert sorted(found) == sorted(users)


def test_who_was_ever_linked_is_found_by_app(table: Table) -> None:
    link = Link(OBJECT, LinkSource.EXTERNAL_ID)
    table.commit_subject(SubjectState(SUBJECT, link=link))
    table.commit_subject(SubjectState(Subject(APP, "00uNOBODY")))
    table.commit_subject(SubjectState(Subject(OTHER_APP, USER), link=link))
    every = [s for number in range(SHARDS) for s in table.linked(APP, number, "", 10)]
    assert every == [SUBJECT]
    assert table.linked(APP, shard(USER), USER, 10) == []


def sweep(name: str = "sw-1") -> Sweep:
    return Sweep(name, Kind.HAND, (APP,), START, START)


def test_only_the_leases_holder_stores_a_step_and_each_step_once(table: Table) -> None:
    first = sweep()
    table.begin_sweep(first, storm=False)
    paused = table.take_lease("sweep", START, START + timedelta(seconds=10))
    holder = table.take_lease("sweep", START + timedelta(seconds=11), START + timedelta(seconds=60))
    second = replace(first, step=1)
    with pytest.raises(Conflict):
        table.advance_sweep(first, second, paused)
    table.advance_sweep(first, second, holder)
    with pytest.raises(Conflict):
        table.advance_sweep(first, second, holder)
    assert table.sweep("sw-1") == second


def test_a_sweep_that_ends_frees_only_its_own_place(table: Table) -> None:
    first = sweep()
    table.begin_sweep(first, storm=False)
    with pytest.raises(Conflict):
        table.begin_sweep(sweep("sw-2"), storm=True)
    assert table.sweep("sw-2") is None
    lease = table.take_lease("sweep", START, LATER)
    last = replace(first, step=1, phase=Phase.LAST)
    table.advance_sweep(first, last, lease)
    table.begin_sweep(sweep("sw-2"), storm=True)
    table.advance_sweep(last, replace(last, step=2, phase=Phase.DONE), lease)
    running = table.running_sweep()
    assert running is not None
    assert (running.sweep_id, running.storm) == ("sw-2", True)
    assert [one.id for one in table.sweeps()] in (["sw-1", "sw-2"], ["sw-2", "sw-1"])
    assert not table.becomes_storm("sw-1")
    assert table.ask_to_stop("sw-2")
