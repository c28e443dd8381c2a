"""Stays inside the rate limit that Okta announces, and leaves a part of it to others.

Source: the vendor's rate-limit guide. X-Rate-Limit-Limit, -Remaining and -Reset (UTC epoch
seconds, to be compared with the Date header) describe one bucket; a token shares the
organisation's buckets with everybody else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lib.errors import NotDone
from lib.http import Reply
from lib.http_answers import http_date

RESERVE = 0.10
# An answer always comes sooner (the client's own timeouts); this only guards against a lost one.
LONGEST_WAIT = 60.0
# The window of a bucket that announces nothing, for which nothing is known either.
SILENT_SECONDS = 60.0


@dataclass
class _Window:
    """What the last answers said. `remaining` None: this bucket announces no limit."""

    remaining: float | None = None
    limit: float | None = None
    reserve: float = 0.0
    reset: float = 0.0  # the vendor's epoch seconds; names the window
    ends: float = 0.0  # by our monotonic clock; 0: nothing is known
    out: int = 0  # requests without an answer yet


class Budget:
    """A Gate for lib/http.py, shared by all threads of one client.

    While nothing is known of a bucket one request goes first; the others wait for what its
    answer announces. `now` is a monotonic clock in seconds.
    """

    def __init__(self, reserve: float = RESERVE, now: Callable[[], float] = time.monotonic) -> None:
        self._reserve = reserve
        self._now = now
        self._windows: dict[str, _Window] = {}
        self._changed = threading.Condition()

    def enter(self, path: str) -> None:
        """Raises NotDone with the seconds to the reset when only the reserve is left."""
        with self._changed:
            window = self._windows.setdefault(bucket_of(path), _Window())
            while not self._free(window):
                if window.out == 0:
                    raise NotDone(
                        "Okta's announced rate limit is used up",
                        max(0.0, window.ends - self._now()),
                    )
                if not self._changed.wait(LONGEST_WAIT):
                    raise NotDone("Okta's rate limit could not be learnt")
            window.out += 1

    def leave(self, path: str, reply: Reply | None) -> None:
        with self._changed:
            window = self._windows[bucket_of(path)]
            window.out -= 1
            if reply is not None:
                self._learn(window, reply)
            self._changed.notify_all()

    def a_minute(self, bucket: str) -> float | None:
        """What the bucket's limit leaves to us, by the last answer; None: it announced none."""
        with self._changed:
            window = self._windows.get(bucket)
            if window is None or window.limit is None:
                return None
            return window.limit - window.reserve

    def _free(self, window: _Window) -> bool:
        if self._now() >= window.ends:
            return window.out == 0
        return window.remaining is None or window.remaining - window.out > window.reserve

    def _learn(self, window: _Window, reply: Reply) -> None:
        limit, remaining, reset = (
            _whole(reply.headers.get(f"x-rate-limit-{name}"))
            for name in ("limit", "remaining", "reset")
        )
        if limit is None or remaining is None or reset is None:
            if self._now() >= window.ends:
                window.remaining, window.ends = None, self._now() + SILENT_SECONDS
            return
        if reset < window.reset:
            return  # answers overtake one another: this one tells of an older window
        # Within one window the count only falls, whatever order the answers come in.
        known = window.remaining if reset == window.reset else None
        window.remaining = remaining if known is None else min(known, remaining)
        window.reset = reset
        window.limit = limit
        window.reserve = limit * self._reserve
        moment = http_date(reply.headers.get("date")) or reply.received_at
        window.ends = self._now() + max(0.0, reset - moment.timestamp())


def bucket_of(path: str) -> str:
    """Okta's published buckets: reading one app apart, else everything under apps; users; logs."""
    parts = path.partition("/api/v1/")[2].split("/")
    if parts[0] == "apps" and len(parts) == 2:
        return "app"
    return parts[0] if parts[0] in {"apps", "users", "logs"} else "other"


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() else None
