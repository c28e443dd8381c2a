"""Reads Microsoft's audit log as evidence: within a budget, and never at the cost of a check."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from lib.errors import NotFound, Permanent, Refused, Transient
from lib.model import AuditLog
from lib.ports import GraphPort
from lib.times import Clock

# Microsoft allows 5 requests in 10 seconds for one application in one tenant; other execution
# environments ask too, and a 429 closes the budget of whoever got it.
REQUESTS = 4
WINDOW = timedelta(seconds=10)
# After no answer, or a 429 without a time: a read may take a timeout of 10 seconds each.
SILENCE = timedelta(seconds=60)

SPENT = "the audit log was not asked: its budget of 5 requests in 10 seconds was spent"
SILENT = "the audit log was not asked: it did not answer a moment ago"


class AuditBudget:
    """At most `REQUESTS` in any `WINDOW`; shut for as long as the vendor says."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taken: deque[datetime] = deque()
        self._shut_until: datetime | None = None
        self._why = SPENT

    def take(self) -> str:
        """Why nothing may be asked now; "" when a place was taken."""
        now = self._clock()
        if self._shut_until is not None and now < self._shut_until:
            return self._why
        while self._taken and now - self._taken[0] >= WINDOW:
            self._taken.popleft()
        if len(self._taken) >= REQUESTS:
            return SPENT
        self._taken.append(now)
        return ""

    def shut(self, seconds: float | None) -> None:
        """`seconds` None: the vendor named no time, or did not answer at all."""
        self._why = SILENT if seconds is None else SPENT
        lasting = SILENCE if seconds is None else timedelta(seconds=seconds)
        self._shut_until = self._clock() + lasting


class Audits:
    def __init__(self, graph: GraphPort, clock: Clock) -> None:
        self._graph = graph
        self._budget = AuditBudget(clock)

    def read(self, object_id: str, since: datetime) -> AuditLog | str:
        """The log, or why it was not read. Raises nothing: evidence is worth no delay."""
        not_now = self._budget.take()
        if not_now:
            return not_now
        try:
            return self._graph.audit_log(object_id, since)
        except Transient as error:
            self._budget.shut(error.retry_after)
            return f"the audit log did not answer: {error}"
        except (Refused, Permanent) as error:
            return f"the audit log is unknown: {told(error)}"


def told(error: Refused | Permanent) -> str:
    """A refusal with the ids that join it to the vendor's logs, and no prose of the vendor's."""
    if not isinstance(error, Refused):
        return "it was not found" if isinstance(error, NotFound) else str(error)
    ids = [
        f"{name} {value}"
        for name, value in (
            ("request-id", error.request_id),
            ("client-request-id", error.client_request_id),
        )
        if value
    ]
    return "; ".join([f"refused with HTTP {error.status} {error.code}", *ids])
