"""What the audit log adds, who the connector is, and what is said where neither could be read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib.incident import Cause, CauseName, Certainty
from lib.model import Attribute
from lib.rules.causes import name_causes
from lib.rules.connector import ConnectorFact, Known
from tests.worlds.conftest import COLLEAGUE, CONNECTOR, GRAPH_APP, SYNC_APP, Company, facts

CONFIRMED, SUSPECTED = Certainty.CONFIRMED, Certainty.SUSPECTED
AUDITS = "GET /v1.0/auditLogs/directoryAudits"
SPENT = "the audit log was not asked: its budget of 5 requests in 10 seconds was spent"


def changed_after(company: Company) -> Cause:
    company.change()
    company.meddle()
    return company.causes()[0]


# -- the connector ---------------------------------------------------------------------------


def test_the_connector_is_learned_once_from_who_wrote_with_the_push(company: Company) -> None:
    company.read_as(connector=None)
    lead = changed_after(company)
    assert (lead.name, lead.certainty) == (CauseName.CHANGED_AFTER_PUSH, CONFIRMED)
    assert "the connector (learned on 2026-01-02T03:0" in facts(lead)
    fact = company.table.connector_fact(GRAPH_APP)
    assert fact is not None
    assert (fact.principal_id, fact.application) == (CONNECTOR, True)
    assert f"{fact.push_uuid} and the audit entry with correlation-id" in facts(lead)
    # A cold start knows it without learning it again.
    company.read_as(connector=None)
    company.clock.pass_by(60)
    company.causes()
    assert company.table.connector_fact(GRAPH_APP) == fact


def test_each_app_has_a_connector_of_its_own(company: Company) -> None:
    company.read_as(connector=None)
    company.tenant.set_user("synced", cloud_set_mobile="+1 202 555 0111")
    company.change("synced")
    lead = company.causes(Attribute.MOBILE_PHONE, "synced")[0]
    assert lead.name is CauseName.DIRSYNC_OVERRIDE
    assert "succeeded without mobilePhone; nobody wrote it since" in facts(lead)
    fact = company.table.connector_fact(SYNC_APP)
    assert fact is not None
    assert not fact.application
    assert company.table.connector_fact(GRAPH_APP) is None


def test_a_second_actor_with_the_push_teaches_nothing(company: Company) -> None:
    company.read_as(connector=None)
    company.org.set_user_profile("ordinary", {"mobilePhone": "+1 202 555 0199"})
    assert company.org.wait_idle()
    company.tenant.set_user("ordinary", actor="colleague", mobile_phone="+1 202 555 0188")
    company.clock.pass_by(60)
    company.causes()
    assert company.table.connector_fact(GRAPH_APP) is None


def test_whoever_was_taken_for_it_by_chance_is_unlearned(company: Company) -> None:
    company.table.record_connector(
        ConnectorFact(GRAPH_APP, COLLEAGUE, False, company.clock(), "another-push")
    )
    company.read_as(connector=None)
    company.change()
    company.lose()
    case = company.case()
    assert case.connector.how is Known.UNKNOWN
    assert "two pushes of this app were written by two actors" in case.connector.describe()
    # And it stays unknown: the next push could be the one that is wrong.
    company.read_as(connector=None)
    assert company.case().connector.how is Known.UNKNOWN


def test_an_unknown_connector_leaves_it_suspected(company: Company) -> None:
    company.read_as(connector=None)
    company.tenant.set_user("ordinary", mobile_phone="+1 202 555 0199")
    company.change()  # everything is there already, yet the push's own entry is still under way
    company.tenant.audit._entries.clear()
    company.meddle()
    lead = company.causes()[0]
    assert (lead.name, lead.certainty) == (CauseName.CHANGED_AFTER_PUSH, SUSPECTED)
    assert "the connector is unknown, so it may have been Okta" in facts(lead)


def test_an_admin_without_any_role_is_suspected_last(company: Company) -> None:
    company.read_as(connector=COLLEAGUE)
    company.change()
    company.lose()
    (lead,) = company.causes()
    assert (lead.name, lead.certainty) == (CauseName.CONNECTOR_UNDERPRIVILEGED, SUSPECTED)
    assert "no role that outranks anybody, not Global Administrator" in facts(lead)


@pytest.mark.parametrize(
    "role",
    ["Global Administrator", "Privileged Authentication Administrator", "User Administrator"],
)
def test_lesser_roles_that_may_write_the_target_are_no_cause(company: Company, role: str) -> None:
    company.tenant.assign_role("colleague", role)
    company.read_as(connector=COLLEAGUE)
    company.change()
    company.lose()
    (lead,) = company.causes()
    assert lead.name is CauseName.UNEXPLAINED
    assert f"holds {role}" in facts(lead)


def test_an_admin_without_any_role_does_not_hide_what_explains_more(company: Company) -> None:
    company.read_as(connector=COLLEAGUE)
    company.org.suppress_push("ordinary", "lost")
    company.change()
    assert [cause.name for cause in company.causes()] == [CauseName.NOT_PUSHED]


# -- the audit log -----------------------------------------------------------------------------


def test_without_the_permission_it_is_unknown_and_said(company: Company) -> None:
    company.read_as("blind")
    lead = changed_after(company)
    assert lead.name is CauseName.UNEXPLAINED
    assert "the audit log is unknown: refused with HTTP 403 Authorization_RequestDenied" in facts(
        lead
    )
    assert "request-id" in facts(lead)


def test_the_budget_is_kept_and_a_check_never_waits_for_it(company: Company) -> None:
    company.change()
    company.lose()
    told = [facts(company.causes()[0]) for _ in range(7)]
    assert [SPENT in each for each in told] == [False] * 4 + [True] * 3
    assert company.tenant.calls[AUDITS] == 4
    company.clock.pass_by(10)
    assert SPENT not in facts(company.causes()[0])


def test_a_refusal_to_be_asked_shuts_the_budget_for_as_long_as_it_says(company: Company) -> None:
    company.change()
    company.lose()
    # Another execution environment of ours was quicker.
    for _ in range(5):
        company.graph.audit_log(COLLEAGUE, company.clock())
    assert "the audit log did not answer" in facts(company.causes()[0])
    assert SPENT in facts(company.causes()[0])
    assert company.tenant.calls[AUDITS] == 6
    company.clock.pass_by(10)
    assert SPENT not in facts(company.causes()[0])


def test_a_late_audit_log_accuses_nobody(company: Company) -> None:
    company.tenant.audit.delay_seconds = 3600
    lead = changed_after(company)
    assert lead.name is CauseName.UNEXPLAINED


def test_it_is_not_asked_where_no_push_succeeded(company: Company) -> None:
    company.org.suppress_push("ordinary", "lost")
    company.change()
    company.causes()
    assert company.tenant.calls[AUDITS] == 0


def test_a_write_after_a_silent_success_is_kept_beside_the_leading_cause(company: Company) -> None:
    """The push never landed, so the later write replaced an older value, not the pushed one."""
    company.tenant.assign_role("ordinary", "Global Administrator")
    company.change()
    company.meddle()
    lead, also = company.causes()
    assert (lead.name, lead.certainty) == (CauseName.PRIVILEGED_TARGET, CONFIRMED)
    assert "so that alone proves nothing" in facts(lead)
    assert also.name is CauseName.CHANGED_AFTER_PUSH


def test_a_push_that_landed_is_not_blamed_on_the_targets_role(company: Company) -> None:
    company.change()
    company.meddle()
    company.tenant.assign_role("ordinary", "Global Administrator")
    assert [cause.name for cause in company.causes()] == [CauseName.CHANGED_AFTER_PUSH]


def test_what_was_named_stays_named_while_the_budget_is_spent(company: Company) -> None:
    company.change()
    company.meddle()
    first = company.causes()
    company.read_as("blind")
    again = replace(company.case(), named_before=first)
    assert [cause.name for cause in name_causes(again)] == [CauseName.CHANGED_AFTER_PUSH]
    # Another push is another story.
    company.change(mobilePhone="+1 202 555 0166")
    company.lose()
    later = replace(company.case(), named_before=first)
    assert [cause.name for cause in name_causes(later)] == [CauseName.UNEXPLAINED]
