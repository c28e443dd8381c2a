"""Drift, causes, plans and incidents: what is found, decided, shown, approved and executed.

A plan is data. Its digest covers everything an approver agrees to, so that an approval is for
exactly one plan and void when anything it rests on changes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from lib.model import Attribute, Link, Subject, Value


class CauseName(StrEnum):
    """In order of precedence: the first that matches leads."""

    NOT_LINKED = "not_linked"
    CONNECTOR_AUTH = "connector_auth"
    PROVISIONING_OFF = "provisioning_off"
    MAPPING_MISSING = "mapping_missing"
    MAPPING_CREATE_ONLY = "mapping_create_only"
    CONNECTOR_UNDERPRIVILEGED = "connector_underprivileged"
    RESTRICTED_MANAGEMENT = "restricted_management"
    NOT_PUSHED = "not_pushed"
    DIRSYNC_OVERRIDE = "dirsync_override"
    PRIVILEGED_TARGET = "privileged_target"
    CHANGED_AFTER_PUSH = "changed_after_push"
    LICENCE = "licence"
    PUSH_FAILED = "push_failed"
    UNEXPLAINED = "unexplained"


PRECEDENCE = tuple(CauseName)


# First character of the user id of the pseudo-subject that a shared cause is kept under.
EVERYONE = "*"


class Certainty(StrEnum):
    CONFIRMED = "confirmed"
    SUSPECTED = "suspected"


@dataclass(frozen=True)
class Evidence:
    """One thing that was read: where (vendor and call), when, and what it said."""

    source: str
    at: datetime
    fact: str


@dataclass(frozen=True)
class Cause:
    name: CauseName
    certainty: Certainty
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Drift:
    """One watched attribute whose values still differ at the last look."""

    attribute: Attribute
    expected: Value
    actual: Value
    stale: bool = False  # the AppUser itself would push something else


class StepKind(StrEnum):
    GRAPH_WRITE = "graph_write"
    OKTA_TOUCH = "okta_touch"
    PRIVILEGED_WRITE = "privileged_write"
    BYPASS_ENABLE = "bypass_enable"
    MANUAL = "manual"

    @property
    def automatic(self) -> bool:
        """Done by the remediate function; the others need a person who signs in or acts."""
        return self in (StepKind.GRAPH_WRITE, StepKind.OKTA_TOUCH)


@dataclass(frozen=True)
class Step:
    """One action. `before` and `after` are the values of `target` around it."""

    kind: StepKind
    target: str
    before: Value
    after: Value
    note: str = ""


@dataclass(frozen=True)
class Policy:
    """What must be true before the plan runs. `approvals` 0: it may run by itself in auto mode."""

    approvals: int
    reasons: tuple[str, ...]
    excluded: tuple[str, ...] = ()  # who may not approve: the target and who changed the value
    blocked: str = ""  # why nothing may be done at all
    changed: str = ""  # who last changed the user or the assignment in Okta, and when


@dataclass(frozen=True)
class Plan:
    incident_id: str
    tenant_id: str
    subject: Subject
    link: Link | None
    attribute: Attribute
    expected: Value
    actual: Value
    cause: CauseName
    steps: tuple[Step, ...]
    policy: Policy
    watched: str = ""  # with a touch: digest of every watched value it would push

    @property
    def digest(self) -> str:
        """SHA-256 over all of it. Never shown in alerts: it is derived from the values."""
        text = json.dumps(_unordered(asdict(self)), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def values_digest(self) -> str:
        return values_digest([Drift(self.attribute, self.expected, self.actual)], self.link)


def _unordered(plan: dict[str, Any]) -> dict[str, Any]:
    """For hashing only: values that are lists have no order (lib/rules/compare.py)."""
    steps = [
        {**step, "before": in_order(step["before"]), "after": in_order(step["after"])}
        for step in plan["steps"]
    ]
    both = {"expected": in_order(plan["expected"]), "actual": in_order(plan["actual"])}
    return {**plan, **both, "steps": steps}


def in_order(value: Value) -> Value:
    """The same for every order of a list of addresses, in which Graph and Okta promise none."""
    if not isinstance(value, tuple):
        return value
    return tuple(sorted(value, key=lambda each: (each.casefold(), each)))


def values_digest(drifts: list[Drift], link: Link | None) -> str:
    """What a look chain compares from look to look: the values and whose they are."""
    rows = sorted((d.attribute, _plain(d.expected), _plain(d.actual)) for d in drifts)
    text = json.dumps([rows, link.object_id if link else None])
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Value) -> str:
    return json.dumps(in_order(value))


class Severity(StrEnum):
    """The worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    WARNING = "warning"


class Status(StrEnum):
    OBSERVED = "observed"  # mode observe: found and explained, nothing is done
    WAITING_APPROVAL = "waiting_approval"
    WAITING_PERSON = "waiting_person"  # approved or needing none, and the next step is a person's
    REMEDIATING = "remediating"
    PROVING = "proving"
    SHARED = "shared"  # one of many: waits for the incident of the cause they share
    RESOLVED = "resolved"  # proved; nothing else resolves
    DISMISSED = "dismissed"

    @property
    def open(self) -> bool:
        return self not in (Status.RESOLVED, Status.DISMISSED)


@dataclass(frozen=True)
class Incident:
    """The durable record of one drift until proved or dismissed.

    `version` counts writes; every write is conditional on it. `steps_done` counts finished
    steps of the current plan. `attempt` counts remediation messages; `failures` counts mends that
    were refused or did not land, and `failed` says how the last one ended: from then on nothing
    runs without a person. `in_flight` names a step whose intent is recorded and whose outcome is
    not. `maybe_done`: the outcome of the next step's last try was lost, so it may have happened.
    """

    id: str
    subject: Subject
    attribute: Attribute
    status: Status
    severity: Severity
    causes: tuple[Cause, ...]
    plan: Plan
    opened_at: datetime
    updated_at: datetime
    drift_read_at: datetime
    version: int = 0
    steps_done: int = 0
    attempt: int = 0
    failures: int = 0
    failed: str = ""
    last_step_at: datetime | None = None
    in_flight: str | None = None
    touched_at: datetime | None = None
    maybe_done: bool = False
    parent: str = ""  # the incident of the cause this drift shares with others
    approved_until: datetime | None = None  # when the oldest approval that counts runs out
    snoozed_until: datetime | None = None  # nobody is paged again before, unless it gets worse

    @property
    def everyone(self) -> bool:
        """The incident of a shared cause: it lists drifts as members and has none of its own."""
        return self.subject.user_id.startswith(EVERYONE)

    @property
    def lead(self) -> Cause:
        return self.causes[0]

    @property
    def mended_by_us(self) -> bool:
        """A step of ours was done, or may have been: its answer was lost."""
        return self.steps_done > 0 or self.maybe_done

    @property
    def next_step(self) -> Step | None:
        steps = self.plan.steps
        return steps[self.steps_done] if self.steps_done < len(steps) else None


class News(StrEnum):
    """One page per piece of news."""

    OPENED = "opened"
    CHANGED = "changed"
    NEEDS_YOU = "needs_you"
    REFUSED = "refused"
    MENDED = "mended"
    GAVE_UP = "gave_up"
    DISMISSED = "dismissed"

    @property
    def resolves(self) -> bool:
        """It ends the alert that the other news of the incident keep open."""
        return self in (News.MENDED, News.DISMISSED)


@dataclass(frozen=True)
class Page:
    """What on-call is told: ids and words, no value and no name.

    `key` is unique to this piece of news: receivers drop repeats by it. `incident_id` is the alert
    that all its news belong to; a page that stands for many (`group`) has one of its own.
    First line of `text`: what, and how bad. The line that begins with NEXT: what to run.
    `everyone`: the page of a shared cause's incident. `members`: how many it lists, 0 if not known.
    `at`: when it became news.
    """

    key: str
    incident_id: str
    news: News
    severity: Severity
    cause: CauseName
    subject_line: str
    text: str
    attributes: tuple[Attribute, ...] = ()
    certainty: str = ""
    app_id: str = ""
    user_id: str = ""
    object_id: str = ""
    everyone: bool = False
    members: int = 0
    group: bool = False
    at: datetime | None = None


NEXT = "Next: "
# Between two commands of that line.
THEN = ", then "


@dataclass(frozen=True)
class Ruling:
    """A person dismissed a drift: it does not come back while its values stay as they are.

    `values` is the plan's values_digest.
    """

    subject: Subject
    attribute: Attribute
    values: str
    person: str
    why: str
    at: datetime


@dataclass(frozen=True)
class Entry:
    """One line of an incident's timeline. `actor` is a function's or a person's name."""

    at: datetime
    actor: str
    what: str
    detail: str = ""
