"""Whether Okta's hook still brings what Okta's log holds.

Both roads end in the check queue, and check notes which road a hint came by (a mark). A hint that
the log brought is compared an hour later: Okta gives no bound for a delivery, and asks to be told
of delays above sixty minutes. So neither a slow hook nor a full queue looks like a dead hook: what
is compared was seen by check, an hour ago.

A later delivery about the same subject counts for the earlier ones, because receive and check
answer them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from lib.model import Subject

PATIENCE = timedelta(minutes=60)
# What check took later than this after its publication is not compared: the log was read late, or
# the queue was full, and the hook's own mark may be gone.
FRESH = timedelta(minutes=30)


class Road(StrEnum):
    """How a hint came to the check queue. Only what both can carry is ever compared."""

    HOOK = "hook"
    LOG = "log"


@dataclass(frozen=True)
class Mark:
    """Hints that check took at one time (by our clock), each with when it was published."""

    at: datetime
    road: Road
    hints: tuple[tuple[Subject, datetime], ...] = field(repr=False)


@dataclass(frozen=True)
class HookHealth:
    """Counts since `since`. `silent`: how many moments in a row, a minute each, brought hints to
    the log and none through the hook. Minutes and not hints, because Okta delivers what happens
    together in one request: a single request that was lost is no dead hook.
    """

    since: datetime
    compared_to: datetime  # marks of the log up to here are counted
    delivered: int = 0
    missed: int = 0
    silent: int = 0
    silent_minute: datetime | None = None  # the last of them
    last_delivered: datetime | None = None  # when it was published
    last_missed: datetime | None = None


@dataclass(frozen=True)
class Compared:
    health: HookHealth
    delivered: int
    missed: int


def window(health: HookHealth) -> datetime:
    """Since when marks are needed: the hook may be ahead of the log by as much as is compared."""
    return health.compared_to - FRESH


def compare(health: HookHealth, marks: Iterable[Mark], now: datetime) -> Compared:
    """Counts the log's marks that have become old enough; `marks` since `window`."""
    every = list(marks)
    due = now - PATIENCE
    brought: dict[Subject, datetime] = {}
    for mark in every:
        if mark.road is Road.HOOK:
            for subject, published in mark.hints:
                brought[subject] = max(published, brought.get(subject, published))
    found: dict[tuple[datetime, Subject], bool] = {}
    for mark in every:
        if mark.road is Road.LOG and health.compared_to < mark.at <= due:
            for subject, published in mark.hints:
                if published >= mark.at - FRESH:
                    latest = brought.get(subject)
                    found[published, subject] = latest is not None and latest >= published
    ordered = [(published, found[published, s]) for published, s in sorted(found, key=_by_time)]
    return _counted(health, ordered, max(due, health.compared_to))


def _counted(
    health: HookHealth, ordered: Sequence[tuple[datetime, bool]], compared_to: datetime
) -> Compared:
    delivered = sum(1 for _, came in ordered if came)
    silent, minute = health.silent, health.silent_minute
    # A delivery anywhere in a minute vouches for that minute.
    alive = {_minute(published) for published, came in ordered if came}
    for published, _ in ordered:
        at = _minute(published)
        if at in alive:
            silent, minute = 0, None
        elif minute is None or at > minute:
            silent, minute = silent + 1, at
    came_at = [published for published, came in ordered if came]
    lost_at = [published for published, came in ordered if not came]
    after = HookHealth(
        since=health.since,
        compared_to=compared_to,
        delivered=health.delivered + delivered,
        missed=health.missed + len(lost_at),
        silent=silent,
        silent_minute=minute,
        last_delivered=max([*came_at, *_known(health.last_delivered)], default=None),
        last_missed=max([*lost_at, *_known(health.last_missed)], default=None),
    )
    return Compared(after, delivered, len(lost_at))


def skip(health: HookHealth, now: datetime) -> HookHealth:
    """Leaves the marks up to now uncounted."""
    return replace(health, compared_to=max(now - PATIENCE, health.compared_to))


def _by_time(key: tuple[datetime, Subject]) -> tuple[datetime, str, str]:
    published, subject = key
    return published, subject.app_id, subject.user_id


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _known(moment: datetime | None) -> list[datetime]:
    return [moment] if moment else []
