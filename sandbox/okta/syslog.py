"""The System Log as it is stored: what was published when, and when it became readable."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.okta.times import parse

Event = dict[str, object]

# Events older than this are not returned, without an error.
RETENTION = timedelta(days=90)


@dataclass(frozen=True)
class Entry:
    """One event. `persisted` is when it becomes readable; `number` breaks ties in that order."""

    persisted: datetime
    number: int
    published: datetime
    event: Event

    @property
    def position(self) -> tuple[datetime, int]:
        return self.persisted, self.number


class SystemLog:
    """Keeps events and tells listeners of each one at once, whatever the insertion delay.

    Hooks and the log are separate deliveries at the vendor: a hook may arrive before the event
    can be read, and the other way round.
    """

    def __init__(self, clock: Callable[[], datetime], delay_seconds: float = 0.0) -> None:
        self._clock = clock
        self.delay_seconds = delay_seconds
        self._entries: list[Entry] = []  # in order of position
        self._happened: list[Event] = []
        self._lock = threading.Lock()
        self._listeners: list[Callable[[Event], None]] = []

    def listen(self, listener: Callable[[Event], None]) -> None:
        self._listeners.append(listener)

    def append(self, event: Mapping[str, object], delay_seconds: float | None = None) -> Event:
        """Stores one event; `delay_seconds` overrides the log's own insertion delay for it."""
        delay = self.delay_seconds if delay_seconds is None else delay_seconds
        stored = dict(event)
        published = parse(str(stored["published"]))
        with self._lock:
            persisted = self._clock() + timedelta(seconds=delay)
            entry = Entry(persisted, len(self._happened), published, stored)
            bisect.insort(self._entries, entry, key=lambda known: known.position)
            self._happened.append(stored)
        for listener in self._listeners:
            listener(stored)
        return stored

    def readable(self, after: tuple[datetime, int] | None = None) -> list[Entry]:
        """What can be read now, in the order in which it was persisted, beyond `after`."""
        now = self._clock()
        with self._lock:
            first = 0
            if after is not None:
                first = bisect.bisect_right(self._entries, after, key=lambda e: e.position)
            entries = self._entries[first:]
        return [e for e in entries if e.persisted <= now and e.published > now - RETENTION]

    def everything(self) -> list[Event]:
        """All events in the order they happened, readable or not: for tests, not for the API."""
        with self._lock:
            return list(self._happened)
