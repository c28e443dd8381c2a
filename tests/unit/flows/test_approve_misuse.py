"""What an approval must not do: outlive its plan, stand for two, or come from whom it concerns."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lib.flows.asked import ACTIONS, BadRequest, Caller
from lib.incident import Status
from lib.model import ProfileChange
from lib.rules.policy import Approval
from lib.settings import Mode
from lib.store.trail import AuditRecord
from tests.fakes.clock import START
from tests.fakes.make import LOGIN, OLD_PHONE, configuration
from tests.fakes.stage import ARN, Stage

CHANGER = "the.changer@corp.example"


def trail(stage: Stage) -> list[AuditRecord]:
    now = stage.clock()
    return stage.table.audit(now - timedelta(days=365), now)


def test_a_value_that_changed_between_approval_and_write_voids_it(simple: Stage) -> None:
    simple.says("a.colleague")
    simple.graph.set(mobile_phone="+15550177")
    simple.mend()
    assert simple.graph.patches == []
    assert "plan void" in simple.timeline()
    simple.looks()
    found = simple.incident()
    assert (found.status, found.plan.actual) == (Status.WAITING_APPROVAL, "+15550177")
    # The approval was for the other plan.
    assert [a.digest == found.plan.digest for a in simple.table.approvals(found.id)] == [False]


def test_a_replayed_message_writes_nothing_twice(simple: Stage) -> None:
    simple.says("a.colleague")
    message = simple.remediations.sent.pop()
    for _ in range(3):
        simple.mend(message)
    assert len(simple.graph.patches) == 1
    simple.looks()
    simple.graph.set(mobile_phone=OLD_PHONE)
    simple.mend(message)
    assert len(simple.graph.patches) == 1


def test_a_replayed_approval_is_for_no_later_incident(simple: Stage) -> None:
    """The same drift again is another incident with another digest."""
    found = simple.incident()
    asked = {"action": "approve", "incident": found.id, "digest": found.plan.digest}
    simple.says("a.colleague")
    simple.drain()
    simple.graph.set(mobile_phone=OLD_PHONE)
    simple.clock.pass_by(600)
    simple.hint()
    simple.looks()
    (again,) = simple.incidents()
    assert again.id != found.id
    for changes in ({}, {"incident": again.id}):
        with pytest.raises(BadRequest):
            simple.approvals.run(asked | changes, Caller(ARN + "b.colleague"))
    assert simple.table.approvals(again.id) == []
    assert simple.remediations.sent == []


def test_an_expired_approval_lets_nothing_run(simple: Stage) -> None:
    simple.says("a.colleague")
    simple.clock.pass_by(24 * 3600 + 1)
    simple.mend()
    assert simple.graph.patches == []
    assert simple.incident().status is Status.WAITING_APPROVAL


def test_one_of_two_that_expired_does_not_count(waiting: Stage) -> None:
    first = waiting.says("a.colleague")
    waiting.clock.pass_by(24 * 3600 + 1)
    second = waiting.says("b.colleague")
    assert (first.given, second.given, second.needed) == (1, 1, 2)
    assert waiting.incident().status is Status.WAITING_APPROVAL


def test_when_the_oldest_runs_out_is_remembered(waiting: Stage) -> None:
    waiting.says("a.colleague")
    first = waiting.table.approvals(waiting.incident().id)[0].at
    waiting.clock.pass_by(3600)
    waiting.says("b.colleague")
    assert waiting.incident().approved_until == first + timedelta(hours=24)


@pytest.mark.parametrize(
    "caller",
    [
        "arn:aws:sts::1:assumed-role/Other/a.colleague",
        "arn:aws:iam::1:user/A.Colleague",
        "arn:aws:sts::1:assumed-role/OnCall/a.colleague@corp.example",
        "arn:aws:iam::1:user/team/a.colleague@corp.example",
    ],
)
def test_the_same_person_in_another_role_is_no_second(waiting: Stage, caller: str) -> None:
    waiting.says("a.colleague")
    found = waiting.incident()
    asked = {"action": "approve", "incident": found.id, "digest": found.plan.digest}
    answer = waiting.approvals.run(asked, Caller(caller))
    assert (answer.outcome, answer.given) == ("you had approved this plan already", 1)
    assert waiting.incident() == found
    assert len(waiting.table.approvals(found.id)) == 1
    assert [record.outcome for record in trail(waiting)] == ["repeated", "approved"]


@pytest.mark.parametrize(
    ("person", "action"),
    [
        (CHANGER, "approve"),
        ("The.Changer", "approve"),
        ("00uCHANGER", "approve"),
        (LOGIN, "dismiss"),
        ("the.changer", "dismiss"),
        ("ordinary.user", "snooze"),
        (CHANGER, "snooze"),
    ],
)
def test_neither_target_nor_changer_decides(stage: Stage, person: str, action: str) -> None:
    stage.build(mode=Mode.APPROVE)
    stage.okta.changer = ProfileChange("00uCHANGER", CHANGER, START)
    stage.graph.set(mobile_phone=OLD_PHONE)
    before = stage.drifted()
    with pytest.raises(BadRequest) as refused:
        stage.says(person, action, why="is meant", until="2h")
    assert refused.value.status == 403
    assert stage.incident() == before
    assert stage.table.approvals(before.id) == []
    assert stage.table.ruling(before.subject, before.attribute) is None
    (record,) = trail(stage)
    assert (record.outcome, record.action, record.person) == ("refused", action, person.casefold())


def test_an_approval_that_slipped_in_as_the_changer_does_not_count(waiting: Stage) -> None:
    """Stored before it was known who changed the value: the gate looks again."""
    found = waiting.incident()
    excluded = found.plan.policy.excluded[0]
    slipped = Approval(excluded, found.plan.digest, waiting.clock())
    waiting.table.approve(found.id, slipped, START)
    assert waiting.says("a.colleague").given == 1


def test_a_member_is_approved_through_the_shared_incident(stage: Stage) -> None:
    stage.build(mode=Mode.APPROVE)
    stage.okta.config = configuration(features=frozenset({"PUSH_USER_DEACTIVATION"}))
    stage.graph.set(mobile_phone=OLD_PHONE)
    member = stage.drifted()
    assert member.status is Status.SHARED
    with pytest.raises(BadRequest, match=member.parent) as refused:
        stage.says("a.colleague")
    assert refused.value.status == 409
    assert stage.table.approvals(member.id) == []


def test_a_dismissed_incident_is_not_approved(simple: Stage) -> None:
    found = simple.incident()
    asked = {"incident": found.id, "digest": found.plan.digest}
    simple.approvals.run(
        asked | {"action": "dismiss", "why": "is meant"}, Caller(ARN + "a.colleague")
    )
    with pytest.raises(BadRequest, match="dismissed already"):
        simple.approvals.run(asked | {"action": "approve"}, Caller(ARN + "b.colleague"))
    assert simple.remediations.sent == []


def test_who_decides_is_never_the_bodys_word(waiting: Stage) -> None:
    found = waiting.incident()
    claims = {
        "action": "approve",
        "incident": found.id,
        "digest": found.plan.digest,
        "person": "b.colleague",
        "caller": ARN + "b.colleague",
        "userArn": ARN + "b.colleague",
        "approvals": 2,
        "mode": "auto",
    }
    assert waiting.approvals.run(claims, Caller(ARN + "a.colleague")).given == 1
    (approval,) = waiting.table.approvals(found.id)
    assert approval.person == "a.colleague"
    (record,) = trail(waiting)
    assert (record.person, record.caller) == ("a.colleague", ARN + "a.colleague")
    assert waiting.table.mode(Mode.APPROVE) is Mode.APPROVE


@pytest.mark.parametrize("arn", ["", "arn:aws:iam::123456789012:root"])
def test_nobody_decides_nothing_and_leaves_no_record(simple: Stage, arn: str) -> None:
    found = simple.incident()
    asked = {"incident": found.id, "digest": found.plan.digest, "why": "is meant", "until": "2h"}
    for action in ACTIONS:
        more = {"action": action, "mode": "auto", "what": "hook_rotated"}
        with pytest.raises(BadRequest) as refused:
            simple.approvals.run(asked | more, Caller(arn))
        assert refused.value.status == 403
    assert simple.incident() == found
    assert trail(simple) == []


def test_every_attempt_leaves_a_record(simple: Stage) -> None:
    found = simple.incident()
    caller = Caller(ARN + "A.Colleague", "request-1", "192.0.2.1")
    stale = {"action": "approve", "incident": found.id, "digest": "0" * 64}
    for body in (None, {"action": "delete", "incident": "x'; --"}, stale):
        with pytest.raises(BadRequest):
            simple.approvals.run(body, caller)
    simple.approvals.run(stale | {"digest": found.plan.digest}, caller)
    records = trail(simple)
    assert [r.outcome for r in records] == ["approved", "refused", "refused", "refused"]
    approved, late, strange, empty = records
    assert (approved.incident, approved.digest) == (found.id, found.plan.digest)
    assert (late.digest, "changed" in late.detail) == ("0" * 64, True)
    # What is not well-formed is not kept.
    assert (strange.action, strange.incident, empty.action) == ("", "", "")
    for record in records:
        assert (record.person, record.caller) == ("a.colleague", caller.arn)
        assert (record.request_id, record.source_ip) == ("request-1", "192.0.2.1")


def test_an_approval_kept_under_another_mode_still_needs_its_plan(simple: Stage) -> None:
    """Approved in observe, changed since: nothing runs when the mode is set back."""
    simple.says("boss", "mode", mode="observe")
    simple.says("a.colleague")
    simple.graph.set(mobile_phone="+15550177")
    simple.drifted()
    simple.says("boss", "mode", mode="approve")
    simple.clock.pass_by(600)
    simple.hint()
    simple.looks()
    assert simple.remediations.sent == []
    assert simple.incident().status is Status.WAITING_APPROVAL


def test_a_mode_is_kept_with_what_it_was(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    for mode in ("observe", "observe", "approve"):
        stage.says("boss", "mode", mode=mode)
    said = [record.detail for record in reversed(trail(stage))]
    assert said == ["auto → observe", "observe → observe", "observe → approve"]


def test_only_known_deeds_are_noted(simple: Stage) -> None:
    before = simple.incident()
    assert simple.says("a.colleague", "note", what="bypass_enabled").outcome == "noted"
    for what in ("", "anything", 7, None):
        with pytest.raises(BadRequest):
            simple.says("a.colleague", "note", what=what)
    assert [r.detail for r in trail(simple) if r.outcome == "noted"] == ["bypass_enabled"]
    assert replace(simple.incident(), version=0) == replace(before, version=0)
