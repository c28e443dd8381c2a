"""approve: who decides comes from the signature, and what is decided is one plan."""

from __future__ import annotations

from typing import Any

import pytest

from lib.flows.asked import BadRequest, Caller, person_of
from lib.incident import Status
from lib.settings import Mode
from tests.fakes.make import LOGIN, OBJECT, OLD_PHONE, USER
from tests.fakes.make import plan as any_plan
from tests.fakes.stage import ARN, Stage


@pytest.mark.parametrize(
    ("arn", "person"),
    [
        (ARN + "First.Colleague", "first.colleague"),
        ("arn:aws-cn:sts::1:assumed-role/Other/first.colleague", "first.colleague"),
        ("arn:aws:sts::1:assumed-role/R/a@corp.example", "a@corp.example"),
        ("arn:aws:iam::1:user/First.Colleague", "first.colleague"),
        ("arn:aws:iam::1:user/team/a/First.Colleague", "first.colleague"),
    ],
)
def test_a_person_behind_a_signature(arn: str, person: str) -> None:
    assert person_of(arn) == person


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::123456789012:root",
        "arn:aws:sts::1:federated-user/somebody",
        "arn:aws:sts::1:assumed-role/OnlyARole",
        "arn:aws:sts::1:assumed-role/Role/",
        "arn:aws:iam::1:user/",
        "",
        "somebody",
    ],
)
def test_nobody_behind_a_signature(waiting: Stage, arn: str) -> None:
    with pytest.raises(BadRequest) as refused:
        waiting.approvals.run({"action": "mode", "mode": "auto"}, Caller(arn))
    assert refused.value.status == 403
    assert waiting.table.mode(Mode.APPROVE) is Mode.APPROVE


def test_one_approval_lets_a_plan_run(simple: Stage) -> None:
    answer = simple.says("a.colleague")
    assert (answer.outcome, answer.given, answer.needed) == ("approved", 1, 1)
    assert simple.incident().status is Status.REMEDIATING
    assert [m.attempt for m in simple.remediations.sent] == [1]
    simple.drain()
    assert simple.incident().status is Status.RESOLVED


def test_one_person_is_one_approval_whatever_the_role(waiting: Stage) -> None:
    waiting.says("First.Colleague")
    again = waiting.says("first.colleague")
    assert (again.outcome, again.given) == ("you had approved this plan already", 1)
    found = waiting.incident()
    other = "arn:aws:sts::1:assumed-role/Other/first.colleague"
    request = {"action": "approve", "incident": found.id, "digest": found.plan.digest}
    assert waiting.approvals.run(request, Caller(other)).given == 1
    assert waiting.incident().status is Status.WAITING_APPROVAL
    assert waiting.says("second.colleague").given == 2
    assert waiting.timeline().count("approved") == 2


def test_an_approval_whose_message_was_lost_is_sent_again(simple: Stage) -> None:
    simple.says("a.colleague")
    lost = simple.remediations.sent.pop()
    simple.says("a.colleague")
    assert simple.remediations.sent == [lost]


def test_an_approval_that_ran_out_can_be_given_again(simple: Stage) -> None:
    """By the same person: the plan is still the one they looked at."""
    simple.build(approval_hours=1)
    simple.says("a.colleague")
    simple.clock.pass_by(3601)
    simple.mend()
    assert simple.incident().status is Status.WAITING_APPROVAL
    answer = simple.says("a.colleague")
    assert (answer.given, answer.status) == (1, "remediating")
    simple.drain()
    assert simple.incident().status is Status.RESOLVED


@pytest.mark.parametrize("who", [LOGIN, "ordinary.user", "Ordinary.User@corp.example", USER])
def test_the_target_does_not_decide(simple: Stage, who: str) -> None:
    refuses(simple, who, 403)


def refuses(stage: Stage, who: str, status: int, **changes: Any) -> None:
    before = stage.incident()
    with pytest.raises(BadRequest) as refused:
        stage.says(who, **changes)
    assert refused.value.status == status
    assert stage.incident() == before
    assert stage.table.approvals(before.id) == []
    assert stage.remediations.sent == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"digest": "0" * 64}, 409),
        ({"digest": "0"}, 400),
        ({"digest": None}, 400),
        ({"incident": "inc-0000000000"}, 404),
        ({"incident": "CONTROL#mode"}, 400),
        ({"incident": 7}, 400),
        ({"action": "delete"}, 400),
        ({"action": None}, 400),
        ({"action": ["approve"]}, 400),
        ({"action": "mode", "mode": "everything"}, 400),
        ({"action": "mode"}, 400),
    ],
)
def test_requests_that_make_no_sense(simple: Stage, changes: dict[str, Any], status: int) -> None:
    found = simple.incident()
    request = {"action": "approve", "incident": found.id, "digest": found.plan.digest}
    with pytest.raises(BadRequest) as refused:
        simple.approvals.run(request | changes, Caller(ARN + "a.colleague"))
    assert refused.value.status == status
    assert "\n" not in str(refused.value)
    assert simple.table.approvals(found.id) == []


@pytest.mark.parametrize("body", [None, [], "approve", 7, True])
def test_a_body_that_is_no_object(simple: Stage, body: object) -> None:
    with pytest.raises(BadRequest) as refused:
        simple.approvals.run(body, Caller(ARN + "a.colleague"))
    assert refused.value.status == 400


def test_a_closed_incident_is_not_decided(simple: Stage) -> None:
    simple.says("a.colleague")
    simple.drain()
    with pytest.raises(BadRequest) as refused:
        simple.says("b.colleague")
    assert refused.value.status == 409


def test_break_glass_is_not_decided(stage: Stage) -> None:
    stage.build(break_glass=frozenset({OBJECT.lower()}))
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    refuses(stage, "a.colleague", 403)


def test_work_for_a_person_is_not_decided(stage: Stage) -> None:
    stage.graph.set(account_enabled=False)
    stage.drifted()
    refuses(stage, "a.colleague", 409)


def test_a_plan_that_changed_is_decided_anew(simple: Stage) -> None:
    seen = simple.incident().plan.digest
    simple.graph.set(mobile_phone="+15550177")
    simple.drifted()
    refuses(simple, "a.colleague", 409, digest=seen)


def test_in_observe_an_approval_is_kept_and_nothing_runs(simple: Stage) -> None:
    simple.says("boss", "mode", mode="observe")
    assert simple.says("a.colleague").status == "observed"
    assert simple.remediations.sent == []
    simple.says("boss", "mode", mode="approve")
    assert simple.says("a.colleague").status == "remediating"
    assert len(simple.remediations.sent) == 1


def test_an_approval_does_not_restart_what_runs_or_is_proved(simple: Stage) -> None:
    simple.says("a.colleague")
    message = simple.remediations.sent.pop()
    simple.mend(message)
    assert simple.says("b.colleague").status == "proving"
    assert simple.remediations.sent == []


def test_the_digest_of_another_incident_is_none(simple: Stage) -> None:
    refuses(simple, "a.colleague", 409, digest=any_plan().digest)
