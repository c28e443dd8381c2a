"""Evidence: facts with their age, newest first, and reads that never hold a check up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from lib.errors import PushproofError, Refused, Transient, Unauthorized
from lib.flows.audits import REQUESTS, SILENT, SPENT, AuditBudget
from lib.flows.evidence import FACT_AGE, Evidence, Findings
from lib.incident import CauseName, Certainty, Status, StepKind
from lib.model import Attribute, AuditActor, DirectorySync, PushEvent, RoleGrant
from lib.rules.case import APP_PUSHES, AUDIT, FLAG, OKTA_APP, ROLES, SYSTEM_LOG, BypassFact
from lib.settings import Mode
from lib.store import keys
from tests.fakes.clock import START, FakeClock
from tests.fakes.make import (
    APP,
    CONNECTOR,
    GLOBAL_ADMINISTRATOR,
    OBJECT,
    OLD_PHONE,
    OTHER_APP,
    OTHER_OBJECT,
    SUBJECT,
    TENANT,
    audit_entry,
    audit_log,
    push,
    standing,
)
from tests.fakes.stage import SETTLE, Stage

DENIED = Refused(403, "Authorization_RequestDenied", "an.admin@corp.example may not", "r-1", "c-1")


@pytest.fixture
def evidence(stage: Stage) -> Evidence:
    stage.okta.log = [push(at=START - timedelta(minutes=30))]
    stage.graph.set(mobile_phone=OLD_PHONE, synced=True)
    return made(stage)


def made(stage: Stage, connector: str | None = CONNECTOR) -> Evidence:
    return Evidence(stage.okta, stage.graph, stage.table, connector, stage.clock)


def gathered(stage: Stage, evidence: Evidence) -> Findings:
    return evidence.gather(stage.okta.read_subject(SUBJECT), stage.graph.users[OBJECT])


# -- the flag ----------------------------------------------------------------------------------


def test_a_flag_set_a_minute_ago_is_not_hidden_by_an_older_answer(
    stage: Stage, evidence: Evidence
) -> None:
    asked = evidence.bypass()
    assert asked
    assert asked.enabled is False
    stage.clock.pass_by(60)
    # Graph would still be answered from what is kept: four minutes are left.
    stage.table.record_bypass(BypassFact(True, stage.clock(), "an administrator's GET"))
    known = evidence.bypass()
    assert known
    assert (known.enabled, known.source) == (True, "an administrator's GET")


def test_an_older_record_does_not_hide_a_newer_answer(stage: Stage, evidence: Evidence) -> None:
    stage.table.record_bypass(BypassFact(True, stage.clock(), "an administrator's GET"))
    stage.clock.pass_by(60)
    known = evidence.bypass()
    assert known
    assert (known.enabled, known.source) == (False, FLAG)


def test_a_refused_flag_is_unknown_with_its_ids_and_the_record_speaks(
    stage: Stage, evidence: Evidence
) -> None:
    stage.graph.trouble["directory_sync"] = DENIED
    assert evidence.bypass() is None
    assert "request-id r-1; client-request-id c-1" in gathered(stage, evidence).unread[FLAG]
    stage.table.record_bypass(BypassFact(True, START, "an administrator's GET"))
    found = gathered(stage, evidence)
    assert found.bypass
    assert found.bypass.enabled
    assert FLAG not in found.unread


def test_the_flag_keeps_the_date_it_was_first_seen_on(stage: Stage, evidence: Evidence) -> None:
    stage.graph.sync = DirectorySync(TENANT, True)
    first = evidence.bypass()
    stage.clock.pass_by(3600)
    assert evidence.bypass() == first


# -- what is kept, and how old it is --------------------------------------------------------------


def test_facts_that_change_rarely_are_read_once_in_five_minutes(
    stage: Stage, evidence: Evidence
) -> None:
    for _ in range(5):
        gathered(stage, evidence)
    assert stage.okta.calls.count("configuration") == 1
    assert stage.graph.calls.count("directory_sync") == 1
    # The target's own standing is a guard: it is read each time.
    assert stage.graph.calls.count("standing") == 5 + 1


def test_the_connectors_roles_carry_the_time_they_were_read(
    stage: Stage, evidence: Evidence
) -> None:
    first = gathered(stage, evidence).connector
    stage.clock.pass_by(180)
    again = gathered(stage, evidence).connector
    assert first.at == again.at
    assert first.at
    assert stage.clock() - first.at > timedelta(minutes=3)
    stage.clock.pass_by(FACT_AGE.total_seconds())
    later = gathered(stage, evidence).connector.at
    assert later
    assert later > first.at


def test_a_scoped_role_does_not_count_for_the_whole_tenant(
    stage: Stage, evidence: Evidence
) -> None:
    scoped = RoleGrant(GLOBAL_ADMINISTRATOR, "Global Administrator", "/administrativeUnits/u-1")
    stage.graph.standings[CONNECTOR] = standing(scoped, object_id=CONNECTOR)
    assert gathered(stage, evidence).connector.roles == frozenset()


def test_a_connector_that_may_not_be_read_is_unknown(stage: Stage, evidence: Evidence) -> None:
    stage.graph.missing.add(CONNECTOR)
    connector = gathered(stage, evidence).connector
    assert connector.roles is None
    assert "whether it holds Global Administrator is unknown" in connector.describe()


def test_refusals_are_said_with_their_ids_and_without_prose(
    stage: Stage, evidence: Evidence
) -> None:
    stage.okta.trouble["push_log"] = DENIED
    stage.okta.trouble["configuration"] = DENIED
    stage.graph.trouble["standing"] = DENIED
    unread = gathered(stage, evidence).unread
    assert set(unread) == {SYSTEM_LOG, OKTA_APP, ROLES}
    told = (
        "refused with HTTP 403 Authorization_RequestDenied; request-id r-1; client-request-id c-1"
    )
    assert set(unread.values()) == {told}


# -- the audit log ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [DENIED, Transient("no answer in time"), Transient("429", 7.0), Unauthorized("401")],
    ids=["403", "silence", "429", "401"],
)
def test_whatever_the_audit_log_answers_the_check_goes_on(
    stage: Stage, evidence: Evidence, error: PushproofError
) -> None:
    stage.graph.trouble["audit_log"] = error  # type: ignore[assignment]
    found = gathered(stage, evidence)
    assert found.audit is None
    assert "audit log" in found.unread[AUDIT]
    assert "corp.example" not in found.unread[AUDIT]


def test_the_budget_holds_in_any_ten_seconds() -> None:
    clock = FakeClock()
    budget = AuditBudget(clock)
    taken: list[datetime] = []
    for _ in range(400):
        if not budget.take():
            taken.append(clock.now)
        clock.pass_by(0.1)
    assert len(taken) > 3 * REQUESTS
    for first, fifth in zip(taken, taken[REQUESTS:], strict=False):
        assert fifth - first >= timedelta(seconds=10)


def test_it_is_shut_for_as_long_as_the_vendor_says() -> None:
    clock = FakeClock()
    budget = AuditBudget(clock)
    budget.shut(7.0)
    clock.pass_by(6.9)
    assert budget.take() == SPENT
    clock.pass_by(0.2)
    assert budget.take() == ""
    budget.shut(None)
    clock.pass_by(59)
    assert budget.take() == SILENT
    clock.pass_by(2)
    assert budget.take() == ""


def test_a_silent_audit_log_is_asked_once_a_minute(stage: Stage, evidence: Evidence) -> None:
    stage.graph.trouble["audit_log"] = Transient("no answer in time")
    told = [gathered(stage, evidence).unread[AUDIT] for _ in range(5)]
    assert told[1:] == [SILENT] * 4
    assert stage.graph.calls.count("audit_log") == 1


def test_the_learned_connector_is_read_once_and_written_once(stage: Stage) -> None:
    stage.okta.log = [push(at=START - timedelta(minutes=30))]
    entry = audit_entry(at=START - timedelta(minutes=30, seconds=1))
    stage.graph.audits[OBJECT] = audit_log(entry)
    evidence = made(stage, None)
    first = gathered(stage, evidence).connector
    assert first.principal_id == CONNECTOR
    kept = stage.table.connector_fact(APP)
    stage.table.record_connector = lambda _: pytest.fail("written again")  # type: ignore[assignment,method-assign]
    for _ in range(3):
        stage.clock.pass_by(60)
        assert gathered(stage, evidence).connector.principal_id == CONNECTOR
    assert stage.table.connector_fact(APP) == kept


# -- the proof of a touch -----------------------------------------------------------------------


def plan_of(stage: Stage) -> list[StepKind]:
    stage.clock.pass_by(SETTLE + 60)
    stage.hint()
    stage.looks()
    return [step.kind for step in stage.incident().plan.steps]


def test_a_touch_is_planned_only_where_doctor_proved_it(stage: Stage) -> None:
    stage.build(touch_attribute="department", mode=Mode.APPROVE)
    stage.table._client.delete_item(  # type: ignore[attr-defined]
        TableName=stage.table._name, Key=keys.fact("touch_proof", APP)
    )
    stage.graph.set(mobile_phone=OLD_PHONE)
    assert plan_of(stage) == [StepKind.GRAPH_WRITE]
    lead = stage.incident().lead
    assert lead.name is CauseName.NOT_PUSHED
    assert "prove-touch" in stage.incident().plan.steps[0].note


def test_a_proof_counts_within_minutes_and_is_not_read_for_each_check(stage: Stage) -> None:
    stage.build(touch_attribute="department", mode=Mode.APPROVE)
    evidence = made(stage)
    first = gathered(stage, evidence).touch_proof
    assert first
    newer = replace(first, attribute="division")
    stage.table.record_touch_proof(newer)
    assert gathered(stage, evidence).touch_proof == first
    stage.clock.pass_by(FACT_AGE.total_seconds())
    assert gathered(stage, evidence).touch_proof == newer


# -- somebody else's change ------------------------------------------------------------------------


def test_what_somebody_else_changed_waits_for_a_person_also_while_the_log_is_silent(
    stage: Stage,
) -> None:
    stage.build(touch_attribute="department", mode=Mode.AUTO)
    stage.okta.log = [push(at=START - timedelta(minutes=30))]
    stage.graph.set(mobile_phone=OLD_PHONE)
    theirs = audit_entry(
        Attribute.MOBILE_PHONE,
        at=START - timedelta(minutes=20),
        by=AuditActor(OTHER_OBJECT),
        written={Attribute.MOBILE_PHONE: OLD_PHONE},
    )
    stage.graph.audits[OBJECT] = audit_log(theirs)
    assert plan_of(stage) == [StepKind.OKTA_TOUCH]
    assert stage.incident().lead.name is CauseName.CHANGED_AFTER_PUSH
    assert stage.incident().status is Status.WAITING_APPROVAL
    stage.graph.trouble["audit_log"] = Transient("no answer in time")
    evidence = [len(stage.incident().lead.evidence)]
    for _ in range(3):
        stage.clock.pass_by(3600)
        stage.hint()
        stage.drain()
        evidence.append(len(stage.incident().lead.evidence))
    assert stage.incident().lead.name is CauseName.CHANGED_AFTER_PUSH
    assert stage.incident().status is Status.WAITING_APPROVAL
    assert stage.okta.touches == stage.graph.patches == []
    # What could not be read is said once, and not once more for each look.
    assert evidence[1:] == [evidence[1]] * 3
    stage.says("a.colleague")
    stage.mend()
    assert len(stage.okta.touches) == 1


# -- a failed sign-in of the connector -----------------------------------------------------------


def sign_in_failed(stage: Stage) -> None:
    stage.okta.log = [
        push("FAILURE", at=START - timedelta(minutes=30), reason="AADSTS50076: a second factor")
    ]


def test_whether_the_connector_signs_in_again_is_asked_once_for_the_app(stage: Stage) -> None:
    evidence = made(stage)
    sign_in_failed(stage)
    stage.okta.pushed[APP] = START - timedelta(minutes=10)
    assert gathered(stage, evidence).pushed_since == START - timedelta(minutes=10)
    assert gathered(stage, evidence).pushed_since == START - timedelta(minutes=10)
    assert stage.okta.calls.count("pushed_since") == 1
    # A failure after that is not answered by it, and one before what was asked is asked again.
    stage.okta.log = [push("FAILURE", at=START - timedelta(minutes=5), reason="AADSTS50076")]
    assert gathered(stage, evidence).pushed_since is None
    assert stage.okta.calls.count("pushed_since") == 1
    stage.okta.log = [push("FAILURE", at=START - timedelta(minutes=45), reason="AADSTS50076")]
    assert gathered(stage, evidence).pushed_since == START - timedelta(minutes=10)
    assert stage.okta.calls.count("pushed_since") == 2
    stage.clock.pass_by(301)
    gathered(stage, evidence)
    assert stage.okta.calls.count("pushed_since") == 3


@pytest.mark.parametrize(
    "log",
    [
        [],
        [push(at=START - timedelta(minutes=30))],
        [push("FAILURE", at=START - timedelta(minutes=30), reason="something else")],
    ],
)
def test_other_pushes_cost_no_further_read(stage: Stage, log: list[PushEvent]) -> None:
    stage.okta.log = log
    assert gathered(stage, made(stage)).pushed_since is None
    assert "pushed_since" not in stage.okta.calls


def test_where_that_is_refused_the_sign_in_counts_as_failing(stage: Stage) -> None:
    sign_in_failed(stage)
    stage.okta.trouble["pushed_since"] = DENIED
    found = gathered(stage, made(stage))
    assert found.pushed_since is None
    assert "HTTP 403" in found.unread[APP_PUSHES]


def test_an_old_failure_of_a_connector_that_works_again_is_nobody_elses(stage: Stage) -> None:
    stage.build(touch_attribute="department")
    stage.graph.set(mobile_phone=OLD_PHONE)
    sign_in_failed(stage)
    stage.okta.pushed[APP] = START - timedelta(minutes=10)
    incident = stage.drifted()
    assert (incident.lead.name, incident.lead.certainty) == (
        CauseName.CONNECTOR_AUTH,
        Certainty.SUSPECTED,
    )
    assert incident.parent == ""
    assert incident.status is not Status.SHARED
    assert [step.kind for step in incident.plan.steps] == [StepKind.OKTA_TOUCH]


def test_a_connector_that_fails_still_is_everybodys(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    sign_in_failed(stage)
    stage.okta.pushed[APP] = START - timedelta(minutes=40)
    assert stage.drifted().status is Status.SHARED


# -- who changed it ------------------------------------------------------------------------------


def test_changes_are_asked_for_in_every_watched_app(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    assert stage.okta.asked_apps == (APP, OTHER_APP)
    gathered(stage, made(stage))
    assert stage.okta.asked_apps == (APP,)
