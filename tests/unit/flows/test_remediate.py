"""remediate: re-reads first, writes only inside policy, and leaves the proof to check."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lib.errors import Permanent, Refused, Transient
from lib.flows.runs import Ended
from lib.incident import Incident, Status
from lib.messages import RemediationMessage
from lib.model import Attribute, RoleGrant
from lib.settings import Mode
from tests.fakes.make import (
    INCIDENT,
    MAILS,
    OBJECT,
    OLD_MAILS,
    OLD_PHONE,
    OTHER_OBJECT,
    PHONE,
    SUBJECT,
    USER,
    USER_ADMINISTRATOR,
    app_user,
    entra_user,
    okta_user,
    role,
    standing,
)
from tests.fakes.stage import Stage


@pytest.fixture
def ready(stage: Stage) -> Stage:
    """An incident whose write is queued."""
    stage.graph.set(mobile_phone=OLD_PHONE)
    assert stage.drifted().status is Status.REMEDIATING
    return stage


def run(stage: Stage) -> Ended:
    message = stage.remediations.sent[0]
    ended = stage.remediation.run(message.incident_id, message.digest, stage.hands).ended
    stage.clock.pass_by(1)
    return ended


def test_a_drift_is_written_and_then_proved_by_a_later_check(ready: Stage) -> None:
    ready.mend()
    assert ready.graph.patches == [(OBJECT, {Attribute.MOBILE_PHONE: PHONE})]
    assert ready.incident().status is Status.PROVING
    ready.drain()
    assert ready.incident().status is Status.RESOLVED
    what = ready.timeline()
    assert what == ["opened", "graph_write begins", "graph_write done", "to be proved", "proved"]
    assert ready.pager.news == ["opened", "mended"]
    assert "without a step of ours" not in ready.pager.pages[-1].text


def test_only_the_drifted_attribute_and_the_whole_list_are_written(stage: Stage) -> None:
    stage.graph.set(other_mails=OLD_MAILS)
    stage.drifted()
    stage.mend()
    assert stage.graph.patches == [(OBJECT, {Attribute.OTHER_MAILS: MAILS})]


def test_a_leaver_is_disabled_and_proved(stage: Stage) -> None:
    stage.hint()
    stage.okta.unassign()
    stage.drifted()
    stage.drain()
    assert stage.graph.patches == [(OBJECT, {Attribute.ACCOUNT_ENABLED: False})]
    assert stage.incident().status is Status.RESOLVED


def test_what_healed_meanwhile_is_not_written(ready: Stage) -> None:
    ready.graph.set(mobile_phone="+1 555 0100")
    assert run(ready) is Ended.HEALED
    assert (ready.graph.patches, ready.incident().status) == ([], Status.PROVING)
    ready.drain()
    assert "without a step of ours" in ready.pager.pages[-1].text


def change_okta(stage: Stage) -> None:
    stage.okta.users[USER] = okta_user(profile={"mobilePhone": "+15550155"})
    stage.okta.assigned[SUBJECT] = app_user(profile={"mobilePhone": "+15550155"})


def change_link(stage: Stage) -> None:
    stage.graph.users[OTHER_OBJECT] = entra_user(
        object_id=OTHER_OBJECT, user_principal_name="x@y.example"
    )
    stage.okta.assigned[SUBJECT] = app_user(external_id=OTHER_OBJECT)


def name_only(stage: Stage) -> None:
    """The immutable id that pinned the user no longer names anybody."""
    stage.okta.assigned[SUBJECT] = app_user(external_id="aW1tdXRhYmxl")


def privileged(stage: Stage, *active: RoleGrant, **known: Any) -> None:
    stage.graph.standings[OBJECT] = standing(*active, **known)


ROLE = RoleGrant(USER_ADMINISTRATOR, "User Administrator")
CHANGES = {
    "expected": change_okta,
    "actual": lambda stage: stage.graph.set(mobile_phone="+15550177"),
    "emptied": lambda stage: stage.graph.set(mobile_phone=None),
    "stale": lambda stage: stage.okta.assigned.update({SUBJECT: app_user(profile={})}),
    "overridden": lambda stage: stage.okta.assigned.update(
        {SUBJECT: app_user(profile={"mobilePhone": "+15550155"})}
    ),
    "link": change_link,
    "name only": name_only,
    "privileged": lambda stage: privileged(stage, ROLE),
    "eligible": lambda stage: privileged(stage, eligible_roles=(ROLE,)),
    "in a guarded group": lambda stage: privileged(stage, role_assignable_groups=("g",)),
    "owner": lambda stage: privileged(stage, owns_applications=True),
    "unread": lambda stage: privileged(stage, active_roles=None),
    "break glass": lambda stage: stage.build(break_glass=frozenset({OBJECT.lower()})),
    "restricted": lambda stage: stage.graph.set(restricted=True),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_plan_is_void_when_what_it_rests_on_changed(ready: Stage, change: Any) -> None:
    change(ready)
    assert run(ready) is Ended.VOID
    assert ready.graph.patches == []
    assert ready.timeline()[-1] == "plan void"
    ((look, _),) = ready.checks.sent
    assert look.look


def test_a_void_plan_is_made_anew_from_what_is_there(ready: Stage) -> None:
    change_okta(ready)
    ready.drain()
    assert ready.graph.patches == [(OBJECT, {Attribute.MOBILE_PHONE: "+15550155"})]
    assert ready.incident().status is Status.RESOLVED


def test_the_mode_holds_right_before_the_step(ready: Stage) -> None:
    ready.table.set_mode(Mode.OBSERVE, "somebody", ready.clock())
    assert run(ready) is Ended.WAITS
    assert (ready.graph.patches, ready.incident().status) == ([], Status.OBSERVED)


def test_a_mode_that_can_not_be_read_is_observe(ready: Stage) -> None:
    item = {"pk": "CONTROL#mode", "sk": "HEAD", "mode": "everything"}
    ready.table._client.put_item(TableName=ready.table._name, Item=item)
    assert run(ready) is Ended.WAITS
    assert ready.graph.patches == []


def approved(stage: Stage, **policy: Any) -> Stage:
    stage.build(mode=Mode.APPROVE, **policy)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.says("a.colleague")
    assert stage.incident().status is Status.REMEDIATING
    return stage


def test_an_approval_that_ran_out_is_none(stage: Stage) -> None:
    approved(stage, approval_hours=1)
    stage.clock.pass_by(3600)
    assert run(stage) is Ended.WAITS
    assert (stage.graph.patches, stage.incident().status) == ([], Status.WAITING_APPROVAL)


def forged(found: Incident) -> RemediationMessage:
    return RemediationMessage(found.id, found.plan.digest, 1, USER)


def test_a_message_alone_is_no_approval(stage: Stage) -> None:
    """Whoever can write to the queue can not write to Entra."""
    stage.build(mode=Mode.APPROVE)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.mend(forged(stage.drifted()))
    assert (stage.graph.patches, stage.incident().status) == ([], Status.WAITING_APPROVAL)


def test_a_message_of_another_plan_does_nothing(ready: Stage) -> None:
    message = replace(ready.remediations.sent[0], digest="0" * 64)
    calls = list(ready.okta.calls)
    ready.mend(message)
    assert (ready.graph.patches, ready.okta.calls) == ([], calls)


def test_a_closed_incident_is_left_alone(ready: Stage) -> None:
    message = ready.remediations.sent[0]
    ready.drain()
    ready.mend(message)
    assert len(ready.graph.patches) == 1
    assert ready.incident().status is Status.RESOLVED


@pytest.mark.parametrize("body", ["", "{}", '{"v":1}', '{"v":1,"incident":1,"digest":2}'])
def test_rubbish_and_strangers_are_parked(stage: Stage, body: str) -> None:
    stage.remediate.run("r", body)
    stage.mend(RemediationMessage(INCIDENT, "0" * 64, 1, USER))
    assert len(stage.table.parked()) == 2


def test_a_refusal_is_said_paged_and_not_repeated(ready: Stage) -> None:
    ready.graph.trouble["patch"] = Refused(
        403, "Authorization_RequestDenied", "Insufficient privileges.", "request-1"
    )
    ready.mend()
    assert ready.incident().status is Status.WAITING_PERSON
    assert ready.timeline()[-1] == "graph_write refused"
    assert ready.pager.news == ["opened", "refused"]
    assert "Authorization_RequestDenied" in ready.pager.pages[-1].text
    assert ready.checks.sent == []
    ready.drifted()
    ready.drain()
    assert len(ready.graph.patches) == 1
    assert ready.incident().status is Status.WAITING_APPROVAL


@pytest.mark.parametrize("error", [Transient("HTTP 429", retry_after=77), Transient("HTTP 503")])
def test_later_means_another_check(ready: Stage, error: Transient) -> None:
    ready.graph.trouble["patch"] = error
    ready.mend()
    assert ready.incident().in_flight is None
    assert ready.timeline()[-1] == "graph_write outcome unknown"
    ((look, delay),) = ready.checks.sent
    assert look.look
    assert delay == (77 if error.retry_after else 1)
    ready.graph.trouble.clear()
    ready.drain()
    assert ready.incident().status is Status.RESOLVED
    assert len(ready.graph.patches) == 2


@pytest.mark.parametrize("where", ["okta", "graph"])
def test_a_side_that_can_not_be_read_writes_nothing(ready: Stage, where: str) -> None:
    if where == "okta":
        ready.okta.trouble[SUBJECT] = Transient("HTTP 503")
    else:
        ready.graph.trouble["standing"] = Transient("HTTP 503")
    ready.mend()
    assert ready.graph.patches == []
    assert [look.look for look, _ in ready.checks.sent] == [True]


def test_what_can_never_be_read_is_parked(ready: Stage) -> None:
    ready.okta.trouble[SUBJECT] = Permanent("HTTP 401")
    ready.mend()
    assert (ready.graph.patches, len(ready.table.parked())) == ([], 1)


def test_a_privileged_target_is_never_written_by_the_function(stage: Stage) -> None:
    stage.build(mode=Mode.APPROVE)
    stage.graph.standings[OBJECT] = standing(role())
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.says("first.colleague")
    answer = stage.says("second.colleague")
    assert (answer.given, answer.needed, answer.status) == (2, 2, "waiting_person")
    stage.mend(forged(stage.incident()))
    assert stage.graph.patches == []
    assert stage.incident().status is Status.WAITING_PERSON
