"""What may be done, by whom and when: the gate is closed unless everything says open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lib.incident import CauseName, Drift, Policy, Severity, StepKind
from lib.model import Attribute, ProfileChange, RoleGrant, Standing
from lib.rules.cause_table import CAUSES
from lib.rules.causes import Case
from lib.rules.policy import (
    ONLY_STORED,
    Approval,
    Verdict,
    gate,
    is_excluded,
    policy_for,
    severity,
    worse,
)
from lib.settings import Mode
from tests.fakes.clock import START
from tests.fakes.make import (
    LOGIN,
    OBJECT,
    USER,
    USER_ADMINISTRATOR,
    app_user,
    case,
    drift,
    entra_user,
    leaver,
    okta_user,
    plan,
    reading,
    role,
    standing,
)

ENABLED = Attribute.ACCOUNT_ENABLED
USER_ADMIN = RoleGrant(USER_ADMINISTRATOR, "User Administrator")
OBSERVE, APPROVE, AUTO = Mode
CHANGER = ProfileChange("00uCHANGER0000000001", "The.Changer@corp.example", START)


def approvals_for(
    of: Case, *kinds: StepKind, break_glass: str = "", changer: ProfileChange | None = None
) -> Policy:
    changes = (changer,) if changer else ()
    of = replace(of, changes=changes)
    return policy_for(of, kinds or (StepKind.GRAPH_WRITE,), frozenset([break_glass]))


@pytest.mark.parametrize(
    ("known", "needed"),
    [
        (standing(), 0),
        (standing(USER_ADMIN), 1),
        (standing(role()), 2),
        (standing(eligible_roles=(USER_ADMIN,)), 1),
        (standing(eligible_roles=(role(),)), 2),
        (standing(role_assignable_groups=("g",)), 2),
        (standing(owns_applications=True), 1),
        (None, 2),
        (standing(active_roles=None), 2),
        (standing(eligible_roles=None), 2),
        (standing(role_assignable_groups=None), 2),
        (standing(owns_applications=None), 2),
    ],
)
def test_privilege_asks_for_people_and_unread_is_privileged(
    known: Standing | None, needed: int
) -> None:
    found = approvals_for(case(standing=known))
    assert found.approvals == needed
    assert bool(found.reasons) is bool(needed)


def test_a_tenant_wide_step_is_always_a_persons() -> None:
    assert approvals_for(case(), StepKind.BYPASS_ENABLE, StepKind.OKTA_TOUCH).approvals == 1


@pytest.mark.parametrize(
    ("profile", "needed"),
    [
        ({}, 0),
        ({"licenses": ["E5"]}, 1),
        ({"AdminRoles": "x"}, 1),
        ({"licenses": [], "roles": None, "groups": "", "entitlements": {}}, 0),
        ({"department": "x"}, 0),
    ],
)
def test_a_touch_that_grants_something_needs_a_person(
    profile: dict[str, object], needed: int
) -> None:
    of = case(reading=reading(app_user=app_user(profile=profile)))
    assert approvals_for(of, StepKind.OKTA_TOUCH).approvals == needed
    assert approvals_for(of, StepKind.GRAPH_WRITE).approvals == 0


def test_switching_on_is_never_free() -> None:
    on = case(ENABLED, drift=drift(ENABLED, expected=True, actual=False))
    assert approvals_for(on, StepKind.MANUAL).approvals == 1
    assert approvals_for(leaver()).approvals == 0


UNASSIGNED = reading(app_user=None)
GONE = reading(app_user=None, user=None)
NO_ID = app_user(external_id=None, user_name="other.name@corp.example")


@pytest.mark.parametrize(
    ("of", "needed"),
    [
        (leaver(), 0),
        (leaver(entra=entra_user(user_principal_name=LOGIN.upper())), 0),
        (leaver(entra=entra_user(user_principal_name="renamed@corp.example")), 1),
        (leaver(reading=GONE), 1),
        (leaver(reading=reading(app_user=NO_ID, user=okta_user(login="x@corp.example"))), 1),
        (
            leaver(
                reading=reading(app_user=NO_ID, user=okta_user(login="x@corp.example")),
                entra=entra_user(user_principal_name="Other.Name@corp.example"),
            ),
            0,
        ),
        # Okta itself names the account, by its id.
        (
            leaver(reading=reading(), entra=entra_user(user_principal_name="x@corp.example")),
            0,
        ),
        # A number that is written through a stored link takes no one away.
        (
            case(reading=UNASSIGNED, entra=entra_user(user_principal_name="x@corp.example")),
            0,
        ),
        (leaver(entra=None), 0),
    ],
)
def test_what_only_a_stored_link_names_is_a_persons(of: Case, needed: int) -> None:
    found = approvals_for(of)
    assert found.approvals == needed
    assert (ONLY_STORED in found.reasons) is bool(needed)


def test_break_glass_blocks_whatever_the_mode() -> None:
    found = approvals_for(case(), break_glass=OBJECT.lower())
    assert found.blocked
    blocked = plan(policy=found)
    for mode in Mode:
        decision = gate(blocked, mode, said("a", "b", of=blocked), START, 24)
        assert decision.verdict is Verdict.BLOCKED


def test_who_was_excluded_stays_so_when_somebody_else_changes_the_profile_later() -> None:
    of = replace(case(), excluded_before=("the.changer@corp.example",))
    assert is_excluded("the.changer", policy_for(of, (), frozenset()).excluded)


def test_what_okta_does_by_itself_is_told_beside_the_person_it_follows_from() -> None:
    """A deactivation ends assignments in Okta's own name."""
    later = START + timedelta(seconds=1)
    system = ProfileChange("sysokta0000000000000", None, later)
    found = policy_for(replace(case(), changes=(system, CHANGER)), (), frozenset())
    assert found.changed.startswith(str(CHANGER.actor_login))
    assert ", then sysokta0000000000000 at " in found.changed
    assert {"the.changer@corp.example", "sysokta0000000000000"} <= set(found.excluded)
    alone = policy_for(replace(case(), changes=(system,)), (), frozenset())
    assert alone.changed.startswith("sysokta0000000000000 at ")
    assert not is_excluded("system", alone.excluded)
    # What the system did earlier is not told of again.
    first = replace(system, published=START - timedelta(seconds=1))
    both = policy_for(replace(case(), changes=(CHANGER, first)), (), frozenset())
    assert "sysokta" not in both.changed


def test_an_unread_changer_takes_two_people() -> None:
    policy = policy_for(replace(case(), changes_read=False), (), frozenset())
    assert policy.approvals == 2
    assert any("could not be read" in reason for reason in policy.reasons)


def test_whoever_approves_is_told_who_changed_it_and_when() -> None:
    assert approvals_for(case(), changer=CHANGER).changed.startswith(str(CHANGER.actor_login))


def test_one_person_under_two_names_is_one_approval() -> None:
    mine = plan(policy=Policy(2, ("privileged",)))
    names = ("jane", "Jane@corp.example")
    given = [Approval(name, mine.digest, START) for name in names]
    assert gate(mine, Mode.APPROVE, given, START, 24).given == 1


def test_neither_the_target_nor_the_changer_decides() -> None:
    excluded = approvals_for(case(), changer=CHANGER).excluded
    for person in (LOGIN, LOGIN.upper(), "ordinary.user", USER, "the.changer", CHANGER.actor_id):
        assert is_excluded(person, excluded)
    assert is_excluded("ordinary.user@other.example", excluded)
    assert not is_excluded("somebody.else@corp.example", excluded)
    assert not is_excluded("ordinary", excluded)


def said(*people: str, of: object = None, at: timedelta = timedelta(0)) -> list[Approval]:
    digest = of.digest if hasattr(of, "digest") else plan().digest
    return [Approval(person, digest, START + at) for person in people]


HOURS = timedelta(hours=1)
TWO = plan(policy=Policy(2, ("privileged",), (LOGIN,)))


@pytest.mark.parametrize(
    ("mode", "needed", "approvals", "verdict"),
    [
        (OBSERVE, 0, ["a", "b"], Verdict.OBSERVE),
        (APPROVE, 0, [], Verdict.NEEDS_APPROVAL),
        (APPROVE, 0, ["a"], Verdict.RUN),
        (APPROVE, 2, ["a"], Verdict.NEEDS_APPROVAL),
        (APPROVE, 2, ["a", "b"], Verdict.RUN),
        (AUTO, 0, [], Verdict.RUN),
        (AUTO, 1, [], Verdict.NEEDS_APPROVAL),
        (AUTO, 2, ["a", "a", "A"], Verdict.NEEDS_APPROVAL),
        (AUTO, 2, ["a", "b"], Verdict.RUN),
        (AUTO, 2, ["a", LOGIN], Verdict.NEEDS_APPROVAL),
        (AUTO, 2, ["a", "Ordinary.User"], Verdict.NEEDS_APPROVAL),
    ],
)
def test_the_gate(mode: Mode, needed: int, approvals: list[str], verdict: Verdict) -> None:
    of = plan(policy=Policy(needed, (), (LOGIN,)))
    assert gate(of, mode, said(*approvals, of=of), START, 24).verdict is verdict


def test_approvals_run_out() -> None:
    fresh = [*said("a", of=TWO), *said("b", of=TWO, at=-24 * HOURS)]
    assert gate(TWO, AUTO, fresh, START, 24).verdict is Verdict.RUN
    late = START + timedelta(milliseconds=1)
    decision = gate(TWO, AUTO, fresh, late, 24)
    assert (decision.verdict, decision.given, decision.needed) == (Verdict.NEEDS_APPROVAL, 1, 2)


def test_approvals_are_for_one_digest() -> None:
    changed = replace(TWO, expected="+15550101")
    assert gate(changed, AUTO, said("a", "b", of=TWO), START, 24).verdict is Verdict.NEEDS_APPROVAL


OF_TARGET = [
    (drift(ENABLED), standing(), Severity.CRITICAL),
    (drift(ENABLED, expected=True), standing(role()), Severity.WARNING),
    (drift(), standing(), Severity.WARNING),
    (drift(), standing(role()), Severity.HIGH),
    (drift(), standing(active_roles=None), Severity.HIGH),
    (drift(), None, Severity.HIGH),
]


@pytest.mark.parametrize(("of", "known", "level"), OF_TARGET)
def test_severity(of: Drift, known: Standing | None, level: Severity) -> None:
    assert severity(of, known, CauseName.UNEXPLAINED) is level


@pytest.mark.parametrize(("of", "known", "level"), OF_TARGET)
@pytest.mark.parametrize("lead", CauseName)
def test_a_cause_makes_it_worse_and_never_better(
    of: Drift, known: Standing | None, level: Severity, lead: CauseName
) -> None:
    assert severity(of, known, lead) is worse(level, CAUSES[lead].severity)
    assert severity(drift(), standing(), CauseName.CONNECTOR_AUTH) is Severity.HIGH
