"""Touches and the tenant flag: how each step is done, and what stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lib.errors import Refused, Transient
from lib.flows.approve import BadRequest
from lib.flows.runs import Ended, Run
from lib.flows.steps import administrator_hands
from lib.incident import Incident, Status, Step, StepKind
from lib.model import DirectorySync
from lib.rules.causes import BypassFact
from lib.rules.plans import touch_value
from lib.settings import Mode
from tests.fakes.clock import START
from tests.fakes.make import (
    MAILS,
    OBJECT,
    OLD_MAILS,
    OLD_PHONE,
    PHONE,
    SUBJECT,
    TENANT,
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


# -- the tenant flag ---------------------------------------------------------------------------


@pytest.fixture
def overridden(stage: Stage) -> Stage:
    """A synced user with a cloud-set number; the connector outranks nobody it need not."""
    stage.build(touch_attribute="department", mode=Mode.APPROVE)
    stage.okta.log = [push(at=START - timedelta(minutes=30))]
    stage.graph.set(mobile_phone=OLD_PHONE, synced=True)
    found = stage.drifted()
    assert [s.kind for s in found.plan.steps] == [StepKind.BYPASS_ENABLE, StepKind.OKTA_TOUCH]
    with pytest.raises(BadRequest, match="preview"):
        stage.says("a.colleague")
    stage.table.record_preview("{}", [], stage.clock())
    stage.says("a.colleague")
    assert stage.incident().status is Status.WAITING_PERSON
    # Whoever sets the flag needs a preview of their own hour.
    stage.clock.pass_by(2 * 3600)
    return stage


def enable(
    stage: Stage, confirm: Callable[[Incident, Step], bool] = lambda _incident, _step: True
) -> Run:
    hands = administrator_hands(
        "administrator", stage.graph, stage.table, stage.clock, stage.clock.pass_by, confirm
    )
    found = stage.incident()
    run = stage.remediation.run(found.id, found.plan.digest, hands)
    stage.clock.pass_by(1)
    return run


def test_flag_then_touch_then_proof(overridden: Stage) -> None:
    overridden.table.record_preview("{}", [], overridden.clock())
    overridden.okta.after_touch = lambda: overridden.graph.set(mobile_phone=PHONE)
    assert enable(overridden).ended is Ended.NEXT
    assert overridden.graph.bypass_writes == [(TENANT, True)]
    fact = overridden.table.bypass_fact()
    assert fact
    assert fact.enabled
    overridden.drain()
    assert len(overridden.okta.touches) == 1
    assert overridden.incident().status is Status.RESOLVED
    assert overridden.table.tenant_locked(overridden.clock()) is False


@pytest.mark.parametrize("age", [None, 3601])
def test_no_flag_without_a_fresh_preview(overridden: Stage, age: float | None) -> None:
    if age:
        overridden.table.record_preview("{}", [], overridden.clock() - timedelta(seconds=age))
    run = enable(overridden)
    assert (run.ended, overridden.graph.bypass_writes) == (Ended.REFUSED, [])
    assert "preview" in run.reason


def test_no_flag_without_the_administrators_yes(overridden: Stage) -> None:
    overridden.table.record_preview("{}", [], overridden.clock())
    run = enable(overridden, lambda _incident, _step: False)
    assert (run.ended, overridden.graph.bypass_writes) == (Ended.WAITS, [])
    assert not overridden.table.tenant_locked(overridden.clock())


def test_a_refused_flag_is_said_and_stays_unknown(overridden: Stage) -> None:
    overridden.table.record_preview("{}", [], overridden.clock())
    overridden.graph.trouble["set_bypass"] = Refused(403, "Authorization_RequestDenied", "no")
    assert enable(overridden).ended is Ended.REFUSED
    assert "refused" in overridden.pager.news
    fact: BypassFact | None = overridden.table.bypass_fact()
    assert not (fact and fact.enabled)


def test_a_flag_that_is_on_already_is_not_written(overridden: Stage) -> None:
    overridden.table.record_preview("{}", [], overridden.clock())
    overridden.graph.sync = DirectorySync(TENANT, True)
    assert enable(overridden).ended is Ended.NEXT
    assert overridden.graph.bypass_writes == []


def test_a_flag_that_still_reads_false_is_not_done(overridden: Stage) -> None:
    overridden.table.record_preview("{}", [], overridden.clock())
    overridden.graph.set_bypass = (  # type: ignore[method-assign]
        lambda *_: overridden.graph.patch_user(OBJECT, {})
    )
    with pytest.raises(Transient, match="still reads false"):
        enable(overridden)
    assert overridden.incident().steps_done == 0
    assert not overridden.table.tenant_locked(overridden.clock())


def test_two_administrators_do_not_enable_at_once(overridden: Stage) -> None:
    overridden.table.record_preview("{}", [], overridden.clock())
    overridden.table.take_tenant_lock("somebody", overridden.clock(), timedelta(minutes=15))
    with pytest.raises(Transient):
        enable(overridden)
    assert overridden.graph.bypass_writes == []
