"""What the table remembers between reads, as the flows see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lib.incident import Entry, Incident, Page
from lib.model import Attribute, Link, Subject
from lib.rules.looks import Chain


@dataclass(frozen=True)
class Errand:
    """Something to do once a transaction has committed: a page, a remediation, or to take a drift
    off the list of `incident_id`, where `left` is what it was listed for.
    """

    incident_id: str
    page_key: str = ""
    digest: str = ""
    attempt: int = 0
    left: Member | None = None


@dataclass(frozen=True)
class Member:
    """One drift on the list of a shared cause's incident; `incident_id` is the drift's own."""

    subject: Subject
    attribute: Attribute
    incident_id: str


@dataclass(frozen=True)
class Mended:
    """A drift that was mended and proved. `expected` is the digest of what was expected, of whom:
    the same drift back soon after means that something works against us.
    """

    at: datetime
    expected: str


@dataclass(frozen=True)
class SubjectState:
    """What is remembered of one subject. `version` 0: nothing yet. `guessed_to`: hints that named
    no app are answered up to there; those that named this one are not.
    """

    subject: Subject
    version: int = 0
    link: Link | None = None
    covered_to: datetime | None = None
    guessed_to: datetime | None = None
    wanted_to: datetime | None = None
    last_read: datetime | None = None
    chain: Chain | None = None
    next_look: datetime | None = None  # a look that is queued reads no earlier than this
    open: dict[Attribute, str] = field(default_factory=dict)
    touched_at: dict[Attribute, datetime] = field(default_factory=dict)
    mended: dict[Attribute, Mended] = field(default_factory=dict)
    errands: tuple[Errand, ...] = ()
    ruled: tuple[Attribute, ...] = ()  # differed in the last read, and a person dismissed it


@dataclass(frozen=True)
class IncidentChange:
    """One incident's new state with what is told of it. Its `version` is the one that was read."""

    incident: Incident
    entries: tuple[Entry, ...] = ()
    pages: tuple[Page, ...] = ()
