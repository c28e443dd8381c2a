"""For every cause a world in which it leads, with its evidence, and one in which it nearly does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from lib.incident import CauseName, Certainty, StepKind
from lib.model import Attribute
from lib.rules.cause_table import CAUSES
from lib.rules.causes import BypassFact
from lib.rules.policy import is_excluded, policy_for
from sandbox.okta.state import AppMapping
from tests.worlds.conftest import COLLEAGUE, GRAPH_APP, NUMBER, Company, facts

CONFIRMED, SUSPECTED = Certainty.CONFIRMED, Certainty.SUSPECTED
MOBILE, MAILS, ENABLED = Attribute.MOBILE_PHONE, Attribute.OTHER_MAILS, Attribute.ACCOUNT_ENABLED
NEW_MAILS = ["newest@home.example"]


@dataclass(frozen=True)
class Named:
    """`breaks` the world; then the cause leads, as certain as that, and says these things."""

    breaks: Callable[[Company], None]
    certainty: Certainty
    says: tuple[str, ...]
    attribute: Attribute = MOBILE
    person: str = "ordinary"


@dataclass(frozen=True)
class NearMiss:
    """Looks like it; `instead` leads."""

    breaks: Callable[[Company], None]
    instead: CauseName
    attribute: Attribute = MOBILE
    person: str = "ordinary"


def failing(kind: str, *, whole: bool = True) -> Callable[[Company], None]:
    def breaks(company: Company) -> None:
        if whole:
            company.org.engine.reason_limit = None
        company.org.fail_next_push("ordinary", kind)
        company.change()

    return breaks


def lost_after_a_push(company: Company) -> None:
    company.change()
    company.lose()


def unlinked(company: Company) -> None:
    company.org.app_user("ordinary", GRAPH_APP).external_id = None
    lost_after_a_push(company)


def without_pushes(company: Company) -> None:
    company.org.change_app(GRAPH_APP, features=["PUSH_NEW_USERS", "PUSH_USER_DEACTIVATION"])
    company.change()


def unmapped(company: Company) -> None:
    del company.org.state.apps[GRAPH_APP].mappings["otherMails"]
    company.org.suppress_push("ordinary", "lost")
    company.org.set_app_profile("ordinary", GRAPH_APP, {"otherMails": NEW_MAILS})


def mapped(expression: str, status: str) -> Callable[[Company], None]:
    def breaks(company: Company) -> None:
        rule = AppMapping(expression, status)
        company.org.state.apps[GRAPH_APP].mappings["otherMails"] = rule
        company.org.suppress_push("ordinary", "lost")
        company.change(otherMails=NEW_MAILS)

    return breaks


def by_an_expression(company: Company) -> None:
    rule = AppMapping("String.removeSpaces(user.mobilePhone)", "PUSH")
    company.org.state.apps[GRAPH_APP].mappings["mobilePhone"] = rule
    never_pushed(company)


def refused_on_an_administrator(company: Company) -> None:
    company.tenant.assign_role("ordinary", "Global Administrator")
    failing("403")(company)


def restricted(company: Company) -> None:
    company.tenant.set_user("ordinary", restricted=True)
    company.change()


def never_pushed(company: Company) -> None:
    company.org.suppress_push("ordinary", "lost")
    company.change()


def overridden(company: Company) -> None:
    company.tenant.set_user("synced", cloud_set_mobile="+1 202 555 0111")
    company.change("synced")


def flag_was_on(company: Company) -> None:
    company.tenant.set_flag(True)
    before = company.clock() - timedelta(days=1)
    company.table.record_bypass(BypassFact(True, before, "an administrator"))
    company.change("synced")
    company.lose("synced")


def privileged(company: Company) -> None:
    company.tenant.assign_role("ordinary", "Global Administrator")
    company.change()


def outranked(company: Company) -> None:
    company.tenant.assign_role("connector", "Global Administrator")
    company.tenant.assign_role("ordinary", "Global Administrator")
    lost_after_a_push(company)


def changed_after(company: Company) -> None:
    company.change()
    company.meddle()


def changed_before(company: Company) -> None:
    company.meddle()
    lost_after_a_push(company)


def failed_then_pushed(company: Company) -> None:
    company.org.fail_next_push("ordinary", "400")
    company.change(mobilePhone="+1 202 555 0155")
    lost_after_a_push(company)


C = CauseName
WORLDS: dict[CauseName, tuple[Named, NearMiss]] = {
    C.NOT_LINKED: (
        Named(unlinked, CONFIRMED, ("user principal name only", "graph GET users")),
        NearMiss(lost_after_a_push, C.UNEXPLAINED),
    ),
    C.CONNECTOR_AUTH: (
        Named(failing("AADSTS50079"), CONFIRMED, ("AADSTS50079", "okta System Log")),
        NearMiss(failing("400"), C.PUSH_FAILED),
    ),
    C.PROVISIONING_OFF: (
        Named(without_pushes, CONFIRMED, ("features do not include PUSH_PROFILE_UPDATES",)),
        NearMiss(never_pushed, C.NOT_PUSHED),
    ),
    C.MAPPING_MISSING: (
        Named(unmapped, CONFIRMED, ("no mapping for otherMails",), MAILS),
        NearMiss(by_an_expression, C.NOT_PUSHED),
    ),
    C.MAPPING_CREATE_ONLY: (
        Named(
            mapped("user.otherMails", "DONT_PUSH"),
            CONFIRMED,
            ("DONT_PUSH", "Entra holds the AppUser's"),
            MAILS,
        ),
        NearMiss(mapped("user.otherMails", "PUSH"), C.NOT_PUSHED, MAILS),
    ),
    C.CONNECTOR_UNDERPRIVILEGED: (
        Named(
            failing("403"),
            CONFIRMED,
            (
                "Authorization_RequestDenied",
                "request-id",
                "client-request-id",
                "the target holds no role",
                "(configured, object 5e1f0000-0000-4000-8000-000000000002) holds User "
                "Administrator, not Global Administrator",
            ),
        ),
        NearMiss(refused_on_an_administrator, C.PRIVILEGED_TARGET),
    ),
    C.RESTRICTED_MANAGEMENT: (
        Named(restricted, CONFIRMED, ("isManagementRestricted is true",)),
        NearMiss(failing("403", whole=False), C.PUSH_FAILED),
    ),
    C.NOT_PUSHED: (
        Named(never_pushed, CONFIRMED, ("no completed push since the AppUser changed",)),
        NearMiss(lost_after_a_push, C.UNEXPLAINED),
    ),
    C.DIRSYNC_OVERRIDE: (
        Named(
            overridden,
            SUSPECTED,
            ("onPremisesSyncEnabled is true", "unknown, not false", "refused with HTTP 403"),
            person="synced",
        ),
        NearMiss(flag_was_on, C.UNEXPLAINED, person="synced"),
    ),
    C.PRIVILEGED_TARGET: (
        Named(
            privileged,
            CONFIRMED,
            (
                "row 'Global Administrator'",
                "succeeded without mobilePhone; nobody wrote it since, so the values differed",
                "correlation-id",
            ),
        ),
        NearMiss(outranked, C.UNEXPLAINED),
    ),
    C.CHANGED_AFTER_PUSH: (
        Named(
            changed_after,
            CONFIRMED,
            (
                f"user {COLLEAGUE} wrote mobilePhone after the push",
                "the connector wrote mobilePhone with the push",
                "correlation-id",
                "graph GET directoryAudits",
            ),
        ),
        NearMiss(changed_before, C.UNEXPLAINED),
    ),
    C.LICENCE: (
        Named(failing("licence"), CONFIRMED, ("licence, HTTP 403",)),
        NearMiss(failing("403"), C.CONNECTOR_UNDERPRIVILEGED),
    ),
    C.PUSH_FAILED: (
        Named(failing("400", whole=False), CONFIRMED, ("reason truncated by Okta",)),
        NearMiss(failed_then_pushed, C.UNEXPLAINED),
    ),
    C.UNEXPLAINED: (
        Named(lost_after_a_push, CONFIRMED, ("push log yes", "audit log yes")),
        NearMiss(never_pushed, C.NOT_PUSHED),
    ),
}


def test_every_cause_has_its_worlds_and_its_texts() -> None:
    assert set(WORLDS) == set(CauseName) == set(CAUSES)


@pytest.mark.parametrize("name", CauseName)
def test_a_cause_leads_with_its_evidence(company: Company, name: CauseName) -> None:
    named = WORLDS[name][0]
    named.breaks(company)
    lead = company.causes(named.attribute, named.person)[0]
    assert lead.name is name
    assert lead.certainty is named.certainty
    told = facts(lead)
    assert [said for said in named.says if said not in told] == [], told


@pytest.mark.parametrize("name", CauseName)
def test_a_near_miss_is_not_named_so(company: Company, name: CauseName) -> None:
    miss = WORLDS[name][1]
    miss.breaks(company)
    found = company.causes(miss.attribute, miss.person)
    assert found[0].name is miss.instead
    assert name not in {cause.name for cause in found}


def test_what_is_not_evaluated_is_said(company: Company) -> None:
    by_an_expression(company)
    assert "is an expression: not evaluated" in facts(company.causes()[0])


def test_when_all_is_well_there_is_nothing_to_explain(company: Company) -> None:
    company.change()
    with pytest.raises(AssertionError, match="does not differ"):
        company.case()
    assert company.tenant.get_user("ordinary").mobile_phone == NUMBER


def sign_in_mended(company: Company) -> None:
    """One user's push fell into an outage of the connector; since then others were pushed."""
    failing("AADSTS50079")(company)
    company.change("colleague", mobilePhone="+1 202 555 0166")


def test_a_sign_in_that_failed_once_is_only_suspected_once_somebody_was_pushed(
    company: Company,
) -> None:
    sign_in_mended(company)
    lead = company.causes()[0]
    assert (lead.name, lead.certainty) == (C.CONNECTOR_AUTH, SUSPECTED)
    assert "the app has pushed somebody with success since" in facts(lead)


def test_a_push_of_somebody_that_failed_as_well_mends_nothing(company: Company) -> None:
    failing("AADSTS50079")(company)
    company.org.fail_next_push("colleague", "AADSTS50079")
    company.change("colleague", mobilePhone="+1 202 555 0166")
    lead = company.causes()[0]
    assert (lead.name, lead.certainty) == (C.CONNECTOR_AUTH, CONFIRMED)


def test_a_push_of_another_app_mends_nothing(company: Company) -> None:
    failing("AADSTS50079")(company)
    company.change("synced", mobilePhone="+1 202 555 0166")
    assert company.causes()[0].certainty is CONFIRMED


# -- who may not decide ------------------------------------------------------------------------


def by_unassigning(company: Company) -> None:
    company.org.unassign("ordinary", GRAPH_APP, actor="colleague")


def by_deactivating(company: Company) -> None:
    company.org.deactivate("ordinary", actor="colleague")


@pytest.mark.parametrize("ends", [by_unassigning, by_deactivating])
def test_whoever_ended_an_assignment_does_not_approve_the_disable(
    company: Company, ends: Callable[[Company], None]
) -> None:
    company.org.change_app(GRAPH_APP, features=["PUSH_PROFILE_UPDATES"])
    ends(company)
    company.clock.pass_by(60)
    policy = policy_for(company.case(ENABLED), (StepKind.GRAPH_WRITE,), frozenset())
    assert is_excluded("colleague.user", policy.excluded)
    assert policy.changed.startswith("colleague.user@corp.example at ")
    # Okta ends the assignments of a deactivated user in its own name.
    assert not is_excluded("system", policy.excluded)
    assert not is_excluded("okta.admin", policy.excluded)


def test_whoever_edited_an_assignment_does_not_approve_its_value(company: Company) -> None:
    by_an_expression(company)
    company.org.set_app_profile("ordinary", GRAPH_APP, {"department": "X"}, actor="colleague")
    assert company.org.wait_idle()
    company.clock.pass_by(60)
    company.lose()
    policy = policy_for(company.case(), (StepKind.GRAPH_WRITE,), frozenset())
    assert is_excluded("colleague.user", policy.excluded)


def test_whoever_assigned_another_person_is_not_excluded(company: Company) -> None:
    company.org.deactivate("synced", actor="colleague")
    lost_after_a_push(company)
    policy = policy_for(company.case(), (StepKind.GRAPH_WRITE,), frozenset())
    assert not is_excluded("colleague.user", policy.excluded)
