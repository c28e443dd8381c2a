"""A sweep: everybody read once on both sides, resumed where it stopped, decided by check."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lib.errors import Conflict, NotFound, Refused, Transient, Unauthorized
from lib.flows import sweep_steps
from lib.flows.tick import Tick
from lib.incident import Severity, Status
from lib.model import KeyKind, Link, LinkSource, UserKey
from lib.rules import sweep as sweep_rules
from lib.rules.sweep import LATE, Kind, Phase, eta, expected_pages
from lib.store.records import SubjectState
from tests.fakes.dynamodb import new_table
from tests.fakes.make import APP, OLD_MAILS, OLD_PHONE, OTHER_APP, SECRETS
from tests.fakes.sweeping import Crash, SweepStage, ahead_of, oid, who
from tests.simulation.memory import MemoryDynamoDB


@pytest.fixture(scope="module")
def client() -> MemoryDynamoDB:
    """Held to what moto does by tests/store, and far quicker."""
    return MemoryDynamoDB()


@pytest.fixture(autouse=True)
def pages_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages as small as these would all be gathered for one round trip."""
    monkeypatch.setattr(sweep_steps, "FULL", 1)


@pytest.fixture
def stage(client: Any) -> SweepStage:
    made = SweepStage(new_table(client))
    made.seasoned()
    return made


def states(stage: SweepStage, *numbers: int) -> list[SubjectState]:
    found = stage.table.subjects([who(n) for n in numbers])
    return list(found.values())


def test_everybody_is_read_in_few_calls_and_nothing_else_happens(stage: SweepStage) -> None:
    stage.begin()
    done = stage.ended()
    assert done.outcome == "complete"
    assert (done.counts.pages, done.counts.listed, done.counts.read) == (4, 7, 7)
    assert (done.counts.equal, done.counts.differing) == (7, 0)
    assert (
        stage.okta.calls.count("app_user_page") == 4
    )  # three pages, and the other app's empty one
    assert stage.okta.calls.count("read_subject") == 0
    assert stage.graph.calls == ["read_users"] * 3
    assert stage.checks.sent == []
    assert stage.pager.pages == []
    assert stage.marks() == []


def test_a_second_sweep_writes_nothing_about_who_agrees(stage: SweepStage) -> None:
    stage.begin()
    stage.ended()
    before = states(stage, *range(7))
    assert all(state.link for state in before)
    stage.clock.pass_by(60)
    stage.begin()
    stage.ended()
    assert states(stage, *range(7)) == before


def test_drift_goes_through_its_looks_in_rounds_and_the_last_is_checks(stage: SweepStage) -> None:
    """Two rounds; the third look is a single GET in check, which decides."""
    for number in range(7):
        stage.graph.set(oid(number), mobile_phone=OLD_PHONE)
    began = stage.clock()
    stage.begin()
    done = stage.ended()
    assert (done.round, done.counts.handed, done.counts.phones) == (2, 7, 7)
    assert stage.clock() - began >= timedelta(seconds=60)
    assert [(len(m.hints), m.look, d) for m, d in stage.checks.sent] == [
        (3, True, 180.0),
        (3, True, 180.0),
        (1, True, 180.0),
    ]
    assert stage.okta.calls.count("read_subject") == 0
    assert stage.incidents() == []
    stage.looks()
    assert len([i for i in stage.incidents() if not i.everyone]) == 7
    assert {row.subject for row in stage.found(done)["differs"]} == {who(n) for n in range(7)}


def test_a_few_are_cheaper_one_by_one(stage: SweepStage) -> None:
    stage.graph.set(oid(2), other_mails=OLD_MAILS)
    stage.begin()
    done = stage.ended()
    assert (done.round, done.counts.single, done.counts.handed) == (1, 1, 0)
    stage.looks()
    (found,) = stage.incidents()
    assert found.subject == who(2)


def test_what_agrees_at_the_next_look_was_replication(stage: SweepStage) -> None:
    for number in range(7):
        stage.graph.set(oid(number), mobile_phone=OLD_PHONE)
    stage.begin()
    stage.step()
    while stage.latest().round == 1:
        stage.step()
    for number in range(7):
        stage.person(number)
    done = stage.ended()
    assert stage.checks.sent == []
    assert stage.incidents() == []
    assert len(stage.found(done)["agrees now"]) == 7
    assert all(state.chain is None for state in states(stage, *range(7)))


def test_an_open_incident_is_proved_by_check_and_not_by_a_filter(stage: SweepStage) -> None:
    stage.graph.set(oid(1), other_mails=OLD_MAILS)
    stage.begin()
    stage.ended()
    stage.looks()
    stage.remediations.sent.clear()
    (opened,) = stage.incidents()
    stage.graph.replica[oid(1)] = replace(stage.graph.users[oid(1)], other_mails=())
    stage.begin()
    assert stage.ended().counts.known == 1
    assert stage.checks.sent == []  # still there: nothing new to say
    stage.person(1)
    stage.graph.replica.clear()
    stage.begin()
    stage.ended()
    assert stage.asked_of_check() == {who(1)}
    assert stage.table.incident(opened.id).status.open
    stage.looks()
    assert stage.table.incident(opened.id).status is Status.RESOLVED


def test_one_side_alone_covers_nobody_and_is_tried_again(stage: SweepStage) -> None:
    key = UserKey(KeyKind.OBJECT_ID, oid(0))
    stage.graph.trouble[key] = Transient("throttled")
    stage.begin()
    done = stage.ended()
    assert done.counts.unreadable == 1
    assert states(stage, 0) == [SubjectState(who(0))]
    assert stage.asked_of_check() == {who(0)}
    stage.graph.trouble.clear()
    stage.looks()
    assert stage.is_covered(who(0), timedelta(seconds=200))


def test_refused_is_not_nobody(stage: SweepStage) -> None:
    """A part that Graph refuses must not read as an absent, hence disabled, account."""
    stage.graph.trouble[UserKey(KeyKind.OBJECT_ID, oid(0))] = Refused(403, "x", "y")
    stage.begin()
    done = stage.ended()
    assert (done.counts.read, done.counts.unreadable) == (6, 1)


def test_when_graph_does_not_answer_the_page_waits(stage: SweepStage) -> None:
    for number in range(3):
        key = UserKey(KeyKind.OBJECT_ID, oid(number))
        stage.graph.trouble[key] = Transient("throttled", retry_after=30)
    stage.begin()
    stage.step()
    assert [delay for _, delay in stage.steps.sent] == [30.0]
    assert stage.latest().counts.pages == 0
    assert stage.checks.sent == []
    stage.graph.trouble.clear()
    assert stage.ended().counts.read == 7


def test_a_429_in_the_middle_goes_on_with_the_same_page(stage: SweepStage) -> None:
    second = f"app_user_page next:{who(2).user_id}"
    stage.okta.trouble[second] = Transient("rate limit", retry_after=40)
    stage.begin()
    stage.step()
    assert stage.latest().counts.pages == 1
    assert [delay for _, delay in stage.steps.sent] == [40.0]
    stage.step()
    stage.okta.trouble.clear()
    assert stage.ended().counts.listed == 7


def test_refused_credentials_wait_and_park_nothing(stage: SweepStage) -> None:
    stage.okta.trouble["app_user_page"] = Unauthorized("401")
    stage.begin()
    for _ in range(3):
        stage.step()
    assert [delay for _, delay in stage.steps.sent] == [300.0]
    assert stage.table.parked() == []
    stage.okta.trouble.clear()
    assert stage.ended().counts.read == 7


def test_an_unknown_app_is_left_out_and_makes_no_leavers(stage: SweepStage) -> None:
    stage.begin()
    stage.ended()
    stage.okta.trouble["app_user_page"] = NotFound("Okta knows no app")
    stage.begin()
    done = stage.ended()
    assert done.counts.listed == 0
    assert done.outcome == "without some apps"
    assert stage.checks.sent == []


def test_without_configuration_nobody_seems_to_agree(stage: SweepStage) -> None:
    stage.okta.trouble["configuration"] = Refused(403, "x", "y")
    stage.begin()
    stage.step()
    assert stage.latest().counts.read == 0
    assert [delay for _, delay in stage.steps.sent] == [300.0]


def test_an_entry_without_its_user_spoils_only_itself(stage: SweepStage) -> None:
    del stage.okta.users[who(1).user_id]
    stage.begin()
    done = stage.ended()
    assert (done.counts.listed, done.counts.read, done.counts.unreadable) == (7, 6, 1)
    assert [row.subject for row in stage.found(done)["unreadable"]] == [who(1)]


# -- leavers ------------------------------------------------------------------------------------


def test_a_leaver_that_hooks_missed_is_found(stage: SweepStage) -> None:
    stage.begin()
    stage.ended()
    stage.okta.unassign(who(3))
    stage.okta.users[who(3).user_id] = replace(
        stage.okta.users[who(3).user_id], status="DEPROVISIONED"
    )
    stage.begin()
    done = stage.ended()
    assert done.counts.gone == 1
    assert stage.asked_of_check() == {who(3)}
    stage.looks()
    (found,) = stage.incidents()
    assert (found.subject, found.severity) == (who(3), Severity.CRITICAL)


def test_leavers_of_old_cost_no_single_read(stage: SweepStage) -> None:
    stage.begin()
    stage.ended()
    for number in (3, 4):
        stage.okta.unassign(who(number))
    stage.graph.set(oid(3), account_enabled=False)
    del stage.graph.users[oid(4)]
    stage.begin()
    assert stage.ended().counts.gone == 0
    assert stage.checks.sent == []


def test_who_moved_to_another_watched_app_is_no_leaver(stage: SweepStage) -> None:
    stage.begin()
    stage.ended()
    stage.okta.assigned[replace(who(3), app_id=OTHER_APP)] = stage.okta.assigned.pop(who(3))
    stage.begin()
    assert stage.ended().counts.gone == 0


def test_many_linked_are_taken_in_parts(stage: SweepStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_steps, "LINKED", 1)
    monkeypatch.setattr(sweep_steps, "MARKS", 1)
    stage.begin()
    stage.ended()
    for number in range(7):
        stage.okta.unassign(who(number))
    stage.begin()
    assert stage.ended().counts.gone == 7


# -- one at a time, resumed, fenced ------------------------------------------------------------


def test_only_one_runs(stage: SweepStage) -> None:
    stage.begin()
    with pytest.raises(Conflict):
        stage.begin()
    stage.ended()
    stage.begin()


@pytest.mark.parametrize("crash_at", range(1, 60))
def test_a_crash_at_any_write_costs_a_repeat_and_nothing_else(
    stage: SweepStage, monkeypatch: pytest.MonkeyPatch, crash_at: int
) -> None:
    """The process is killed before the nth call of the table or a queue; the message comes back."""
    stage.graph.set(oid(0), mobile_phone=OLD_PHONE)
    stage.begin()
    crashed = crashing(stage, monkeypatch, crash_at)
    waiting = list(stage.steps.sent)
    for _ in range(60):
        if not stage.steps.sent:
            break
        waiting = list(stage.steps.sent)
        try:
            stage.step()
        except Crash:
            # SQS shows it again after its visibility timeout.
            stage.clock.pass_by(720)
            stage.steps.sent += [(waiting[0][0], 0.0)]
    done = stage.latest()
    assert done.phase is Phase.DONE
    assert done.counts.listed == 7
    assert stage.marks() == []
    assert stage.asked_of_check() == {who(0)}
    assert crashed or crash_at > 30


def crashing(stage: SweepStage, monkeypatch: pytest.MonkeyPatch, crash_at: int) -> list[str]:
    calls, crashed = [0], []
    targets: list[tuple[Any, str]] = [
        (stage.table, name)
        for name in (
            *("take_lease", "advance_sweep", "keep_seen", "store_subjects", "keep_marks"),
            *("unwant", "keep_found", "record_app_size", "record_baseline", "give_back_lease"),
        )
    ] + [(stage.checks, "send"), (stage.steps, "send")]
    for owner, name in targets:
        real = getattr(owner, name)

        def call(*args: Any, real: Any = real, name: str = name, **named: Any) -> Any:
            calls[0] += 1
            if calls[0] == crash_at:
                crashed.append(name)
                raise Crash
            return real(*args, **named)

        monkeypatch.setattr(owner, name, call)
    return crashed


def test_a_worker_that_wakes_up_late_changes_nothing(stage: SweepStage) -> None:
    """Paused in the middle of a page; another one took over after the lease."""
    stage.begin()
    message, _ = stage.steps.sent[0]
    woken: list[bool] = []

    def pause() -> None:
        if woken:
            return
        woken.append(True)
        stage.clock.pass_by(200)  # longer than the lease
        stage.sweeping.run("s-2", message.text())

    stage.okta.after_read = pause
    stage.step()
    assert stage.latest().counts.listed == 7
    done = stage.ended()
    assert (done.counts.listed, done.counts.read) == (7, 7)


def test_two_workers_at_once_do_it_once(stage: SweepStage) -> None:
    stage.begin()
    message, _ = stage.steps.sent[0]
    tried: list[int] = []

    def duplicate() -> None:
        if not tried:
            tried.append(len(stage.okta.calls))
            stage.sweeping.run("s-2", message.text())
            assert len(stage.okta.calls) == tried[0]

    stage.okta.after_read = duplicate
    stage.step()
    assert stage.ended().counts.listed == 7


def test_a_stale_message_is_dropped(stage: SweepStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_steps, "PAGES", 1)
    stage.begin()
    message, _ = stage.steps.sent[0]
    stage.step()
    assert stage.latest().counts.pages == 1
    left, calls = list(stage.steps.sent), list(stage.okta.calls)
    assert left
    stage.sweeping.run("s-2", message.text())
    assert (stage.steps.sent, stage.okta.calls) == (left, calls)


def test_a_crash_between_a_step_and_its_message_is_mended_by_the_old_message(
    stage: SweepStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_steps, "PAGES", 1)
    stage.begin()
    message, _ = stage.steps.sent[0]
    stage.step()
    stage.steps.sent.clear()
    stage.clock.pass_by(720)
    stage.sweeping.run("s-1", message.text())
    assert stage.ended().counts.listed == 7


def test_a_lost_message_is_sent_again_by_tick(stage: SweepStage) -> None:
    stage.begin()
    stage.steps.sent.clear()
    check: Any = stage.batch
    parts = (check._check._errands, check._check._shared)
    tick = Tick(stage.policy, stage.table, stage.checks, *parts, stage.clock, stage.steps)
    assert tick.run() == {}
    stage.clock.pass_by(LATE.total_seconds() + 5)
    assert tick.run() == {"sweep": 1}
    assert tick.run() == {}
    assert stage.ended().counts.listed == 7
    stage.clock.pass_by(LATE.total_seconds() * 10)
    assert "sweep" not in tick.run()


def test_a_message_that_is_none_is_parked(stage: SweepStage) -> None:
    for body in ("rubbish", "{}", '{"v":9,"sweep":"x","step":0,"attempt":0}', "[]", "null"):
        stage.sweeping.run(f"s-{body}", body)
    assert len(stage.table.parked()) == 5
    stage.sweeping.run("s-9", '{"v":1,"sweep":"sw-ffffffffff","step":0,"attempt":0}')


def test_it_stops_when_asked_and_loses_no_mark(stage: SweepStage) -> None:
    for number in range(7):
        stage.graph.set(oid(number), mobile_phone=OLD_PHONE)
    running = stage.begin()
    while stage.latest().round == 1:
        stage.step()
    assert len(stage.marks()) == 7
    assert stage.table.ask_to_stop(running.id)
    done = stage.ended()
    assert done.outcome == "stopped"
    assert stage.marks() == []
    assert len(stage.asked_of_check()) == 7
    assert not stage.table.ask_to_stop(running.id)


# -- the first one -----------------------------------------------------------------------------


def test_the_first_is_a_baseline_with_one_page_and_leavers_by_themselves(client: Any) -> None:
    stage = SweepStage(new_table(client))
    for number in range(6):
        stage.graph.set(oid(number), other_mails=OLD_MAILS)
    stage.okta.unassign(who(6))
    stage.okta.users[who(6).user_id] = replace(
        stage.okta.users[who(6).user_id], status="DEPROVISIONED"
    )
    link = Link(oid(6), LinkSource.EXTERNAL_ID)
    stage.table.commit_subject(SubjectState(who(6), link=link))
    assert stage.begin(Kind.NIGHTLY).kind is Kind.BASELINE
    done = stage.ended()
    (told,) = stage.pager.pages
    assert told.key == f"sweep-{done.id}"
    assert "6 of 6 users differ" in told.text
    assert not any(secret in told.text for secret in SECRETS)
    stage.looks()
    assert len([i for i in stage.incidents() if not i.everyone]) == 7
    individually = [p for p in stage.pager.pages[1:] if p.user_id]
    assert [p.user_id for p in individually] == [who(6).user_id]
    assert stage.begin(Kind.NIGHTLY).kind is Kind.NIGHTLY


def test_a_baseline_that_was_stopped_was_none(client: Any) -> None:
    stage = SweepStage(new_table(client))
    first = stage.begin()
    stage.table.ask_to_stop(first.id)
    stage.ended()
    assert stage.pager.pages == []
    assert stage.begin().kind is Kind.BASELINE


def test_one_app_alone_is_no_baseline(client: Any) -> None:
    stage = SweepStage(new_table(client))
    assert stage.begin(Kind.HAND, (APP,)).kind is Kind.HAND


# -- when it will be listed ---------------------------------------------------------------------


def test_the_last_sweeps_sizes_tell_when_the_listing_ends(
    stage: SweepStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_steps, "PAGES", 1)
    # As Okta's would be, if its pages held three: four of the one app, one of the other.
    monkeypatch.setattr(sweep_rules, "PAGE", 3)
    stage.table.record_app_size(APP, 12, stage.clock())
    stage.table.record_app_size(OTHER_APP, 1, stage.clock())
    assert expected_pages(stage.begin()) == 5
    stage.step()
    stage.clock.pass_by(59)
    going, now = stage.latest(), stage.clock()
    assert (going.page, expected_pages(going)) == (1, 5)
    ends = eta(going, now)
    assert ends is not None
    assert (ends - now).total_seconds() == pytest.approx(4 * 60, abs=2)
    # It was fewer than thought, which its last page tells.
    done = stage.ended()
    assert (done.page, expected_pages(done), done.sizes) == (4, 4, {APP: 7, OTHER_APP: 0})
    assert stage.table.app_size(APP) == 7


def test_more_than_the_last_sweep_counted_is_known_as_it_is_listed(
    stage: SweepStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_steps, "PAGES", 1)
    monkeypatch.setattr(sweep_rules, "PAGE", 3)
    stage.table.record_app_size(APP, 1, stage.clock())
    stage.table.record_app_size(OTHER_APP, 1, stage.clock())
    stage.begin()
    expected = []
    for _ in range(4):
        stage.step()
        expected.append(expected_pages(stage.latest()))
    assert expected == [2, 3, 4, 4]


def test_of_the_first_sweep_nobody_knows_when_it_ends(
    stage: SweepStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_steps, "PAGES", 1)
    stage.begin()
    for _ in range(3):
        stage.step()
        going = stage.latest()
        assert (expected_pages(going), eta(going, stage.clock())) == (None, None)
    assert stage.ended().sizes == {APP: 7, OTHER_APP: 0}


# -- reading ahead -----------------------------------------------------------------------------


def test_pages_are_read_ahead_and_none_in_vain(stage: SweepStage) -> None:
    asked, pages = ahead_of(stage)
    assert [len(page.readings) for page in pages] == [3, 3]
    assert len(asked) == 2  # two of three were wanted
