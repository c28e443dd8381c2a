"""tick: whatever is due is found, claimed once, and comes back when the work crashed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lib.incident import Incident, Status
from lib.model import Subject
from lib.rules.due import DAILY, LATE_ERRAND, LATE_LOOK, LATE_MEND
from lib.settings import Mode
from lib.store.keys import SHARDS
from lib.store.records import IncidentChange, SubjectState
from tests.fakes.make import APP, OBJECT, OLD_MAILS, OLD_PHONE, push, standing
from tests.fakes.stage import SETTLE, Stage

MINUTE = 60.0


def tick(stage: Stage) -> dict[str, int]:
    return stage.tick()


def later(stage: Stage, delta: timedelta) -> None:
    stage.clock.pass_by(delta.total_seconds() + 1)


def drift(stage: Stage, mode: Mode = Mode.APPROVE) -> Incident:
    stage.build(mode=mode)
    stage.graph.set(other_mails=OLD_MAILS)
    return stage.drifted()


def test_nothing_is_due_when_nothing_happened(stage: Stage) -> None:
    stage.hint()
    later(stage, DAILY)
    assert tick(stage) == {}
    assert stage.checks.sent == []


def test_a_lost_look_is_sent_again_once_it_is_late(stage: Stage) -> None:
    stage.clock.pass_by(SETTLE + 60)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.hint()
    stage.checks.take()  # the queue loses it
    assert tick(stage) == {}
    later(stage, LATE_LOOK + timedelta(minutes=3))
    assert tick(stage) == {"subject": 1}
    assert tick(stage) == {}
    stage.looks()
    assert stage.incident().status.open


def test_a_topic_that_fails_delays_the_page_and_never_drops_it(stage: Stage) -> None:
    stage.pager.down = True
    stage.build(mode=Mode.APPROVE)
    stage.graph.set(other_mails=OLD_MAILS)
    stage.clock.pass_by(SETTLE + 60)
    stage.hint()
    for _ in range(2):
        stage.next_look()
    stage.checks.take()  # nor does the batch come back
    assert stage.incident().status.open
    later(stage, LATE_ERRAND)
    assert tick(stage)["failed"] == 1
    stage.pager.down = False
    assert tick(stage) == {}
    later(stage, timedelta(minutes=5))
    assert tick(stage)["page"] == 1
    assert stage.pager.news == ["opened"]
    later(stage, timedelta(hours=1))
    assert "page" not in tick(stage)


def test_a_crash_between_intent_and_outcome_is_looked_into(stage: Stage) -> None:
    found = drift(stage, Mode.AUTO)
    stage.remediations.sent.clear()
    begun = replace(found, in_flight="graph_write", updated_at=stage.clock())
    stage.table.commit_incident(IncidentChange(begun))
    later(stage, timedelta(minutes=15))
    assert tick(stage) == {"incident": 1}
    stage.drain()
    assert stage.incident().status is Status.RESOLVED


def test_a_lost_remediation_is_queued_again(stage: Stage) -> None:
    drift(stage, Mode.AUTO)
    stage.remediations.sent.clear()
    later(stage, LATE_MEND)
    assert tick(stage) == {"incident": 1}
    stage.drain()
    assert stage.incident().status is Status.RESOLVED
    assert len(stage.graph.patches) == 1


def test_a_cure_by_other_hands_is_noticed_within_a_day(stage: Stage) -> None:
    drift(stage)
    stage.graph.set(other_mails=("private@home.example",))
    later(stage, DAILY)
    tick(stage)
    stage.looks()
    assert stage.incident().status is Status.RESOLVED


def test_an_approval_that_ran_out_pages_whoever_decides(stage: Stage) -> None:
    found = drift(stage)
    until = stage.clock() + timedelta(hours=1)
    approved = replace(found, status=Status.WAITING_PERSON, approved_until=until)
    stage.table.commit_incident(IncidentChange(approved))
    assert tick(stage) == {}
    later(stage, timedelta(hours=1))
    tick(stage)
    assert stage.incident().status is Status.WAITING_APPROVAL
    assert stage.pager.news == ["opened", "needs_you"]
    assert "approval ran out" in stage.timeline()


def test_a_snooze_ends(stage: Stage) -> None:
    found = drift(stage)
    until = stage.clock() + timedelta(hours=1)
    stage.table.commit_incident(IncidentChange(replace(found, snoozed_until=until)))
    later(stage, timedelta(hours=1))
    tick(stage)
    assert stage.incident().snoozed_until is None
    assert stage.pager.news == ["opened", "needs_you"]


def test_two_ticks_at_once_do_it_once(stage: Stage) -> None:
    stage.clock.pass_by(SETTLE + 60)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.hint()
    stage.checks.take()
    later(stage, LATE_LOOK + timedelta(minutes=3))
    seen = stage.table.due(stage.clock(), 10)
    tick(stage)
    assert not any(stage.table.claim(item, stage.clock()) for item in seen)
    assert len(stage.checks.sent) == 1


def test_a_crash_after_the_claim_comes_back(stage: Stage) -> None:
    stage.clock.pass_by(SETTLE + 60)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.hint()
    stage.checks.take()
    later(stage, LATE_LOOK + timedelta(minutes=3))
    stage.checks.down = True
    assert tick(stage) == {"failed": 1}
    stage.checks.down = False
    assert tick(stage) == {}
    later(stage, LATE_LOOK)
    assert tick(stage) == {"subject": 1}


def test_a_run_is_bounded_and_the_next_continues(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    subjects = [Subject(APP, f"00uDUE{number:014d}") for number in range(12)]
    for subject in subjects:
        state = SubjectState(subject, last_read=stage.clock(), next_look=stage.clock())
        stage.table.commit_subject(state)
    later(stage, LATE_LOOK)
    monkeypatch.setattr("lib.flows.tick.MOST", 1)
    done = []
    while not done or done[-1]:
        done.append(tick(stage).get("subject", 0))
    assert max(done) <= SHARDS
    assert sum(done) == len(subjects)
    assert {message.hints[0].subject for message, _ in stage.checks.take()} == set(subjects)


def test_a_closed_incident_is_never_due(stage: Stage) -> None:
    stage.okta.log = [push()]
    drift(stage, Mode.AUTO)
    stage.drain()
    assert stage.incident().status is Status.RESOLVED
    later(stage, DAILY * 3)
    assert tick(stage) == {}


def test_a_step_in_flight_is_left_alone(stage: Stage) -> None:
    """Its outcome must find the incident as it left it."""
    stage.build(mode=Mode.APPROVE)
    stage.graph.set(other_mails=OLD_MAILS)
    found = stage.drifted()
    stage.says("a.colleague")
    stage.says("a.colleague", "snooze", until="10m")

    def meanwhile() -> None:
        stage.clock.pass_by(11 * MINUTE)
        tick(stage)

    stage.graph.after_patch = meanwhile
    stage.mend()
    assert "graph_write done" in stage.timeline()
    done = stage.table.incident(found.id)
    assert done is not None
    assert done.steps_done == 1


def test_a_snoozed_incident_is_quiet_when_an_approval_runs_out(stage: Stage) -> None:
    found = drift(stage)
    now = stage.clock()
    quiet = replace(
        found, approved_until=now + timedelta(hours=1), snoozed_until=now + timedelta(days=7)
    )
    stage.table.commit_incident(IncidentChange(quiet))
    later(stage, timedelta(hours=1))
    tick(stage)
    assert stage.pager.news == ["opened"]
    assert stage.incident().approved_until is None


def test_an_approval_of_a_plan_that_is_gone_does_not_run_out(stage: Stage) -> None:
    drift(stage)
    stage.graph.standings[OBJECT] = standing(owns_applications=True)
    stage.says("first.person")
    stage.graph.set(other_mails=("another@home.example",))
    stage.clock.pass_by(SETTLE + 60)
    stage.hint()
    stage.looks()
    told = len(stage.pager.pages)
    later(stage, DAILY)
    tick(stage)
    assert not any("ran out" in page.text for page in stage.pager.pages[told:])
