"""A crash at any moment of a run: nothing is written twice for nothing, nothing is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from lib.errors import Conflict, Transient
from lib.incident import Status
from lib.messages import RemediationMessage
from lib.rules.attempts import ABANDONED
from lib.store.records import IncidentChange
from tests.fakes.make import OBJECT, OLD_PHONE, PHONE, SUBJECT
from tests.fakes.stage import Stage
from tests.unit.flows.test_errands import Crash, crash_at


@pytest.fixture
def message(stage: Stage) -> RemediationMessage:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    return stage.remediations.sent.pop()


def again(stage: Stage, message: RemediationMessage) -> None:
    """SQS delivers the message anew to another process."""
    stage.build()
    stage.mend(message)
    stage.drain()


def test_between_intent_and_write(stage: Stage, message: RemediationMessage) -> None:
    def dies(*_: Any) -> Any:
        raise Crash

    works, stage.graph.patch_user = stage.graph.patch_user, dies  # type: ignore[assignment,method-assign]
    with pytest.raises(Crash):
        stage.mend(message)
    assert stage.incident().in_flight == "graph_write"
    stage.graph.patch_user = works  # type: ignore[method-assign]
    again(stage, message)
    assert [what for _, what in stage.graph.patches] == [{"mobilePhone": PHONE}]
    assert stage.incident().status is Status.RESOLVED


def test_a_crashed_step_takes_no_second_place_under_the_cap(
    stage: Stage, message: RemediationMessage
) -> None:
    stage.build(writes_per_hour=1)
    test_between_intent_and_write(stage, message)
    assert stage.pager.news == ["opened", "mended"]


def test_a_vendor_that_is_away_after_a_crash_delays_by_its_own_time_only(
    stage: Stage, message: RemediationMessage
) -> None:
    """The intent that a crash left does not keep check waiting until it counts as abandoned."""
    crash_at(stage.graph, "patch_user")
    with pytest.raises(Crash):
        stage.mend(message)
    stage.build()
    stage.okta.trouble[SUBJECT] = Transient("Okta does not answer", retry_after=5)
    stage.mend(message)
    assert stage.incident().in_flight is None
    stage.okta.trouble.clear()
    began = stage.clock()
    stage.drain()
    assert stage.incident().status is Status.RESOLVED
    assert stage.clock() - began < ABANDONED
    assert len(stage.graph.patches) == 1
    assert stage.state.mended, "the write was ours, though nobody recorded it"


def test_between_write_and_outcome(stage: Stage, message: RemediationMessage) -> None:
    crash_at(stage.graph, "patch_user")
    with pytest.raises(Crash):
        stage.mend(message)
    again(stage, message)
    assert len(stage.graph.patches) == 1
    assert stage.incident().status is Status.RESOLVED
    assert stage.pager.news == ["opened", "mended"]
    assert "without a step of ours" not in stage.pager.pages[-1].text


def test_between_write_and_outcome_with_a_read_that_lags(
    stage: Stage, message: RemediationMessage
) -> None:
    """The write is repeated: it says the same."""
    crash_at(stage.graph, "patch_user")
    with pytest.raises(Crash):
        stage.mend(message)
    stage.graph.set(mobile_phone=OLD_PHONE)
    again(stage, message)
    assert len(stage.graph.patches) == 2
    assert stage.incident().status is Status.RESOLVED


def test_before_the_check_is_asked_to_prove_it(stage: Stage, message: RemediationMessage) -> None:
    stage.checks.down = True
    with pytest.raises(Transient):
        stage.mend(message)
    assert stage.incident().steps_done == 1
    stage.checks.down = False
    again(stage, message)
    assert len(stage.graph.patches) == 1
    assert stage.incident().status is Status.RESOLVED


def test_a_page_of_a_run_is_sent_by_the_next_one(stage: Stage, message: RemediationMessage) -> None:
    stage.build(writes_per_hour=0)
    stage.pager.down = True
    stage.mend(message)
    assert stage.pager.news == ["opened"]
    stage.pager.down = False
    stage.build(writes_per_hour=5)
    again(stage, message)
    assert stage.pager.news == ["opened", "needs_you", "mended"]


def test_somebody_else_moved_the_incident(stage: Stage, message: RemediationMessage) -> None:
    """The intent is refused, so nothing is written on an old picture."""

    def moved() -> None:
        stage.okta.after_read = lambda: None
        stage.table.commit_incident(IncidentChange(stage.incident()))

    stage.okta.after_read = moved
    with pytest.raises(Conflict):
        stage.remediation.run(message.incident_id, message.digest, stage.hands)
    assert stage.graph.patches == []
    again(stage, message)
    assert stage.incident().status is Status.RESOLVED


def test_a_message_that_comes_twice_writes_once(stage: Stage, message: RemediationMessage) -> None:
    stage.mend(message)
    stage.mend(message)
    stage.drain()
    assert len(stage.graph.patches) == 1
    assert stage.graph.users[OBJECT].mobile_phone == PHONE
    assert stage.pager.news == ["opened", "mended"]
