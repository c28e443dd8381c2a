"""Parked work sent again: safe at any time, since coverage and digests make repeats free."""

from __future__ import annotations

from dataclasses import replace

from lib.errors import Permanent
from lib.messages import CheckMessage, RemediationMessage
from lib.ports import CheckQueue
from lib.store.parked import ParkedWork
from lib.store.table import Table
from lib.times import Clock


def message_of(work: ParkedWork) -> CheckMessage | RemediationMessage | None:
    """None: no message this version knows, so there is nothing to send again."""
    for parse in (CheckMessage.parse, RemediationMessage.parse):
        try:
            return parse(work.body)
        except Permanent:
            continue
    return None


def retry(work: ParkedWork, table: Table, checks: CheckQueue, clock: Clock) -> None:
    """Sent first, unparked after. Raises Permanent when it can never be done again.

    A remediation is not repeated as it was: its subject is looked at again, and what is still
    needed is planned anew.
    """
    message = message_of(work)
    if isinstance(message, RemediationMessage):
        incident = table.incident(message.incident_id)
        if incident is None:
            raise Permanent(f"its incident {message.incident_id} does not exist; discard it")
        message = CheckMessage.look_at(incident.subject, clock())
    if message is None:
        raise Permanent("its body is no message of this version; discard it")
    if not (message.hints or message.nameless):
        raise Permanent("it names nobody to check; find the events in Okta's log and discard it")
    # It was seen now, as far as ages and attempts are concerned.
    checks.send(replace(message, attempt=0, first_seen=clock()), delay=0)
    table.unpark(work)
