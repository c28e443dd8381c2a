"""What a night does: credentials run out, indexes lag, people change their minds, topics fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from lib.errors import NotFound, Refused, Transient, Unauthorized
from lib.flows.runs import Ended, Hands, Run
from lib.flows.steps import administrator_hands
from lib.incident import Incident, Status, Step
from lib.messages import CheckMessage
from lib.model import AppUser, Attribute, RoleGrant, Subject
from lib.rules.matrix import GLOBAL_ADMINISTRATOR
from lib.settings import Mode
from tests.fakes.make import (
    APP,
    OBJECT,
    OLD_MAILS,
    OLD_PHONE,
    OTHER_OBJECT,
    PHONE,
    SUBJECT,
    app_user,
    entra_user,
    okta_user,
    role,
    standing,
)
from tests.fakes.stage import Stage

SOMEBODY_ELSE = Subject(APP, "00uSOMEBODYELSE00001")
GROUPS_ADMINISTRATOR = RoleGrant("fdd7a751-b60b-444a-984c-02652fe8fa1c", "Groups Administrator")


def test_refused_credentials_park_nothing_and_wait(stage: Stage) -> None:
    stage.okta.trouble[SUBJECT] = Unauthorized("Okta: HTTP 401")
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.clock.pass_by(200)
    assert stage.hint() == []
    ((again, delay),) = stage.checks.sent
    assert again.attempt == 1
    assert delay is not None
    assert delay >= 300
    assert stage.table.parked() == []


@pytest.mark.parametrize("error", [Unauthorized("AADSTS7000222"), Refused(403, "Denied", "no")])
def test_a_whole_call_that_is_refused_parks_nobody(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(_keys: object) -> None:
        raise error

    monkeypatch.setattr(stage.graph, "read_users", refuse)
    stage.clock.pass_by(200)
    assert stage.hint() == []
    assert len(stage.checks.sent) == 1
    assert stage.table.parked() == []


def test_a_mend_waits_for_credentials_too(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.okta.trouble[SUBJECT] = Unauthorized("Okta: HTTP 401")
    stage.mend()
    assert stage.table.parked() == []
    ((look, delay),) = stage.checks.sent
    assert look.look
    assert delay is not None
    assert delay >= 300


def test_a_write_with_refused_credentials_is_no_failure_of_the_plan(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.graph.trouble["patch"] = Unauthorized("AADSTS7000222")
    stage.mend()
    waiting = stage.incident()
    assert (waiting.status, waiting.in_flight, waiting.failed) == (Status.REMEDIATING, None, "")
    assert stage.pager.news == ["opened"]
    del stage.graph.trouble["patch"]
    stage.drain()
    assert stage.incident().status is Status.RESOLVED
    assert stage.graph.users[OBJECT].mobile_phone == PHONE


def test_a_lagging_index_proves_nothing(stage: Stage) -> None:
    stage.build(mode=Mode.APPROVE)
    stage.graph.replica[OBJECT] = stage.graph.users[OBJECT]
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.graph.replica.clear()
    stage.drifted()
    # The filter's index now shows the value of before, which equals Okta's.
    stage.graph.set(mobile_phone=PHONE)
    stage.graph.replica[OBJECT] = stage.graph.users[OBJECT]
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.clock.pass_by(300)
    stage.hint()
    stage.looks()
    assert stage.incident().status is Status.WAITING_APPROVAL
    assert "mended" not in stage.pager.news


def test_one_failing_errand_holds_back_nobody_else_and_no_mend(stage: Stage) -> None:
    stage.pager.down = True
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.clock.pass_by(300)
    stage.hint()
    for _ in range(2):
        stage.next_look()
    assert stage.table.unsent_pages(stage.incident().id)
    assert stage.remediations.sent, "the mend waits for the topic"
    stage.okta.assigned[SOMEBODY_ELSE] = app_user(external_id=OTHER_OBJECT)
    stage.okta.users[SOMEBODY_ELSE.user_id] = okta_user()
    stage.graph.users[OTHER_OBJECT] = entra_user(object_id=OTHER_OBJECT)
    stage.hint(SUBJECT, SOMEBODY_ELSE)
    covered = stage.table.subjects([SOMEBODY_ELSE])[SOMEBODY_ELSE].covered_to
    assert covered is not None


def test_a_refused_step_is_not_repeated_by_a_redelivery(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    message = stage.remediations.sent.pop(0)
    stage.graph.trouble["patch"] = Refused(403, "Authorization_RequestDenied", "Insufficient")
    stage.mend(message)
    stage.mend(message)
    assert len(stage.graph.patches) == 1
    assert stage.pager.news == ["opened", "refused"]


def test_a_parked_mend_goes_to_a_person_who_is_told(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.okta.trouble[SUBJECT] = NotFound("Okta knows no such app")
    stage.mend()
    assert stage.incident().status is Status.WAITING_PERSON
    assert stage.pager.news == ["opened", "needs_you"]
    assert len(stage.table.parked()) == 1


def administrator(stage: Stage, confirm: Callable[[Incident, Step], bool], who: str) -> Hands:
    return administrator_hands("administrator", who, stage.graph, confirm)


def write(stage: Stage, confirm: Callable[[], None] = lambda: None, who: str = OTHER_OBJECT) -> Run:
    def asked(_incident: Incident, _step: Step) -> bool:
        confirm()
        return True

    incident = stage.incident()
    hands = administrator(stage, asked, who)
    return stage.remediation.run(incident.id, incident.plan.digest, hands)


@pytest.fixture
def guarded(stage: Stage) -> Stage:
    """A Groups Administrator's number, approved by the one person that takes."""
    stage.graph.standings[OBJECT] = standing(GROUPS_ADMINISTRATOR)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.says("first.operator")
    assert stage.incident().status is Status.WAITING_PERSON
    return stage


def test_the_approved_write_by_an_administrator(guarded: Stage) -> None:
    assert write(guarded).ended is Ended.DONE
    assert guarded.graph.patches == [(OBJECT, {Attribute.MOBILE_PHONE: PHONE})]


@pytest.mark.parametrize("who", [OBJECT, OBJECT.upper()])
def test_the_target_does_not_write_its_own_value(guarded: Stage, who: str) -> None:
    run = write(guarded, who=who)
    assert run.ended is Ended.REFUSED
    assert guarded.graph.patches == []
    assert guarded.incident().status is Status.WAITING_PERSON
    # Another administrator still may.
    assert write(guarded).ended is Ended.DONE


def test_a_prompt_that_stood_open_is_read_and_gated_again(guarded: Stage) -> None:
    run = write(guarded, lambda: guarded.clock.pass_by(timedelta(hours=40).total_seconds()))
    assert run.ended is Ended.WAITS
    assert guarded.graph.patches == []


def test_who_rose_since_the_approval_needs_the_second_person(guarded: Stage) -> None:
    guarded.graph.standings[OBJECT] = standing(role(GLOBAL_ADMINISTRATOR))
    assert write(guarded).ended is Ended.VOID
    assert guarded.graph.patches == []


def test_a_touch_is_void_when_another_value_it_would_push_changed(stage: Stage) -> None:
    stage.build(touch_attribute="department")
    stage.graph.set(other_mails=OLD_MAILS)
    incident = stage.drifted()
    if not stage.remediations.sent:
        pytest.fail(f"no touch was queued: {incident.plan.steps}")
    held: AppUser = stage.okta.assigned[SUBJECT]
    changed = {**held.profile, "mobilePhone": "+15550177"}
    stage.okta.assigned[SUBJECT] = AppUser(
        held.user_id,
        held.external_id,
        held.user_name,
        held.status,
        held.scope,
        held.last_updated,
        changed,
    )
    stage.mend()
    assert stage.okta.touches == []
    assert stage.timeline()[-1] == "plan void"


def test_a_touch_whose_outcome_was_lost_counts_for_the_day(stage: Stage) -> None:
    stage.build(touch_attribute="department")
    stage.graph.set(other_mails=OLD_MAILS)
    stage.drifted()
    stage.okta.trouble["touch"] = Transient("timed out")
    stage.mend()
    assert stage.incident().touched_at is not None


def test_a_watched_event_that_names_nobody_is_parked_where_a_person_sees_it(stage: Stage) -> None:
    stage.run({"m-1": CheckMessage(unnamed=("uuid-1", "uuid-2"))})
    (row,) = stage.table.parked()
    assert "name no user" in row.reason
    assert "uuid-2" in row.body
    assert stage.okta.calls == []
