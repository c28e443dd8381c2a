"""What may be done, by whom, and when: decisions are data with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from lib.incident import CauseName, Drift, Plan, Policy, Severity, StepKind
from lib.model import AppUser, Attribute, EntraUser, OktaReading, ProfileChange, Standing
from lib.rules.case import Case
from lib.rules.cause_table import CAUSES
from lib.rules.matrix import fully_read, protection
from lib.settings import Mode
from lib.times import to_text

# AppUser attributes that grant something in Microsoft 365. A push re-sends all of them.
GRANTING = ("licen", "role", "entitlement", "group")
ONLY_STORED = "only the stored link names this account"


@dataclass(frozen=True)
class Approval:
    """One person's agreement to exactly one plan digest."""

    person: str
    digest: str
    at: datetime


def policy_for(case: Case, kinds: Iterable[StepKind], break_glass: frozenset[str]) -> Policy:
    """Everything that holds whatever the mode is."""
    kinds = tuple(kinds)
    approvals, reasons = privilege(case.standing)
    if StepKind.BYPASS_ENABLE in kinds:
        approvals = max(approvals, 1)
        reasons.append("tenant-wide and without undo")
    if StepKind.OKTA_TOUCH in kinds and grants(case.reading.app_user):
        approvals = max(approvals, 1)
        reasons.append("the touch re-sends licence or role values")
    if not case.changes_read:
        # One of two people is somebody else than whoever changed the value.
        approvals = max(approvals, 2)
        reasons.append("who changed the value in Okta could not be read")
    if case.attribute is Attribute.ACCOUNT_ENABLED and case.drift.expected is True:
        approvals = max(approvals, 1)
        reasons.append("an account is never switched on by itself")
    disables = case.attribute is Attribute.ACCOUNT_ENABLED and case.drift.expected is False
    if disables and only_stored(case.reading, case.entra):
        approvals = max(approvals, 1)
        reasons.append(ONLY_STORED)
    blocked = ""
    if case.entra and case.entra.object_id.lower() in break_glass:
        blocked = "a break-glass account is never touched"
    return Policy(approvals, tuple(sorted(set(reasons))), _excluded(case), blocked, _changed(case))


def privilege(standing: Standing | None) -> tuple[int, list[str]]:
    """How many people it takes, and why.

    Eligible roles count like active ones: the person can activate them at any time.
    """
    if standing is None or not fully_read(standing):
        return 2, ["whether the target is privileged could not be read"]
    active = standing.active_roles or ()
    eligible = standing.eligible_roles or ()
    guarded = protection(replace(standing, active_roles=(*active, *eligible)))
    reasons = [row.because for row in guarded.rows]
    if standing.owns_applications:
        reasons.append("owns applications")
    if not reasons:
        return 0, []
    return (2 if guarded.needs_top else 1), reasons


def only_stored(reading: OktaReading, entra: EntraUser | None) -> bool:
    """Nothing that Okta says now leads to this account: no id, and no name that it bears.

    Without an assignment the link is what the table remembers. A user principal name may have
    been changed on one side alone, which is legitimate: a person looks, and nothing is refused.
    """
    if entra is None or (reading.app_user and reading.app_user.external_id):
        return False
    names = {reading.user.login if reading.user else None}
    names.add(reading.app_user.user_name if reading.app_user else None)
    mine = entra.user_principal_name.casefold()
    return not any(name and name.casefold() == mine for name in names)


def grants(app_user: AppUser | None) -> bool:
    """Does the assignment carry licence or role values (or can that not be read)?"""
    if app_user is None:
        return True
    return any(
        value not in (None, "", [], {})
        for name, value in app_user.profile.items()
        if any(word in name.casefold() for word in GRANTING)
    )


def _excluded(case: Case) -> tuple[str, ...]:
    """The target and everybody who lately changed the user or the assignment in Okta; whoever was
    excluded stays so."""
    user = case.reading.user
    people = {case.reading.subject.user_id, *case.excluded_before}
    people |= {user.login} if user else set()
    people |= {case.entra.user_principal_name} if case.entra else set()
    for change in case.changes:
        people |= {change.actor_id, change.actor_login or change.actor_id}
    return tuple(sorted({person.casefold() for person in people}))


def _changed(case: Case) -> str:
    """Who changed the user or the assignment in Okta last, and when: shown to whoever approves.

    What Okta itself did mostly follows from what a person did, who is then named first.
    """
    by_people = [change for change in case.changes if change.actor_login]
    named = [max(of, key=_when) for of in (by_people, case.changes) if of]
    return ", then ".join(
        dict.fromkeys(
            f"{one.actor_login or one.actor_id} at {to_text(one.published)}" for one in named
        )
    )


def _when(change: ProfileChange) -> datetime:
    return change.published


def is_excluded(person: str, excluded: Iterable[str]) -> bool:
    """Fails closed: a name that is the local part of an excluded address counts as that person."""
    mine = person.casefold()
    local = mine.split("@")[0]
    return any(mine == other or local == other.split("@")[0] for other in excluded)


def severity(drift: Drift, standing: Standing | None, lead: CauseName) -> Severity:
    """The worse of what the target asks for and what the leading cause does."""
    return worse(_of_target(drift, standing), CAUSES[lead].severity)


def _of_target(drift: Drift, standing: Standing | None) -> Severity:
    if drift.attribute is Attribute.ACCOUNT_ENABLED:
        return Severity.CRITICAL if drift.expected is False else Severity.WARNING
    if standing is None or protection(standing).privileged or not fully_read(standing):
        return Severity.HIGH
    return Severity.WARNING


def worse(one: Severity, other: Severity) -> Severity:
    return min(one, other, key=list(Severity).index)


class Verdict(StrEnum):
    RUN = "run"
    OBSERVE = "observe"
    NEEDS_APPROVAL = "needs_approval"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Decision:
    verdict: Verdict
    reason: str
    given: int = 0
    needed: int = 0


def gate(
    plan: Plan,
    mode: Mode,
    approvals: Iterable[Approval],
    now: datetime,
    valid_hours: float,
    at_least: int = 0,
) -> Decision:
    """May this plan run now? Asked right before every step, by function and person alike.

    `at_least`: people it takes for a reason that is not the plan's.
    """
    if plan.policy.blocked:
        return Decision(Verdict.BLOCKED, plan.policy.blocked)
    if mode is Mode.OBSERVE:
        return Decision(Verdict.OBSERVE, "mode is observe")
    needed = max(plan.policy.approvals, 1 if mode is Mode.APPROVE else 0, at_least)
    people = {
        # By local part: an IAM user and a session named by mail address may be one person.
        approval.person.casefold().split("@")[0]
        for approval in counting(plan, approvals, now, valid_hours)
    }
    given = len(people)
    if given < needed:
        reason = f"{given} of {needed} approvals"
        return Decision(Verdict.NEEDS_APPROVAL, reason, given, needed)
    return Decision(Verdict.RUN, f"{given} approvals, {needed} needed", given, needed)


def counting(
    plan: Plan, approvals: Iterable[Approval], now: datetime, valid_hours: float
) -> list[Approval]:
    """Those of exactly this plan, by whoever may decide, that have not run out."""
    return [
        approval
        for approval in approvals
        if approval.digest == plan.digest
        and now - approval.at <= timedelta(hours=valid_hours)
        and not is_excluded(approval.person, plan.policy.excluded)
    ]


def approvals_end(
    plan: Plan, approvals: Iterable[Approval], now: datetime, valid_hours: float
) -> datetime | None:
    """When the next of them runs out; None when none is left."""
    left = counting(plan, approvals, now, valid_hours)
    return min((a.at for a in left), default=now) + timedelta(hours=valid_hours) if left else None
