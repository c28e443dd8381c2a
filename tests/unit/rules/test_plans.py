"""From causes to steps: what is written, what is touched, and what never is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lib.incident import Cause, CauseName, Certainty, Plan, StepKind
from lib.model import Attribute, Link, LinkSource, MappingRule, TouchProof
from lib.rules.causes import BypassFact, Case, name_causes
from lib.rules.plans import BY_HAND, FOR_A_PERSON, UNPROVED, PlanRules, build_plan, touch_value
from lib.rules.policy import Verdict, gate
from lib.settings import Mode
from tests.fakes.clock import START
from tests.fakes.make import (
    INCIDENT,
    MAILS,
    OBJECT,
    OLD_MAILS,
    OLD_PHONE,
    OTHER_APP,
    TENANT,
    app_user,
    case,
    cause,
    configuration,
    drift,
    entra_user,
    leaver,
    push_log,
    reading,
    role,
    standing,
    touch_proof,
)

TOUCHING = PlanRules(TENANT, "department", frozenset())
NO_TOUCH = PlanRules(TENANT, None, frozenset())
MAILS_, ENABLED = Attribute.OTHER_MAILS, Attribute.ACCOUNT_ENABLED
SYNCED = entra_user(synced=True, mobile_phone=OLD_PHONE)
ADMIN = standing(role())
WRITE, TOUCH, PRIVILEGED, BYPASS, MANUAL = StepKind


def planned(of: Case, *causes: Cause, rules: PlanRules = TOUCHING, **more: Any) -> Plan:
    return build_plan(of, causes or name_causes(of), rules, INCIDENT, **more)


def kinds(of: Case, *causes: Cause, rules: PlanRules = TOUCHING, **more: Any) -> list[StepKind]:
    return [step.kind for step in planned(of, *causes, rules=rules, **more).steps]


@pytest.mark.parametrize("name", sorted(FOR_A_PERSON))
def test_what_only_a_person_can_cure(name: CauseName) -> None:
    assert kinds(case(), cause(name), cause(CauseName.NOT_PUSHED)) == [MANUAL]


def test_those_lead_wherever_they_stand() -> None:
    """Were one of them behind another cause, the plan would act in spite of it."""
    first = list(CauseName)[: len(FOR_A_PERSON)]
    assert set(first) == FOR_A_PERSON


@pytest.mark.parametrize(
    "name",
    [CauseName.NOT_PUSHED, CauseName.LICENCE, CauseName.PUSH_FAILED, CauseName.UNEXPLAINED],
)
def test_the_rest_is_touched_or_else_written(name: CauseName) -> None:
    assert kinds(case(), cause(name)) == [TOUCH]
    assert kinds(case(), cause(name), rules=NO_TOUCH) == [WRITE]
    assert kinds(case(), cause(name), touched_lately=True) == [WRITE]
    assert kinds(case(standing=ADMIN), cause(name), rules=NO_TOUCH) == [PRIVILEGED]
    assert kinds(case(standing=None), cause(name), rules=NO_TOUCH) == [PRIVILEGED]


def test_a_privileged_target_is_written_by_a_person() -> None:
    assert kinds(case(standing=ADMIN)) == [PRIVILEGED]
    never = case(standing=ADMIN, push_log=push_log())
    assert kinds(never) == [TOUCH]
    assert kinds(never, rules=NO_TOUCH) == [PRIVILEGED]


@pytest.mark.parametrize(
    ("bypass", "steps"),
    [
        (None, [BYPASS, TOUCH]),
        (BypassFact(None, START, "graph"), [BYPASS, TOUCH]),
        (BypassFact(False, START, "graph"), [BYPASS, TOUCH]),
        (BypassFact(True, START, "graph"), [TOUCH]),
    ],
)
def test_an_override_needs_the_flag_and_then_a_push(
    bypass: BypassFact | None, steps: list[StepKind]
) -> None:
    of = case(entra=SYNCED, bypass=bypass)
    override = cause(CauseName.DIRSYNC_OVERRIDE)
    assert kinds(of, override) == steps
    assert kinds(of, override, rules=NO_TOUCH) == [*steps[:-1], MANUAL]


def test_a_stale_app_user_is_never_pushed_over() -> None:
    """A touch would push the old value again, a write would be undone by the next push."""
    of = case(drift=drift(stale=True))
    assert kinds(of, cause(CauseName.UNEXPLAINED)) == [MANUAL]


def test_a_leaver_is_disabled_whatever_okta_failed_to_do() -> None:
    assert kinds(leaver()) == [WRITE]
    assert kinds(leaver(standing=ADMIN)) == [PRIVILEGED]
    assert kinds(leaver(), cause(CauseName.PUSH_FAILED)) == [WRITE]
    # Deactivation switched off may be meant: a person decides.
    assert kinds(leaver(), cause(CauseName.PROVISIONING_OFF)) == [MANUAL]
    assert kinds(leaver(entra=SYNCED)) == [WRITE]
    assert kinds(leaver(link=Link(OBJECT, LinkSource.USER_PRINCIPAL_NAME))) == [MANUAL]
    assert kinds(leaver(entra=entra_user(restricted=True))) == [MANUAL]


EVERY: list[Callable[[], Case]] = [
    lambda: case(ENABLED, drift=drift(ENABLED, expected=True, actual=False)),
    lambda: case(ENABLED, drift=drift(ENABLED, expected=True, actual=None), entra=None),
    case,
    lambda: case(entra=SYNCED),
    lambda: case(entra=SYNCED, standing=ADMIN),
    lambda: case(entra=SYNCED, standing=None, bypass=BypassFact(True, START, "graph")),
    lambda: case(MAILS_, entra=SYNCED),
    leaver,
]


@pytest.mark.parametrize("rules", [TOUCHING, NO_TOUCH])
@pytest.mark.parametrize("name", CauseName)
@pytest.mark.parametrize("certainty", Certainty)
def test_never_enables_and_never_writes_a_synced_phone(
    rules: PlanRules, name: CauseName, certainty: Certainty
) -> None:
    for make in EVERY:
        of = make()
        for touched in (True, False):
            plan = planned(of, cause(name, certainty), rules=rules, touched_lately=touched)
            assert plan.steps
            for step in plan.steps:
                if step.kind not in (WRITE, PRIVILEGED):
                    continue
                assert (step.target, step.after) == (of.attribute, of.drift.expected)
                assert step.after not in (True, None, "", ())
                assert of.entra
                assert not (of.entra.synced and of.attribute is Attribute.MOBILE_PHONE)


def test_a_write_says_what_it_replaces() -> None:
    (step,) = planned(case(MAILS_), rules=NO_TOUCH).steps
    assert (step.target, step.before, step.after) == ("otherMails", OLD_MAILS, MAILS)


def test_a_touch_carries_incident_and_attempt() -> None:
    held = reading(app_user=app_user(profile={"department": "before"}))
    plan = build_plan(
        case(reading=held), (cause(CauseName.NOT_PUSHED),), TOUCHING, INCIDENT, attempt=3
    )
    (step,) = plan.steps
    assert (step.target, step.before, step.after) == (
        "department",
        "before",
        touch_value(INCIDENT, 3),
    )
    assert INCIDENT in str(step.after)


MAPPED = configuration(mappings={"oty1": {}, "oty2": {"department": MappingRule("user.x", "PUSH")}})


@pytest.mark.parametrize(
    "of",
    [
        case(configuration=MAPPED),
        case(configuration=None),
        case(configuration=configuration(schema_attributes={"mobilePhone": None})),
        case(reading=reading(app_user=None)),
    ],
    ids=["mapped for one user type", "configuration unread", "not in the schema", "no AppUser"],
)
def test_only_an_unmapped_attribute_is_touched(of: Case) -> None:
    assert TOUCH not in kinds(of, cause(CauseName.NOT_PUSHED))


@pytest.mark.parametrize("schema", [{"cell": "mobilePhone"}, {"cell": None, "otherMails": None}])
def test_a_watched_attribute_is_never_touched(schema: dict[str, str | None]) -> None:
    """Unmapped or not: a touch writes a text of ours into it."""
    bare = configuration(schema_attributes=schema, mappings={"oty1": {}})
    name = "cell" if schema["cell"] else "otherMails"
    rules = replace(TOUCHING, touch_attribute=name)
    proved = case(configuration=bare, touch_proof=touch_proof(attribute=name))
    assert TOUCH not in kinds(proved, cause(CauseName.NOT_PUSHED), rules=rules)


# -- what somebody else changed ---------------------------------------------------------------

CHANGED = cause(CauseName.CHANGED_AFTER_PUSH)


@pytest.mark.parametrize("certainty", Certainty)
def test_what_somebody_else_changed_is_touched_only_after_an_approval(certainty: Certainty) -> None:
    plan = planned(case(), cause(CauseName.CHANGED_AFTER_PUSH, certainty))
    assert [step.kind for step in plan.steps] == [TOUCH]
    assert plan.policy.approvals == 1
    assert "somebody else changed it after the push" in plan.policy.reasons
    assert gate(plan, Mode.AUTO, (), START, 24).verdict is Verdict.NEEDS_APPROVAL


def test_without_touches_it_is_a_persons_and_never_written() -> None:
    assert kinds(case(), CHANGED, rules=NO_TOUCH) == [MANUAL]
    assert kinds(case(), CHANGED, touched_lately=True) == [MANUAL]
    assert kinds(case(touch_proof=None), CHANGED) == [MANUAL]
    assert kinds(case(standing=ADMIN), CHANGED, rules=NO_TOUCH) == [MANUAL]


def test_an_account_that_was_enabled_again_is_not_disabled_by_itself() -> None:
    plan = planned(leaver(), CHANGED)
    assert [step.kind for step in plan.steps] == [WRITE]
    assert gate(plan, Mode.AUTO, (), START, 24).verdict is Verdict.NEEDS_APPROVAL
    # Behind another cause it asks for a person all the same.
    behind = planned(leaver(), cause(CauseName.PRIVILEGED_TARGET), CHANGED)
    assert behind.policy.approvals == 1
    assert planned(leaver()).policy.approvals == 0


# -- the proof of a touch ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "proof",
    [None, touch_proof(OTHER_APP), touch_proof(attribute="division")],
    ids=["none", "of another app", "of another attribute"],
)
def test_nothing_is_touched_that_was_not_proved(proof: TouchProof | None) -> None:
    of = case(touch_proof=proof)
    (step,) = planned(of, cause(CauseName.NOT_PUSHED)).steps
    assert step.kind is WRITE
    assert "pushproof doctor --prove-touch LOGIN" in step.note
    flagged = case(entra=SYNCED, touch_proof=proof)
    flag, by_hand = planned(flagged, cause(CauseName.DIRSYNC_OVERRIDE)).steps
    assert (flag.kind, by_hand.kind) == (BYPASS, MANUAL)
    assert "pushproof doctor --prove-touch LOGIN" in by_hand.note


def test_where_touches_are_off_or_impossible_a_proof_would_not_help() -> None:
    for of, rules in (
        (case(touch_proof=None), NO_TOUCH),
        (case(touch_proof=None, configuration=MAPPED), TOUCHING),
    ):
        (step,) = planned(of, cause(CauseName.NOT_PUSHED), rules=rules).steps
        assert "prove-touch" not in step.note


def test_a_failed_sign_in_that_is_mended_takes_a_push() -> None:
    """Okta does not repeat by itself what failed meanwhile."""
    suspected = cause(CauseName.CONNECTOR_AUTH, Certainty.SUSPECTED)
    assert kinds(case(), suspected) == [TOUCH]
    (by_hand,) = planned(case(), suspected, rules=NO_TOUCH).steps
    assert (by_hand.kind, by_hand.note) == (MANUAL, BY_HAND)
    (unproved,) = planned(case(touch_proof=None), suspected).steps
    assert unproved.kind is MANUAL
    assert UNPROVED in unproved.note
    # A push would send the older value of the assignment.
    assert kinds(case(drift=drift(stale=True)), suspected) == [MANUAL]


def test_a_failed_sign_in_that_is_not_mended_takes_its_repair() -> None:
    (step,) = planned(case(), cause(CauseName.CONNECTOR_AUTH)).steps
    assert step.kind is MANUAL
    assert "Re-authenticate" in step.note
