"""What stands for EventBridge's rules."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.aws.runtime import Invocation
from sandbox.aws.schedules import Schedule, event
from sandbox.aws.shapes import ScheduleShape
from sandbox.aws.template import resolve
from sandbox.run import SHORT_INTERVALS
from tests.sandbox.aws.conftest import SMALL
from tests.sandbox.aws.test_template import NEEDED
from tests.template.policies import ROOT


class Fake:
    """A function that does what a test says."""

    def __init__(self, does: Callable[[], Any] = lambda: None) -> None:
        self.shape = SimpleNamespace(name="FakeFunction")
        self.events: list[Any] = []
        self._does = does

    def invoke(self, given: Any) -> Invocation:
        self.events.append(given)
        self._does()
        return Invocation("request")


def schedule(function: Fake, every: float) -> Schedule:
    stand_in: Any = function
    return Schedule(stand_in, every)


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_it_runs_again_and_again_with_a_scheduled_event() -> None:
    function = Fake()
    running = schedule(function, 0.01)
    running.start()
    wait_for(lambda: len(running.runs) >= 3)
    running.stop()
    assert {given["detail-type"] for given in function.events} == {"Scheduled Event"}
    assert {given["source"] for given in function.events} == {"aws.events"}
    ended = len(function.events)
    time.sleep(0.05)
    assert len(function.events) == ended


def test_the_first_run_comes_after_one_interval() -> None:
    function = Fake()
    running = schedule(function, 30)
    running.start()
    time.sleep(0.05)
    running.stop()
    assert function.events == []


def test_never_is_never() -> None:
    function = Fake()
    running = schedule(function, 0)
    running.start()
    time.sleep(0.05)
    running.stop()
    assert function.events == []


def test_a_slow_run_neither_stops_the_clock_nor_piles_up() -> None:
    """EventBridge invokes whether or not the last run ended; two may be there at once."""
    release = threading.Event()
    function = Fake(lambda: release.wait(10))
    running = schedule(function, 0.01)
    running.start()
    wait_for(lambda: len(function.events) == 2)
    time.sleep(0.1)
    assert len(function.events) == 2
    release.set()
    wait_for(lambda: len(function.events) > 3)
    running.stop()


def test_the_local_cloud_reads_them_from_the_template() -> None:
    shape = resolve(SMALL / "template.yaml", {})
    assert shape.schedules == (ScheduleShape("ScheduledFunction", 60.0),)
    product = resolve(ROOT / "template.yaml", NEEDED)
    every = {schedule.function: schedule.every for schedule in product.schedules}
    assert every["CatchUpFunction"] == 300.0
    # What the sandbox speeds up is there, and is nothing but time.
    assert set(SHORT_INTERVALS) <= set(every)


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [
        ("rate(1 minute)", 60),
        ("rate(2 hours)", 7200),
        ("rate(1 day)", 86400),
        ("cron(0 2 * * ? *)", 86400),
    ],
)
def test_rates_are_read_as_eventbridge_reads_them(
    tmp_path: Path, rate: str, seconds: float
) -> None:
    assert rated(tmp_path, rate) == seconds


@pytest.mark.parametrize(
    "rate", ["rate(1 minutes)", "rate(2 minute)", "rate(0 minutes)", "cron(0 2)", "5m"]
)
def test_what_eventbridge_would_refuse_is_refused(tmp_path: Path, rate: str) -> None:
    with pytest.raises(ValueError, match="no schedule that EventBridge would take"):
        rated(tmp_path, rate)


def rated(folder: Path, rate: str) -> float:
    text = (SMALL / "template.yaml").read_text()
    changed = text.replace("Schedule: rate(1 minute)", f'Schedule: "{rate}"')
    assert changed != text or rate == "rate(1 minute)"
    (folder / "template.yaml").write_text(changed)
    (only,) = resolve(folder / "template.yaml", {}).schedules
    return only.every


@pytest.mark.parametrize(
    ("choice", "found"),
    [("one", ()), ("two", (ScheduleShape("ScheduledFunction", 7200.0),))],
)
def test_a_schedule_may_hang_on_a_condition(
    tmp_path: Path, choice: str, found: tuple[ScheduleShape, ...]
) -> None:
    text = (SMALL / "template.yaml").read_text()
    given = (
        "Schedule: !If [IsTwo, rate(2 hours), rate(1 day)], State: !If [IsTwo, ENABLED, DISABLED]"
    )
    changed = text.replace("Schedule: rate(1 minute)", given)
    assert changed != text
    conditions = "\nConditions:\n  IsTwo: !Not [!Equals [!Ref Choice, one]]\n\nGlobals:"
    (tmp_path / "template.yaml").write_text(changed.replace("\nGlobals:", conditions))
    assert resolve(tmp_path / "template.yaml", {"Choice": choice}).schedules == found


@pytest.mark.parametrize("rate", ["rate(1 minutes)", "rate(5 minute)", "cron(0 * * * ? *)", "5"])
def test_the_products_rate_is_held_to_its_rule(rate: str) -> None:
    with pytest.raises(Exception, match="CatchUpEvery must be a rate"):
        resolve(ROOT / "template.yaml", NEEDED | {"CatchUpEvery": rate})


def test_an_event_is_dated() -> None:
    assert event(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))["time"] == "2026-01-02T03:04:05Z"
