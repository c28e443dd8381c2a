"""What tick draws every minute: right, bounded, and in nobody's way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lib.errors import Transient
from lib.flows import overview as flow
from lib.flows.overview import DrawOverview
from lib.rules import overview as rules
from lib.rules.overview import DAYS, Overview
from lib.settings import Mode
from lib.store import keys
from tests.fakes.clock import START
from tests.fakes.make import OLD_PHONE, SECRETS
from tests.fakes.stage import SETTLE, Stage


def draw(stage: Stage) -> Overview:
    return DrawOverview(stage.table, stage.clock).run()


def test_it_is_read_back_as_drawn(simple: Stage) -> None:
    drawn = draw(simple)
    assert simple.table.overview() == drawn
    assert (drawn.open, drawn.needs_count, drawn.whole) == (1, 1, True)
    (row,) = drawn.needs
    assert row.incident == simple.incident().id
    assert [day.found for day in drawn.history.days] == [0] * (DAYS - 1) + [1]


def test_it_holds_no_value_and_no_name(simple: Stage) -> None:
    draw(simple)
    item = simple.table._get(keys.fact("overview"))
    assert item is not None
    assert not [secret for secret in SECRETS if secret in str(item)]


def test_the_oldest_look_is_the_oldest(stage: Stage) -> None:
    assert draw(stage).oldest_look is None
    stage.clock.pass_by(SETTLE + 60)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.hint()
    chain = stage.state.chain
    assert chain is not None
    assert draw(stage).oldest_look == chain.started_at
    stage.looks()
    assert draw(stage).oldest_look is None


def test_a_table_that_is_down_delays_the_picture_only(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any, **__: Any) -> Any:
        raise Transient("DynamoDB answered ThrottlingException")

    monkeypatch.setattr(stage.table, "listed", down)
    assert DrawOverview(stage.table, stage.clock).try_run() is False
    assert stage.table.overview() is None


def test_many_closed_ones_are_not_counted_every_minute(
    simple: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "FEW", 0)
    simple.says("somebody.else", "dismiss", why="is meant to be")
    first = draw(simple).history
    assert first.rows == 1
    simple.clock.pass_by(60)
    assert draw(simple).history == first
    simple.clock.pass_by(600)
    assert draw(simple).history.taken_at > first.taken_at


def test_what_an_older_version_stored_is_drawn_anew(stage: Stage) -> None:
    stage.table._client.put_item(
        TableName=stage.table._name, Item={**keys.fact("overview"), "body": '{"open": "x"}'}
    )
    assert stage.table.overview() is None
    draw(stage)
    assert stage.table.overview() is not None


def test_nothing_is_older_than_the_plot(stage: Stage) -> None:
    old = {"opened_at": "2020-01-01T00:00:00.000Z", "status": "resolved", "updated_at": "rubbish"}
    days = rules.by_day([old], [old], START)
    assert sum(day.found + day.mended + day.proved for day in days) == 0
    assert len(days) == DAYS
    assert days[-1].day == "2026-01-02"
    assert rules.first_day(START) == START.replace(hour=0, minute=0, second=0) - timedelta(13)


def test_the_worst_and_longest_waiting_comes_first() -> None:
    def row(name: str, severity: str, opened: str, status: str = "waiting_approval") -> Any:
        known = {"severity": severity, "opened_at": opened, "status": status}
        return {"incident": name, **known}

    rows = [
        row("c", "high", "2"),
        row("d", "warning", "1"),
        row("b", "high", "1", "waiting_person"),
        row("a", "critical", "3"),
        row("e", "critical", "1", "proving"),
    ]
    assert [each.incident for each in rules.needing(rows)] == ["a", "b", "c", "d"]


def test_the_mode_is_read_as_everybody_reads_it(stage: Stage) -> None:
    now = stage.clock()
    assert stage.table.glance((), now).mode is None
    stage.table.set_mode(Mode.AUTO, "a.colleague", now)
    assert stage.table.glance((), now).mode == stage.table.mode_set()
    stage.table._client.put_item(
        TableName=stage.table._name, Item={**keys.control("mode"), "mode": "everything"}
    )
    known = stage.table.glance((), now).mode
    assert known == stage.table.mode_set()
    assert known is not None
    assert known.mode is Mode.OBSERVE


def test_caps_are_those_of_this_hour(stage: Stage) -> None:
    now = stage.clock()
    stage.table.take_place("writes", "one", now, 5)
    assert stage.table.glance(("writes", "disables"), now).used == {"writes": 1, "disables": 0}
    later = now + timedelta(hours=1)
    assert stage.table.glance(("writes",), later).used == {"writes": 0}
