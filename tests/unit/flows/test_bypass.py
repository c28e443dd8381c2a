"""The tenant flag: every guard before the PATCH, and what is known after a crash around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from lib.errors import NotDone, NotFound, Permanent, Refused, Transient, Unauthorized
from lib.flows.bypass import Bypass
from lib.flows.errands import Errands
from lib.flows.evidence import Evidence
from lib.flows.flag_incident import FlagIncident, last_incident
from lib.flows.runs import Ended, Run
from lib.flows.shared import Shared
from lib.incident import Incident, Status
from lib.model import DirectorySync
from lib.rules.case import BypassFact
from lib.rules.flag import OrdinaryCheck, OrdinaryChecks
from lib.settings import Mode
from lib.store.records import IncidentChange
from tests.fakes.clock import START
from tests.fakes.make import (
    OLD_PHONE,
    OTHER_OBJECT,
    PHONE,
    SUBJECT,
    TENANT,
    app_user,
    entra_user,
    okta_user,
    push,
)
from tests.fakes.stage import SETTLE, Stage
from tests.unit.flows.test_errands import Crash, crash_at

REFUSAL = Refused(403, "Authorization_RequestDenied", "Insufficient privileges", "graph-request")
IDS = (f"inc-bbbbbbbbb{n}" for n in range(10))


def bypass(stage: Stage, asleep: Callable[[float], None] | None = None) -> Bypass:
    """A new run of the command, by somebody who signed in anew."""
    errands = Errands(stage.table, stage.pager, stage.remediations, stage.clock)
    evidence = Evidence(stage.okta, stage.graph, stage.table, None, stage.clock)
    new_id: Callable[[], str] = lambda: next(IDS)  # noqa: E731
    shared = Shared(stage.table, errands, TENANT, stage.policy.mode, new_id, stage.clock)
    incidents = FlagIncident(
        stage.table,
        stage.policy,
        TENANT,
        errands,
        shared,
        stage.checks,
        "administrator",
        new_id,
        stage.clock,
    )
    return Bypass(
        stage.watch,
        stage.policy,
        stage.okta,
        stage.graph,
        stage.table,
        evidence,
        incidents,
        f"run-{stage.clock()}",
        asleep or stage.clock.pass_by,
        stage.clock,
    )


def enable(stage: Stage, *, yes: bool = True) -> Run:
    run = bypass(stage).enable(lambda _question: yes)
    stage.clock.pass_by(1)
    return run


def disable(stage: Stage, *, yes: bool = True) -> Run:
    run = bypass(stage).disable(lambda _question: yes)
    stage.clock.pass_by(1)
    return run


def passed(stage: Stage, others: int = 0, *, ago: float = 60) -> None:
    checks = (OrdinaryCheck("push_seen", "a push succeeded", passed=True),)
    at = stage.clock() - timedelta(seconds=ago)
    stage.table.record_ordinary_checks(OrdinaryChecks(at, "administrator", checks, others))


def parent(stage: Stage) -> Incident:
    """The flag's incident, open or closed."""
    found = stage.table.incident(last_incident(stage.table, TENANT))
    assert found is not None
    return found


def told(stage: Stage) -> list[str]:
    return [entry.what for entry in stage.table.timeline(parent(stage).id)]


def add_synced(stage: Stage) -> None:
    """One more synced user, whose number would go as well."""
    other = replace(SUBJECT, user_id="00uSYNCED0000000002")
    stage.okta.users[other.user_id] = okta_user(id=other.user_id)
    stage.okta.assigned[other] = app_user(user_id=other.user_id, external_id=OTHER_OBJECT)
    stage.graph.users[OTHER_OBJECT] = entra_user(
        object_id=OTHER_OBJECT, synced=True, mobile_phone=OLD_PHONE
    )


@pytest.fixture
def overridden(stage: Stage) -> Stage:
    """One member, the ordinary checks passed a minute ago, and nothing previewed yet."""
    stage.build(mode=Mode.APPROVE)
    stage.okta.log = [push(at=START - timedelta(minutes=30))]
    stage.graph.set(mobile_phone=OLD_PHONE, synced=True)
    stage.clock.pass_by(SETTLE + 60)
    stage.hint()
    stage.looks()
    assert parent(stage).status is Status.WAITING_APPROVAL
    passed(stage)
    return stage


@pytest.fixture
def approved(overridden: Stage) -> Stage:
    bypass(overridden).preview()
    overridden.says("a.colleague", incident=parent(overridden).id)
    assert parent(overridden).status is Status.WAITING_PERSON
    return overridden


# -- how it goes -------------------------------------------------------------------------------


def test_set_then_proved_by_the_members(approved: Stage) -> None:
    run = enable(approved)
    assert run.ended is Ended.DONE
    assert approved.graph.bypass_writes == [(TENANT, True)]
    fact = approved.table.bypass_fact()
    assert fact is not None
    assert fact.enabled
    incident = parent(approved)
    assert (incident.status, incident.in_flight, incident.steps_done) == (Status.PROVING, None, 1)
    assert told(approved)[-2:] == ["bypass_enable begins", "bypass_enable done"]
    entry = approved.table.timeline(incident.id)[-1]
    assert "graph-request" in entry.detail
    ((message, _),) = approved.checks.sent
    assert ([hint.subject for hint in message.hints], message.look) == ([SUBJECT], True)
    assert not approved.table.tenant_locked(approved.clock())
    approved.graph.set(mobile_phone=PHONE)
    approved.looks()
    assert approved.incident().status is Status.RESOLVED
    assert parent(approved).status is Status.RESOLVED


def test_many_members_are_asked_for_in_few_messages(approved: Stage) -> None:
    from lib.model import Attribute, Subject
    from lib.store.records import Member

    for number in range(60):
        subject = Subject(SUBJECT.app_id, f"00uMANY{number:013d}")
        approved.table.join(
            parent(approved).id, Member(subject, Attribute.MOBILE_PHONE, "inc-cccccccccc")
        )
    enable(approved)
    assert [len(message.hints) for message, _ in approved.checks.sent] == [25, 25, 11]


def test_nothing_is_proved_by_the_patch(approved: Stage) -> None:
    """The flag is on and the number is not: the drift goes on as one of its own."""
    enable(approved)
    approved.clock.pass_by(SETTLE)
    approved.looks()
    member = approved.incident()
    assert (member.status.open, member.parent) == (True, "")


def test_a_member_and_the_flag_are_not_the_remediations(approved: Stage) -> None:
    for incident in (parent(approved), approved.incident()):
        run = approved.remediation.run(incident.id, incident.plan.digest, approved.hands)
        assert run.ended in (Ended.WAITS, Ended.STALE)
    assert approved.graph.bypass_writes == []


# -- what refuses it ---------------------------------------------------------------------------


def never_checked(stage: Stage) -> None:
    stage.table.record_ordinary_checks(OrdinaryChecks(stage.clock(), "somebody", ()))


def failed_check(stage: Stage) -> None:
    bad = OrdinaryCheck("app_unmapped", "mobilePhone is not mapped", passed=False)
    stage.table.record_ordinary_checks(OrdinaryChecks(stage.clock(), "somebody", (bad,)))


def old_checks(stage: Stage) -> None:
    passed(stage, ago=24 * 3600 + 60)


def checks_of_tomorrow(stage: Stage) -> None:
    passed(stage, ago=-3600)


def old_preview(stage: Stage) -> None:
    stage.clock.pass_by(3601)


def others_since(stage: Stage) -> None:
    passed(stage, others=3)


def observes(stage: Stage) -> None:
    stage.table.set_mode(Mode.OBSERVE, "somebody", stage.clock())


def approval_ran_out(stage: Stage) -> None:
    stage.clock.pass_by(25 * 3600)
    passed(stage)
    bypass(stage).preview()


def locked(stage: Stage) -> None:
    stage.table.take_tenant_lock("somebody", stage.clock(), timedelta(minutes=15))


def capped(stage: Stage) -> None:
    assert stage.table.take_place("tenant-wide", "somebody", stage.clock(), 1)


def no_consent(stage: Stage) -> None:
    stage.graph.trouble["directory_sync"] = REFUSAL


def not_synced(stage: Stage) -> None:
    stage.graph.trouble["directory_sync"] = NotFound("no such object")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (never_checked, "bypass check"),
        (failed_check, "bypass check"),
        (old_checks, "bypass check"),
        (checks_of_tomorrow, "bypass check"),
        (old_preview, "bypass preview"),
        (others_since, "bypass check"),
        (observes, "mode approve"),
        (approval_ran_out, "pushproof approve inc-"),
        (locked, "under way"),
        (capped, "the cap of 1"),
        (no_consent, "not a Global Administrator"),
        (not_synced, "no directory synchronisation"),
    ],
)
def test_what_refuses_writes_nothing_and_says_what_to_run(
    approved: Stage, change: Callable[[Stage], None], says: str
) -> None:
    change(approved)
    run = enable(approved)
    assert (run.ended, approved.graph.bypass_writes) == (Ended.REFUSED, [])
    assert says in run.reason
    assert parent(approved).in_flight is None
    fact = approved.table.bypass_fact()
    assert fact is None or fact.enabled is False


def test_without_any_preview(overridden: Stage) -> None:
    run = enable(overridden)
    assert (run.ended, overridden.graph.bypass_writes) == (Ended.REFUSED, [])
    assert "bypass preview" in run.reason


def test_without_an_approval(overridden: Stage) -> None:
    bypass(overridden).preview()
    run = enable(overridden)
    assert (run.ended, overridden.graph.bypass_writes) == (Ended.REFUSED, [])
    assert "0 of 1 approvals" in run.reason


def test_a_refusal_to_read_leaves_the_flag_unknown(approved: Stage) -> None:
    approved.table.record_bypass(BypassFact(None, approved.clock(), "nobody"))
    no_consent(approved)
    enable(approved)
    fact = approved.table.bypass_fact()
    assert fact is not None
    assert fact.enabled is None


def test_what_is_refused_before_the_question_asks_nobody(approved: Stage) -> None:
    def asked(_question: str) -> bool:
        raise AssertionError("it was asked")

    old_checks(approved)
    assert bypass(approved).enable(asked).ended is Ended.REFUSED


def test_without_the_administrators_yes(approved: Stage) -> None:
    run = enable(approved, yes=False)
    assert (run.ended, approved.graph.bypass_writes) == (Ended.WAITS, [])
    assert not approved.table.tenant_locked(approved.clock())
    assert approved.table.take_place("tenant-wide", "somebody", approved.clock(), 1)


@pytest.mark.parametrize(
    ("while_asked", "says"),
    [(observes, "mode approve"), (never_checked, "bypass check"), (add_synced, "approve again")],
)
def test_everything_is_looked_at_again_after_the_question(
    approved: Stage, while_asked: Callable[[Stage], None], says: str
) -> None:
    def yes(_question: str) -> bool:
        while_asked(approved)
        return True

    run = bypass(approved).enable(yes)
    assert (run.ended, approved.graph.bypass_writes) == (Ended.REFUSED, [])
    assert says in run.reason
    assert not approved.table.tenant_locked(approved.clock())


def test_a_changed_preview_voids_the_approvals(approved: Stage) -> None:
    before = parent(approved).plan.digest
    add_synced(approved)
    run = enable(approved)
    assert (run.ended, approved.graph.bypass_writes) == (Ended.REFUSED, [])
    assert "2 numbers" in run.reason
    incident = parent(approved)
    assert incident.plan.digest != before
    assert incident.status is Status.WAITING_APPROVAL
    assert "preview changed" in told(approved)
    assert approved.pager.news[-1] == "needs_you"
    # Nothing runs on the old approval, however often it is tried.
    assert enable(approved).ended is Ended.REFUSED
    approved.says("a.colleague", incident=incident.id)
    assert enable(approved).ended is Ended.DONE
    assert approved.graph.bypass_writes == [(TENANT, True)]


@pytest.mark.parametrize("number", ["+15550177", None])
def test_another_number_is_another_preview(approved: Stage, number: str | None) -> None:
    approved.graph.set(mobile_phone=number)
    run = enable(approved)
    assert (run.ended, approved.graph.bypass_writes) == (Ended.REFUSED, [])
    assert "approve again" in run.reason


def test_the_same_preview_changes_nothing(approved: Stage) -> None:
    version = parent(approved).version
    bypass(approved).preview()
    assert parent(approved).version == version
    assert enable(approved).ended is Ended.DONE


def test_a_synced_stranger_is_no_part_of_what_was_approved(approved: Stage) -> None:
    approved.graph.users[OTHER_OBJECT] = entra_user(object_id=OTHER_OBJECT, synced=True)
    run = enable(approved)
    assert (run.ended, approved.graph.bypass_writes) == (Ended.REFUSED, [])
    passed(approved, others=1)
    approved.says("a.colleague", incident=parent(approved).id)
    assert enable(approved).ended is Ended.DONE


def test_a_refused_patch_is_told_and_keeps_the_incident(approved: Stage) -> None:
    approved.graph.trouble["set_bypass"] = REFUSAL
    run = enable(approved)
    assert run.ended is Ended.REFUSED
    assert "not a Global Administrator" in run.reason
    incident = parent(approved)
    assert (incident.status, incident.in_flight) == (Status.WAITING_PERSON, None)
    assert told(approved)[-1] == "bypass_enable refused"
    assert "refused" in approved.pager.news
    fact = approved.table.bypass_fact()
    assert fact is not None
    assert fact.enabled is False


@pytest.mark.parametrize("trouble", [Unauthorized("HTTP 401"), NotDone("HTTP 429", 20)])
def test_what_was_not_done_is_nobodys_fault(
    approved: Stage, trouble: Unauthorized | NotDone
) -> None:
    approved.graph.trouble["set_bypass"] = trouble
    with pytest.raises(type(trouble)):
        enable(approved)
    assert parent(approved).in_flight is None
    assert told(approved)[-1] == "bypass_enable not done"


# -- crashes and stale reads -------------------------------------------------------------------


def test_a_crash_between_patch_and_record_is_found_out(approved: Stage) -> None:
    crash_at(approved.graph, "set_bypass")
    with pytest.raises(Crash):
        enable(approved)
    assert parent(approved).in_flight == "bypass_enable"
    fact = approved.table.bypass_fact()
    assert fact is None or not fact.enabled
    # The next run writes nothing, whatever else became too old meanwhile.
    approved.clock.pass_by(48 * 3600)
    run = enable(approved)
    assert run.ended is Ended.HEALED
    assert approved.graph.bypass_writes == [(TENANT, True)]
    assert (parent(approved).status, parent(approved).in_flight) == (Status.PROVING, None)
    assert approved.checks.sent
    fact = approved.table.bypass_fact()
    assert fact is not None
    assert fact.enabled


def test_a_crash_before_the_patch_is_done_again_without_a_place(approved: Stage) -> None:
    def dies(*_: object) -> None:
        raise Crash

    works = approved.graph.set_bypass
    approved.graph.set_bypass = dies  # type: ignore[method-assign,assignment]
    with pytest.raises(Crash):
        enable(approved)
    approved.graph.set_bypass = works  # type: ignore[method-assign]
    assert enable(approved).ended is Ended.DONE
    assert approved.graph.bypass_writes == [(TENANT, True)]


def test_a_crash_between_record_and_checks_is_found_out(approved: Stage) -> None:
    approved.checks.down = True
    with pytest.raises(Transient):
        enable(approved)
    approved.checks.down = False
    assert enable(approved).ended is Ended.HEALED
    assert len(approved.checks.sent) == 1
    assert parent(approved).status is Status.PROVING


def test_a_stale_read_after_the_patch_is_waited_for(approved: Stage) -> None:
    stale = DirectorySync(TENANT, False)
    waited: list[float] = []

    def asleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            approved.graph.sync = DirectorySync(TENANT, True)

    works = approved.graph.set_bypass

    def late(*given: object) -> object:
        receipt = works(*given)  # type: ignore[arg-type]
        approved.graph.sync = stale
        return receipt

    approved.graph.set_bypass = late  # type: ignore[method-assign,assignment]
    run = bypass(approved, asleep).enable(lambda _question: True)
    assert run.ended is Ended.DONE
    assert waited == [1.0, 2.0]


def test_a_flag_that_still_reads_false_is_not_called_done(approved: Stage) -> None:
    works = approved.graph.set_bypass

    def nothing(*given: object) -> object:
        receipt = works(*given)  # type: ignore[arg-type]
        approved.graph.sync = DirectorySync(TENANT, False)
        return receipt

    approved.graph.set_bypass = nothing  # type: ignore[method-assign,assignment]
    with pytest.raises(Transient, match="still reads false"):
        enable(approved)
    incident = parent(approved)
    assert (incident.steps_done, incident.in_flight) == (0, "bypass_enable")
    assert told(approved)[-1] == "bypass_enable outcome unknown"
    assert not approved.table.tenant_locked(approved.clock())
    fact = approved.table.bypass_fact()
    assert fact is not None
    assert fact.enabled is False


def test_growth_of_the_list_meanwhile_loses_no_outcome(approved: Stage) -> None:
    works = approved.graph.set_bypass

    def grows(*given: object) -> object:
        receipt = works(*given)  # type: ignore[arg-type]
        approved.table.commit_incident(IncidentChange(parent(approved)))
        return receipt

    approved.graph.set_bypass = grows  # type: ignore[method-assign,assignment]
    assert enable(approved).ended is Ended.DONE
    assert parent(approved).steps_done == 1


def test_a_plan_that_changes_under_the_last_gate_stops_it(
    approved: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bypass(approved)
    renew = approved.table.take_tenant_lock
    calls = []

    def other_preview(*given: object) -> None:
        renew(*given)  # type: ignore[arg-type]
        calls.append(given)
        if len(calls) == 2:  # right before the PATCH
            known = parent(approved)
            plan = replace(known.plan, watched="another")
            approved.table.commit_incident(IncidentChange(replace(known, plan=plan)))

    monkeypatch.setattr(approved.table, "take_tenant_lock", other_preview)
    ended = run.enable(lambda _question: True)
    assert (ended.ended, approved.graph.bypass_writes) == (Ended.REFUSED, [])


def test_a_lost_lock_stops_it(approved: Stage) -> None:
    """Reading a large tenant took longer than the lock lasts, and somebody else has it now."""
    synced = approved.graph.synced_users

    def slow() -> object:
        approved.clock.pass_by(16 * 60)
        locked(approved)
        return synced()

    approved.graph.synced_users = slow  # type: ignore[method-assign,assignment]
    run = enable(approved)
    assert (run.ended, approved.graph.bypass_writes) == (Ended.REFUSED, [])
    assert approved.table.tenant_locked(approved.clock())


# -- found on, opened by hand ------------------------------------------------------------------


def test_on_already_is_recorded_and_not_written(overridden: Stage) -> None:
    overridden.graph.sync = DirectorySync(TENANT, True)
    run = enable(overridden)
    assert (run.ended, overridden.graph.bypass_writes) == (Ended.HEALED, [])
    assert parent(overridden).status is Status.PROVING
    fact = overridden.table.bypass_fact()
    assert fact is not None
    assert fact.enabled


def test_since_when_it_is_on_stays_as_first_seen(overridden: Stage) -> None:
    first = BypassFact(True, overridden.clock(), "an administrator")
    overridden.table.record_bypass(first)
    overridden.graph.sync = DirectorySync(TENANT, True)
    overridden.clock.pass_by(3600)
    enable(overridden)
    kept = overridden.table.bypass_fact()
    assert kept is not None
    assert kept.at - first.at < timedelta(seconds=1)


def test_nothing_is_open_so_it_is_opened_and_waits_for_approval(stage: Stage) -> None:
    stage.build(mode=Mode.APPROVE)
    stage.graph.set(mobile_phone=OLD_PHONE, synced=True)
    passed(stage)
    bypass(stage).preview()
    run = enable(stage)
    assert (run.ended, stage.graph.bypass_writes) == (Ended.REFUSED, [])
    incident = parent(stage)
    assert f"pushproof approve {incident.id}" in run.reason
    assert incident.status is Status.WAITING_APPROVAL
    assert stage.pager.news == ["opened"]
    stage.says("a.colleague", incident=incident.id)
    assert enable(stage).ended is Ended.DONE
    # It lists nobody, so nothing is left to prove.
    assert parent(stage).status is Status.RESOLVED
    assert stage.graph.bypass_writes == [(TENANT, True)]


@pytest.mark.parametrize("change", [failed_check, observes])
def test_nothing_is_opened_by_hand_in_vain(stage: Stage, change: Callable[[Stage], None]) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE, synced=True)
    passed(stage)
    bypass(stage).preview()
    change(stage)
    assert enable(stage).ended is Ended.REFUSED
    assert last_incident(stage.table, TENANT) == ""
    assert stage.pager.pages == []


def test_auto_mode_sets_no_flag_without_an_approval(overridden: Stage) -> None:
    overridden.table.set_mode(Mode.AUTO, "somebody", overridden.clock())
    bypass(overridden).preview()
    assert enable(overridden).ended is Ended.REFUSED
    assert overridden.graph.bypass_writes == []


# -- the way back ------------------------------------------------------------------------------


def test_the_way_back_is_recorded_and_voids_the_approvals(approved: Stage) -> None:
    enable(approved)
    run = disable(approved)
    assert run.ended is Ended.DONE
    assert approved.graph.bypass_writes == [(TENANT, True), (TENANT, False)]
    fact = approved.table.bypass_fact()
    assert fact is not None
    assert fact.enabled is False
    incident = parent(approved)
    assert (incident.status, incident.steps_done) == (Status.WAITING_APPROVAL, 0)
    assert told(approved)[-3:] == ["bypass_disable begins", "bypass_disable done", "flag off again"]
    # The approval was for setting it once.
    assert enable(approved).ended is Ended.REFUSED
    assert len(approved.graph.bypass_writes) == 2


def test_a_cap_on_setting_never_holds_back_the_way_back(approved: Stage) -> None:
    enable(approved)
    capped_already = not approved.table.take_place("tenant-wide", "somebody", approved.clock(), 1)
    assert capped_already
    assert disable(approved).ended is Ended.DONE
    approved.graph.sync = DirectorySync(TENANT, True)
    assert disable(approved).ended is Ended.REFUSED
    assert len(approved.graph.bypass_writes) == 2


def test_off_already_is_recorded_and_not_written(approved: Stage) -> None:
    enable(approved)
    approved.graph.sync = DirectorySync(TENANT, False)
    assert disable(approved).ended is Ended.HEALED
    assert approved.graph.bypass_writes == [(TENANT, True)]
    fact = approved.table.bypass_fact()
    assert fact is not None
    assert fact.enabled is False
    assert parent(approved).status is Status.WAITING_APPROVAL


def test_switched_off_elsewhere_needs_new_approvals(approved: Stage) -> None:
    enable(approved)
    approved.graph.sync = DirectorySync(TENANT, False)
    run = enable(approved)
    assert run.ended is Ended.REFUSED
    assert "0 of 1 approvals" in run.reason
    assert approved.graph.bypass_writes == [(TENANT, True)]


@pytest.mark.parametrize(
    ("change", "ended"),
    [(no_consent, Ended.REFUSED), (not_synced, Ended.REFUSED), (locked, Ended.REFUSED)],
)
def test_what_refuses_the_way_back(
    approved: Stage, change: Callable[[Stage], None], ended: Ended
) -> None:
    approved.graph.sync = DirectorySync(TENANT, True)
    change(approved)
    assert (disable(approved).ended, approved.graph.bypass_writes) == (ended, [])


def test_the_way_back_needs_a_yes(approved: Stage) -> None:
    approved.graph.sync = DirectorySync(TENANT, True)
    assert (disable(approved, yes=False).ended, approved.graph.bypass_writes) == (Ended.WAITS, [])


def test_a_refused_way_back_is_told(approved: Stage) -> None:
    approved.graph.sync = DirectorySync(TENANT, True)
    approved.graph.trouble["set_bypass"] = REFUSAL
    assert disable(approved).ended is Ended.REFUSED
    assert told(approved)[-1] == "bypass_disable refused"


def test_the_way_back_speaks_on_the_last_incident_that_is_closed(approved: Stage) -> None:
    enable(approved)
    approved.graph.set(mobile_phone=PHONE)
    approved.looks()
    assert parent(approved).status is Status.RESOLVED
    disable(approved)
    assert told(approved)[-1] == "bypass_disable done"
    assert parent(approved).status is Status.RESOLVED


def test_pages_and_timelines_hold_no_number(approved: Stage) -> None:
    add_synced(approved)
    enable(approved)
    texts = [page.text for page in approved.pager.pages]
    entries = approved.table.timeline(parent(approved).id)
    texts += [f"{entry.what} {entry.detail}" for entry in entries]
    assert not any(number in text for text in texts for number in (PHONE, OLD_PHONE, "5550"))


def test_an_incident_that_is_gone_is_said(approved: Stage) -> None:
    with pytest.raises(Permanent):
        FlagIncident.not_done(
            bypass(approved)._incidents,
            replace(parent(approved), id="inc-dddddddddd"),
            "why",
            begun=False,
        )
