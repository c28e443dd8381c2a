"""check: whom a drift belongs to, what opens, changes and closes an incident."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lib.errors import Permanent, Refused, Transient
from lib.incident import CauseName, Entry, Severity, Status, StepKind
from lib.messages import CheckMessage
from lib.model import Attribute, DirectorySync, Link, LinkSource, RoleGrant
from lib.rules.causes import BypassFact
from lib.settings import Mode
from lib.store.records import IncidentChange
from tests.fakes.clock import START
from tests.fakes.make import (
    CONNECTOR,
    OBJECT,
    OLD_MAILS,
    OLD_PHONE,
    OTHER_OBJECT,
    SUBJECT,
    TENANT,
    USER_ADMINISTRATOR,
    app_user,
    entra_user,
    okta_user,
    push,
    role,
    standing,
)
from tests.fakes.stage import LOOKS, Stage

PHONE, MAILS, ENABLED = Attribute


def outranked(stage: Stage) -> None:
    """The connector is a User Administrator, and the push succeeded."""
    ua = RoleGrant(USER_ADMINISTRATOR, "User Administrator")
    stage.graph.standings[CONNECTOR] = standing(ua, object_id=CONNECTOR)
    stage.okta.log = [push(at=START - timedelta(minutes=30))]


def test_a_leaver_is_found_through_the_stored_link(stage: Stage) -> None:
    stage.hint()
    stage.okta.unassign()
    stage.graph.set(user_principal_name="renamed@corp.example")
    found = stage.drifted()
    assert (found.attribute, found.severity) == (ENABLED, Severity.CRITICAL)
    assert found.plan.link == Link(OBJECT, LinkSource.EXTERNAL_ID)
    assert [(s.kind, s.after) for s in found.plan.steps] == [(StepKind.GRAPH_WRITE, False)]


def test_a_deleted_account_satisfies_disabled(stage: Stage) -> None:
    stage.hint()
    stage.okta.unassign()
    stage.build(mode=Mode.OBSERVE)
    stage.drifted()
    del stage.graph.users[OBJECT]
    stage.hint(ago=0)
    stage.looks()
    assert stage.incident().status is Status.RESOLVED


def test_a_lagging_index_is_no_proof_that_a_leaver_is_gone(stage: Stage) -> None:
    """A filter that leaves the user out, while a GET by id still finds it."""
    stage.hint()
    stage.okta.unassign()
    stage.build(mode=Mode.OBSERVE)
    stage.drifted()
    stage.graph.replica[OBJECT] = None
    stage.hint(ago=0)
    assert stage.incident().status is Status.OBSERVED


def test_a_user_found_by_name_only_is_reported_and_never_written(stage: Stage) -> None:
    stage.okta.assigned[SUBJECT] = app_user(external_id=None)
    stage.graph.set(mobile_phone=OLD_PHONE)
    found = stage.drifted()
    assert found.lead.name is CauseName.NOT_LINKED
    assert [step.kind for step in found.plan.steps] == [StepKind.MANUAL]
    assert found.status is Status.WAITING_PERSON
    assert stage.state.link is None
    assert stage.remediations.sent == []


def test_another_link_starts_the_looks_anew_and_changes_the_plan(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.hint()
    stage.graph.users[OTHER_OBJECT] = entra_user(
        object_id=OTHER_OBJECT, user_principal_name="x@y.example", mobile_phone=OLD_PHONE
    )
    stage.okta.assigned[SUBJECT] = app_user(external_id=OTHER_OBJECT)
    assert [stage.next_look() for _ in range(3)] == [LOOKS[0], *LOOKS]
    assert stage.incident().plan.link == Link(OTHER_OBJECT, LinkSource.EXTERNAL_ID)
    assert stage.state.link == stage.incident().plan.link


def test_the_reverse_drift_is_said_and_never_switched_on(stage: Stage) -> None:
    stage.graph.set(account_enabled=False)
    found = stage.drifted()
    assert (found.attribute, found.severity) == (ENABLED, Severity.WARNING)
    assert [step.kind for step in found.plan.steps] == [StepKind.MANUAL]
    stage.drain()
    assert stage.graph.patches == []


def test_two_attributes_are_two_incidents_and_one_of_each(stage: Stage) -> None:
    stage.build(mode=Mode.OBSERVE)
    stage.graph.set(mobile_phone=OLD_PHONE, other_mails=OLD_MAILS)
    for _ in range(2):
        stage.hint(ago=0)
        stage.looks()
    assert {i.attribute for i in stage.incidents()} == {PHONE, MAILS}
    assert len(stage.incidents()) == 2
    assert stage.pager.news == ["opened", "opened"]
    stage.graph.set(mobile_phone=stage.okta.users[SUBJECT.user_id].profile["mobilePhone"])
    stage.hint(ago=0)
    stage.next_look()
    assert [i.attribute for i in stage.incidents()] == [MAILS]
    assert [i.status for i in stage.incidents(closed=True)] == [Status.RESOLVED]
    assert set(stage.state.open) == {MAILS}


def test_what_okta_no_longer_means_is_dismissed_not_proved(stage: Stage) -> None:
    stage.build(mode=Mode.OBSERVE)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.okta.users[SUBJECT.user_id] = okta_user(profile={})
    stage.hint(ago=0)
    assert stage.incident().status is Status.DISMISSED
    assert stage.pager.news == ["opened", "dismissed"]


@pytest.mark.parametrize("error", [Refused(403, "E0000006", "no"), Permanent("HTTP 401")])
def test_a_configuration_that_is_refused_dismisses_nothing(
    stage: Stage, error: Refused | Permanent
) -> None:
    """Not to know what is mapped is not to have no opinion: a person hears of it."""
    stage.build(mode=Mode.OBSERVE)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.okta.trouble["configuration"] = error
    stage.build()
    covered = stage.state.covered_to
    stage.clock.pass_by(500)
    stage.hint()
    assert stage.incident().status is Status.OBSERVED
    assert stage.state.covered_to == covered
    assert len(stage.table.parked()) == 1


@pytest.mark.parametrize("part", ["push_log", "standing", "directory_sync"])
def test_evidence_that_fails_for_now_decides_nothing(stage: Stage, part: str) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE, synced=True)
    where = stage.okta if part == "push_log" else stage.graph
    where.trouble[part] = Transient("HTTP 503", retry_after=40)
    stage.hint()
    for _ in LOOKS:
        stage.next_look()
    assert stage.incidents() == []
    ((again, delay),) = stage.checks.sent
    assert (again.look, again.attempt, delay) == (True, 1, 40)
    where.trouble.clear()
    stage.looks()
    assert stage.incident()


def test_a_connector_that_does_not_exist_is_an_unknown_one(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.okta.log = [push(at=START - timedelta(minutes=30))]
    stage.graph.standings[OBJECT] = standing(role())
    stage.graph.missing.add(CONNECTOR)
    assert stage.drifted().lead.name is CauseName.PRIVILEGED_TARGET


def test_a_privileged_target_waits_for_a_person_even_in_auto(stage: Stage) -> None:
    outranked(stage)
    stage.graph.standings[OBJECT] = standing(role())
    stage.graph.set(mobile_phone=OLD_PHONE)
    found = stage.drifted()
    assert (found.lead.name, found.status) == (
        CauseName.PRIVILEGED_TARGET,
        Status.WAITING_APPROVAL,
    )
    assert found.plan.policy.approvals == 2
    assert stage.remediations.sent == []


def test_a_changed_drift_of_an_open_incident_is_told_once_and_voids_approvals(stage: Stage) -> None:
    stage.build(mode=Mode.APPROVE)
    outranked(stage)
    stage.graph.standings[OBJECT] = standing(role())
    stage.graph.set(mobile_phone=OLD_PHONE)
    first = stage.drifted()
    stage.says("first.colleague")
    stage.graph.set(mobile_phone="+15550177")
    second = stage.drifted()
    assert second.id == first.id
    assert second.plan.digest != first.plan.digest
    assert second.status is Status.WAITING_APPROVAL
    stage.says("second.colleague")
    assert stage.incident().status is Status.WAITING_APPROVAL
    assert stage.pager.news == ["opened", "changed"]
    assert len({page.key for page in stage.pager.pages}) == 2


def test_nothing_is_proved_while_a_step_is_under_way(stage: Stage) -> None:
    stage.build(mode=Mode.OBSERVE)
    stage.graph.set(mobile_phone=OLD_PHONE)
    found = stage.drifted()
    stage.table.commit_incident(
        IncidentChange(replace(found, in_flight="graph_write", updated_at=stage.clock()))
    )
    stage.graph.set(mobile_phone=found.plan.expected)
    stage.run({"m": CheckMessage.look_at(SUBJECT)})
    assert stage.incident().status is Status.OBSERVED
    stage.clock.pass_by(16 * 60)
    stage.looks()
    assert stage.incident().status is Status.RESOLVED


def test_a_step_recorded_during_a_check_refuses_its_proof(stage: Stage) -> None:
    """The check read the vendors before the step: what it saw proves nothing about it."""
    stage.build(mode=Mode.OBSERVE)
    stage.graph.set(mobile_phone=OLD_PHONE)
    found = stage.drifted()
    stage.graph.set(mobile_phone=found.plan.expected)

    def step() -> None:
        stage.okta.after_read = lambda: None
        done = replace(found, steps_done=1, last_step_at=stage.clock())
        stage.table.commit_incident(
            IncidentChange(done, (Entry(stage.clock(), "remediate", "graph_write done"),))
        )

    stage.okta.after_read = step
    stage.run({"m": CheckMessage.look_at(SUBJECT)})
    assert stage.incident().status.open
    stage.looks()
    assert stage.incident().status is Status.RESOLVED
    assert stage.timeline()[-1] == "proved"


SYNCED_LOG = timedelta(minutes=30)


def override(stage: Stage) -> None:
    outranked(stage)
    stage.graph.set(mobile_phone=OLD_PHONE, synced=True)


def test_a_flag_that_is_refused_is_unknown_and_the_recorded_one_is_used(stage: Stage) -> None:
    override(stage)
    stage.graph.trouble["directory_sync"] = Refused(403, "Authorization_RequestDenied", "no")
    first = stage.drifted()
    assert (first.lead.name, first.lead.certainty.value) == (
        CauseName.DIRSYNC_OVERRIDE,
        "suspected",
    )
    stage.table.record_bypass(BypassFact(True, START - 2 * SYNCED_LOG, "an administrator"))
    assert stage.drifted().lead.name is not CauseName.DIRSYNC_OVERRIDE


def test_a_flag_seen_true_before_the_push_excludes_the_override(stage: Stage) -> None:
    """First seen true now, so suspected; once a later push changed nothing, excluded."""
    override(stage)
    stage.graph.sync = DirectorySync(TENANT, True)
    assert stage.drifted().lead.name is CauseName.DIRSYNC_OVERRIDE
    stage.okta.log.append(push(at=stage.clock() + timedelta(seconds=5)))
    stage.clock.pass_by(3600)
    assert stage.drifted().lead.name is not CauseName.DIRSYNC_OVERRIDE
