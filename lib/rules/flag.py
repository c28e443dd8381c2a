"""The tenant flag bypassDirSyncOverridesEnabled: what is known of it, and what still stands in
the way of setting it. Pure: no I/O.

Source of what must come before: Okta's article on sensitive attributes (the ordinary checks) and
Microsoft's page on the feature (look at whom it overwrites first; there is no undo).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from lib.incident import Incident
from lib.rules.case import BypassFact
from lib.rules.policy import Decision, Verdict
from lib.settings import Mode

NAME = "bypassDirSyncOverridesEnabled"
# Somebody may change a mapping or the connector's account meanwhile.
CHECKS_AGE = timedelta(hours=24)
# A preview older than this no longer tells whom the flag would overwrite.
PREVIEW_AGE = timedelta(hours=1)

CHECK, PREVIEW, ENABLE = (f"pushproof bypass {word}" for word in ("check", "preview", "enable"))


@dataclass(frozen=True)
class OrdinaryCheck:
    """One of the article's ordinary checks. `said`: a person's word, because it can not be read."""

    code: str
    seen: str
    passed: bool
    said: bool = False
    remedy: str = ""


@dataclass(frozen=True)
class OrdinaryChecks:
    """All of them as walked once. `others`: synced users that no watched app is linked to; either
    none, or as many as the person said may be overwritten by another source.
    """

    at: datetime
    person: str
    checks: tuple[OrdinaryCheck, ...]
    others: int = 0

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(each.passed for each in self.checks)


@dataclass(frozen=True)
class Summary:
    """A preview without its rows. `digest` covers whom it would overwrite with what."""

    taken_at: datetime
    synced: int
    compared: int
    overwritten: int
    digest: str = ""

    @property
    def others(self) -> int:
        return self.synced - self.compared


@dataclass(frozen=True)
class Known:
    """What the table knows. `incident`: the open one of the flag; `decision`: may its plan run?"""

    mode: Mode
    fact: BypassFact | None = None
    preview: Summary | None = None
    checks: OrdinaryChecks | None = None
    incident: Incident | None = None
    decision: Decision | None = None
    members: int = 0


@dataclass(frozen=True)
class Obstacle:
    """Why the flag may not be set now, and the command that comes next."""

    why: str
    command: str

    def __str__(self) -> str:
        return f"{self.why}; run: {self.command}"


def obstacle(known: Known, now: datetime) -> Obstacle | None:
    """The first that stands in the way. None: whoever may set the flag may do so now.

    Without an open incident there is nothing to approve yet: `bypass enable` opens it.
    """
    if known.mode is Mode.OBSERVE:
        return Obstacle("the mode is observe, so nothing is changed", "pushproof mode approve")
    return _checks(known, now) or _preview(known, now) or _approval(known)


def _checks(known: Known, now: datetime) -> Obstacle | None:
    checks = known.checks
    if checks is None:
        return Obstacle("the ordinary checks were never recorded", CHECK)
    if not checks.passed:
        failed = sum(not each.passed for each in checks.checks)
        return Obstacle(f"the ordinary checks did not pass ({failed} in the way)", CHECK)
    if not timedelta(0) <= now - checks.at <= CHECKS_AGE:
        return Obstacle("the ordinary checks are older than a day", CHECK)
    return None


def _preview(known: Known, now: datetime) -> Obstacle | None:
    preview, checks, incident = known.preview, known.checks, known.incident
    if preview is None:
        return Obstacle("no preview was taken", PREVIEW)
    if not timedelta(0) <= now - preview.taken_at <= PREVIEW_AGE:
        return Obstacle("the preview is older than an hour", PREVIEW)
    if not preview.compared:
        return Obstacle("no synced user is linked to a watched Okta app", CHECK)
    if checks is not None and preview.others != checks.others:
        why = (
            f"{preview.others} synced users are linked to no watched app, and the ordinary checks "
            f"speak of {checks.others}"
        )
        return Obstacle(why, CHECK)
    if incident is not None and not incident.plan.watched:
        return Obstacle(f"no preview was taken since {incident.id} was opened", PREVIEW)
    return None


def _approval(known: Known) -> Obstacle | None:
    incident, decision = known.incident, known.decision
    if incident is None or decision is None or decision.verdict is Verdict.RUN:
        return None
    command = f"pushproof approve {incident.id}"
    if decision.verdict is Verdict.BLOCKED:
        command = f"pushproof show {incident.id}"
    return Obstacle(f"{incident.id} has {decision.reason}", command)


def next_command(known: Known, now: datetime) -> str:
    """ "" when the flag is on and nothing of it is under way."""
    under_way = known.incident is not None and known.incident.in_flight is not None
    if known.fact is not None and known.fact.enabled and not under_way:
        return ""
    found = obstacle(known, now)
    return found.command if found else ENABLE
