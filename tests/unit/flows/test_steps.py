"""Touches: how the step is done, and what stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lib.errors import Refused, Transient
from lib.incident import Status, StepKind
from lib.rules.plans import touch_value
from tests.fakes.make import (
    MAILS,
    OBJECT,
    OLD_MAILS,
    SUBJECT,
    app_user,
    push,
    role,
    standing,
)
from tests.fakes.stage import Stage
from tests.unit.flows.test_errands import Crash, crash_at


@pytest.fixture
def touching(stage: Stage) -> Stage:
    """otherMails were never pushed; the push that a touch causes lands."""
    stage.build(touch_attribute="department")
    stage.graph.set(other_mails=OLD_MAILS)

    def pushes() -> None:
        stage.graph.set(other_mails=MAILS)
        stage.okta.log.append(push(at=stage.clock.date()))

    stage.okta.after_touch = pushes
    assert [step.kind for step in stage.drifted().plan.steps] == [StepKind.OKTA_TOUCH]
    return stage


def test_a_touch_makes_okta_push_and_is_proved(touching: Stage) -> None:
    touching.drain()
    value = touch_value(touching.incident().id, 0)
    assert touching.okta.touches == [(SUBJECT, "department", value)]
    assert touching.graph.patches == []
    assert touching.incident().status is Status.RESOLVED


def test_a_touch_that_happened_is_not_repeated_after_a_crash(touching: Stage) -> None:
    touching.okta.after_touch = lambda: None
    crash_at(touching.okta, "touch")
    message = touching.remediations.sent[0]
    with pytest.raises(Crash):
        touching.mend(message)
    touching.build()
    touching.mend(message)
    assert len(touching.okta.touches) == 1
    assert "okta_touch done" in touching.timeline()


def test_a_touch_whose_outcome_is_unknown_is_recognised_by_its_value(touching: Stage) -> None:
    """It timed out and had happened; the plan that follows asks for the same value."""

    def happens_and_times_out() -> None:
        touching.okta.after_touch = lambda: None
        raise Transient("timeout")

    touching.okta.after_touch = happens_and_times_out
    touching.drain()
    assert len(touching.okta.touches) == 1


def test_a_touch_that_changes_nothing_is_a_persons(touching: Stage) -> None:
    """At most once a drift a day, whatever the mode."""
    touching.okta.after_touch = lambda: None
    touching.drain()
    assert len(touching.okta.touches) == 1
    found = touching.incident()
    assert found.status is Status.WAITING_APPROVAL
    assert [step.kind for step in found.plan.steps] == [StepKind.GRAPH_WRITE]
    assert touching.pager.news == ["opened", "gave_up"]


def other_value(stage: Stage) -> None:
    held = stage.okta.assigned[SUBJECT]
    stage.okta.assigned[SUBJECT] = replace(
        held, profile={**held.profile, "department": "set by somebody"}
    )


def other_scope(stage: Stage) -> None:
    def moves() -> None:
        stage.okta.assigned[SUBJECT] = replace(stage.okta.assigned[SUBJECT], scope="GROUP")

    stage.okta.after_touch = moves


def mapped(stage: Stage) -> None:
    stage.okta.trouble["touch"] = Refused(403, "E0000075", "Cannot modify the attribute.")


@pytest.mark.parametrize(
    ("change", "code", "touches"),
    [(other_value, "409", 0), (other_scope, "409", 1), (mapped, "E0000075", 1)],
)
def test_what_refuses_a_touch(
    touching: Stage, change: Callable[[Stage], None], code: str, touches: int
) -> None:
    change(touching)
    touching.mend()
    assert len(touching.okta.touches) == touches
    assert touching.incident().status is Status.WAITING_PERSON
    assert touching.pager.news == ["opened", "refused"]
    assert code in touching.pager.pages[-1].text


@pytest.mark.parametrize(
    "change",
    [
        lambda stage: stage.graph.standings.update({OBJECT: standing(role())}),
        lambda stage: stage.okta.assigned.update(
            {SUBJECT: app_user(profile={**app_user().profile, "licenses": ["E5"]})}
        ),
    ],
    ids=["privileged now", "grants now"],
)
def test_a_touch_that_needs_people_by_now_is_void(touching: Stage, change: Any) -> None:
    change(touching)
    touching.mend()
    assert touching.okta.touches == []
    assert touching.timeline()[-1] == "plan void"
    touching.looks()
    assert touching.incident().status is Status.WAITING_APPROVAL
