"""Per-minute request buckets with the headers Okta announces them by."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

_WINDOW_SECONDS = 60


@dataclass(frozen=True)
class Standing:
    """One bucket after one request. `reset` is UTC epoch seconds."""

    limit: int
    remaining: int
    reset: int
    exceeded: bool

    def headers(self) -> dict[str, str]:
        """There is no Retry-After: a client has to compare Reset with the Date header."""
        return {
            "X-Rate-Limit-Limit": str(self.limit),
            "X-Rate-Limit-Remaining": str(self.remaining),
            "X-Rate-Limit-Reset": str(self.reset),
        }


class RateLimits:
    """Counts requests per bucket in fixed windows of one minute, by the given clock.

    `crowded`: others use up what all share as soon as a minute begins, so that nothing is left.
    """

    def __init__(self, limits: Mapping[str, int], clock: Callable[[], datetime]) -> None:
        self.crowded = False
        self._limits = dict(limits)
        self._clock = clock
        self._windows: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def take(self, bucket: str) -> Standing:
        """Counts one request; `exceeded` says that it must be refused."""
        limit = self._limits[bucket]
        now = self._clock().timestamp()
        with self._lock:
            reset, used = self._windows.get(bucket, (0, 0))
            if now >= reset:
                reset, used = math.ceil(now) + _WINDOW_SECONDS, 0
            if self.crowded:
                used = limit
            exceeded = used >= limit
            used = min(limit, used + 1)
            self._windows[bucket] = (reset, used)
        return Standing(limit, limit - used, reset, exceeded)

    def standings(self) -> dict[str, Standing]:
        """Every bucket as it is, spending nothing; one nobody asked in this minute is full."""
        now = math.floor(self._clock().timestamp())
        found = {}
        with self._lock:
            for bucket, limit in self._limits.items():
                reset, used = self._windows.get(bucket, (0, 0))
                if now >= reset:
                    reset, used = now + _WINDOW_SECONDS, 0
                if self.crowded:
                    used = limit
                found[bucket] = Standing(limit, limit - used, reset, used >= limit)
        return found

    def set_limit(self, bucket: str, limit: int) -> None:
        """Changes a limit and opens a fresh window."""
        with self._lock:
            self._limits[bucket] = limit
            self._windows.pop(bucket, None)


def bucket_of(path: str) -> str:
    """Which bucket a request path spends: apps, users, logs or other."""
    parts = path.strip("/").split("/")
    kind = parts[2] if parts[:2] == ["api", "v1"] and len(parts) > 2 else ""
    return kind if kind in {"apps", "users", "logs"} else "other"
