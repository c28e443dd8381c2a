from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lib.server_clock import ServerClock

OURS = datetime(2026, 1, 1, 12, tzinfo=UTC)
DATE = "Thu, 01 Jan 2026 12:10:00 GMT"
TOLD = OURS + timedelta(minutes=10)


class Ticks:
    """Our wall clock and a monotonic one, moved apart from each other."""

    def __init__(self) -> None:
        self.wall, self.monotonic = OURS, 100.0

    def clock(self) -> ServerClock:
        return ServerClock(lambda: self.wall, lambda: self.monotonic)


def test_it_is_our_own_time_until_the_server_told_its() -> None:
    ticks = Ticks()
    clock = ticks.clock()
    assert clock() == OURS
    assert clock.learn(DATE) == 600.0
    assert clock() == TOLD
    ticks.monotonic += 30
    ticks.wall += timedelta(hours=5)  # somebody set our clock
    assert clock() == TOLD + timedelta(seconds=30)


def test_a_later_date_corrects_what_was_known() -> None:
    ticks = Ticks()
    clock = ticks.clock()
    clock.learn("Thu, 01 Jan 2026 12:00:00 GMT")
    # The process slept, and its monotonic clock with it.
    assert clock.learn(DATE) == 600.0
    assert clock.learn(DATE) == 0.0


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_no_date_teaches_nothing(date: str | None) -> None:
    clock = Ticks().clock()
    assert clock.learn(date) == 0.0
    assert clock() == OURS
