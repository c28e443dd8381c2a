"""What came of a step is kept, whoever writes the incident meanwhile, and paged or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from lib.errors import Conflict, NotDone, NotFound, PushproofError, Refused, Transient, Unauthorized
from lib.incident import Incident, Status, StepKind
from lib.store.codec import decode, encode
from lib.store.records import IncidentChange
from tests.fakes.make import OBJECT, OLD_PHONE, SUBJECT
from tests.fakes.stage import Stage


@pytest.fixture
def queued(stage: Stage) -> Stage:
    stage.graph.set(mobile_phone=OLD_PHONE)
    assert stage.drifted().status is Status.REMEDIATING
    return stage


def lost() -> None:
    raise Transient("the answer was lost")


def after_patch(stage: Stage, what: Callable[[], None]) -> None:
    def once() -> None:
        stage.graph.after_patch = lambda: None
        what()

    stage.graph.after_patch = once


def details(stage: Stage) -> str:
    return " ".join(entry.detail for entry in stage.table.timeline(stage.incident().id))


# -- a lost answer ------------------------------------------------------------------------------


def test_a_write_whose_answer_was_lost_may_be_ours(queued: Stage) -> None:
    after_patch(queued, lost)
    queued.mend()
    found = queued.incident()
    assert (found.in_flight, found.steps_done, found.maybe_done) == (None, 0, True)
    assert found.mended_by_us


def test_a_write_that_was_refused_is_not(queued: Stage) -> None:
    queued.graph.trouble["patch"] = Refused(403, "Authorization_RequestDenied", "no")
    queued.mend()
    assert not queued.incident().mended_by_us


def test_it_landed_and_the_next_run_says_so(queued: Stage) -> None:
    message = queued.remediations.sent[0]
    after_patch(queued, lost)
    queued.mend()
    queued.mend(message)
    found = queued.incident()
    assert len(queued.graph.patches) == 1
    assert (found.status, found.steps_done, found.maybe_done) == (Status.PROVING, 1, False)
    assert found.last_step_at is not None
    assert "its outcome was lost" in details(queued)
    queued.drain()
    assert queued.incident().status is Status.RESOLVED
    assert "without a step of ours" not in queued.pager.pages[-1].text


def test_it_did_not_land_and_is_done_by_the_next_run(queued: Stage) -> None:
    message = queued.remediations.sent[0]
    queued.graph.trouble["patch"] = Transient("503")
    queued.mend()
    queued.graph.trouble.clear()
    queued.mend(message)
    found = queued.incident()
    assert (found.steps_done, found.maybe_done) == (1, False)
    assert queued.timeline()[-2:] == ["graph_write done", "to be proved"]


def test_what_a_crash_left_in_flight_may_have_happened_too(queued: Stage) -> None:
    """The plan is void meanwhile: what was begun is not forgotten with it."""
    message = queued.remediations.sent[0]
    found = queued.incident()
    queued.table.commit_incident(IncidentChange(replace(found, in_flight="graph_write")))
    queued.graph.set(mobile_phone="+15550177")
    queued.mend(message)
    assert queued.timeline()[-1] == "plan void"
    assert queued.incident().maybe_done


def test_incidents_stored_before_read_as_never_lost(queued: Stage) -> None:
    text = encode(queued.incident()).replace(',"maybe_done":false', "")
    assert "maybe_done" not in text
    assert decode(Incident, text) == queued.incident()


# -- nothing was done ---------------------------------------------------------------------------

THROTTLED = NotDone("Okta's announced rate limit is used up", 40)
# Of the vendor, or of the credentials: in neither case was anything written.
NOTHING_DONE = pytest.mark.parametrize(
    "trouble", [THROTTLED, Unauthorized("401")], ids=["throttled", "unauthorized"]
)


@pytest.fixture
def to_touch(stage: Stage) -> Stage:
    stage.build(touch_attribute="department")
    stage.graph.set(mobile_phone=OLD_PHONE)
    found = stage.drifted()
    assert [step.kind for step in found.plan.steps] == [StepKind.OKTA_TOUCH]
    return stage


@NOTHING_DONE
def test_a_write_that_was_not_done_is_not_ours(queued: Stage, trouble: NotDone) -> None:
    queued.graph.trouble["patch"] = trouble
    queued.mend()
    found = queued.incident()
    assert (found.in_flight, found.maybe_done, found.mended_by_us) == (None, False, False)
    assert queued.timeline()[-1] == "graph_write not done"
    assert queued.table.take_place("writes", "another", queued.clock(), 1)


@NOTHING_DONE
def test_a_touch_that_was_not_done_does_not_count(to_touch: Stage, trouble: NotDone) -> None:
    """A second touch of a value waits for days, so that one was not sent must not look like one."""
    to_touch.okta.trouble["touch"] = trouble
    to_touch.mend()
    found = to_touch.incident()
    assert (found.in_flight, found.maybe_done, found.touched_at) == (None, False, None)
    assert to_touch.timeline()[-1] == "okta_touch not done"
    assert to_touch.table.take_place("writes", "another", to_touch.clock(), 1)
    to_touch.okta.trouble.clear()
    to_touch.looks()
    again = to_touch.incident()
    assert again.status is Status.REMEDIATING
    assert again.plan.digest == found.plan.digest
    to_touch.mend()
    assert to_touch.incident().steps_done == 1
    assert to_touch.incident().touched_at is not None
    assert len(to_touch.okta.touches) == 2


def test_after_a_lost_touch_one_that_was_not_done_forgets_nothing(to_touch: Stage) -> None:
    message = to_touch.remediations.sent[0]
    to_touch.okta.trouble["touch"] = Transient("the answer was lost")
    to_touch.mend()
    touched = to_touch.incident().touched_at
    assert touched is not None
    to_touch.okta.trouble["touch"] = THROTTLED
    to_touch.mend(message)
    found = to_touch.incident()
    assert (found.touched_at, found.maybe_done) == (touched, True)
    assert not to_touch.table.take_place("writes", "another", to_touch.clock(), 1)


@pytest.mark.parametrize(
    "trouble",
    [THROTTLED, Unauthorized("401"), Refused(403, "E0000006", "no"), NotFound("gone")],
    ids=["throttled", "unauthorized", "refused", "gone"],
)
def test_a_touch_that_could_not_be_read_back_was_done(
    to_touch: Stage, trouble: PushproofError
) -> None:
    def fails() -> None:
        to_touch.okta.trouble[SUBJECT] = trouble  # type: ignore[assignment]

    to_touch.okta.after_touch = fails
    to_touch.mend()
    found = to_touch.incident()
    assert (found.maybe_done, found.steps_done) == (True, 0)
    assert found.touched_at is not None
    assert to_touch.timeline()[-1] == "okta_touch outcome unknown"
    assert "touched, and not read back" in details(to_touch)


def test_a_touch_that_moved_the_scope_is_ours(to_touch: Stage) -> None:
    def moves() -> None:
        held = to_touch.okta.assigned[SUBJECT]
        assert held is not None
        to_touch.okta.assigned[SUBJECT] = replace(held, scope="GROUP")

    to_touch.okta.after_touch = moves
    to_touch.mend()
    found = to_touch.incident()
    assert to_touch.timeline()[-1] == "okta_touch refused"
    assert found.status is Status.WAITING_PERSON
    assert found.mended_by_us
    assert not to_touch.table.take_place("writes", "another", to_touch.clock(), 1)


def test_a_parked_attempt_counts_as_a_failure(queued: Stage) -> None:
    for number, said in ((1, "an earlier attempt was parked"), (2, "the last of 2 attempts was")):
        queued.remediation.give_up(queued.incident().id, queued.hands, "a reason")
        found = queued.incident()
        assert (found.status, found.failures) == (Status.WAITING_PERSON, number)
        assert said in found.failed
        moved(queued, status=Status.REMEDIATING)()


# -- others write the incident ------------------------------------------------------------------


def moved(stage: Stage, **changes: object) -> Callable[[], None]:
    def move() -> None:
        known = stage.incident()
        stage.table.commit_incident(IncidentChange(replace(known, **changes)))  # type: ignore[arg-type]

    return move


def test_an_outcome_finds_the_incident_as_others_left_it(queued: Stage) -> None:
    until = queued.clock()
    after_patch(queued, moved(queued, snoozed_until=until))
    queued.mend()
    found = queued.incident()
    assert (found.steps_done, found.in_flight, found.status) == (1, None, Status.PROVING)
    assert found.snoozed_until is not None
    assert queued.timeline().count("graph_write done") == 1
    assert "request-id graph-request" in details(queued)
    queued.drain()
    assert (queued.incident().status, len(queued.graph.patches)) == (Status.RESOLVED, 1)


def test_it_is_written_on_again_and_again(queued: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    commit, times = queued.table.commit_incident, [3]

    def faster(change: IncidentChange) -> Incident:
        if change.incident.steps_done and times[0]:
            times[0] -= 1
            commit(IncidentChange(queued.incident()))
        return commit(change)

    monkeypatch.setattr(queued.table, "commit_incident", faster)
    queued.mend()
    assert times == [0]
    assert queued.timeline().count("graph_write done") == 1


@pytest.mark.parametrize(
    "changes", [{"in_flight": None}, {"status": Status.DISMISSED}], ids=["taken over", "closed"]
)
def test_what_is_no_longer_ours_keeps_the_line_and_nothing_else(
    queued: Stage, changes: dict[str, object]
) -> None:
    after_patch(queued, moved(queued, **changes))
    message = queued.remediations.sent[0]
    with pytest.raises(Conflict):
        queued.remediation.run(message.incident_id, message.digest, queued.hands)
    found = queued.table.incident(message.incident_id)
    assert found is not None
    assert found.steps_done == 0
    entries = queued.table.timeline(message.incident_id)
    assert any("request-id graph-request" in each.detail for each in entries)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (Refused(403, "Authorization_RequestDenied", "no", "r-1"), "graph_write refused"),
        (Unauthorized("401"), "graph_write not done"),
        (NotDone("429"), "graph_write not done"),
        (Transient("503"), "graph_write outcome unknown"),
    ],
)
def test_other_outcomes_do_too(
    queued: Stage, trouble: Refused, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued.graph.trouble["patch"] = trouble
    patch = queued.graph.patch_user

    def meanwhile(*given: object) -> object:
        moved(queued)()
        return patch(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(queued.graph, "patch_user", meanwhile)
    queued.mend()
    assert said in queued.timeline()
    assert queued.incident().in_flight is None


# -- nobody can be paged ------------------------------------------------------------------------


def test_a_leaver_is_disabled_while_the_topic_is_down(stage: Stage) -> None:
    stage.hint()
    stage.okta.unassign()
    stage.pager.down = True
    stage.drifted()
    stage.mend()
    assert [object_id for object_id, _ in stage.graph.patches] == [OBJECT]
    assert stage.incident().status is Status.PROVING
    assert stage.pager.pages == []
    assert stage.table.unsent_pages(stage.incident().id)


def test_a_refusal_stays_recorded_while_the_topic_is_down(queued: Stage) -> None:
    queued.graph.trouble["patch"] = Refused(403, "Authorization_RequestDenied", "no")
    queued.pager.down = True
    queued.checks.sent.clear()
    queued.mend()
    found = queued.incident()
    assert (found.status, found.failures) == (Status.WAITING_PERSON, 1)
    assert queued.checks.sent == []
    queued.pager.down = False
    assert [page.news.value for page in queued.table.unsent_pages(found.id)] == ["refused"]
