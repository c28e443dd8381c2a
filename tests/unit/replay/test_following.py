"""What is told of an event is what became of it: every outcome there is, by the real flows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from lib.errors import Permanent, Refused, Transient
from lib.messages import CheckMessage
from lib.model import Attribute
from lib.rules.hints import NamelessHint
from lib.rules.sweep import Mark
from lib.settings import Mode
from lib.store.parked import ParkedWork
from ops.replay import names
from ops.replay.fates import Outcome
from ops.replay.following import Parked
from ops.replay.parked import again
from ops.replay.runs import Delivered, Rules
from ops.replay.stations import Standing, stations
from tests.fakes.clock import START
from tests.fakes.make import (
    APP,
    OBJECT,
    OLD_PHONE,
    OTHER_APP,
    PHONE,
    SUBJECT,
    USER,
    push,
    role,
    standing,
)
from tests.fakes.stage import SETTLE, Stage
from tests.unit.replay.conftest import Sending, entry, only


def drifted(stage: Stage, mode: Mode = Mode.APPROVE) -> None:
    stage.build(mode=mode)
    stage.graph.set(mobile_phone=OLD_PHONE)


def waiting(stage: Stage, send: Sending) -> Delivered:
    return send()


def marked(stage: Stage, send: Sending) -> Delivered:
    delivered = send()
    stage.checks.take()
    stage.table.want([Mark(SUBJECT, "s-1", stage.clock(), stage.clock())])
    return delivered


def looking(stage: Stage, send: Sending) -> Delivered:
    drifted(stage)
    delivered = send()
    stage.next_look()
    return delivered


def once_more(stage: Stage, send: Sending) -> Delivered:
    """Published within the settle time before the read, so one read is not enough."""
    delivered = send(ago=-SETTLE + 10)
    stage.next_look()
    return delivered


def mending(stage: Stage, send: Sending) -> Delivered:
    drifted(stage, Mode.AUTO)
    delivered = send()
    stage.looks()
    return delivered


def proving(stage: Stage, send: Sending) -> Delivered:
    delivered = mending(stage, send)
    only(delivered)
    stage.mend()
    return delivered


def parked(stage: Stage, send: Sending) -> Delivered:
    stage.okta.trouble[SUBJECT] = Permanent("Okta knows no such user")
    delivered = send()
    stage.looks()
    return delivered


def for_person(stage: Stage, send: Sending) -> Delivered:
    drifted(stage)
    stage.graph.standings[OBJECT] = standing(role())
    delivered = send()
    stage.looks()
    for person in ("first.operator", "second.operator"):
        stage.says(person)
    while stage.remediations.sent:
        stage.mend()
    return delivered


def for_approval(stage: Stage, send: Sending) -> Delivered:
    drifted(stage)
    delivered = send()
    stage.looks()
    return delivered


def observed(stage: Stage, send: Sending) -> Delivered:
    drifted(stage, Mode.OBSERVE)
    delivered = send()
    stage.looks()
    return delivered


def dismissed(stage: Stage, send: Sending) -> Delivered:
    delivered = for_approval(stage, send)
    only(delivered)
    stage.says("first.operator", "dismiss", why="keeps the old number")
    return delivered


def proved(stage: Stage, send: Sending) -> Delivered:
    delivered = mending(stage, send)
    only(delivered)
    stage.drain()
    return delivered


def equal(stage: Stage, send: Sending) -> Delivered:
    delivered = send()
    stage.looks()
    return delivered


def answered(stage: Stage, send: Sending) -> Delivered:
    equal(stage, send)
    return send()


def nobody(stage: Stage, send: Sending) -> Delivered:
    """An event without an app, about somebody of another app."""
    send()
    stage.looks()
    return send(entry(stage.clock() - timedelta(seconds=1), app=None))


STORIES: dict[Outcome, Callable[[Stage, Sending], Delivered]] = {
    Outcome.WAITING: waiting,
    Outcome.MARKED: marked,
    Outcome.LOOKING: looking,
    Outcome.ONCE_MORE: once_more,
    Outcome.MENDING: mending,
    Outcome.PROVING: proving,
    Outcome.PARKED: parked,
    Outcome.FOR_PERSON: for_person,
    Outcome.FOR_APPROVAL: for_approval,
    Outcome.OBSERVED: observed,
    Outcome.DISMISSED: dismissed,
    Outcome.PROVED: proved,
    Outcome.EQUAL: equal,
    Outcome.ANSWERED: answered,
}


def test_every_outcome_has_a_story() -> None:
    assert set(STORIES) | {Outcome.NOBODY, Outcome.SHARED} == set(Outcome)


@pytest.mark.parametrize("name", STORIES)
def test_an_event_is_told_as_it_went(stage: Stage, sending: Sending, name: Outcome) -> None:
    delivered = STORIES[name](stage, sending)
    row = only(delivered)
    (lane,) = row.lanes
    assert lane.outcome is name
    assert row.became == name.value
    assert row.ended is name.ended
    assert row.well is (name is not Outcome.PARKED)
    assert (lane.parked.reason if lane.parked else "") == (
        "Okta knows no such user" if name is Outcome.PARKED else ""
    )


def test_one_app_answers_and_the_other_knows_nobody(stage: Stage, sending: Sending) -> None:
    row = only(nobody(stage, sending))
    assert {lane.subject.app_id: lane.outcome for lane in row.lanes} == {
        APP: Outcome.WAITING,
        OTHER_APP: Outcome.NOBODY,
    }
    assert not row.ended


def test_what_is_listed_by_a_shared_cause_is_told_so(stage: Stage, sending: Sending) -> None:
    stage.build(mode=Mode.APPROVE)
    stage.okta.log = [push(at=START - timedelta(minutes=30))]
    stage.graph.set(mobile_phone=OLD_PHONE, synced=True)
    delivered = sending()
    stage.looks()
    row = only(delivered)
    assert row.lanes[0].outcome is Outcome.SHARED
    assert row.lanes[0].incidents[0].parent


def test_each_decision_is_told_once_and_in_order(stage: Stage, sending: Sending) -> None:
    drifted(stage, Mode.AUTO)
    delivered = sending()
    while stage.checks.sent or stage.remediations.sent:
        only(delivered)
        if stage.checks.sent:
            stage.next_look()
        else:
            stage.mend()
    (lane,) = only(delivered).lanes
    told = [(moment.actor, moment.what) for moment in lane.moments]
    assert told[:2] == [("check", "look 1: differs"), ("check", "look 2: differs")]
    assert told.index(("remediate", "graph_write begins")) < told.index(("check", "proved"))
    assert len(set(lane.moments)) == len(lane.moments)
    assert [m.at for m in lane.moments] == sorted(m.at for m in lane.moments)


def test_what_happened_before_is_not_told_again(stage: Stage, sending: Sending) -> None:
    first = for_approval(stage, sending)
    (before,) = only(first).lanes
    second = sending(entry(stage.clock()))
    stage.looks()
    (lane,) = only(second).lanes
    assert lane.outcome is Outcome.FOR_APPROVAL
    assert lane.incidents[0].id == before.incidents[0].id
    opened = [m for m in lane.moments if m.what == "opened"]
    assert opened == []


def test_a_mend_that_nobody_watched_is_still_told(stage: Stage, sending: Sending) -> None:
    """Opened, mended and proved between two looks."""
    drifted(stage, Mode.AUTO)
    delivered = sending()
    stage.drain()
    row = only(delivered)
    assert row.became == Outcome.PROVED.value
    stops = stations(delivered.sent, row.lanes[0])
    assert [stop.told for stop in stops[2:]] == ["mended", "expected = actual"]


def test_a_refused_delivery_is_followed_by_nobody(stage: Stage, sending: Sending) -> None:
    sending.hook.status = 401
    row = only(sending())
    assert (row.became, row.ended, row.well) == ("was refused (401)", True, False)
    assert row.lanes == ()


def test_what_receive_leaves_aside_has_come_to_its_end(stage: Stage, sending: Sending) -> None:
    now = stage.clock()
    delivered = sending(
        entry(now, eventType="user.session.start"),
        entry(now, app="0oaSOMEBODYELSES00000"),
        entry(now, user=None),
        "no event at all",
    )
    rows = delivered.look()
    assert [row.became for row in rows] == [
        "is of no watched type",
        "is of another app",
        "names nobody",
        "names nobody",
    ]
    assert all(row.ended for row in rows)
    assert [row.well for row in rows] == [True, True, False, False]


def test_an_app_users_name_is_followed_to_its_user(stage: Stage, sending: Sending) -> None:
    stage.okta.names[APP, "ordinary.user@corp.example"] = SUBJECT
    ago = stage.clock() - timedelta(seconds=SETTLE + 10)
    event = entry(ago, user=None)
    event["target"].append(
        {"type": "AppUser", "id": "0ua1", "alternateId": "ordinary.user@corp.example"}
    )
    delivered = sending(event)
    assert "find_subject" not in stage.okta.calls[:1]  # nothing is asked before it is sent
    assert only(delivered).lanes[0].subject.user_id == USER
    stage.looks()
    assert only(delivered).became == Outcome.EQUAL.value


def nameless(stage: Stage, name: str, number: int = 1) -> dict[str, Any]:
    ago = stage.clock() - timedelta(seconds=SETTLE + 10)
    event = entry(ago, user=None, uuid=f"u-{number}")
    event["target"].append({"type": "AppUser", "id": f"0ua{number}", "alternateId": name})
    return event


def test_a_name_of_nobody_is_said_and_then_parked(stage: Stage, sending: Sending) -> None:
    delivered = sending(nameless(stage, "no.body"))
    row = only(delivered)
    assert (row.ended, row.well) == (True, False)
    assert row.became == "names an app user whom Okta does not know"
    stage.looks()
    assert only(delivered).became == "is parked: no user of this app has the name in the event"


def test_okta_that_does_not_answer_is_asked_again(
    stage: Stage, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not known yet has not ended."""
    monkeypatch.setattr(names, "PAUSE", 0.0)
    stage.okta.names[APP, "ordinary.user"] = SUBJECT
    down = [Transient("Okta does not answer")]

    def find(app_id: str, name: str) -> Any:
        if down:
            raise down.pop()
        return stage.okta.find_subject(app_id, name)

    sending.find = find
    drifted(stage)
    delivered = sending(nameless(stage, "ordinary.user"))
    row = only(delivered)
    assert (row.became, row.ended) == ("names an app user, whom Okta is to tell", False)
    stage.looks()
    # Found only after its looks: what is stored answers as well.
    assert only(delivered).became == Outcome.FOR_APPROVAL.value


def test_whoever_may_not_ask_okta_is_told_so(stage: Stage, sending: Sending) -> None:
    def find(app_id: str, name: str) -> Any:
        raise Refused(403, "E0000006", "no")

    sending.find = find
    row = only(sending(nameless(stage, "ordinary.user")))
    assert (row.became, row.ended) == ("names an app user, and Okta may not be asked whose", True)
    assert not row.well


def test_many_names_are_asked_for_a_few_at_a_look(stage: Stage, sending: Sending) -> None:
    asked: list[str] = []

    def find(app_id: str, name: str) -> None:
        asked.append(name)

    sending.find = find
    many = [nameless(stage, f"user.{n}", n) for n in range(12)]
    delivered = sending(*many)
    assert asked == []
    assert sum(row.ended for row in delivered.look()) == names.MOST_A_LOOK
    assert len(asked) == names.MOST_A_LOOK
    delivered.look()
    assert all(row.ended for row in delivered.look())
    assert len(asked) == len(set(asked)) == 12


def test_what_differs_and_was_dismissed_is_never_called_equal(
    stage: Stage, sending: Sending
) -> None:
    dismissed(stage, sending)
    again = sending(entry(stage.clock()))
    stage.looks()
    (lane,) = only(again).lanes
    assert lane.outcome is Outcome.DISMISSED
    assert [m.what for m in lane.moments][-1] == "read both sides: differs"
    stage.graph.set(mobile_phone=PHONE)
    stage.clock.pass_by(200)
    healed = sending(entry(stage.clock()))
    stage.looks()
    assert only(healed).became == Outcome.EQUAL.value


def test_dismissed_and_read_again_between_two_looks(stage: Stage, sending: Sending) -> None:
    drifted(stage)
    delivered = sending()
    stage.looks()
    stage.says("first.operator", "dismiss", why="keeps the old number")
    stage.clock.pass_by(200)
    stage.hint()
    stage.looks()
    assert only(delivered).became == Outcome.DISMISSED.value


def test_a_sweep_forgets_what_was_dismissed_once_it_agrees(stage: Stage, sending: Sending) -> None:
    dismissed(stage, sending)
    stage.clock.pass_by(200)
    stage.hint()
    stage.looks()
    assert stage.state.ruled == (Attribute.MOBILE_PHONE,)
    stage.graph.set(mobile_phone=PHONE)
    stage.clock.pass_by(200)
    stage.hint()
    stage.looks()
    assert stage.state.ruled == ()


def test_a_look_that_was_parked_is_told(stage: Stage, sending: Sending) -> None:
    drifted(stage)
    delivered = sending()
    stage.next_look()
    assert only(delivered).became == Outcome.LOOKING.value
    stage.okta.trouble[SUBJECT] = Permanent("Okta knows no such user any more")
    stage.looks()
    row = only(delivered)
    assert (row.became, row.ended, row.well) == (Outcome.PARKED.value, True, False)
    assert row.lanes[0].parked == Parked("Okta knows no such user any more")


def test_a_parked_mend_is_the_mends(stage: Stage, sending: Sending) -> None:
    delivered = mending(stage, sending)
    only(delivered)
    (message,) = stage.remediations.sent
    stage.table.park("r-1", "it crashed", message.text(), stage.clock())
    (lane,) = only(delivered).lanes
    assert lane.parked == Parked("it crashed", "remediate")
    standings = [stop.standing for stop in stations(delivered.sent, lane)]
    assert standings[:3] == [Standing.DONE, Standing.DONE, Standing.FAILED]


def test_work_that_names_an_app_user_only_is_followed_when_sent_again(
    stage: Stage, sending: Sending
) -> None:
    hint = NamelessHint(APP, "no.body", stage.clock(), ("u-1",))
    work = park(stage, CheckMessage(nameless=(hint,)).text())
    stage.clock.pass_by(1)
    delivered = again(work, stage.table, stage.checks, rules(stage), sending.find, stage.clock)
    assert not only(delivered).well
    stage.looks()
    row = only(delivered)
    assert row.became == "is parked: no user of this app has the name in the event"
    assert (row.ended, row.well) == (True, False)


def test_a_guess_that_nobody_looked_into_is_not_called_equal(
    stage: Stage, sending: Sending
) -> None:
    """Read once before, never linked, not assigned: Graph is not asked, and nothing is compared."""
    stage.okta.assigned.clear()
    stage.graph.users.clear()
    equal(stage, sending)
    assert stage.state.covered_to is not None
    stage.clock.pass_by(200)
    delivered = sending(entry(stage.clock() - timedelta(seconds=SETTLE + 10), app=None))
    before = len(stage.graph.calls)
    stage.looks()
    assert len(stage.graph.calls) == before
    outcomes = {lane.subject.app_id: lane.outcome for lane in only(delivered).lanes}
    assert outcomes[APP] is Outcome.NOBODY


def test_an_answer_that_did_not_come_in_time_is_followed(stage: Stage, sending: Sending) -> None:
    sending.hook.unsure = True
    delivered = sending()
    assert not only(delivered).ended
    stage.looks()
    assert only(delivered).became == Outcome.EQUAL.value


def test_what_was_not_sent_says_so(stage: Stage, sending: Sending) -> None:
    sending.hook.down = True
    row = only(sending())
    assert (row.became, row.ended, row.well) == ("was not sent", True, False)
    assert stage.checks.sent == []


def test_a_newer_event_waits_for_a_read_of_its_own(stage: Stage, sending: Sending) -> None:
    """A read that is later than the sending, but not late enough, answers nothing."""
    stage.hint()
    delivered = sending(entry(stage.clock() + timedelta(seconds=5)))
    hints = stage.checks.take()
    stage.run({"m-2": CheckMessage.look_at(SUBJECT)})
    assert not only(delivered).ended
    for message, _ in hints:
        stage.run({"m-3": message})
    stage.looks()
    assert only(delivered).became == Outcome.EQUAL.value


def test_duplicates_of_one_event_are_one_lane(stage: Stage, sending: Sending) -> None:
    ago = stage.clock() - timedelta(seconds=SETTLE + 10)
    delivered = sending(entry(ago), entry(ago))
    rows = delivered.look()
    assert len(rows) == 2
    assert len(delivered.lanes) == 1


def rules(stage: Stage) -> Rules:
    return Rules((APP, OTHER_APP), timedelta(seconds=SETTLE), stage.clock)


def park(stage: Stage, body: str) -> ParkedWork:
    stage.table.park("m-1", "Okta refused", body, stage.clock())
    (work,) = stage.table.parked()
    return work


def test_parked_work_is_sent_and_followed(stage: Stage, sending: Sending) -> None:
    work = park(stage, CheckMessage.look_at(SUBJECT).text())
    delivered = again(work, stage.table, stage.checks, rules(stage), sending.find, stage.clock)
    assert stage.table.parked() == []
    assert only(delivered).became == Outcome.WAITING.value
    stage.looks()
    assert only(delivered).became == Outcome.EQUAL.value


def test_parked_again_is_told_with_its_reason(stage: Stage, sending: Sending) -> None:
    work = park(stage, CheckMessage.look_at(SUBJECT).text())
    stage.okta.trouble[SUBJECT] = Permanent("Okta still refuses")
    delivered = again(work, stage.table, stage.checks, rules(stage), sending.find, stage.clock)
    stage.looks()
    row = only(delivered)
    assert (row.ended, row.well) == (True, False)
    assert row.lanes[0].parked == Parked("Okta still refuses")


def test_what_can_not_be_sent_again_stays(stage: Stage, sending: Sending) -> None:
    work = park(stage, "rubbish")
    delivered = again(work, stage.table, stage.checks, rules(stage), sending.find, stage.clock)
    assert not delivered.sent.taken
    assert "discard it" in delivered.sent.answer
    assert stage.table.parked() == [work]
    assert stage.checks.sent == []


def test_looking_writes_nothing(stage: Stage, sending: Sending) -> None:
    drifted(stage)
    delivered = sending()
    stage.looks()
    before = (stage.state, stage.incident(), stage.table.timeline(stage.incident().id))
    for _ in range(3):
        delivered.look()
    assert before == (stage.state, stage.incident(), stage.table.timeline(stage.incident().id))
    assert stage.checks.sent == stage.remediations.sent == []


def test_looking_again_at_what_did_not_move_reads_no_timeline(
    stage: Stage, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    drifted(stage)
    delivered = sending()
    stage.looks()
    first = delivered.look()
    asked: list[str] = []
    monkeypatch.setattr(stage.table, "timeline", asked.append)
    assert delivered.look() == first
    assert asked == []


def test_a_thousand_subjects_cost_few_requests(
    stage: Stage, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    ago = stage.clock() - timedelta(seconds=SETTLE + 10)
    delivered = sending(*(entry(ago, user=f"00uMANY{n:013d}", uuid=f"u-{n}") for n in range(1000)))
    asked: Counter[str] = Counter()
    real = stage.table._call

    def counted(call: Callable[..., Any], **given: Any) -> Any:
        asked[call.__name__] += 1
        return real(call, **given)

    monkeypatch.setattr(stage.table, "_call", counted)
    rows = delivered.look()
    assert len(rows) == 1000
    assert asked["batch_get_item"] <= 20  # states and marks, a hundred a request
    assert asked["query"] <= 4  # the shards of parked work
