"""The time as a server's own Date header tells it, for proofs whose time it checks."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from lib.http_answers import http_date
from lib.times import Clock, utc_now

# Seconds between two clocks that explain no refusal: a Date has whole seconds and is a moment old.
TOLERANCE = 60.0


class ServerClock:
    """Our own clock until the server told its time; from then on that time and a monotonic clock,
    so that a wrong or corrected clock of ours no longer matters.
    """

    def __init__(
        self, clock: Clock = utc_now, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._told: tuple[datetime, float] | None = None

    def __call__(self) -> datetime:
        told = self._told
        if told is None:
            return self._clock()
        moment, at = told
        return moment + timedelta(seconds=self._monotonic() - at)

    def learn(self, date: str | None) -> float:
        """Takes a Date header. Seconds by which this clock was wrong until now, 0.0 without one."""
        moment = http_date(date)
        if moment is None:
            return 0.0
        wrong = abs((moment - self()).total_seconds())
        self._told = moment, self._monotonic()
        return wrong
