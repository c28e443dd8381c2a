"""Causes that many share: one incident lists everyone, one page tells it, the last one ends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lib.errors import Conflict, Refused, Transient
from lib.flows.approve import BadRequest
from lib.flows.shared import GRACE
from lib.incident import CauseName, Drift, Incident, Severity, Status, StepKind
from lib.model import Attribute, Subject
from lib.rules.causes import BypassFact
from lib.rules.shared import flag_subject
from lib.settings import Mode
from lib.store.records import IncidentChange, Member
from tests.fakes.clock import START
from tests.fakes.make import (
    APP,
    OBJECT,
    OLD_MAILS,
    OLD_PHONE,
    SUBJECT,
    TENANT,
    app_user,
    configuration,
    entra_user,
    okta_user,
    push,
    role,
    standing,
)
from tests.fakes.stage import SETTLE, Stage

PHONE, MAILS, ENABLED = Attribute
FLAG = flag_subject(TENANT)


def someone(number: int) -> tuple[Subject, str]:
    return Subject(APP, f"00uSHARED{number:011d}"), f"{number:08d}-aaaa-4aaa-8aaa-111111111111"


def add(stage: Stage, number: int, **entra: Any) -> Subject:
    """One more synced user of the same app."""
    subject, object_id = someone(number)
    login = f"user{number}@corp.example"
    stage.okta.users[subject.user_id] = okta_user(id=subject.user_id, login=login)
    stage.okta.assigned[subject] = app_user(
        user_id=subject.user_id, external_id=object_id, user_name=login
    )
    fields = {"synced": True, "mobile_phone": OLD_PHONE} | entra
    stage.graph.users[object_id] = entra_user(
        object_id=object_id, user_principal_name=login, **fields
    )
    return subject


@pytest.fixture
def overridden(stage: Stage) -> Stage:
    """The flag is off, pushes succeed, and the synced user's number stays the old one."""
    stage.build(mode=Mode.APPROVE)
    stage.okta.log = [push(at=START - timedelta(minutes=30))]
    stage.graph.set(mobile_phone=OLD_PHONE, synced=True)
    return stage


def parent_of(stage: Stage) -> Incident:
    (row,) = [row for row in stage.table.summaries() if "/*" in str(row["subject"])]
    found = stage.table.incident(str(row["incident"]))
    assert found is not None
    return found


def after_a_while(stage: Stage) -> None:
    """An empty list stays open for an hour."""
    stage.clock.pass_by(GRACE.total_seconds() + 1)
    stage.tick()


def check(stage: Stage, *subjects: Subject) -> None:
    stage.clock.pass_by(SETTLE + 60)
    stage.hint(*subjects)
    stage.looks()


def test_many_drifts_of_the_flag_make_one_incident_and_one_page(overridden: Stage) -> None:
    others = [add(overridden, number) for number in range(1, 5)]
    check(overridden, SUBJECT, *others)
    parent = parent_of(overridden)
    assert parent.lead.name is CauseName.DIRSYNC_OVERRIDE
    assert parent.subject == FLAG
    assert [step.kind for step in parent.plan.steps] == [StepKind.BYPASS_ENABLE]
    assert {m.subject for m in overridden.table.members(parent.id)} == {SUBJECT, *others}
    assert overridden.table.member_count(parent) == 5
    assert [p.incident_id for p in overridden.pager.pages] == [parent.id]
    # What is open shows it once.
    assert [row["incident"] for row in overridden.table.summaries()] == [parent.id]


def test_a_member_waits_for_the_shared_incident(overridden: Stage) -> None:
    check(overridden)
    member = overridden.incident()
    assert (member.status, member.parent) == (Status.SHARED, parent_of(overridden).id)
    assert "shared cause" in overridden.timeline()
    with pytest.raises(BadRequest):
        overridden.says("a.colleague")
    assert overridden.remediations.sent == []
    run = overridden.remediation.run(member.id, member.plan.digest, overridden.hands)
    assert parent_of(overridden).id in run.reason
    assert overridden.graph.patches == []
    assert overridden.graph.bypass_writes == []


def test_a_second_check_joins_nobody_twice(overridden: Stage) -> None:
    check(overridden)
    check(overridden)
    parent = parent_of(overridden)
    assert overridden.table.joined(parent.id) == 1
    assert overridden.table.member_count(parent) == 1
    assert len(overridden.pager.pages) == 1


def test_a_slower_check_takes_no_members_place(overridden: Stage) -> None:
    """Its own commit would be refused, and the open member would be on no list."""
    check(overridden)
    parent, member = parent_of(overridden), overridden.incident()
    slower = Member(SUBJECT, PHONE, "inc-0000000000")
    drift = Drift(PHONE, "expected", "actual")
    with pytest.raises(Transient):
        overridden.shared.join(FLAG, slower, drift, parent.lead, Severity.WARNING, None)
    assert [m.incident_id for m in overridden.table.members(parent.id)] == [member.id]
    with pytest.raises(Conflict):
        overridden.table.join(parent.id, slower)


def test_the_page_is_told_again_when_the_list_grows_tenfold(overridden: Stage) -> None:
    for first in (1, 5, 9):
        check(overridden, *[add(overridden, number) for number in range(first, first + 4)])
    assert overridden.pager.news == ["opened", "changed"]
    assert "10" in overridden.pager.pages[-1].text


def test_a_worse_member_makes_it_worse(overridden: Stage) -> None:
    check(overridden)
    assert parent_of(overridden).severity is Severity.WARNING
    second, object_id = add(overridden, 1), someone(1)[1]
    overridden.graph.standings[object_id] = standing(role(), object_id=object_id)
    check(overridden, second)
    assert parent_of(overridden).severity is Severity.HIGH
    assert overridden.pager.news == ["opened", "changed"]


def test_the_last_proof_ends_it(overridden: Stage) -> None:
    second = add(overridden, 1)
    check(overridden, SUBJECT, second)
    parent = parent_of(overridden)
    overridden.graph.set(mobile_phone=app_user().profile["mobilePhone"])
    check(overridden)
    assert overridden.incident().status is Status.RESOLVED
    assert parent_of(overridden).id == parent.id
    assert [m.subject for m in overridden.table.members(parent.id)] == [second]
    # Nobody was paged about the member, so nobody is told that it is over.
    assert overridden.pager.news == ["opened"]
    overridden.graph.set(someone(1)[1], mobile_phone=app_user().profile["mobilePhone"])
    check(overridden, second)
    assert parent_of(overridden).status.open
    after_a_while(overridden)
    ended = overridden.table.incident(parent.id)
    assert ended is not None
    assert ended.status is Status.RESOLVED
    assert overridden.pager.news == ["opened", "mended"]
    assert overridden.table.summaries() == []


def test_a_new_drift_after_the_end_opens_another(overridden: Stage) -> None:
    check(overridden)
    first = parent_of(overridden)
    overridden.graph.set(mobile_phone=app_user().profile["mobilePhone"])
    check(overridden)
    after_a_while(overridden)
    check(overridden, add(overridden, 1))
    assert parent_of(overridden).id != first.id


def test_once_the_flag_is_on_each_goes_its_own_way(overridden: Stage) -> None:
    check(overridden)
    parent = parent_of(overridden)
    overridden.graph.trouble["directory_sync"] = Refused(403, "Authorization_RequestDenied", "no")
    overridden.table.record_bypass(BypassFact(True, overridden.clock(), "an administrator"))
    overridden.clock.pass_by(600)
    check(overridden)
    member = overridden.incident()
    assert (member.parent, member.status) == ("", Status.WAITING_PERSON)
    # Nobody was paged of it while the list held it.
    assert [p.incident_id for p in overridden.pager.pages] == [parent.id, member.id]
    after_a_while(overridden)
    ended = overridden.table.incident(parent.id)
    assert ended is not None
    assert ended.status is Status.RESOLVED


def test_a_cause_of_the_app_is_shared_too_and_needs_no_approval(stage: Stage) -> None:
    stage.okta.config = configuration(features=frozenset({"PUSH_USER_DEACTIVATION"}))
    stage.graph.set(mobile_phone=OLD_PHONE, other_mails=OLD_MAILS)
    check(stage)
    parent = parent_of(stage)
    assert parent.subject == Subject(APP, "*provisioning_off")
    assert parent.status is Status.WAITING_PERSON
    assert {m.attribute for m in stage.table.members(parent.id)} == {PHONE, MAILS}
    assert len(stage.pager.pages) == 1


def test_a_leaver_never_hides_in_a_list(stage: Stage) -> None:
    stage.okta.config = configuration(features=frozenset())
    stage.hint()
    stage.okta.unassign()
    check(stage)
    assert stage.incident().attribute is ENABLED
    assert stage.incident().parent == ""
    assert stage.pager.pages[0].severity is Severity.CRITICAL


def test_a_crash_between_listing_and_commit_lists_one_too_many_and_loses_none(
    overridden: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = overridden.table.commit_subject

    def crash(state: Any, *rest: Any) -> Any:
        if state.subject == SUBJECT and rest and rest[0]:
            raise Transient("the table does not answer")
        return commit(state, *rest)

    monkeypatch.setattr(overridden.table, "commit_subject", crash)
    overridden.clock.pass_by(SETTLE + 60)
    overridden.hint()
    for _ in range(3):
        overridden.next_look()
    assert overridden.table.member_count(parent_of(overridden)) == 1
    assert overridden.state.open == {}
    monkeypatch.undo()
    overridden.looks()
    parent = parent_of(overridden)
    (member,) = overridden.table.members(parent.id)
    assert member.incident_id == overridden.incident().id
    assert overridden.pager.news == ["opened"]


def test_a_crash_between_proof_and_leaving_is_made_up_for(
    overridden: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(overridden)
    parent = parent_of(overridden)
    overridden.graph.set(mobile_phone=app_user().profile["mobilePhone"])

    def crash(*_: Any) -> None:
        raise Transient("the table does not answer")

    monkeypatch.setattr(overridden.table, "leave", crash)
    overridden.clock.pass_by(SETTLE + 60)
    overridden.hint()
    assert overridden.incident().status is Status.RESOLVED
    assert overridden.table.member_count(parent) == 1
    monkeypatch.undo()
    overridden.looks()
    assert overridden.table.member_count(parent) == 0
    after_a_while(overridden)
    assert overridden.table.summaries() == []


def test_whoever_joins_while_it_ends_is_not_lost(
    overridden: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between "the list is empty" and the end somebody joins: the end is refused."""
    check(overridden)
    parent, lists = parent_of(overridden), overridden.shared
    member = Member(SUBJECT, PHONE, overridden.incident().id)
    late = Member(add(overridden, 1), PHONE, "inc-ffffffffff")
    members = overridden.table.members

    def race(*args: Any) -> list[Member]:
        seen = members(*args)
        if not seen:
            monkeypatch.undo()
            overridden.table.join(parent.id, late)
        return seen

    lists.leave(parent.id, member)
    monkeypatch.setattr(overridden.table, "members", race)
    with pytest.raises(Conflict):
        lists.end_if_empty(parent.id)
    assert parent_of(overridden).id == parent.id
    assert overridden.table.members(parent.id) == [late]


def test_joining_a_list_that_ended_meanwhile_opens_another(
    overridden: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(overridden)
    first, lists = parent_of(overridden), overridden.shared
    only = overridden.table.members(first.id)[0]
    second = add(overridden, 1)
    join = overridden.table.join

    def race(parent_id: str, member: Member, instead: str) -> int | None:
        monkeypatch.undo()
        lists.leave(first.id, only)
        lists.end_if_empty(first.id)
        return join(parent_id, member, instead)

    monkeypatch.setattr(overridden.table, "join", race)
    check(overridden, second)
    parent = parent_of(overridden)
    assert parent.id != first.id
    assert [m.subject for m in overridden.table.members(parent.id)] == [second]


def test_observe_only_observes(overridden: Stage) -> None:
    overridden.build(mode=Mode.OBSERVE)
    check(overridden)
    assert parent_of(overridden).status is Status.OBSERVED


# -- a drift that comes back -------------------------------------------------------------------


def test_a_drift_back_within_a_day_is_not_mended_by_itself(stage: Stage) -> None:
    stage.okta.log = [push(at=START - timedelta(minutes=30))]
    stage.graph.set(other_mails=OLD_MAILS)
    stage.drifted()
    stage.drain()
    assert stage.incident().status is Status.RESOLVED
    writes = len(stage.graph.patches)
    assert writes == 1
    stage.clock.pass_by(3600)
    stage.graph.set(other_mails=("another@home.example",))
    stage.clock.pass_by(SETTLE + 60)
    stage.hint()
    stage.drain()
    (back,) = stage.incidents()
    assert back.status is Status.WAITING_APPROVAL
    assert any("came back" in reason for reason in back.plan.policy.reasons)
    assert "came back" in stage.pager.pages[-1].text
    assert len(stage.graph.patches) == writes


@pytest.mark.parametrize("later", ["a day", "another value"])
def test_another_drift_is_not_taken_for_the_same(stage: Stage, later: str) -> None:
    stage.okta.log = [push(at=START - timedelta(minutes=30))]
    stage.graph.set(other_mails=OLD_MAILS)
    stage.drifted()
    stage.drain()
    if later == "a day":
        stage.clock.pass_by(25 * 3600)
    else:
        stage.clock.pass_by(3600)
        mails = ["newer@home.example"]
        stage.okta.assigned[SUBJECT] = app_user(profile={**app_user().profile, "otherMails": mails})
        profile = {**okta_user().profile, "otherMails": mails}
        stage.okta.users[SUBJECT.user_id] = okta_user(profile=profile)
    stage.graph.set(other_mails=("another@home.example",))
    stage.hint()
    stage.drain()
    assert stage.incidents() == []
    assert len(stage.graph.patches) == 2


def test_a_snoozed_incident_is_quiet_unless_it_gets_worse(stage: Stage) -> None:
    stage.build(mode=Mode.APPROVE)
    stage.graph.set(other_mails=OLD_MAILS)
    found = stage.drifted()
    until = stage.clock() + timedelta(days=1)
    stage.table.commit_incident(IncidentChange(replace(found, snoozed_until=until)))
    stage.graph.standings[OBJECT] = standing(owns_applications=True)
    stage.clock.pass_by(SETTLE + 60)
    stage.hint()
    stage.looks()
    assert stage.pager.news == ["opened"]
    stage.graph.set(other_mails=("another@home.example",))
    check(stage)
    assert stage.pager.news[0:2] == ["opened", "changed"]


# -- members that somebody dismissed ------------------------------------------------------------


def test_a_dismissed_member_leaves_and_the_last_one_ends_it(overridden: Stage) -> None:
    second = add(overridden, 1)
    check(overridden, SUBJECT, second)
    parent = parent_of(overridden)
    overridden.says("a.colleague", "dismiss", why="stays as it is")
    overridden.tick()
    assert [m.subject for m in overridden.table.members(parent.id)] == [second]
    assert parent_of(overridden).status.open
    overridden.graph.set(someone(1)[1], mobile_phone=app_user().profile["mobilePhone"])
    check(overridden, second)
    after_a_while(overridden)
    assert overridden.table.summaries() == []


def test_a_dismissed_drift_does_not_come_back_while_its_values_stay(overridden: Stage) -> None:
    check(overridden)
    overridden.says("a.colleague", "dismiss", why="stays as it is")
    check(overridden)
    assert overridden.state.open == {}
    overridden.graph.set(mobile_phone="+15550777")
    check(overridden)
    assert overridden.state.open


def test_values_that_are_again_what_was_dismissed_are_not_written(stage: Stage) -> None:
    stage.build(mode=Mode.APPROVE)
    stage.okta.log = [push(at=START - timedelta(minutes=30))]
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.says("a.colleague", "dismiss", why="this difference is meant")
    stage.graph.set(mobile_phone="+15550777")
    check(stage)
    assert len(stage.incidents()) == 1
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.build(mode=Mode.AUTO)
    check(stage)
    stage.drain()
    assert stage.incidents() == []
    assert stage.graph.patches == []
    assert stage.pager.news[-1] == "dismissed"


# -- races and crashes around the list ---------------------------------------------------------


@pytest.mark.parametrize("looks", [True, False], ids=["looks", "no looks"])
def test_tidying_between_listing_and_commit_orphans_nobody(
    overridden: Stage, monkeypatch: pytest.MonkeyPatch, looks: bool
) -> None:
    """tick ends the list in that very moment: the drift's commit is refused and tried again."""
    if not looks:
        overridden.watch = replace(overridden.watch, look_delays=())
        overridden.build(mode=Mode.APPROVE)
    commit = overridden.table.commit_subject

    def race(state: Any, *rest: Any) -> Any:
        if state.subject == SUBJECT and rest and rest[0]:
            monkeypatch.undo()
            overridden.shared.tidy(parent_of(overridden).id)
        return commit(state, *rest)

    monkeypatch.setattr(overridden.table, "commit_subject", race)
    check(overridden)
    parent = parent_of(overridden)
    assert overridden.incident().parent == parent.id
    assert [m.incident_id for m in overridden.table.members(parent.id)] == [
        overridden.incident().id
    ]


def test_one_user_that_is_tried_again_is_not_ten(
    overridden: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, left = overridden.table.commit_subject, [12]

    def crash(state: Any, *rest: Any) -> Any:
        if state.subject == SUBJECT and rest and rest[0] and left[0]:
            left[0] -= 1
            raise Transient("the table does not answer")
        return commit(state, *rest)

    monkeypatch.setattr(overridden.table, "commit_subject", crash)
    overridden.clock.pass_by(SETTLE + 60)
    overridden.hint()
    overridden.looks()
    assert left == [0]
    assert overridden.table.joined(parent_of(overridden).id) == 1
    assert overridden.pager.news == ["opened"]


def test_growth_is_told_although_somebody_was_faster(
    overridden: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for first in (1, 4, 7):
        check(overridden, *[add(overridden, number) for number in range(first, first + 3)])
    commit, once = overridden.table.commit_incident, [True]

    def race(change: IncidentChange) -> Incident:
        if once[0] and change.incident.everyone:
            once[0] = False
            raise Conflict("somebody was faster")
        return commit(change)

    monkeypatch.setattr(overridden.table, "commit_incident", race)
    check(overridden, add(overridden, 10))
    assert overridden.pager.news == ["opened", "changed"]


def test_a_cause_that_comes_and_goes_pages_a_few_times_and_keeps_the_list(
    overridden: Stage,
) -> None:
    pushed = [push(at=START - timedelta(minutes=30))]
    check(overridden)
    parent = parent_of(overridden)
    for number in range(12):
        overridden.okta.log = pushed if number % 2 == 0 else []
        check(overridden)
        overridden.clock.pass_by(1200)
        overridden.tick()
    assert parent_of(overridden).id == parent.id
    assert len(overridden.pager.pages) <= 3


def test_a_list_is_looked_through_in_few_requests(
    overridden: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for first in (1, 4, 7):
        check(overridden, *[add(overridden, number) for number in range(first, first + 3)])
    parent, table = parent_of(overridden), overridden.table
    calls: list[str] = []
    real: Any = table._call

    def counted(operation: Any, **arguments: Any) -> Any:
        calls.append(operation.__name__)
        return real(operation, **arguments)

    monkeypatch.setattr(table, "_call", counted)
    overridden.shared.tidy(parent.id)
    assert len(calls) <= 5


def test_a_long_list_is_looked_through_to_its_end(
    overridden: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.flows.shared.TIDIED", 2)
    check(overridden, *[add(overridden, number) for number in range(1, 5)])
    parent = parent_of(overridden)
    # Behind all the others, and left by a check that crashed.
    overridden.table.join(parent.id, Member(someone(9)[0], PHONE, "inc-dddddddddd"))
    overridden.shared.tidy(parent.id)
    assert overridden.table.member_count(parent) == 4


def test_a_shared_incident_follows_the_mode(overridden: Stage) -> None:
    overridden.build(mode=Mode.OBSERVE)
    check(overridden)
    overridden.build(mode=Mode.APPROVE)
    overridden.clock.pass_by(25 * 3600)
    overridden.tick()
    assert parent_of(overridden).status is Status.WAITING_APPROVAL
    assert overridden.pager.news == ["opened", "needs_you"]


def test_a_topic_that_is_down_holds_up_neither_record_nor_proof(overridden: Stage) -> None:
    second = add(overridden, 1)
    overridden.pager.down = True
    check(overridden, SUBJECT, second)
    states = overridden.table.subjects([SUBJECT, second])
    assert all(state.open for state in states.values())
    overridden.graph.set(mobile_phone=app_user().profile["mobilePhone"])
    check(overridden)
    assert overridden.state.open == {}
    overridden.pager.down = False
    overridden.clock.pass_by(600)
    overridden.tick()
    assert overridden.pager.news == ["opened"]
