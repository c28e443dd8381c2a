"""Holds back before Microsoft Graph has to: the last part of its limits is left to others.

Source: the vendor's throttling guide. x-ms-throttle-limit-percentage comes only above 0.8 of a
limit (1.0 is all of it); Retry-After names the wait of a 429, in a part of a $batch as well. Limits
of identity resources are counted in windows of 10 s, those of the audit log by themselves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping

from lib.errors import NotDone
from lib.graph_parse import mapping
from lib.http_answers import Reply, retry_after

# The vendor first speaks at four fifths of a limit, so a fifth stays for others.
NEARLY = 0.8
WINDOW = 10.0


class Restraint:
    """A Gate for lib/http.py, shared by all threads of one client. `now`: monotonic seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def enter(self, path: str) -> None:
        """Raises NotDone with the seconds for which Graph is left alone."""
        with self._lock:
            left = self._until.get(bucket_of(path), 0.0) - self._now()
        if left > 0:
            raise NotDone("Microsoft Graph's announced limit is nearly used up", left)

    def leave(self, path: str, reply: Reply | None) -> None:
        if reply is None:
            return
        wait = max(map(_wait, _answers(reply)))
        if wait > 0:
            bucket = bucket_of(path)
            with self._lock:
                self._until[bucket] = max(self._until.get(bucket, 0.0), self._now() + wait)


def bucket_of(path: str) -> str:
    return "audit" if "/auditLogs/" in path else "directory"


def _wait(reply: Reply) -> float:
    """Without a time of the vendor's each piece of work backs off by itself."""
    if reply.status == 429:
        return retry_after(reply) or 0.0
    try:
        used = float(reply.headers.get("x-ms-throttle-limit-percentage", ""))
    except ValueError:
        return 0.0
    return WINDOW if used >= NEARLY else 0.0


def _answers(reply: Reply) -> Iterator[Reply]:
    """The answer, and the parts of a $batch in it."""
    yield reply
    responses = mapping(reply.body).get("responses")
    for part in responses if isinstance(responses, list) else ():
        found = mapping(part)
        status, headers = found.get("status"), found.get("headers")
        if isinstance(status, int) and isinstance(headers, Mapping):
            names = {str(name).lower(): str(value) for name, value in headers.items()}
            yield Reply(status, names, None, reply.received_at)
