"""From a finished look to an incident's next state: pure, so without a stage."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lib.flows.decide import Circumstances, Outcome, opened, proved, seen_again, silent
from lib.incident import CauseName, Incident, News, Plan, Policy, Severity, Status, Step, StepKind
from lib.rules.attempts import STUCK
from lib.rules.policy import Approval
from lib.settings import Mode
from tests.fakes.clock import START
from tests.fakes.make import OLD_PHONE, PHONE, cause, plan

CAUSES = (cause(CauseName.UNEXPLAINED),)
LATER = START + timedelta(hours=1)
OBSERVE, APPROVE, AUTO = Mode
WRITE, TOUCH, PRIVILEGED, BYPASS, MANUAL = (
    Step(kind, "mobilePhone", OLD_PHONE, PHONE, f"do {kind}") for kind in StepKind
)


def now(mode: Mode, of: Plan, *people: str, at: datetime = START) -> Circumstances:
    return Circumstances(mode, tuple(Approval(p, of.digest, START) for p in people), at, 24)


def first(of: Plan, mode: Mode = AUTO) -> Outcome:
    return opened(of, CAUSES, Severity.HIGH, START, now(mode, of))


def again(known: Incident, of: Plan, *people: str, mode: Mode = AUTO, **more: Any) -> Outcome:
    # An incident that was read has been written at least once.
    known = replace(known, version=known.version + 1)
    return seen_again(
        known, of, more.get("causes", CAUSES), Severity.HIGH, LATER, now(mode, of, *people)
    )


NEEDS_ONE, BLOCKED = Policy(1, ("why",)), Policy(0, (), blocked="never touched")


@pytest.mark.parametrize(
    ("mode", "of", "status"),
    [
        (OBSERVE, plan(WRITE), Status.OBSERVED),
        (APPROVE, plan(WRITE), Status.WAITING_APPROVAL),
        (AUTO, plan(WRITE), Status.REMEDIATING),
        (AUTO, plan(TOUCH), Status.REMEDIATING),
        (AUTO, plan(WRITE, policy=NEEDS_ONE), Status.WAITING_APPROVAL),
        (AUTO, plan(WRITE, policy=BLOCKED), Status.WAITING_PERSON),
        (AUTO, plan(PRIVILEGED), Status.WAITING_PERSON),
        (AUTO, plan(BYPASS, TOUCH), Status.WAITING_PERSON),
        (AUTO, plan(MANUAL, policy=NEEDS_ONE), Status.WAITING_PERSON),
        (OBSERVE, plan(MANUAL), Status.OBSERVED),
    ],
)
def test_an_incident_opens(mode: Mode, of: Plan, status: Status) -> None:
    outcome = first(of, mode)
    assert outcome.incident.status is status
    assert outcome.run is (status is Status.REMEDIATING)
    assert outcome.incident.attempt == int(outcome.run)
    assert [page.news for page in outcome.pages] == [News.OPENED]
    assert [entry.what for entry in outcome.entries] == ["opened"]
    assert outcome.incident.drift_read_at == START


def test_the_same_drift_again_is_no_news() -> None:
    known = first(plan(WRITE), APPROVE).incident
    outcome = again(known, plan(WRITE), mode=APPROVE)
    assert (outcome.pages, outcome.entries, outcome.run) == ((), (), False)
    assert outcome.incident.drift_read_at == LATER
    assert outcome.incident.attempt == 0


def test_approvals_that_came_meanwhile_count() -> None:
    known = first(plan(WRITE), APPROVE).incident
    outcome = again(known, plan(WRITE), "a", mode=APPROVE)
    assert outcome.run
    assert outcome.incident.attempt == 1


def test_a_changed_plan_begins_at_its_first_step() -> None:
    known = replace(first(plan(WRITE, TOUCH)).incident, steps_done=1)
    assert again(known, plan(WRITE, TOUCH)).incident.steps_done == 1
    changed = again(known, plan(WRITE, TOUCH, actual="+15550177"), mode=APPROVE)
    assert changed.incident.steps_done == 0
    assert [page.news for page in changed.pages] == [News.CHANGED]


def test_a_plan_that_only_words_things_anew_pages_nobody() -> None:
    known = first(plan(WRITE)).incident
    changed = again(known, plan(replace(WRITE, note="other words")))
    assert (len(changed.entries), changed.pages) == (1, ())


@pytest.mark.parametrize("mode", [APPROVE, AUTO])
def test_a_mend_that_did_not_land_goes_to_a_person_for_good(mode: Mode) -> None:
    known = replace(first(plan(WRITE)).incident, status=Status.PROVING, steps_done=1)
    outcome = again(known, plan(WRITE), mode=mode)
    assert [page.news for page in outcome.pages] == [News.GAVE_UP]
    assert (outcome.incident.status, outcome.run) == (Status.WAITING_APPROVAL, False)
    assert (outcome.incident.steps_done, outcome.incident.failures) == (0, 1)
    settled = again(outcome.incident, plan(WRITE), mode=mode)
    assert (settled.incident.status, settled.pages) == (Status.WAITING_APPROVAL, ())
    assert settled.incident.plan.digest == outcome.incident.plan.digest


def test_a_refusal_is_not_asked_for_again_by_itself() -> None:
    refused = replace(
        first(plan(WRITE)).incident, status=Status.WAITING_PERSON, failed="refused", failures=1
    )
    outcome = again(refused, plan(WRITE))
    assert (outcome.run, outcome.incident.status) == (False, Status.WAITING_APPROVAL)


def test_what_was_approved_after_one_failure_does_not_run_after_the_next() -> None:
    """The plan is the same but for its reason, and that counts the failures."""
    known = replace(first(plan(WRITE)).incident, status=Status.PROVING, steps_done=1)
    once = again(known, plan(WRITE)).incident
    approval = Approval("one.operator", once.plan.digest, START)
    given = replace(now(AUTO, once.plan), approvals=(approval,))
    run = seen_again(once, plan(WRITE), CAUSES, Severity.HIGH, LATER, given)
    assert run.run
    unproved = replace(run.incident, status=Status.PROVING, steps_done=1)
    twice = seen_again(unproved, plan(WRITE), CAUSES, Severity.HIGH, LATER, given)
    assert (twice.run, twice.incident.status) == (False, Status.WAITING_APPROVAL)
    assert "the last of 2 attempts did not land" in twice.incident.plan.policy.reasons


def test_a_plan_that_is_queued_in_vain_is_told_once() -> None:
    known = first(plan(WRITE)).incident
    told = []
    for _ in range(3 * STUCK):
        outcome = again(known, plan(WRITE))
        assert outcome.run
        told += [(outcome.incident.attempt, page.news) for page in outcome.pages]
        known = outcome.incident
    assert told == [(STUCK, News.NEEDS_YOU)]


def test_an_intent_left_behind_is_forgotten() -> None:
    known = replace(first(plan(WRITE)).incident, in_flight="graph_write")
    assert again(known, plan(WRITE)).incident.in_flight is None


def test_proved_and_silent() -> None:
    known = first(plan(WRITE)).incident
    mended = proved(replace(known, steps_done=1), LATER, LATER)
    assert mended.incident.status is Status.RESOLVED
    assert [page.news for page in mended.pages] == [News.MENDED]
    assert "without a step of ours" not in mended.pages[0].text
    assert "without a step of ours" in proved(known, LATER, LATER).pages[0].text
    quiet = silent(known, LATER)
    assert quiet.incident.status is Status.DISMISSED
    assert [p.news for p in quiet.pages] == [News.DISMISSED]
