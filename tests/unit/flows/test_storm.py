"""A storm: hints mark whom they want, rounds read them, and nothing is left behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lib.errors import Transient
from lib.flows import sweep_steps
from lib.messages import CheckMessage
from lib.model import KeyKind, Subject, UserKey
from lib.rules.hints import Hint
from lib.rules.sweep import Kind, Mark, Phase
from tests.fakes.clock import START
from tests.fakes.dynamodb import new_table
from tests.fakes.make import OLD_PHONE, OTHER_APP
from tests.fakes.stage import SETTLE
from tests.fakes.sweeping import SweepStage, oid, who
from tests.simulation.memory import MemoryDynamoDB

AGO = SETTLE + 10


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
    """Everybody was counted, nobody was linked yet; the check queue holds 1000 messages more."""
    made = SweepStage(new_table(client))
    made.seasoned()
    for app in made.watch.app_ids:
        made.table.record_app_size(app, 7, made.clock())
    made.waiting = 1000
    return made


def hints(stage: SweepStage, *subjects: Subject, ago: float = AGO, **more: Any) -> list[str]:
    published = stage.clock() - timedelta(seconds=ago)
    wanted = tuple(Hint(subject, published, **more) for subject in subjects)
    return stage.run({"m-1": CheckMessage(wanted, first_seen=START)})


def everybody(stage: SweepStage, **more: Any) -> None:
    hints(stage, *(who(n) for n in range(7)), **more)
    stage.waiting = 0


def test_many_hints_are_answered_by_pages(stage: SweepStage) -> None:
    everybody(stage)
    assert len(stage.marks()) == 7
    assert stage.okta.calls == []
    done = stage.ended()
    assert (done.kind, done.counts.read, done.counts.single) == (Kind.STORM, 7, 0)
    assert stage.okta.calls.count("read_subject") == 0
    assert all(stage.is_covered(who(n), timedelta(seconds=150)) for n in range(7))
    assert stage.marks() == []
    assert stage.checks.sent == []


def test_a_storm_reads_only_whom_hints_want(stage: SweepStage) -> None:
    hints(stage, who(1), who(5))
    stage.waiting = 0
    stage.waiting, done = 0, stage.ended()
    assert (done.counts.listed, done.counts.read) == (7, 2)


def test_few_hints_make_no_storm(stage: SweepStage) -> None:
    stage.waiting = 1
    hints(stage, who(1))
    assert stage.table.running_sweep() is None
    assert stage.okta.calls.count("read_subject") == 1


def test_large_apps_make_no_storm_of_what_is_faster_one_by_one(stage: SweepStage) -> None:
    for app in stage.watch.app_ids:
        stage.table.record_app_size(app, 1_000_000, stage.clock())
    hints(stage, *(who(n) for n in range(7)))
    assert stage.table.running_sweep() is None


def test_looks_and_hints_of_unknown_time_are_never_marked(stage: SweepStage) -> None:
    look = CheckMessage.look_at(who(1), START)
    untimed = CheckMessage((Hint(who(2), None),), first_seen=START)
    stage.run({"m-1": look, "m-2": untimed})
    assert stage.marks() == []
    assert stage.okta.calls.count("read_subject") == 2
    hints(stage, who(3))
    stage.run({"m-1": look, "m-2": untimed})
    assert stage.okta.calls.count("read_subject") == 4


def test_covered_hints_are_not_marked_again(stage: SweepStage) -> None:
    """What the System Log brings once more is free, as ever."""
    everybody(stage)
    stage.ended()
    stage.waiting = 1000
    hints(stage, *(who(n) for n in range(7)), ago=150)
    assert stage.marks() == []


def test_a_hint_within_the_settle_time_waits_for_another_read(stage: SweepStage) -> None:
    first = stage.clock()
    everybody(stage, ago=0)
    done = stage.ended()
    assert done.round == 2
    assert stage.marks() == []
    assert stage.clock() - first > timedelta(seconds=SETTLE)
    assert all(stage.was_covered(who(n), first) for n in range(7))


def test_a_newer_hint_than_the_read_stays_wanted(stage: SweepStage) -> None:
    everybody(stage)
    late: list[bool] = []

    def meanwhile() -> None:
        if not late:
            late.append(True)
            hints(stage, who(0), ago=-5)

    real = stage.graph.read_users

    def read_users(keys: Any) -> Any:
        meanwhile()
        return real(keys)

    stage.graph.read_users = read_users  # type: ignore[method-assign]
    stage.ended()
    ((message, _),) = stage.checks.sent
    assert [hint.subject for hint in message.hints] == [who(0)]
    assert message.hints[0].published is not None


def test_drift_waits_for_rounds_and_check_decides(stage: SweepStage) -> None:
    for number in range(7):
        stage.graph.set(oid(number), mobile_phone=OLD_PHONE)
    published = stage.clock() - timedelta(seconds=AGO)
    everybody(stage)
    done = stage.ended()
    assert (done.counts.handed, done.counts.single) == (7, 0)
    assert not any(stage.was_covered(who(n), published) for n in range(7))
    stage.looks()
    assert len([i for i in stage.incidents() if not i.everyone]) == 7
    assert all(stage.was_covered(who(n), published) for n in range(7))


def test_one_side_alone_covers_nobody(stage: SweepStage) -> None:
    stage.graph.trouble[UserKey(KeyKind.OBJECT_ID, oid(0))] = Transient("throttled")
    everybody(stage)
    stage.ended()
    assert not stage.is_covered(who(0), timedelta(seconds=AGO))
    ((message, _),) = stage.checks.sent
    assert [hint.subject for hint in message.hints] == [who(0)]
    assert message.hints[0].published is not None


def test_who_is_not_assigned_is_read_one_by_one(stage: SweepStage) -> None:
    """A leaver is on no page: no round would ever meet them."""
    stage.okta.unassign(who(6))
    everybody(stage)
    done = stage.ended()
    assert (done.counts.read, done.counts.single) == (6, 1)
    assert stage.asked_of_check() == {who(6)}
    stage.looks()
    assert stage.is_covered(who(6), timedelta(seconds=AGO))


def test_a_guess_about_another_app_is_dropped_when_the_user_was_met(stage: SweepStage) -> None:
    both = [who(n, app) for n in range(7) for app in stage.watch.app_ids]
    hints(stage, *both, who(99), who(99, OTHER_APP), guessed=True)
    stage.waiting = 0
    stage.ended()
    assert stage.asked_of_check() == {who(99), who(99, OTHER_APP)}
    assert stage.marks() == []


def test_a_sure_hint_is_not_weakened_by_a_guess(stage: SweepStage) -> None:
    subject = who(3, OTHER_APP)
    hints(stage, subject)
    hints(stage, subject, ago=AGO - 5, guessed=True)
    (mark,) = stage.marks()
    assert not mark.guessed
    stage.waiting = 0
    stage.ended()
    assert stage.asked_of_check() == {subject}


def test_a_storm_joins_a_sweep_that_runs(stage: SweepStage) -> None:
    running = stage.begin(Kind.NIGHTLY)
    everybody(stage)
    assert len(stage.marks()) == 7
    done = stage.ended()
    assert done.id == running.id
    assert stage.marks() == []
    assert all(stage.is_covered(who(n), timedelta(seconds=150)) for n in range(7))


def test_a_sweep_of_one_app_takes_no_storm(stage: SweepStage) -> None:
    stage.begin(Kind.HAND, (OTHER_APP,))
    everybody(stage)
    assert stage.marks() == []
    assert stage.okta.calls.count("read_subject") == 7


def test_hints_keep_being_marked_until_the_storm_is_over(stage: SweepStage) -> None:
    everybody(stage)
    stage.waiting = 0
    hints(stage, who(1), ago=SETTLE + 5)
    assert "read_subject" not in stage.okta.calls
    stage.ended()
    hints(stage, who(1), ago=1)
    assert stage.okta.calls.count("read_subject") == 1


def test_a_mark_made_while_the_storm_ends_is_not_left_behind(stage: SweepStage) -> None:
    everybody(stage)
    real = stage.table.advance_sweep

    def advance(before: Any, after: Any, lease: Any) -> None:
        if after.phase is Phase.LAST and before.phase is not Phase.LAST:
            mark = Mark(who(0), before.id, stage.clock(), stage.clock())
            stage.table.want([mark])
        real(before, after, lease)

    stage.table.advance_sweep = advance  # type: ignore[method-assign]
    stage.ended()
    assert stage.marks() == []
    assert stage.asked_of_check() == {who(0)}


def test_who_marks_after_the_end_checks_instead(stage: SweepStage) -> None:
    everybody(stage)
    stage.waiting = 1000
    real = stage.table.want

    def want(marks: Any) -> None:
        stage.waiting = 0
        stage.ended()
        stage.waiting = 1000
        real(marks)

    stage.table.want = want  # type: ignore[method-assign]
    hints(stage, who(1), ago=1)
    assert stage.marks() == []
    assert stage.okta.calls.count("read_subject") == 1


def test_the_first_round_waits_until_the_hints_are_marked(stage: SweepStage) -> None:
    hints(stage, who(1))
    stage.step()
    stage.step()
    assert "app_user_page" not in stage.okta.calls
    hints(stage, who(2))
    stage.waiting = 0
    assert stage.ended().counts.read == 2


def test_hints_that_never_end_do_not_hold_up_the_first_round(stage: SweepStage) -> None:
    hints(stage, who(1))
    stage.sweep_on(90)
    assert stage.okta.calls.count("app_user_page") > 0


def test_a_stopped_storm_hands_its_marks_back(stage: SweepStage) -> None:
    everybody(stage)
    running = stage.table.running_sweep()
    assert running is not None
    stage.table.ask_to_stop(running.sweep_id)
    assert stage.ended().outcome == "stopped"
    assert stage.marks() == []
    assert all(not message.look for message, _ in stage.checks.sent)
    assert len(stage.asked_of_check()) == 7


def test_a_queue_that_is_down_leaves_the_batch_for_later(stage: SweepStage) -> None:
    stage.steps.down = True
    hints(stage, *(who(n) for n in range(7)))
    assert len(stage.checks.sent) == 1  # sent again as it was
    (again, _), _ = stage.checks.sent[0], stage.checks.sent.clear()
    assert len(again.hints) == 7
    stage.steps.down = False
    stage.run({"m-2": again})
    assert len(stage.marks()) == 7


def test_pages_of_few_are_gathered_for_one_round_trip(
    stage: SweepStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_steps, "FULL", 300)
    everybody(stage)
    assert stage.ended().counts.read == 7
    assert stage.graph.calls == ["read_users"]


def test_a_page_that_fails_does_not_take_the_gathered_along(
    stage: SweepStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_steps, "FULL", 300)
    third = f"app_user_page next:{who(5).user_id}"
    stage.okta.trouble[third] = Transient("rate limit", retry_after=40)
    everybody(stage)
    stage.step()
    assert (stage.latest().counts.pages, stage.latest().counts.read) == (2, 6)
    stage.okta.trouble.clear()
    assert stage.ended().counts.listed == 7
    assert stage.okta.calls.count("app_user_page") == 5
