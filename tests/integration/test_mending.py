"""From a push that did not land to the proof of its mend, and what must not happen on the way."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from lib.incident import CauseName, Incident, Status, StepKind
from lib.model import Attribute
from tests.integration.conftest import SYNC_APP, Deployed

Approve = Callable[..., dict]
MOBILE, MAILS, ENABLED = Attribute.MOBILE_PHONE, Attribute.OTHER_MAILS, Attribute.ACCOUNT_ENABLED


def never_pushed(deployed: Deployed, person: str) -> Incident:
    deployed.org.suppress_push(person, "never pushed")
    deployed.org.set_user_profile(person, {"otherMails": [f"{person}.new@example.net"]})
    return deployed.incident(person, MAILS)


def approved(approve: Approve, incident: Incident, *people: str) -> list[dict]:
    return [
        approve(who, action="approve", incident=incident.id, digest=incident.plan.digest)
        for who in people
    ]


def test_a_touch_mends_what_was_never_pushed(deployed: Deployed, approve: Approve) -> None:
    incident = never_pushed(deployed, "staff.50")
    assert incident.status is Status.WAITING_APPROVAL
    assert incident.lead.name is CauseName.NOT_PUSHED
    approved(approve, incident, "first.operator")
    deployed.becomes(incident, Status.RESOLVED)
    assert deployed.tenant.get_user("staff.50").other_mails == ("staff.50.new@example.net",)
    assert deployed.pages(incident) == ["opened", "mended"]
    assert not deployed.state(deployed.subject("staff.50")).open


def test_a_value_that_changed_after_approval_is_not_written(
    deployed: Deployed, approve: Approve
) -> None:
    incident = never_pushed(deployed, "staff.51")
    digest = incident.plan.digest
    deployed.org.suppress_push("staff.51", "never pushed either")
    deployed.org.set_user_profile("staff.51", {"otherMails": ["staff.51.third@example.net"]})
    approve("first.operator", action="approve", incident=incident.id, digest=digest)
    deployed.settle()
    now = deployed.again(incident)
    assert now.status is Status.WAITING_APPROVAL
    assert now.plan.digest != digest
    assert deployed.tenant.get_user("staff.51").other_mails == ("staff.51@example.net",)


def test_healed_by_somebody_else_is_proved_without_a_step(
    deployed: Deployed, approve: Approve
) -> None:
    incident = never_pushed(deployed, "staff.52")
    deployed.tenant.set_user("staff.52", other_mails=("staff.52.new@example.net",))
    # Reads stay stale for a while after a write; the approval comes after that.
    time.sleep(2 * deployed.tenant.directory.stale_read_seconds)
    approved(approve, incident, "first.operator")
    now = deployed.becomes(incident, Status.RESOLVED)
    assert now.steps_done == 0


def test_a_wrong_digest_and_a_strange_incident_are_refused(
    deployed: Deployed, approve: Approve
) -> None:
    incident = never_pushed(deployed, "staff.53")
    stale = approve("first.operator", action="approve", incident=incident.id, digest="0" * 64)
    assert "changed" in stale["refused"]
    nobody = approve("first.operator", action="approve", incident="inc-0000000000", digest="0" * 64)
    assert "no incident" in nobody["refused"]
    assert deployed.again(incident).status is Status.WAITING_APPROVAL


def test_a_disabled_account_is_never_switched_on(deployed: Deployed, approve: Approve) -> None:
    deployed.org.set_user_profile("disabled.user", {"mobilePhone": "+1 202 555 0170"})
    incident = deployed.incident("disabled.user", ENABLED)
    assert [step.kind for step in incident.plan.steps] == [StepKind.MANUAL]
    refused = approved(approve, incident, "first.operator", "second.operator")
    assert all("person's work" in answer["refused"] for answer in refused)
    assert not deployed.tenant.get_user("disabled.user").account_enabled


def test_a_leaver_is_found_through_the_stored_link_and_disabled(
    deployed: Deployed, approve: Approve
) -> None:
    deployed.org.set_user_profile("staff.54", {"mobilePhone": "+1 202 555 0171"})
    deployed.settle()
    deployed.org.suppress_push("staff.54", "licence error")
    deployed.org.deactivate("staff.54")
    incident = deployed.incident("staff.54", ENABLED)
    assert incident.severity == "critical"
    assert incident.plan.link is not None
    assert incident.plan.link.pinned
    assert [step.kind for step in incident.plan.steps] == [StepKind.GRAPH_WRITE]
    approved(approve, incident, "first.operator")
    deployed.becomes(incident, Status.RESOLVED)
    assert not deployed.tenant.get_user("staff.54").account_enabled


def test_restricted_management_is_named_and_left_to_a_person(deployed: Deployed) -> None:
    deployed.org.set_user_profile("restricted.user", {"mobilePhone": "+1 202 555 0172"})
    incident = deployed.incident("restricted.user", MOBILE)
    assert incident.lead.name is CauseName.RESTRICTED_MANAGEMENT
    assert incident.status is Status.WAITING_PERSON
    # The push failed too, and that is kept beside the leading cause.
    assert CauseName.PUSH_FAILED in {cause.name for cause in incident.causes}


def test_a_member_of_a_role_assignable_group_is_privileged(deployed: Deployed) -> None:
    deployed.org.set_user_profile("group.member", {"otherMails": ["group.next@example.net"]})
    incident = deployed.incident("group.member", MAILS)
    assert incident.lead.name is CauseName.PRIVILEGED_TARGET
    assert incident.plan.policy.approvals == 2
    assert any("role-assignable group" in e.fact for e in incident.lead.evidence)


def test_a_name_alone_is_read_and_never_written(deployed: Deployed) -> None:
    deployed.org.suppress_push("name.only", "never pushed")
    deployed.org.set_user_profile("name.only", {"mobilePhone": "+1 202 555 0173"})
    incident = deployed.incident("name.only", MOBILE)
    assert incident.lead.name is CauseName.NOT_LINKED
    assert [step.kind for step in incident.plan.steps] == [StepKind.MANUAL]
    assert deployed.state(deployed.subject("name.only")).link is None


def test_dirsync_override_waits_for_the_flag_and_a_person(
    deployed: Deployed, approve: Approve
) -> None:
    deployed.org.set_user_profile("synced.newer", {"mobilePhone": "+1 202 555 0174"})
    incident = deployed.incident("synced.newer", MOBILE, SYNC_APP)
    assert incident.lead.name is CauseName.DIRSYNC_OVERRIDE
    assert incident.status is Status.SHARED
    flag = deployed.table.incident(incident.parent)
    assert flag is not None
    assert [step.kind for step in flag.plan.steps] == [StepKind.BYPASS_ENABLE]
    assert incident.id in {member.incident_id for member in deployed.table.members(flag.id)}
    assert deployed.pages(incident) == []
    assert deployed.pages(flag)[0] == "opened"
    (elsewhere,) = approved(approve, incident, "first.operator")
    assert flag.id in elsewhere["refused"]
    (unseen,) = approved(approve, flag, "first.operator")
    assert "preview" in unseen["refused"]
    assert not deployed.tenant.bypass_enabled


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("400", CauseName.PUSH_FAILED),
        ("AADSTS50079", CauseName.CONNECTOR_AUTH),
    ],
)
def test_a_failed_push_is_named_with_its_reason(
    deployed: Deployed, kind: str, cause: CauseName
) -> None:
    person = {"400": "staff.55", "AADSTS50079": "staff.56"}[kind]
    deployed.org.fail_next_push(person, kind)
    deployed.org.set_user_profile(person, {"mobilePhone": "+1 202 555 0175"})
    incident = deployed.incident(person, MOBILE)
    assert incident.lead.name is cause
    assert any("event " in evidence.fact for evidence in incident.lead.evidence)


def test_vendor_trouble_delays_and_loses_nothing(deployed: Deployed) -> None:
    """429 without Retry-After, a reset connection and a 500, then the drift is still found."""
    deployed.settle()
    deployed.tenant.faults.add("POST /v1.0/$batch", 429, headers={})
    deployed.tenant.faults.add("POST /v1.0/$batch", "reset")
    deployed.org.faults.add("GET /api/v1/apps/{app}/users/{user}", 500)
    incident = never_pushed(deployed, "staff.57")
    assert incident.lead.name is CauseName.NOT_PUSHED
    assert [row for row in deployed.table.parked() if "staff" in str(row)] == []


def test_a_refused_write_is_said_and_not_tried_again(deployed: Deployed, approve: Approve) -> None:
    deployed.org.set_user_profile("staff.58", {"mobilePhone": "+1 202 555 0176"})
    deployed.settle()
    deployed.org.suppress_push("staff.58", "licence error")
    deployed.org.deactivate("staff.58")
    incident = deployed.incident("staff.58", ENABLED)
    deployed.tenant.faults.add("PATCH /v1.0/users/{id}", 403)
    writes = deployed.tenant.calls["PATCH /v1.0/users/{id}"]
    approved(approve, incident, "first.operator")
    deployed.settle()
    now = deployed.again(incident)
    assert now.status is Status.WAITING_PERSON
    assert deployed.pages(incident) == ["opened", "refused"]
    assert deployed.tenant.calls["PATCH /v1.0/users/{id}"] == writes + 1
    assert deployed.tenant.get_user("staff.58").account_enabled
