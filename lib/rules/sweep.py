"""A sweep's state, and what of it is arithmetic.

A sweep goes through phases; each step of it is stored before the next one is asked for, so that a
crash repeats a step and never loses the rest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum

from lib.incident import NEXT, CauseName, News, Page, Severity
from lib.model import Attribute, Subject

# Okta's most for a page of app users.
PAGE = 500
# Half of Okta's published 100 a minute for everything below /api/v1/apps, less the part that
# lib/rate.py leaves to others; used until an answer announced a limit.
USUAL_A_MINUTE = 45.0
# Another round begins no sooner after the end of one, nor before half as much time has passed as
# the round took: a storm that goes on for hours leaves a third of Okta's calls to single checks.
BREATH = timedelta(seconds=30)
PACE = 0.75
SPREAD = timedelta(seconds=30)
# A part that could not be read is asked for in so many rounds, then by a check of its own.
TRIES = 3
# A sweep whose step is later than this is sent again.
LATE = timedelta(minutes=15)


class Kind(StrEnum):
    BASELINE = "baseline"  # the first that comes to its end: one summary instead of pages
    NIGHTLY = "nightly"
    HAND = "hand"
    STORM = "storm"  # reads whom hints want, and only those


class Phase(StrEnum):
    LIST = "list"  # everybody who is assigned, page by page
    GONE = "gone"  # linked users who were on no page
    REST = "rest"  # counts what is still wanted: nothing, a few, or another round
    HAND = "hand"  # a few: cheaper one by one
    LAST = "last"  # it no longer runs; marks that were made while it ended
    DONE = "done"


@dataclass(frozen=True)
class Counts:
    """Of a whole sweep. `calls` to Okta are pages. `read`: subjects seen on both sides."""

    pages: int = 0
    listed: int = 0
    read: int = 0
    equal: int = 0
    differing: int = 0
    known: int = 0  # differ, and an incident is open already
    unreadable: int = 0
    handed: int = 0  # differ at every look: a check of their own decides
    single: int = 0  # read one by one for another reason
    gone: int = 0  # linked, assigned no more, account still enabled
    phones: int = 0
    mails: int = 0
    accounts: int = 0
    leavers: int = 0

    def __add__(self, other: Counts) -> Counts:
        added = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return Counts(**added)


@dataclass(frozen=True)
class Sweep:
    """`step` counts what was stored, and names the message that goes on. `after` is Okta's own
    link to the next page, or where a query of the table goes on. `sizes`: users of each app, as
    the last sweep counted them until this one has.

    `first_read` and `last_read`: Okta's times of a round's first and latest page. `waiting`,
    `next_start` and `last_start` are gathered in REST: how much is wanted, and when another round
    makes sense for the first and for the last of it.
    """

    id: str
    kind: Kind
    apps: tuple[str, ...]
    started_at: datetime
    updated_at: datetime
    phase: Phase = Phase.LIST
    step: int = 0
    round: int = 1
    app: int = 0
    after: str = field(default="", repr=False)
    shard: int = 0
    page: int = 0  # of this round
    sizes: dict[str, int] = field(default_factory=dict)
    so_far: int | None = None  # listed of the app at hand, in the first round
    counts: Counts = Counts()
    round_began: datetime | None = None  # our clock
    first_read: datetime | None = None
    last_read: datetime | None = None
    waiting: int = 0
    next_start: datetime | None = None
    last_start: datetime | None = None
    not_before: datetime | None = None
    ended_at: datetime | None = None
    outcome: str = ""
    missing: tuple[str, ...] = ()  # apps that Okta does not know

    @property
    def everybody(self) -> bool:
        """A storm reads who is wanted; so does every further round of any sweep."""
        return self.kind is not Kind.STORM and self.round == 1

    @property
    def due_at(self) -> datetime | None:
        if self.phase is Phase.DONE:
            return None
        return max(self.updated_at, self.not_before or self.updated_at) + LATE


@dataclass(frozen=True)
class Mark:
    """A subject that a sweep's rounds have to read: a hint wants it, or a look is due.

    `published`: the latest hint's, None when only a look is due. `due`: not before this (Okta's
    time); `start`: a round that begins then meets it in time. `at`: when it was marked (ours).
    """

    subject: Subject
    sweep_id: str
    at: datetime
    published: datetime | None = None
    guessed: bool = False
    due: datetime | None = None
    start: datetime | None = None
    tries: int = 0


@dataclass(frozen=True)
class Found:
    """One line of a sweep's report: ids and words, no value."""

    subject: Subject
    what: str  # differs, agrees now, gone, unreadable
    at: datetime
    attributes: tuple[Attribute, ...] = ()
    why: str = ""


def pages_of(users: int) -> int:
    return max(1, -(-users // PAGE))


def fingerprint(user_id: str) -> bytes:
    """Eight bytes: a million of them and a thousand leavers meet by chance once in 10^10 sweeps."""
    return hashlib.blake2b(user_id.encode(), digest_size=8).digest()


def next_round_at(sweep: Sweep, now: datetime) -> datetime:
    """When another round makes sense: looks are due, and Okta had time for others."""
    took = now - (sweep.round_began or now)
    earliest = now + max(BREATH, took / 2)
    if sweep.next_start is None or sweep.last_start is None:
        return earliest
    # Looks that began in one round wait for each other; of several rounds, the first come first.
    together = sweep.last_start - sweep.next_start <= SPREAD + took * (1 - PACE)
    return max(earliest, sweep.last_start if together else sweep.next_start)


def start_for(due: datetime, into_the_round: timedelta) -> datetime:
    """When a round must begin to meet a user in time who was met so far into this one.

    A later round reads fewer users on the other side, and may be that much faster.
    """
    return due - into_the_round * PACE


def expected_pages(sweep: Sweep) -> int | None:
    """Of one round, when the sizes of all its apps are known."""
    if any(app not in sweep.sizes for app in sweep.apps):
        return None
    return sum(pages_of(sweep.sizes[app]) for app in sweep.apps)


def eta(sweep: Sweep, now: datetime) -> datetime | None:
    """When this round's listing ends, by the rate seen; None when that can not be told."""
    every = expected_pages(sweep)
    if every is None or not sweep.page or not sweep.round_began or sweep.phase is not Phase.LIST:
        return None
    seconds = (now - sweep.round_began).total_seconds() / sweep.page
    return now + timedelta(seconds=seconds * max(0, every - sweep.page))


def summary(sweep: Sweep, now: datetime) -> Page:
    """The one page of a first sweep; only leavers page by themselves."""
    c = sweep.counts
    severity = Severity.CRITICAL if c.leavers else Severity.HIGH if c.handed else Severity.WARNING
    what = f"[{severity.value}] First sweep: {c.handed} of {c.listed} users differ"
    lines = (
        what + ".",
        f"{c.read} users were compared, {c.equal} agree. mobilePhone differs for {c.phones}, "
        f"otherMails for {c.mails}, accountEnabled for {c.accounts}. "
        f"{c.unreadable} could not be read.",
        f"{c.leavers} may be leavers whose account is still enabled: each pages by itself. The "
        "others have incidents, and no pages of their own.",
        f"{NEXT}pushproof sweep report, then pushproof incidents",
    )
    return Page(
        key=f"sweep-{sweep.id}",
        incident_id=f"sweep-{sweep.id}",
        news=News.OPENED,
        severity=severity,
        # No single cause: each incident names its own.
        cause=CauseName.UNEXPLAINED,
        subject_line=what,
        text="\n".join(lines),
        attributes=tuple(Attribute),
        group=True,
        at=now,
    )
