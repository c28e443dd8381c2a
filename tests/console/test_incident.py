"""One incident: masked until asked for, decided by a signed request, followed as it happens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lib.incident import Incident, Policy, Status
from lib.model import Attribute, Subject
from lib.store.records import IncidentChange, Member
from ops import approvals
from ops.connection import Trouble
from tests.console.browser import Browser, Markup
from tests.console.conftest import PERSON, Make
from tests.fakes.make import APP, LOGIN, OBJECT, OLD_PHONE, PHONE, SECRETS, USER
from tests.fakes.stage import Stage


def of(incident: Incident, part: str = "") -> str:
    return f"/incidents/{incident.id}{part}"


def forms(text: str) -> set[str]:
    tags = Markup(text).tags
    posts = [a for tag, a in tags if tag == "form" and a.get("method") == "post"]
    return {str(a["action"]).rpartition("/")[2] for a in posts}


def test_it_is_masked_and_says_the_rest(browser: Browser, simple: Incident) -> None:
    text = browser.read(of(simple))
    assert not [secret for secret in SECRETS if secret in text]
    for told in (simple.id, USER, OBJECT, "mobilePhone", "graph write", simple.plan.digest):
        assert told in text
    assert '<dd id="expected" class="masked">+1…00</dd>' in text
    assert "pushproof approve" in text
    assert f"--as {PERSON}" in text


def test_revealing_is_recorded_first(
    browser: Browser, simple: Incident, stage: Stage, asked: list[dict[str, Any]]
) -> None:
    answer = browser.post(of(simple, "/reveal"))
    assert answer.status_code == 200
    assert PHONE in answer.text
    assert OLD_PHONE in answer.text
    assert asked == [{"action": "note", "what": "revealed", "incident": simple.id}]
    (record,) = stage.table.audit(simple.opened_at, stage.clock())
    assert (record.person, record.action, record.detail) == (PERSON, "note", "revealed")
    assert record.incident == simple.id
    assert PHONE not in browser.read(of(simple))  # the next look is masked again
    assert simple.id in browser.read("/audit")


def test_the_address_of_a_revelation_leads_to_the_masked_incident(
    browser: Browser, simple: Incident, asked: list[dict[str, Any]]
) -> None:
    answer = browser.get(of(simple, "/reveal"))
    assert (answer.status_code, answer.headers["Location"]) == (303, of(simple))
    assert browser.get("/incidents/inc-0000000000/reveal").status_code == 404
    assert asked == []


def test_what_can_not_be_recorded_is_not_revealed(
    browser: Browser, simple: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> Any:
        raise Trouble("The approve route could not be reached (ConnectTimeout); try again.")

    monkeypatch.setattr(approvals, "send", down)
    text = browser.done(of(simple, "/reveal"))
    assert "could not be recorded" in text
    assert PHONE not in text
    assert "shown on this page only" not in text


def test_who_changed_it_shows_with_the_values(
    browser: Browser, stage: Stage, simple: Incident
) -> None:
    policy = Policy(2, ("owns applications",), (LOGIN,), "", f"{LOGIN} at 2026-01-01")
    known = stage.incident()
    changed = replace(known, plan=replace(known.plan, policy=policy))
    stage.table.commit_incident(IncidentChange(changed))
    text = browser.read(of(simple))
    assert LOGIN not in text
    assert "revealing shows by whom" in text
    revealed = browser.post(of(simple, "/reveal")).text
    assert f"{LOGIN} at 2026-01-01" in revealed
    assert f"May not approve: {LOGIN}" in revealed
    assert "Needs 2 approvals: owns applications" in revealed


def test_whoever_decides_has_seen_the_values(browser: Browser, simple: Incident) -> None:
    assert forms(browser.read(of(simple))) == {"reveal", "snooze"}
    revealed = browser.post(of(simple, "/reveal")).text
    assert forms(revealed) == {"approve", "dismiss", "snooze"}
    assert f'name="digest" value="{simple.plan.digest}"' in revealed


def test_approving_exactly_this_plan(
    browser: Browser, stage: Stage, simple: Incident, asked: list[dict[str, Any]]
) -> None:
    text = browser.done(of(simple, "/approve"), digest=simple.plan.digest)
    assert "approved: 1 of 1 approvals; the incident is remediating." in text
    assert asked == [{"action": "approve", "digest": simple.plan.digest, "incident": simple.id}]
    assert len(stage.remediations.sent) == 1
    stage.drain()
    live = browser.read(of(simple, "/live"))
    assert '<strong id="status">resolved</strong>' in live
    assert PERSON in live
    assert forms(browser.read(of(simple))) == {"reveal"}


def test_another_plan_is_not_approved(
    browser: Browser, stage: Stage, simple: Incident, asked: list[dict[str, Any]]
) -> None:
    text = browser.done(of(simple, "/approve"), digest="0" * 64)
    assert 'role="alert"' in text
    assert "changed; look at it and decide anew." in text
    assert stage.remediations.sent == []
    assert stage.table.approvals(simple.id) == []


def test_two_people_are_needed_and_one_counts_once(
    browser: Browser, stage: Stage, privileged: Incident
) -> None:
    digest = privileged.plan.digest
    assert "approved: 1 of 2" in browser.done(of(privileged, "/approve"), digest=digest)
    again = browser.done(of(privileged, "/approve"), digest=digest)
    assert "you had approved this plan already: 1 of 2" in again
    assert stage.incident().status is Status.WAITING_APPROVAL
    assert len(stage.table.approvals(privileged.id)) == 1


def test_dismissing_says_why(browser: Browser, stage: Stage, simple: Incident) -> None:
    digest = simple.plan.digest
    assert 'role="alert"' in browser.done(of(simple, "/dismiss"), digest=digest, why=" ")
    assert stage.incident().status is Status.WAITING_APPROVAL
    text = browser.done(of(simple, "/dismiss"), digest=digest, why="keeps the private one")
    assert "The incident is dismissed." in text
    assert "keeps the private one" in text
    assert "nothing is left to decide" in text


def test_snoozing_and_waking(browser: Browser, stage: Stage, simple: Incident) -> None:
    text = browser.done(of(simple, "/snooze"), until="tomorrow")
    assert 'role="alert"' in text
    assert stage.incident().snoozed_until is None
    assert "snoozed until" in browser.done(of(simple, "/snooze"), until="2h")
    assert stage.incident().snoozed_until is not None
    assert "snooze ended" in browser.done(of(simple, "/snooze"), until="now")
    assert stage.incident().snoozed_until is None


def test_it_follows_what_happens(browser: Browser, stage: Stage, simple: Incident) -> None:
    page = browser.read(of(simple))
    (place,) = [a for _, a in Markup(page).tags if "data-refresh" in a]
    assert place["data-refresh"] == of(simple, "/live")
    before = browser.read(str(place["data-refresh"]))
    assert before.strip() in page
    stage.says("somebody.else")
    after = browser.read(str(place["data-refresh"]))
    assert "somebody.else" in after
    assert "somebody.else" not in before
    assert f'data-version="{simple.plan.digest} waiting_approval"' in before
    assert f'data-version="{simple.plan.digest} remediating"' in after
    assert "<html" not in after


def test_a_shared_cause_lists_its_members_page_by_page(
    browser: Browser, stage: Stage, simple: Incident
) -> None:
    everyone = replace(
        stage.incident(),
        id="inc-ffffffffff",
        subject=Subject(APP, "*dirsync_override"),
        version=0,
    )
    stage.table.commit_incident(IncidentChange(everyone))
    for number in range(120):
        member = Member(
            Subject(APP, f"00uMEMBER{number:011d}"), Attribute.MOBILE_PHONE, f"inc-{number:010x}"
        )
        stage.table.join(everyone.id, member)
    text = browser.read(of(everyone))
    assert '<span class="count">120</span>' in text
    assert "approve" in forms(text)  # nobody's value is in it, so there is nothing to reveal
    assert "reveal" not in forms(text)
    seen: list[str] = []
    path = of(everyone, "/members")
    while path:
        links = [a for tag, a in Markup(browser.read(path)).tags if tag == "a"]
        seen += [str(a["href"]) for a in links if str(a["href"]).startswith("/incidents/inc-0")]
        path = next((str(a["href"]) for a in links if a.get("rel") == "next"), "")
    assert seen == [f"/incidents/inc-{number:010x}" for number in range(120)]
    assert browser.get(of(everyone, "/members?app=a&user=b&attribute=c")).status_code == 400


@pytest.mark.parametrize("name", ["inc-0000000000", "inc-000000000g", "..%2f..%2fetc%2fx", "x"])
def test_no_such_incident(browser: Browser, asked: list[Any], name: str) -> None:
    for path in ("", "/live", "/members"):
        answer = browser.get(f"/incidents/{name}{path}")
        assert answer.status_code == 404
        assert "Traceback" not in answer.text
    assert browser.post(f"/incidents/{name}/reveal").status_code == 404
    assert asked == []


def test_a_stack_is_named_in_commands(make: Make, simple: Incident) -> None:
    text = Browser(make(sandbox=False)).read(of(simple))
    assert "--stack my-stack" in text
    assert "--as" not in text


def test_no_value_in_any_address_or_log(
    browser: Browser,
    simple: Incident,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    browser.post(of(simple, "/reveal"))
    browser.done(of(simple, "/approve"), digest=simple.plan.digest)
    browser.done(of(simple, "/snooze"), until="1h")
    told = capfd.readouterr()
    said = " ".join([*browser.visited, told.out, told.err, caplog.text])
    assert not [secret for secret in SECRETS if secret in said]
