"""People who decide at the same moment: everybody counts, and one of them starts the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lib.errors import Conflict, Refused, Transient
from lib.flows.asked import BadRequest, Caller
from lib.incident import Status
from lib.settings import Mode
from tests.fakes.make import OLD_PHONE
from tests.fakes.stage import ARN, Stage

# Between which of its calls somebody else may come.
POINTS = ("incident", "approvals", "mode", "approve")


@pytest.fixture
def pair(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Who changed the value can not be read, so two people decide; then the function writes."""

    def refused(*_: Any) -> Any:
        raise Refused(403, "E0000006", "no")

    monkeypatch.setattr(stage.okta, "profile_changes", refused)
    stage.build(mode=Mode.APPROVE)
    stage.graph.set(mobile_phone=OLD_PHONE)
    assert stage.drifted().plan.policy.approvals == 2
    return stage


def meanwhile(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, point: str, act: Callable[[], object]
) -> None:
    """Once: after that read, or before that write."""
    real = getattr(stage.table, point)
    writes = point in ("approve", "rule", "decided", "set_mode")

    def call(*args: Any, **more: Any) -> Any:
        monkeypatch.setattr(stage.table, point, real)
        if writes:
            act()
            return real(*args, **more)
        answer = real(*args, **more)
        act()
        return answer

    monkeypatch.setattr(stage.table, point, call)


def request(stage: Stage, **changes: Any) -> dict[str, Any]:
    found = stage.incident()
    return {"action": "approve", "incident": found.id, "digest": found.plan.digest} | changes


def trail(stage: Stage) -> list[tuple[str, str, str]]:
    now = stage.clock()
    found = stage.table.audit(now.replace(year=now.year - 1), now)
    return [(r.person, r.outcome, r.detail) for r in reversed(found)]


@pytest.mark.parametrize("point", POINTS)
def test_two_at_once_both_count_and_one_run_starts(
    pair: Stage, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    asked = request(pair)
    meanwhile(
        pair, monkeypatch, point, lambda: pair.approvals.run(asked, Caller(ARN + "b.colleague"))
    )
    answer = pair.approvals.run(asked, Caller(ARN + "a.colleague"))
    assert (answer.outcome, answer.given, answer.status) == ("approved", 2, "remediating")
    assert {a.person for a in pair.table.approvals(asked["incident"])} == {
        "a.colleague",
        "b.colleague",
    }
    assert [message.attempt for message in pair.remediations.sent] == [1]
    assert trail(pair) == [
        ("b.colleague", "approved", "1 of 2"),
        ("a.colleague", "approved", "2 of 2"),
    ]
    assert pair.timeline().count("approved") == 2
    pair.drain()
    assert pair.incident().status is Status.RESOLVED
    assert len(pair.graph.patches) == 1


@pytest.mark.parametrize("point", POINTS)
def test_one_person_twice_at_once_is_one(
    pair: Stage, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    asked, other = request(pair), "arn:aws:iam::123456789012:user/a.colleague"
    meanwhile(pair, monkeypatch, point, lambda: pair.approvals.run(asked, Caller(other)))
    answer = pair.approvals.run(asked, Caller(ARN + "a.colleague@corp.example"))
    assert (answer.given, answer.status) == (1, "waiting_approval")
    assert len(pair.table.approvals(asked["incident"])) == 1
    assert pair.remediations.sent == []


@pytest.mark.parametrize("point", POINTS)
def test_a_plan_that_changes_meanwhile_is_not_approved(
    simple: Stage, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    asked = request(simple)

    def another_number() -> None:
        simple.graph.set(mobile_phone="+15550177")
        simple.drifted()

    meanwhile(simple, monkeypatch, point, another_number)
    with pytest.raises(BadRequest, match="changed"):
        simple.approvals.run(asked, Caller(ARN + "a.colleague"))
    assert simple.table.approvals(asked["incident"]) == []
    assert simple.remediations.sent == []
    assert simple.incident().status is Status.WAITING_APPROVAL


@pytest.mark.parametrize("point", ["incident", "approvals", "approve"])
def test_of_an_approval_and_a_dismissal_the_first_stands(
    simple: Stage, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    asked = request(simple)
    dismissal = request(simple, action="dismiss", why="is meant")
    meanwhile(
        simple,
        monkeypatch,
        point,
        lambda: simple.approvals.run(dismissal, Caller(ARN + "b.colleague")),
    )
    with pytest.raises(BadRequest, match="dismissed already"):
        simple.approvals.run(asked, Caller(ARN + "a.colleague"))
    assert simple.remediations.sent == []
    assert simple.table.approvals(asked["incident"]) == []


@pytest.mark.parametrize("point", ["incident", "rule"])
def test_a_dismissal_does_not_stop_what_was_approved_meanwhile(
    simple: Stage, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    asked = request(simple)
    meanwhile(
        simple, monkeypatch, point, lambda: simple.approvals.run(asked, Caller(ARN + "b.colleague"))
    )
    dismissal = asked | {"action": "dismiss", "why": "is meant"}
    with pytest.raises(BadRequest, match="remediating"):
        simple.approvals.run(dismissal, Caller(ARN + "a.colleague"))
    found = simple.incident()
    assert found.status is Status.REMEDIATING
    assert simple.table.ruling(found.subject, found.attribute) is None


def test_two_modes_at_once_are_told_in_their_order(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other() -> None:
        stage.approvals.run({"action": "mode", "mode": "observe"}, Caller(ARN + "b.colleague"))

    meanwhile(stage, monkeypatch, "set_mode", other)
    stage.approvals.run({"action": "mode", "mode": "approve"}, Caller(ARN + "a.colleague"))
    assert stage.table.mode(Mode.AUTO) is Mode.APPROVE
    assert trail(stage) == [
        ("b.colleague", "changed", "auto → observe"),
        ("a.colleague", "changed", "observe → approve"),
    ]


def test_an_approval_that_comes_when_the_run_ends_starts_the_next(
    simple: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen as running, and waiting again when it is written: nobody else would start it."""
    simple.build(approval_hours=1)
    simple.says("a.colleague")
    message = simple.remediations.sent.pop()
    simple.clock.pass_by(3700)
    asked = request(simple)
    meanwhile(simple, monkeypatch, "approve", lambda: simple.mend(message))
    answer = simple.approvals.run(asked, Caller(ARN + "b.colleague"))
    assert answer.status == "remediating"
    assert [m.attempt for m in simple.remediations.sent] == [2]


def test_a_third_approval_starts_no_second_run(pair: Stage) -> None:
    for person in ("a.colleague", "b.colleague", "c.colleague"):
        pair.says(person)
    assert len({m.deduplication_id for m in pair.remediations.sent}) == 1
    pair.drain()
    assert len(pair.graph.patches) == 1


def test_endless_conflict_is_said_and_nothing_is_decided(
    simple: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(simple)

    def refuse(*_: Any, **__: Any) -> None:
        raise Conflict("a newer state is stored")

    monkeypatch.setattr(simple.table, "approve", refuse)
    with pytest.raises(Transient):
        simple.approvals.run(asked, Caller(ARN + "a.colleague"))
    assert simple.remediations.sent == []


def test_a_queue_that_is_down_loses_no_decision(simple: Stage) -> None:
    simple.remediations.down = True
    with pytest.raises(Transient):
        simple.says("a.colleague")
    assert len(simple.table.approvals(simple.incident().id)) == 1
    assert trail(simple) == [("a.colleague", "approved", "1 of 1")]
    simple.remediations.down = False
    simple.says("a.colleague")
    assert [m.attempt for m in simple.remediations.sent] == [1]
