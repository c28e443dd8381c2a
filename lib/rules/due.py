"""When something must be looked at again although nothing happens: what tick finds.

Every wait of the table has such a moment, so that a lost message, a crash or a forgotten approval
costs time and never the work.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from lib.incident import Incident, Status
from lib.rules.attempts import ABANDONED

# How long a queued look may be late before another is sent. A queue delivers within seconds; a
# batch that is tried again waits at most SQS's 15 minutes.
LATE_LOOK = timedelta(minutes=20)
# Pages and remediation messages are sent right after their commit.
LATE_ERRAND = timedelta(minutes=2)
# A plan that runs, or a proof: look delays and retries of a vendor that says "later" fit in.
LATE_MEND = timedelta(minutes=60)
# What waits for a person is read again, so that a cure by other hands is noticed.
DAILY = timedelta(days=1)


def incident_due(incident: Incident) -> datetime | None:
    """None: nothing will ever be due, since it is closed and off every list."""
    if not incident.status.open:
        return incident.updated_at if incident.parent else None
    moments: list[datetime] = []
    if incident.snoozed_until:
        moments.append(incident.snoozed_until)
    if incident.approved_until:
        moments.append(incident.approved_until)
    if incident.in_flight:
        moments.append(incident.updated_at + ABANDONED)
    elif incident.status in (Status.REMEDIATING, Status.PROVING):
        moments.append(incident.updated_at + LATE_MEND)
    else:
        moments.append(incident.updated_at + DAILY)
    return min(moments)


def subject_due(
    next_look: datetime | None, errands: Iterable[object], last_read: datetime | None
) -> datetime | None:
    """`last_read` stands for the moment of the commit."""
    moments = [next_look + LATE_LOOK] if next_look else []
    if last_read and any(True for _ in errands):
        moments.append(last_read + LATE_ERRAND)
    return min(moments, default=None)
