"""How often anything is written, and what waits for what."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lib.errors import NotDone, PushproofError, Refused, Transient, Unauthorized
from lib.flows.runs import Ended
from lib.incident import Status
from tests.fakes.make import OLD_MAILS, OLD_PHONE
from tests.fakes.stage import Stage
from tests.unit.flows.test_remediate import run


def test_the_cap_pages_and_comes_back_next_hour(stage: Stage) -> None:
    stage.build(writes_per_hour=0)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    assert run(stage) is Ended.WAITS
    assert stage.graph.patches == []
    assert stage.pager.news == ["opened", "needs_you"]
    assert "cap of 0 writes an hour" in stage.pager.pages[-1].text
    ((_, delay),) = stage.checks.sent
    assert delay is not None
    assert 0 < delay <= 900
    stage.build(writes_per_hour=1)
    stage.remediations.sent.clear()
    stage.drain()
    assert stage.incident().status is Status.RESOLVED


def test_caps_count_disables_apart(stage: Stage) -> None:
    stage.hint()
    stage.okta.unassign()
    stage.build(writes_per_hour=0, disables_per_hour=1)
    stage.drifted()
    assert run(stage) is Ended.DONE


def test_user_steps_wait_for_a_tenant_wide_one(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.table.take_tenant_lock("somebody", stage.clock(), timedelta(minutes=15))
    stage.mend()
    assert stage.graph.patches == []
    ((look, delay),) = stage.checks.sent
    assert (look.look, delay) == (True, 30)
    stage.table.release_tenant_lock("somebody")
    stage.drain()
    assert stage.incident().status is Status.RESOLVED


# -- what a try costs ---------------------------------------------------------------------------

REFUSED = Refused(403, "Authorization_RequestDenied", "no", "graph-request")


def another_is_free(stage: Stage) -> bool:
    return stage.table.take_place("writes", "another", stage.clock(), 1)


def test_an_outage_costs_a_step_one_place(stage: Stage) -> None:
    stage.build(writes_per_hour=1)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.graph.trouble["patch"] = Transient("503")
    for _ in range(6):
        stage.mend()
        stage.looks()
    assert len(stage.graph.patches) == 6
    assert stage.pager.news == ["opened", "needs_you"]
    stage.graph.trouble.clear()
    stage.drain()
    assert stage.incident().status is Status.RESOLVED
    assert not another_is_free(stage)


@pytest.mark.parametrize("trouble", [REFUSED, Unauthorized("401"), NotDone("429")])
def test_what_was_refused_leaves_its_place_to_others(stage: Stage, trouble: PushproofError) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.graph.trouble["patch"] = trouble  # type: ignore[assignment]
    stage.mend()
    assert len(stage.graph.patches) == 1
    assert another_is_free(stage)


def test_a_refusal_after_a_lost_answer_gives_nothing_back(stage: Stage) -> None:
    """The first try may have written."""
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.graph.trouble["patch"] = Transient("the answer was lost")
    stage.mend()
    stage.looks()
    stage.graph.trouble["patch"] = REFUSED
    stage.mend()
    assert not another_is_free(stage)


@pytest.mark.parametrize("trouble", [Unauthorized("401"), NotDone("429")])
def test_what_is_not_done_after_a_lost_answer_gives_nothing_back(
    stage: Stage, trouble: PushproofError
) -> None:
    """However often: the place is the first try's."""
    stage.build(writes_per_hour=1)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.graph.trouble["patch"] = Transient("the answer was lost")
    stage.mend()
    stage.graph.trouble["patch"] = trouble  # type: ignore[assignment]
    for _ in range(3):
        stage.looks()
        stage.mend()
    assert not another_is_free(stage)


def test_a_touch_that_was_refused_leaves_its_place(stage: Stage) -> None:
    stage.build(touch_attribute="department")
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.okta.trouble["touch"] = REFUSED
    stage.mend()
    assert another_is_free(stage)


def test_a_place_that_can_not_be_given_back_is_no_error(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise Transient("the table does not answer")

    monkeypatch.setattr(stage.table, "give_place_back", fails)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.graph.trouble["patch"] = REFUSED
    assert run(stage) is Ended.REFUSED
    assert stage.incident().status is Status.WAITING_PERSON


def test_another_step_waits_at_the_cap_and_pages(stage: Stage) -> None:
    stage.build(writes_per_hour=1)
    stage.graph.set(mobile_phone=OLD_PHONE, other_mails=OLD_MAILS)
    stage.clock.pass_by(600)
    stage.hint()
    stage.looks()
    assert len(stage.remediations.sent) == 2
    stage.mend()
    stage.mend()
    assert len(stage.graph.patches) == 1
    assert "cap of 1 writes an hour" in stage.pager.pages[-1].text
