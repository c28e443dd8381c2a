"""A clock that moves only when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class FakeClock:
    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def date(self) -> datetime:
        """What a vendor's Date header would say: whole seconds."""
        return self.now.replace(microsecond=0)

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
