"""dismiss and snooze: exactly this difference stays; exactly so long nobody is woken."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lib.errors import Transient
from lib.flows.asked import Answer, BadRequest, Caller
from lib.incident import Incident, Status
from lib.rules.shared import flag_subject
from lib.settings import Mode
from lib.store.records import IncidentChange, Member
from lib.times import to_text
from tests.fakes.make import OLD_MAILS, OLD_PHONE, PHONE, SUBJECT, TENANT, configuration, push
from tests.fakes.stage import ARN, SETTLE, Stage

WHY = "agreed with Ordinary User, who keeps the private number"


def ask(stage: Stage, found: Incident, action: str, **changes: Any) -> Answer:
    asked = {"action": action, "incident": found.id, "digest": found.plan.digest}
    answer = stage.approvals.run(asked | changes, Caller(ARN + "a.colleague"))
    stage.clock.pass_by(1)
    return answer


def now_of(stage: Stage, found: Incident) -> Incident:
    now = stage.table.incident(found.id)
    assert now is not None
    return now


def check(stage: Stage) -> None:
    stage.clock.pass_by(SETTLE + 60)
    stage.hint()
    stage.looks()


def refused(stage: Stage, found: Incident, action: str, **changes: Any) -> BadRequest:
    """With nothing changed by it."""
    before, pages = now_of(stage, found), len(stage.pager.pages)
    with pytest.raises(BadRequest) as error:
        ask(stage, found, action, **changes)
    assert now_of(stage, found) == before
    assert stage.table.ruling(found.subject, found.attribute) is None
    assert len(stage.pager.pages) == pages
    assert "\n" not in str(error.value)
    return error.value


# -- dismiss -----------------------------------------------------------------------------------


def test_a_dismissed_difference_stays_and_is_not_found_again(simple: Stage) -> None:
    found = simple.incident()
    assert ask(simple, found, "dismiss", why=WHY).status == "dismissed"
    assert now_of(simple, found).status is Status.DISMISSED
    assert simple.incidents() == []
    for _ in range(3):
        check(simple)
    assert simple.incidents() == []
    assert simple.graph.patches == []
    assert simple.pager.news == ["opened", "dismissed"]


@pytest.mark.parametrize("side", ["okta", "entra"])
def test_another_value_is_another_difference(simple: Stage, side: str) -> None:
    found = simple.incident()
    ask(simple, found, "dismiss", why=WHY)
    if side == "entra":
        simple.graph.set(mobile_phone="+15550177")
    else:
        held, user = simple.okta.assigned[SUBJECT], simple.okta.users[SUBJECT.user_id]
        number = {"mobilePhone": "+15550177"}
        simple.okta.assigned[SUBJECT] = replace(held, profile={**held.profile, **number})
        simple.okta.users[SUBJECT.user_id] = replace(user, profile={**user.profile, **number})
    check(simple)
    (again,) = simple.incidents()
    assert again.id != found.id
    assert again.status is Status.WAITING_APPROVAL


def test_a_dismissal_is_for_one_attribute(simple: Stage) -> None:
    ask(simple, simple.incident(), "dismiss", why=WHY)
    simple.graph.set(other_mails=OLD_MAILS)
    check(simple)
    (found,) = simple.incidents()
    assert found.attribute.value == "otherMails"


def test_who_and_why_are_kept_and_nobody_is_paged_with_them(
    simple: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    found = simple.incident()
    ask(simple, found, "dismiss", why=f"  {WHY} ")
    entry = simple.table.timeline(found.id)[-1]
    assert (entry.actor, entry.what, entry.detail) == ("a.colleague", "dismissed", WHY)
    ruling = simple.table.ruling(found.subject, found.attribute)
    assert ruling is not None
    assert (ruling.person, ruling.why) == ("a.colleague", WHY)
    assert ruling.values == found.plan.values_digest
    (record,) = simple.table.audit(found.opened_at, simple.clock())
    assert (record.outcome, record.why) == ("dismissed", WHY)
    page = simple.pager.pages[-1]
    for word in (WHY, "Ordinary User", "a.colleague"):
        assert word not in page.text + page.subject_line
        assert word not in caplog.text


def test_a_dismissal_says_why_in_one_line(simple: Stage) -> None:
    found = simple.incident()
    vague = (None, "", "ok", "  a  ", "x" * 501, 7)
    shown_wrongly = ("two\nlines", "a\x00b c", "bell \x07", "\u202eright to left")
    for why in (*vague, *shown_wrongly):
        assert refused(simple, found, "dismiss", why=why).status == 400
    records = simple.table.audit(found.opened_at, simple.clock())
    assert {(record.outcome, record.why) for record in records} == {("refused", "")}


@pytest.mark.parametrize("why", ["yes", "x" * 500, "так и задумано", "it's <meant> [bold]"])
def test_any_line_will_do(simple: Stage, why: str) -> None:
    found = simple.incident()
    ask(simple, found, "dismiss", why=why)
    ruling = simple.table.ruling(found.subject, found.attribute)
    assert ruling is not None
    assert ruling.why == why


def test_only_what_was_shown_is_dismissed(simple: Stage) -> None:
    found = simple.incident()
    assert refused(simple, found, "dismiss", why=WHY, digest="0" * 64).status == 409
    assert refused(simple, found, "dismiss", why=WHY, digest=None).status == 400
    simple.graph.set(mobile_phone="+15550177")
    simple.drifted()
    assert refused(simple, found, "dismiss", why=WHY).status == 409


@pytest.mark.parametrize("status", [Status.REMEDIATING, Status.PROVING])
def test_what_runs_or_is_proved_is_not_dismissed(simple: Stage, status: Status) -> None:
    simple.says("a.colleague")
    if status is Status.PROVING:
        simple.mend()
    found = simple.incident()
    assert found.status is status
    assert refused(simple, found, "dismiss", why=WHY).status == 409


@pytest.mark.parametrize("action", ["dismiss", "snooze"])
def test_a_step_in_flight_is_waited_for_unless_it_was_abandoned(
    waiting: Stage, action: str
) -> None:
    flying = replace(waiting.incident(), in_flight="privileged_write", updated_at=waiting.clock())
    found = waiting.table.commit_incident(IncidentChange(flying))
    assert refused(waiting, found, action, why=WHY, until="2h").status == 409
    waiting.clock.pass_by(16 * 60)
    ask(waiting, found, action, why=WHY, until="2h")


def test_twice_is_once(simple: Stage) -> None:
    found = simple.incident()
    ask(simple, found, "dismiss", why=WHY)
    with pytest.raises(BadRequest, match="dismissed already"):
        ask(simple, found, "dismiss", why="another reason")
    ruling = simple.table.ruling(found.subject, found.attribute)
    assert ruling is not None
    assert ruling.why == WHY
    assert simple.pager.news == ["opened", "dismissed"]


def test_a_break_glass_account_may_be_dismissed(stage: Stage) -> None:
    """Nothing may be done to it, so the difference may have to stay."""
    stage.graph.set(mobile_phone=OLD_PHONE)
    object_id = next(iter(stage.graph.users))
    stage.build(break_glass=frozenset({object_id}))
    assert ask(stage, stage.drifted(), "dismiss", why=WHY).status == "dismissed"


def test_a_page_that_can_not_be_sent_now_does_not_undo_it(simple: Stage) -> None:
    found = simple.incident()
    simple.pager.down = True
    assert ask(simple, found, "dismiss", why=WHY).status == "dismissed"
    assert [page.news.value for page in simple.table.unsent_pages(found.id)] == ["dismissed"]


def test_a_crash_keeps_all_of_it_or_nothing(simple: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    found = simple.incident()

    def crash(_: object) -> None:
        raise Transient("the table does not answer")

    monkeypatch.setattr(simple.table, "_transact", crash)
    with pytest.raises(Transient):
        ask(simple, found, "dismiss", why=WHY)
    monkeypatch.undo()
    assert now_of(simple, found) == found
    assert simple.table.ruling(found.subject, found.attribute) is None
    assert simple.table.audit(found.opened_at, simple.clock()) == []


# -- causes that many share --------------------------------------------------------------------


@pytest.fixture
def listed(stage: Stage) -> Stage:
    """One drift, listed by the incident of provisioning that is off."""
    stage.build(mode=Mode.APPROVE)
    stage.okta.log = [push()]
    stage.okta.config = configuration(features=frozenset({"PUSH_USER_DEACTIVATION"}))
    stage.graph.set(mobile_phone=OLD_PHONE)
    assert stage.drifted().status is Status.SHARED
    return stage


def test_a_member_is_dismissed_alone_and_silently(listed: Stage) -> None:
    member = listed.incident()
    pages = listed.pager.news
    assert ask(listed, member, "dismiss", why=WHY).status == "dismissed"
    # It is still on the list: whoever decides may not take it off, and tick does within a minute.
    assert now_of(listed, member).parent == member.parent
    listed.tick()
    assert now_of(listed, member).parent == ""
    assert listed.table.members(member.parent) == []
    assert listed.pager.news == pages
    (entry,) = [e for e in listed.table.timeline(member.id) if e.what == "dismissed"]
    assert member.parent in entry.detail


def test_the_alert_of_what_joined_a_list_later_is_closed(simple: Stage) -> None:
    """Paged about as an incident of its own, listed by another since."""
    simple.okta.config = configuration(features=frozenset({"PUSH_USER_DEACTIVATION"}))
    simple.clock.pass_by(3600)
    check(simple)
    member = simple.incident()
    assert member.status is Status.SHARED
    ask(simple, member, "dismiss", why=WHY)
    news = [page.news.value for page in simple.pager.pages if page.incident_id == member.id]
    assert news == ["opened", "dismissed"]


def test_a_list_that_lists_somebody_is_not_dismissed(listed: Stage) -> None:
    parent = listed.table.incident(listed.incident().parent)
    assert parent is not None
    error = refused(listed, parent, "dismiss", why=WHY)
    assert (error.status, "dismiss its members" in str(error)) == (409, True)


def test_an_empty_list_is_dismissed_without_a_ruling(listed: Stage) -> None:
    member = listed.incident()
    parent = listed.table.incident(member.parent)
    assert parent is not None
    listed.table.leave(parent.id, member.subject, member.attribute, member.id)
    ask(listed, parent, "dismiss", why=WHY)
    assert now_of(listed, parent).status is Status.DISMISSED
    assert listed.table.ruling(parent.subject, parent.attribute) is None
    assert listed.pager.news == ["opened", "dismissed"]


def test_whoever_joins_meanwhile_keeps_the_list_open(
    listed: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = listed.incident()
    parent = listed.table.incident(member.parent)
    assert parent is not None
    listed.table.leave(parent.id, member.subject, member.attribute, member.id)
    members = listed.table.members

    def race(*args: Any) -> list[Member]:
        seen = members(*args)
        monkeypatch.undo()
        late = Member(flag_subject(TENANT), member.attribute, "inc-ffffffffff")
        listed.table.join(parent.id, late)
        return seen

    monkeypatch.setattr(listed.table, "members", race)
    assert refused(listed, parent, "dismiss", why=WHY).status == 409


# -- snooze ------------------------------------------------------------------------------------


def test_a_snooze_is_kept_with_who_and_until_when(simple: Stage) -> None:
    found = simple.incident()
    before = simple.clock()
    ask(simple, found, "snooze", until="2h")
    until = now_of(simple, found).snoozed_until
    assert until is not None
    assert timedelta() <= until - before - timedelta(hours=2) < timedelta(seconds=2)
    entry = simple.table.timeline(found.id)[-1]
    assert (entry.actor, entry.what) == ("a.colleague", f"snoozed until {to_text(until)}")
    (record,) = simple.table.audit(found.opened_at, simple.clock())
    assert (record.action, record.outcome) == ("snooze", "snoozed")
    assert to_text(until) in record.detail
    assert now_of(simple, found).status is found.status
    assert simple.pager.news == ["opened"]


def test_a_snooze_is_due_when_it_ends(simple: Stage) -> None:
    found = simple.incident()
    ask(simple, found, "snooze", until="2h")
    later = simple.clock() + timedelta(hours=2)
    assert found.id in [i.incident_id for i in simple.table.due(later, 10) if "HEAD" in i.sk]
    assert found.id not in [i.incident_id for i in simple.table.due(simple.clock(), 10)]


def test_a_snooze_ends_by_hand(simple: Stage) -> None:
    found = simple.incident()
    ask(simple, found, "snooze", until="7d")
    assert ask(simple, found, "snooze", until="now").outcome == "snooze ended"
    assert now_of(simple, found).snoozed_until is None


@pytest.mark.parametrize("action", ["approve", "dismiss"])
def test_a_snooze_ends_with_a_decision(simple: Stage, action: str) -> None:
    found = simple.incident()
    ask(simple, found, "snooze", until="7d")
    ask(simple, found, action, why=WHY)
    assert now_of(simple, found).snoozed_until is None


def test_how_long_must_make_sense(simple: Stage) -> None:
    found = simple.incident()
    spans = ("31d", "721h", "0h", "-2h", "2w", "", "soon", None)
    for until in (*spans, "2020-01-01T00:00Z", "2026-01-03T09:00"):
        assert refused(simple, found, "snooze", until=until).status == 400


def test_a_member_is_not_snoozed_but_its_list_is(listed: Stage) -> None:
    member = listed.incident()
    error = refused(listed, member, "snooze", until="2h")
    assert (error.status, member.parent in str(error)) == (409, True)
    parent = listed.table.incident(member.parent)
    assert parent is not None
    ask(listed, parent, "snooze", until="2h")
    assert now_of(listed, parent).snoozed_until is not None


def test_a_closed_incident_is_not_snoozed(simple: Stage) -> None:
    found = simple.incident()
    ask(simple, found, "dismiss", why=WHY)
    with pytest.raises(BadRequest, match="dismissed already"):
        ask(simple, found, "snooze", until="2h")


def test_the_trail_holds_no_value(simple: Stage) -> None:
    found = simple.incident()
    ask(simple, found, "snooze", until="2h")
    ask(simple, found, "dismiss", why="is meant")
    told = json.dumps([str(r) for r in simple.table.audit(found.opened_at, simple.clock())])
    assert not [value for value in (PHONE, OLD_PHONE) if value in told]
