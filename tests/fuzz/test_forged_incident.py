"""Whoever may write incidents, as operators may, forges one: how far that gets them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lib.flows.asked import BadRequest
from lib.incident import Incident, Policy, Status, Step, StepKind
from lib.messages import RemediationMessage
from lib.model import Attribute, Link, LinkSource
from lib.settings import Mode
from lib.store.records import IncidentChange
from tests.fakes.make import (
    OBJECT,
    OLD_PHONE,
    OTHER_OBJECT,
    PHONE,
    entra_user,
    role,
    standing,
)
from tests.fakes.stage import Stage

CHOSEN = "+19995550000"
WRITE = Step(StepKind.GRAPH_WRITE, "mobilePhone", OLD_PHONE, PHONE)


def forged(stage: Stage, **plan: Any) -> Incident:
    """The open incident, made to look approved and under way."""
    found = stage.drifted()
    changed = replace(found.plan, **{"policy": Policy(0, ()), "steps": (WRITE,)} | plan)
    return stage.table.commit_incident(
        IncidentChange(replace(found, plan=changed, status=Status.REMEDIATING))
    )


def run(stage: Stage, incident: Incident) -> None:
    stage.mend(RemediationMessage(incident.id, incident.plan.digest, 1, "g"))


@pytest.fixture
def drifting(stage: Stage) -> Stage:
    """In auto, where a plan's own policy is all that asks for people."""
    stage.build(mode=Mode.AUTO)
    stage.graph.set(mobile_phone=OLD_PHONE)
    return stage


def test_an_ordinary_user_gets_oktas_value_without_an_approval(drifting: Stage) -> None:
    """The known weakness: an operator alone can have written what Okta says anyway."""
    run(drifting, forged(drifting))
    assert drifting.graph.patches == [(OBJECT, {Attribute.MOBILE_PHONE: PHONE})]


def test_a_value_of_ones_own_is_not_written(drifting: Stage) -> None:
    step = replace(WRITE, after=CHOSEN)
    run(drifting, forged(drifting, expected=CHOSEN, steps=(step,)))
    assert drifting.graph.patches == []


def test_a_step_of_ones_own_writes_nothing_of_ones_own(drifting: Stage) -> None:
    run(drifting, forged(drifting, steps=(replace(WRITE, after=CHOSEN),)))
    assert CHOSEN not in str(drifting.graph.patches)


def test_a_privileged_target_is_not_written(drifting: Stage) -> None:
    drifting.graph.standings[OBJECT] = standing(role())
    run(drifting, forged(drifting))
    assert drifting.graph.patches == []


def test_a_break_glass_account_is_not_written(drifting: Stage) -> None:
    drifting.build(break_glass=frozenset({OBJECT}))
    run(drifting, forged(drifting))
    assert drifting.graph.patches == []


def test_another_persons_account_is_not_written(drifting: Stage) -> None:
    drifting.graph.users[OTHER_OBJECT] = replace(
        drifting.graph.users[OBJECT], object_id=OTHER_OBJECT
    )
    run(drifting, forged(drifting, link=Link(OTHER_OBJECT, LinkSource.EXTERNAL_ID)))
    assert drifting.graph.patches == []


@pytest.fixture
def left(stage: Stage) -> Stage:
    """A leaver, linked by an earlier check; the account beside theirs is an ordinary one."""
    stage.build(mode=Mode.AUTO)
    stage.graph.users[OTHER_OBJECT] = entra_user(
        object_id=OTHER_OBJECT, user_principal_name="bystander@corp.example"
    )
    stage.hint()
    stage.okta.unassign()
    return stage


def test_a_leavers_incident_switches_off_nobody_else(left: Stage) -> None:
    """Okta names no account any more: check's record does, and never the incident."""
    found = left.drifted()
    link = Link(OTHER_OBJECT, LinkSource.EXTERNAL_ID)
    changed = replace(found.plan, policy=Policy(0, ()), link=link)
    run(
        left,
        left.table.commit_incident(
            IncidentChange(replace(found, plan=changed, status=Status.REMEDIATING))
        ),
    )
    assert left.graph.patches == []


def test_a_stored_link_alone_switches_nobody_off_without_a_person(left: Stage) -> None:
    """IAM lets operators store none; whoever does all the same needs somebody who agrees."""
    state = left.state
    assert state.last_read is not None
    link, later = Link(OTHER_OBJECT, LinkSource.EXTERNAL_ID), timedelta(milliseconds=1)
    left.table.store_subjects([replace(state, link=link, last_read=state.last_read + later)])
    found = left.drifted()
    left.drain()
    assert left.graph.patches == []
    assert found.status is Status.WAITING_APPROVAL
    assert "only the stored link names this account" in found.plan.policy.reasons
    # Nor with a plan that says that nobody has to.
    free = replace(found.plan, policy=Policy(0, ()))
    run(
        left,
        left.table.commit_incident(
            IncidentChange(replace(left.incident(), plan=free, status=Status.REMEDIATING))
        ),
    )
    assert left.graph.patches == []


def test_a_leaver_whose_name_agrees_is_switched_off(left: Stage) -> None:
    left.drifted()
    left.drain()
    assert left.graph.patches == [(OBJECT, {Attribute.ACCOUNT_ENABLED: False})]


def test_a_leaver_who_was_renamed_is_switched_off_after_an_approval(left: Stage) -> None:
    left.graph.set(user_principal_name="new.name@corp.example")
    assert left.drifted().status is Status.WAITING_APPROVAL
    assert left.graph.patches == []
    left.says("a.colleague")
    left.drain()
    assert left.graph.patches == [(OBJECT, {Attribute.ACCOUNT_ENABLED: False})]


def test_a_rename_between_plan_and_step_voids_it(left: Stage) -> None:
    left.drifted()
    left.graph.set(user_principal_name="new.name@corp.example")
    left.mend()
    assert left.graph.patches == []
    left.looks()
    assert left.incident().status is Status.WAITING_APPROVAL


def test_observe_still_only_observes(stage: Stage) -> None:
    stage.build(mode=Mode.OBSERVE)
    stage.graph.set(mobile_phone=OLD_PHONE)
    run(stage, forged(stage))
    assert stage.graph.patches == []


def test_approvals_are_not_forged_with_it(drifting: Stage) -> None:
    """They are items of their own, which only the approve function may write."""
    drifting.graph.standings[OBJECT] = standing(role())
    run(drifting, forged(drifting, policy=Policy(2, ("forged",))))
    assert drifting.graph.patches == []


def test_who_may_not_decide_is_what_the_incident_says(drifting: Stage) -> None:
    """The other half of the weakness: the list of who may not approve is stored with the plan."""
    found = drifting.drifted()
    barred = replace(found.plan, policy=Policy(1, ("x",), excluded=("the.changer",)))
    drifting.table.commit_incident(IncidentChange(replace(found, plan=barred)))
    with pytest.raises(BadRequest):
        drifting.says("the.changer")
