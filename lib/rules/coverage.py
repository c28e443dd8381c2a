"""Coverage: per subject, the moment up to which all hints are answered.

T is Okta's Date header of the AppUser read; Graph is read after it. A check covers hints
published before T - settle. `published` later than T is clamped to T. Our clock never enters.
"""

from __future__ import annotations

from datetime import datetime, timedelta

# Okta's Date header has whole seconds, so T may be up to this much earlier than the read.
DATE_RESOLUTION = timedelta(seconds=1)


def covered_to(taken_at: datetime, settle: timedelta) -> datetime:
    return taken_at - settle


def is_covered(published: datetime | None, covered: datetime | None) -> bool:
    """True when a hint needs no further read. An unknown publication is never covered."""
    return published is not None and covered is not None and published < covered


def will_be_covered(
    published: datetime | None, next_look: datetime | None, settle: timedelta
) -> bool:
    """True when the look that is queued already reads late enough for this hint as well."""
    return (
        published is not None
        and next_look is not None
        and is_covered(published, next_look - settle)
    )


def clamp(published: datetime | None, taken_at: datetime) -> datetime:
    """A hint from the future, or of unknown time, counts as published at the read."""
    return taken_at if published is None else min(published, taken_at)


def wait_for(wanted: datetime, taken_at: datetime, settle: timedelta) -> timedelta | None:
    """How long after T a further read is needed to cover `wanted`; None when T covers it."""
    if is_covered(wanted, covered_to(taken_at, settle)):
        return None
    return wanted + settle - taken_at + DATE_RESOLUTION
