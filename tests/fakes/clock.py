"""A clock that moves when it is told to, and hardly otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class FakeClock:
    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """A millisecond passes, so that what happens in order is dated in order."""
        self.now += timedelta(milliseconds=1)
        return self.now

    def date(self) -> datetime:
        """What a vendor's Date header would say: whole seconds."""
        return self.now.replace(microsecond=0)

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
