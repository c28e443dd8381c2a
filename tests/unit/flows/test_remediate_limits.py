"""How often anything is written, and what waits for what."""

from __future__ import annotations

from datetime import timedelta

from lib.flows.runs import Ended
from lib.incident import Status
from tests.fakes.make import OLD_PHONE
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
