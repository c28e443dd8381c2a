"""Whoever a shared cause concerns does not decide about it: members, and who changed them."""

from __future__ import annotations

import pytest

from lib.flows import concerned
from lib.flows.asked import BadRequest
from lib.flows.runs import Ended
from lib.incident import Status
from lib.model import ProfileChange
from tests.fakes.clock import START
from tests.fakes.make import LOGIN, push
from tests.fakes.stage import SETTLE, Stage
from tests.unit.flows.test_bypass import bypass, enable, overridden, parent
from tests.unit.flows.test_shared import add, check

__all__ = ["overridden"]

CHANGER = ProfileChange("00uCHANGER", "the.changer@corp.example", START)


@pytest.fixture
def previewed(overridden: Stage) -> Stage:
    bypass(overridden).preview()
    return overridden


@pytest.mark.parametrize("action", ["approve", "snooze"])
@pytest.mark.parametrize("person", [LOGIN, "ordinary.user", "Ordinary.User"])
def test_a_member_does_not_decide(previewed: Stage, person: str, action: str) -> None:
    before = parent(previewed)
    with pytest.raises(BadRequest) as refused:
        previewed.says(person, action, incident=before.id, until="2h")
    assert refused.value.status == 403
    assert previewed.table.approvals(before.id) == []
    assert parent(previewed) == before


def test_nor_does_who_changed_one_of_them_in_okta(overridden: Stage) -> None:
    overridden.okta.changer = CHANGER
    check(overridden, add(overridden, 1))
    bypass(overridden).preview()
    with pytest.raises(BadRequest):
        overridden.says("the.changer", incident=parent(overridden).id)
    answer = overridden.says("a.colleague", incident=parent(overridden).id)
    assert (answer.given, answer.needed) == (1, 1)


def test_an_approval_counts_no_more_once_its_giver_is_listed(previewed: Stage) -> None:
    previewed.says("user1", incident=parent(previewed).id)
    assert parent(previewed).status is Status.WAITING_PERSON
    previewed.clock.pass_by(SETTLE)
    previewed.okta.log = [push(at=previewed.clock())]
    check(previewed, add(previewed, 1))
    bypass(previewed).preview()
    again = parent(previewed)
    with pytest.raises(BadRequest):
        previewed.says("user1", incident=again.id)
    assert enable(previewed).ended is Ended.REFUSED
    assert previewed.graph.bypass_writes == []


def test_an_approval_from_before_does_not_set_the_flag(
    previewed: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan is the same; only who is concerned is another."""
    previewed.says("user1", incident=parent(previewed).id)
    monkeypatch.setattr(concerned, "concerned", lambda *_: frozenset({"user1@corp.example"}))
    run = enable(previewed)
    assert (run.ended, previewed.graph.bypass_writes) == (Ended.REFUSED, [])
    assert "0 of 1 approvals" in run.reason


def test_a_list_too_long_to_read_takes_a_second_person(
    previewed: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(concerned, "READ", 1)
    of = parent(previewed).id
    check(previewed, add(previewed, 1))
    bypass(previewed).preview()
    first = previewed.says("a.colleague", incident=of)
    assert (first.given, first.needed, first.status) == (1, 2, "waiting_approval")
    assert enable(previewed).ended is Ended.REFUSED
    assert previewed.graph.bypass_writes == []
    assert previewed.says("b.colleague", incident=of).given == 2
    assert enable(previewed).ended is Ended.DONE


def test_one_persons_own_incident_asks_nobody_else(simple: Stage) -> None:
    found = simple.incident()
    assert concerned.people_needed(simple.table, found) == 0
    assert concerned.concerned(simple.table, found) == frozenset(found.plan.policy.excluded)
