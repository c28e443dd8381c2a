"""Whoever may write incidents, as operators may, forges one: how far that gets them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lib.flows.asked import BadRequest
from lib.incident import Incident, Policy, Status, Step, StepKind
from lib.messages import RemediationMessage
from lib.model import Attribute, Link, LinkSource
from lib.settings import Mode
from lib.store.records import IncidentChange
from tests.fakes.make import OBJECT, OLD_PHONE, OTHER_OBJECT, PHONE, role, standing
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
