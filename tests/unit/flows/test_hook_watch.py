"""From a hook's delivery and the log's page through check to "the hook seems dead"."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lib.errors import Transient
from lib.flows import hook_watch
from lib.flows.catch_up import messages_of
from lib.flows.hook_watch import HookWatch
from lib.messages import CheckMessage, pack
from lib.rules.hints import read_events
from lib.rules.hook_health import PATIENCE, Road
from tests.fakes.make import APP, SUBJECT, USER
from tests.fakes.stage import SETTLE, Stage
from tests.fakes.system_log import DEACTIVATE, PUSH, log_event

Counted = list[tuple[str, float]]


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    found: Counted = []
    monkeypatch.setattr(
        hook_watch.metrics, "add_metric", lambda name, unit, value: found.append((name, value))
    )
    return found


class Both:
    """Pushes of one user, brought by either road, or both, through check."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.watch = HookWatch(stage.table, stage.clock)
        self.watch.run()

    def push(self, *roads: Road, kind: str = PUSH, user: str = USER) -> None:
        stage = self.stage
        event = log_event(f"u-{stage.clock.now:%H%M%S}", stage.clock.now, user, kind)
        bodies: dict[str, CheckMessage] = {}
        if Road.HOOK in roads:
            hints = read_events([event], (APP,)).hints
            bodies["hook"] = next(pack(hints, (), stage.clock(), road=Road.HOOK))
        if Road.LOG in roads:
            (bodies["log"],) = messages_of([event], (APP,), stage.clock())[0]
        stage.clock.pass_by(SETTLE + 10)
        for name, message in bodies.items():
            assert stage.run({name: message}) == []
        stage.clock.pass_by(60)

    def an_hour_later(self) -> Any:
        self.stage.clock.pass_by(PATIENCE.total_seconds())
        return self.watch.run()


@pytest.fixture
def both(stage: Stage, counted: Counted) -> Both:
    """Counting has begun, and has found nothing yet."""
    made = Both(stage)
    counted.clear()
    return made


def test_a_hook_that_delivers_is_alive(both: Both, counted: Counted) -> None:
    for _ in range(3):
        both.push(Road.HOOK, Road.LOG)
    both.an_hour_later()
    assert counted == [("HookDelivered", 3), ("HookMissed", 0), ("HookSilent", 0)]


def test_whichever_came_first_and_was_covered_the_hook_is_alive(
    both: Both, counted: Counted
) -> None:
    """Coverage answers the second without writing the subject, and its road is still noted."""
    both.push(Road.LOG, Road.HOOK)
    reads = len(both.stage.okta.calls)
    published = both.stage.clock.now - timedelta(hours=1)
    old = log_event("old", published)
    late = next(pack(read_events([old], (APP,)).hints, (), published, road=Road.HOOK))
    both.stage.run({"m": late})
    assert len(both.stage.okta.calls) == reads
    assert both.an_hour_later().delivered == 1


def test_a_hook_that_is_silent_three_times_seems_dead(both: Both, counted: Counted) -> None:
    both.push(Road.HOOK, Road.LOG)
    for _ in range(3):
        both.push(Road.LOG)
    health = both.an_hour_later()
    assert counted[-3:] == [("HookDelivered", 1), ("HookMissed", 3), ("HookSilent", 3)]
    assert both.stage.table.hook_health() == health
    both.push(Road.HOOK, Road.LOG)
    assert both.an_hour_later().silent == 0


def test_what_no_hook_carries_is_not_missed(both: Both) -> None:
    for _ in range(3):
        both.push(Road.LOG, kind=DEACTIVATE)
    assert both.an_hour_later().missed == 0


def test_a_check_queue_that_stands_still_makes_no_hook_dead(both: Both, counted: Counted) -> None:
    """Neither road is noted before check takes the messages."""
    assert both.an_hour_later().silent == 0
    assert counted[-1] == ("HookSilent", 0)


def test_what_is_tried_again_is_noted_once(both: Both) -> None:
    stage = both.stage
    stage.okta.trouble[SUBJECT] = Transient("down")
    both.push(Road.LOG)
    ((again, _),) = stage.checks.take()
    assert (again.attempt, again.road) == (1, Road.LOG)
    stage.run({"again": again})
    assert len(stage.table.road_marks(stage.clock.now - timedelta(hours=1), 10)) == 1


def test_a_table_that_takes_no_marks_stops_no_check(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise Transient("DynamoDB can not be reached")

    monkeypatch.setattr(both.stage.table, "mark_roads", down)
    both.push(Road.HOOK)
    assert both.stage.state.covered_to is not None


def test_a_comparison_that_fails_is_made_later(
    both: Both, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    both.push(Road.LOG)

    def down(*_: object) -> None:
        raise Transient("DynamoDB can not be reached")

    with monkeypatch.context() as broken:
        broken.setattr(both.stage.table, "road_marks", down)
        assert both.an_hour_later() is None
    assert counted == []
    assert both.an_hour_later().missed == 1


def test_more_marks_than_can_be_compared_are_left(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook_watch, "MOST_MARKS", 2)
    for _ in range(3):
        both.push(Road.LOG)
    health = both.an_hour_later()
    assert (health.missed, health.silent) == (0, 0)
    assert health.compared_to > health.since


def test_two_comparisons_at_once_count_once(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    both.push(Road.LOG)
    marks = both.stage.table.road_marks

    def meanwhile(*given: Any) -> Any:
        monkeypatch.setattr(both.stage.table, "road_marks", marks)
        both.watch.run()
        return marks(*given)

    both.stage.clock.pass_by(PATIENCE.total_seconds())
    monkeypatch.setattr(both.stage.table, "road_marks", meanwhile)
    assert both.watch.run() is None
    stored = both.stage.table.hook_health()
    assert stored is not None
    assert stored.missed == 1
