"""From causes to the ordered steps that would mend the drift."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lib.incident import Cause, CauseName, Certainty, Plan, Policy, Step, StepKind
from lib.model import AppConfiguration, Attribute
from lib.rules.case import Case
from lib.rules.cause_table import CAUSES
from lib.rules.matrix import protection
from lib.rules.policy import policy_for

# Causes only a person can cure, wherever they stand among the others.
FOR_A_PERSON = frozenset(
    {
        CauseName.NOT_LINKED,
        CauseName.CONNECTOR_AUTH,
        CauseName.PROVISIONING_OFF,
        CauseName.MAPPING_MISSING,
        CauseName.MAPPING_CREATE_ONLY,
        CauseName.CONNECTOR_UNDERPRIVILEGED,
        CauseName.RESTRICTED_MANAGEMENT,
    }
)


BY_HAND = "Change the app assignment in Okta so that a push happens."
UNPROVED = "No touch: it was not proved for this app. pushproof doctor --prove-touch LOGIN does."


@dataclass(frozen=True)
class PlanRules:
    """Settings a plan depends on. `touch_attribute` None: touches are off.

    Even when it is set nothing is touched before doctor has proved this attribute for the app.
    """

    tenant_id: str
    touch_attribute: str | None
    break_glass: frozenset[str]


def build_plan(
    case: Case,
    causes: tuple[Cause, ...],
    rules: PlanRules,
    incident_id: str,
    *,
    attempt: int = 0,
    touched_lately: bool = False,
) -> Plan:
    touch = _touch(case, rules, incident_id, attempt, touched_lately)
    unproved = touch is not None and not _proved(case, rules)
    touch = None if unproved else touch
    if case.attribute is Attribute.ACCOUNT_ENABLED:
        steps = _account_steps(case, causes)
    else:
        steps = _profile_steps(case, causes, touch, UNPROVED if unproved else "")
    policy = policy_for(case, (step.kind for step in steps), rules.break_glass)
    return Plan(
        incident_id=incident_id,
        tenant_id=rules.tenant_id,
        subject=case.reading.subject,
        link=case.link,
        attribute=case.attribute,
        expected=case.drift.expected,
        actual=case.drift.actual,
        cause=causes[0].name,
        steps=steps,
        policy=_after_somebody_else(policy, causes),
        watched=case.watched if any(s.kind is StepKind.OKTA_TOUCH for s in steps) else "",
    )


def touch_value(incident_id: str, attempt: int) -> str:
    """Carries incident and attempt, so that a re-read tells whether the touch happened."""
    return f"pushproof {incident_id} {attempt}"


def _after_somebody_else(policy: Policy, causes: tuple[Cause, ...]) -> Policy:
    """What somebody else set since the push may be meant: a person agrees before it is replaced,
    whatever the mode, and whichever cause leads."""
    if CauseName.CHANGED_AFTER_PUSH not in {cause.name for cause in causes}:
        return policy
    reasons = {*policy.reasons, "somebody else changed it after the push"}
    return replace(policy, approvals=max(1, policy.approvals), reasons=tuple(sorted(reasons)))


def _account_steps(case: Case, causes: tuple[Cause, ...]) -> tuple[Step, ...]:
    """A leaver has no AppUser to touch, and a push would not disable: the account is written.

    Causes that explain Okta's silence do not stop the disabling of a leaver; being unlinked,
    under restricted management, or not to be deactivated at all does.
    """
    names = {cause.name for cause in causes}
    if case.drift.expected is not False:
        note = "An account is never switched on by itself. Find out who disabled it and why; " + (
            "enable it in Entra if that was a mistake."
        )
        return (_manual(case, note),)
    # A company whose app does not deactivate may offboard in another way: a person's decision.
    person = {CauseName.NOT_LINKED, CauseName.PROVISIONING_OFF, CauseName.RESTRICTED_MANAGEMENT}
    if names & person:
        return (_manual(case, CAUSES[causes[0].name].runbook),)
    return (_write(case),)


def _profile_steps(
    case: Case, causes: tuple[Cause, ...], touch: Step | None, note: str
) -> tuple[Step, ...]:
    """`note`: why there is no touch, where one would have been possible."""
    lead = causes[0]
    mended = lead.name is CauseName.CONNECTOR_AUTH and lead.certainty is Certainty.SUSPECTED
    if mended and not case.drift.stale:
        # It signs in again, and Okta does not repeat by itself what failed meanwhile.
        return (touch or _manual(case, _joined(BY_HAND, note)),)
    if lead.name in FOR_A_PERSON or case.drift.stale:
        return (_manual(case, CAUSES[lead.name].runbook),)
    if lead.name is CauseName.CHANGED_AFTER_PUSH:
        return (touch or _manual(case, _joined(CAUSES[lead.name].runbook, note)),)
    if lead.name is CauseName.DIRSYNC_OVERRIDE:
        after = touch or _manual(case, _joined(BY_HAND, note))
        if case.bypass is not None and case.bypass.enabled:
            return (after,)
        flag = Step(
            StepKind.BYPASS_ENABLE,
            "bypassDirSyncOverridesEnabled",
            before=None if case.bypass is None else case.bypass.enabled,
            after=True,
            note="Tenant-wide. Preview first: every differing cloud-set number is overwritten.",
        )
        return (flag, after)
    privileged = any(
        cause.name is CauseName.PRIVILEGED_TARGET and cause.certainty is Certainty.CONFIRMED
        for cause in causes
    )
    if lead.name is CauseName.PRIVILEGED_TARGET or (privileged and touch is None):
        return (_write(case),)
    if touch:
        return (touch,)
    written = _write(case)
    return (replace(written, note=_joined(written.note, note)),)


def _write(case: Case) -> Step:
    """The direct write this target allows: by our application, by an administrator, or by hand."""
    entra = case.entra
    if entra is None:
        return _manual(case, CAUSES[CauseName.NOT_LINKED].runbook)
    if case.attribute is Attribute.MOBILE_PHONE and entra.synced:
        # Graph answers 400 to any caller: synced users' numbers are mastered by the sync.
        return _manual(case, "Graph can not write a synced user's number; change it at its source.")
    guarded = case.standing is None or protection(case.standing).privileged
    kind = StepKind.PRIVILEGED_WRITE if guarded else StepKind.GRAPH_WRITE
    return Step(kind, case.attribute, case.drift.actual, case.drift.expected)


def _touch(
    case: Case, rules: PlanRules, incident_id: str, attempt: int, touched_lately: bool
) -> Step | None:
    """None where a touch is switched off, impossible, or was already tried today."""
    name, app_user = rules.touch_attribute, case.reading.app_user
    if name is None or app_user is None or case.configuration is None or touched_lately:
        return None
    if not unmapped(name, case) or _watched(name, case.configuration):
        return None
    before = app_user.profile.get(name)
    return Step(
        StepKind.OKTA_TOUCH,
        name,
        before if isinstance(before, str) else None,
        touch_value(incident_id, attempt),
        note="Okta then re-pushes the whole profile of this assignment.",
    )


def _proved(case: Case, rules: PlanRules) -> bool:
    """A touch re-pushes a whole profile: only an attribute that was seen to be harmless will do."""
    proof = case.touch_proof
    return (
        proof is not None
        and proof.app_id == case.reading.subject.app_id
        and proof.attribute == rules.touch_attribute
    )


def unmapped(name: str, case: Case) -> bool:
    """Okta refuses a changed mapped attribute with E0000075."""
    configuration = case.configuration
    if configuration is None or name not in configuration.schema_attributes:
        return False
    return all(name not in rules for rules in configuration.mappings.values())


def _watched(name: str, configuration: AppConfiguration) -> bool:
    """A touch writes a text of ours, and the push would carry it into Entra."""
    external = configuration.schema_attributes.get(name) or ""
    return not {name.casefold(), external.casefold()}.isdisjoint(a.casefold() for a in Attribute)


def _manual(case: Case, note: str) -> Step:
    return Step(StepKind.MANUAL, case.attribute, case.drift.actual, case.drift.expected, note)


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)
