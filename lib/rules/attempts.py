"""What an incident's own record says of earlier attempts to mend it."""

from __future__ import annotations

from datetime import datetime, timedelta

from lib.incident import Incident, Status

# A step whose outcome was not recorded by then has been abandoned.
ABANDONED = timedelta(minutes=15)
# Of one plan, whose step was kept from being done each time: somebody is told once.
STUCK = 5


def failures_after(known: Incident) -> int:
    """Mends that did not work out, counting the one whose proof just failed."""
    return known.failures + (1 if known.status is Status.PROVING else 0)


def last_failure(how: str, failures: int) -> str:
    """Why a person is needed. It counts, so that no two plans after failures are the same one, and
    what was approved for one does not run the next.
    """
    return f"an earlier attempt {how}" if failures < 2 else f"the last of {failures} attempts {how}"


def under_way(incident: Incident, now: datetime) -> bool:
    """An intent without outcome. A crashed person's run does not come back, so it expires."""
    return incident.in_flight is not None and now - incident.updated_at < ABANDONED
