"""check: when it reads, when it looks again, and when a difference is called drift."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lib.errors import Conflict, Permanent, Refused, Transient
from lib.incident import CauseName, Status
from lib.messages import CheckMessage
from lib.model import KeyKind, Link, LinkSource, Subject, UserKey
from lib.rules.hints import Hint, NamelessHint
from tests.fakes.clock import START
from tests.fakes.make import (
    APP,
    LOGIN,
    OBJECT,
    OLD_PHONE,
    OTHER_APP,
    OTHER_OBJECT,
    SUBJECT,
    app_user,
    entra_user,
    okta_user,
)
from tests.fakes.stage import LOOKS, SETTLE, Stage

SECOND = Subject(APP, "00uSECOND00000000001")
BY_ID = UserKey(KeyKind.OBJECT_ID, OBJECT)
READS = {"read_subject", "read_users"}


def add_second(stage: Stage) -> None:
    stage.okta.assigned[SECOND] = app_user(user_id=SECOND.user_id, external_id=OTHER_OBJECT)
    stage.okta.users[SECOND.user_id] = okta_user(id=SECOND.user_id)
    stage.graph.users[OTHER_OBJECT] = entra_user(object_id=OTHER_OBJECT)


def test_what_agrees_is_covered_and_nobody_hears_of_it(stage: Stage) -> None:
    assert stage.hint() == []
    assert stage.state.covered_to == START - timedelta(seconds=SETTLE)
    assert stage.state.link == Link(OBJECT, LinkSource.EXTERNAL_ID)
    assert (stage.checks.sent, stage.pager.pages, stage.incidents()) == ([], [], [])


def test_a_duplicate_of_what_is_covered_costs_no_vendor_call(stage: Stage) -> None:
    stage.hint()
    before = (list(stage.okta.calls), list(stage.graph.calls))
    assert stage.hint(ago=SETTLE + 12) == []
    assert (stage.okta.calls, stage.graph.calls) == before


def test_twenty_subjects_are_one_graph_call(stage: Stage) -> None:
    subjects = [Subject(APP, f"00uMANY{n:013}") for n in range(20)]
    for number, subject in enumerate(subjects):
        object_id = f"{number:08}-0000-4000-8000-000000000000"
        stage.okta.assigned[subject] = app_user(external_id=object_id)
        stage.okta.users[subject.user_id] = okta_user()
        stage.graph.users[object_id] = entra_user(object_id=object_id)
    stage.hint(*subjects)
    assert stage.graph.calls == ["read_users"]
    assert stage.okta.calls.count("configuration") == 1


def test_a_fresh_hint_is_read_again_after_the_settle_time(stage: Stage) -> None:
    stage.hint(ago=0)
    assert not stage.covered(START)
    assert stage.next_look() == SETTLE + 1
    assert stage.covered(START)
    assert stage.checks.sent == []


def test_a_difference_is_looked_at_again_and_again_before_it_is_drift(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.hint()
    assert (stage.incidents(), stage.state.covered_to) == ([], None)
    assert [stage.next_look(), stage.next_look()] == list(LOOKS)
    assert stage.incident().plan.actual == OLD_PHONE
    assert stage.pager.news == ["opened"]
    assert stage.graph.calls.count("read_user") == 1
    assert stage.checks.sent == []
    assert stage.covered(START)


def test_changed_values_start_the_looks_anew(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.hint()
    stage.graph.set(mobile_phone="+15550177")
    assert [stage.next_look() for _ in range(3)] == [LOOKS[0], *LOOKS]
    assert stage.incident().plan.actual == "+15550177"


def test_what_heals_before_the_last_look_was_never_drift(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.hint()
    stage.next_look()
    stage.graph.set(mobile_phone="+1 555 0100")
    stage.looks()
    assert (stage.incidents(), stage.pager.pages, stage.state.chain) == ([], [], None)
    assert stage.covered(START)


def test_a_lagging_replica_is_no_drift(stage: Stage) -> None:
    """Filtered reads may stay behind; the last look is a single GET."""
    stage.graph.replica[OBJECT] = entra_user(mobile_phone=OLD_PHONE)
    stage.hint()
    stage.looks()
    assert stage.graph.calls.count("read_user") == 1
    assert stage.incidents() == []


def test_values_that_change_at_the_last_look_start_anew(stage: Stage) -> None:
    stage.graph.set(mobile_phone="+15550177")
    stage.graph.replica[OBJECT] = entra_user(mobile_phone=OLD_PHONE)
    stage.hint()
    stage.next_look()
    stage.next_look()
    assert stage.incidents() == []
    assert stage.state.chain
    assert stage.state.chain.looks == 1


def test_a_look_that_comes_early_counts_for_nothing(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.hint()
    ((look, _),) = stage.checks.take()
    stage.run({"early": look})
    assert stage.state.chain
    assert stage.state.chain.looks == 1
    ((_, delay),) = stage.checks.sent
    assert delay is not None
    assert 0 < delay < LOOKS[0]


def test_another_hint_joins_the_looks(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.hint()
    stage.hint(ago=50)
    assert len(stage.checks.sent) == 1
    stage.looks()
    assert stage.pager.news == ["opened"]


def test_hints_that_a_queued_look_will_answer_cost_no_vendor_call(stage: Stage) -> None:
    stage.hint(ago=0)
    before = (list(stage.okta.calls), list(stage.graph.calls))
    for ago in (5, 20, 60):
        assert stage.hint(ago=ago) == []
    assert (stage.okta.calls, stage.graph.calls) == before
    stage.looks()
    assert stage.covered(START)


def test_a_hint_later_than_the_queued_look_reads_is_not_dropped(stage: Stage) -> None:
    stage.hint(ago=0)
    last = stage.clock.now
    stage.hint(ago=0)
    stage.looks()
    assert stage.covered(last)


def test_two_reads_in_one_second_of_oktas_clock_are_not_both_kept(stage: Stage) -> None:
    message = CheckMessage((Hint(SUBJECT, None),), first_seen=START)
    assert stage.batch.run({"one": message.text()}) == []
    stage.checks.take()
    assert stage.batch.run({"two": message.text()}) == []
    ((resent, delay),) = stage.checks.sent
    assert (resent.attempt, resent.first_seen, delay) == (1, START, 1)


def test_a_newer_read_that_is_stored_meanwhile_wins(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)

    def somebody_else() -> None:
        stage.okta.after_read = lambda: None
        stage.table.commit_subject(stage.state)

    stage.okta.after_read = somebody_else
    stage.hint()
    assert (stage.state.chain, stage.state.version) == (None, 1)
    # The look of the lost check is harmless; the message itself comes again.
    assert sorted(m.attempt for m, _ in stage.checks.sent) == [0, 1]
    stage.looks()
    assert stage.pager.news == ["opened"]


@pytest.mark.parametrize("whose", ["okta", "graph"])
def test_a_vendor_that_can_not_answer_delays_its_subject_only(stage: Stage, whose: str) -> None:
    add_second(stage)
    error = Transient("HTTP 429", retry_after=33)
    if whose == "okta":
        stage.okta.trouble[SUBJECT] = error
    else:
        stage.graph.trouble[BY_ID] = error
    assert stage.hint(SUBJECT, SECOND) == []
    ((resent, delay),) = stage.checks.sent
    assert [hint.subject for hint in resent.hints] == [SUBJECT]
    assert (resent.attempt, resent.first_seen, delay) == (1, START, 33)
    assert stage.table.subjects([SECOND])[SECOND].covered_to
    assert stage.table.parked() == []


def test_an_outage_of_the_table_loses_nothing(stage: Stage) -> None:
    stage.table = stage.table.__class__(stage.table._client, "no-such-table")
    stage.build()
    assert stage.batch.run({"m": CheckMessage((Hint(SUBJECT, START),)).text()}) == []
    assert [m.hints[0].published for m, _ in stage.checks.sent] == [START]
    stage.checks.down = True
    assert stage.batch.run({"m": CheckMessage((Hint(SUBJECT, START),)).text()}) == ["m"]
    assert stage.batch.run({"rubbish": "rubbish"}) == ["rubbish"]


@pytest.mark.parametrize("error", [Permanent("no such app"), Refused(403, "E1", "no")])
def test_what_can_never_work_is_parked_alone(stage: Stage, error: Permanent | Refused) -> None:
    add_second(stage)
    stage.okta.trouble[SUBJECT] = error
    assert stage.hint(SUBJECT, SECOND) == []
    (parked,) = stage.table.parked()
    assert CheckMessage.parse(parked.body).hints[0].subject == SUBJECT
    assert stage.table.subjects([SECOND])[SECOND].covered_to
    assert stage.checks.sent == []


@pytest.mark.parametrize("body", ["", "7", "{}", '{"v":2}', '{"v":1}', '{"v":1,"subjects":[7]}'])
def test_rubbish_in_the_queue_is_parked(stage: Stage, body: str) -> None:
    assert stage.run({"bad": body, "good": CheckMessage((Hint(SUBJECT, None),))}) == []
    assert [work.body for work in stage.table.parked()] == [body]
    assert stage.state.version


@pytest.mark.parametrize("status", [400, 403])
def test_a_poisonous_id_hurts_only_itself_and_proves_nothing(stage: Stage, status: int) -> None:
    add_second(stage)
    stage.graph.trouble[BY_ID] = Refused(status, "Request_BadRequest", "Invalid id.")
    stage.hint(SUBJECT, SECOND)
    assert stage.state.covered_to is None
    assert len(stage.table.parked()) == 1
    assert stage.table.subjects([SECOND])[SECOND].covered_to


def test_a_refused_read_is_no_proof_that_a_leaver_is_gone(stage: Stage) -> None:
    stage.hint()
    stage.okta.unassign()
    stage.build(mode=stage.policy.mode.OBSERVE)
    stage.drifted()
    stage.graph.trouble[BY_ID] = Refused(403, "Authorization_RequestDenied", "no")
    stage.hint(ago=0)
    assert stage.incident().status is Status.OBSERVED


def test_a_name_without_its_user_is_resolved(stage: Stage) -> None:
    stage.okta.names[APP, LOGIN] = SUBJECT
    message = CheckMessage(nameless=(NamelessHint(APP, LOGIN, START - timedelta(minutes=5)),))
    assert stage.run({"m": message}) == []
    assert stage.state.covered_to
    stranger = CheckMessage(nameless=(NamelessHint(APP, "nobody", START),))
    assert stage.run({"m": stranger}) == []
    assert len(stage.table.parked()) == 1


def test_a_name_that_can_not_be_asked_for_now_is_kept(stage: Stage) -> None:
    stage.okta.trouble["find_subject"] = Transient("HTTP 503")
    stage.run({"m": CheckMessage(nameless=(NamelessHint(APP, LOGIN, START),))})
    ((resent, _),) = stage.checks.sent
    assert [n.app_user_name for n in resent.nameless] == [LOGIN]


def test_a_guessed_app_the_user_was_never_in_is_left_alone(stage: Stage) -> None:
    """The user has an Entra account; whether Okta ever meant to push it is not known."""
    stage.okta.unassign()
    stage.hint(guessed=True)
    assert "read_users" not in stage.graph.calls
    assert (stage.incidents(), stage.checks.sent) == ([], [])
    stage.hint(Subject(OTHER_APP, SUBJECT.user_id), guessed=True)
    assert stage.incidents() == []


def test_a_guess_does_not_prove_what_is_open(stage: Stage) -> None:
    """A leaver who was never linked, found by name; then an event that names no app."""
    stage.okta.unassign()
    found = stage.drifted()
    assert found.lead.name is CauseName.NOT_LINKED
    stage.hint(guessed=True, ago=0)
    stage.looks()
    assert stage.incident().status.open
    assert stage.incident().plan.link == Link(OBJECT, LinkSource.USER_PRINCIPAL_NAME)


def test_conflict_is_a_reason_to_come_back() -> None:
    assert isinstance(Conflict("x"), Transient)
