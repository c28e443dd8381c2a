"""One incident, read and decided as the person on call does it."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from lib.incident import Incident, Status
from ops import approvals
from ops.connection import Connection
from tests.browser.conftest import PATIENCE, Serve, Visit
from tests.browser.serving import Served
from tests.browser.turns import turns
from tests.console.conftest import PERSON, Seat
from tests.fakes.make import OLD_PHONE, PHONE
from tests.fakes.stage import Stage

VALUES = re.compile(re.escape(PHONE) + "|" + re.escape(OLD_PHONE))


def at(console: Served, incident: Incident) -> str:
    return f"{console.root}/incidents/{incident.id}"


def reveal(page: Page) -> None:
    page.get_by_role("button", name="Reveal the values", exact=True).click()
    expect(page.get_by_text("The values are shown on this page only")).to_be_visible()


def approve(page: Page) -> None:
    page.get_by_role("button", name="Approve exactly this plan", exact=True).click()


def test_why_is_told_with_its_evidence(page: Page, console: Served, simple: Incident) -> None:
    page.goto(at(console, simple))
    why = page.get_by_role("region", name="Why")
    expect(why).to_contain_text(simple.lead.name.value)
    expect(why.get_by_role("listitem")).to_have_count(
        sum(len(cause.evidence) for cause in simple.causes)
    )
    for evidence in simple.lead.evidence:
        expect(why).to_contain_text(evidence.fact)
    plan = page.get_by_role("region", name="Plan", exact=True)
    expect(plan.get_by_role("row")).to_have_count(1 + len(simple.plan.steps))
    expect(plan).to_contain_text(simple.plan.digest)
    expect(page.get_by_text(f"pushproof check {simple.id}")).to_be_visible()


def test_values_show_once_and_it_is_recorded(
    page: Page, console: Served, stage: Stage, simple: Incident
) -> None:
    page.goto(at(console, simple))
    main = page.get_by_role("main")
    expect(main).not_to_contain_text(VALUES)
    reveal(page)
    expect(main).to_contain_text(PHONE)
    expect(main).to_contain_text(OLD_PHONE)
    page.get_by_role("link", name="Audit").click()
    record = page.get_by_role("row").filter(has_text=simple.id)
    expect(record).to_have_count(1)
    expect(record).to_contain_text(PERSON)
    expect(record).to_contain_text("revealed")
    record.get_by_role("link", name=simple.id).click()
    expect(main).not_to_contain_text(VALUES)


def test_the_address_of_revealed_values_shows_none(
    page: Page, console: Served, stage: Stage, simple: Incident
) -> None:
    """It stays in the address bar, is kept as a bookmark and sent to a colleague."""
    page.goto(at(console, simple))
    reveal(page)
    page.goto(page.url)
    expect(page.get_by_role("button", name="Reveal the values", exact=True)).to_be_visible()
    expect(page.get_by_role("main")).not_to_contain_text(VALUES)
    expect(page).to_have_url(at(console, simple))


def test_reloading_masks_the_values(
    page: Page, console: Served, stage: Stage, simple: Incident, asked: list[dict[str, object]]
) -> None:
    """Nothing is sent again, and going back to the page shows no more."""
    page.goto(at(console, simple))
    reveal(page)
    expect(page).to_have_url(at(console, simple))
    page.reload()
    expect(page.get_by_role("button", name="Reveal the values")).to_be_visible()
    expect(page.get_by_role("main")).not_to_contain_text(VALUES)
    page.get_by_role("link", name="Audit").click()
    page.go_back()
    expect(page.get_by_role("main")).not_to_contain_text(VALUES)
    assert [each["action"] for each in asked] == ["note"]


def test_what_comes_next_is_told_as_it_stands(
    visit: Visit, serve: Serve, seat: Seat, asked: object, stage: Stage, simple: Incident
) -> None:
    """Somebody else decides, while this page is open."""
    console = serve(seat(port=0))
    page = visit(console.address, hurried=True)
    page.goto(at(console, simple))
    reveal(page)
    happened = page.get_by_role("region", name="What happened")
    expect(happened).to_contain_text(f"pushproof approve {simple.id}")
    moved = page.get_by_text("It moved on meanwhile")
    expect(moved).to_be_hidden()
    stage.says("second.operator")
    turns(page, moved)
    expect(happened).not_to_contain_text(f"pushproof approve {simple.id}")
    page.get_by_role("link", name="Show it as it stands").click()
    expect(page.get_by_role("button", name="Approve exactly this plan")).to_have_count(0)


def test_one_person_sees_what_the_other_decides(
    visit: Visit, serve: Serve, seat: Seat, asked: object, stage: Stage, privileged: Incident
) -> None:
    first = serve(seat(port=0))
    second = serve(seat(port=0, person="second.operator"))
    mine, theirs = visit(first.address), visit(second.address)
    mine.goto(at(first, privileged))
    reveal(mine)
    approve(mine)
    expect(mine.get_by_role("status").first).to_contain_text("approved: 1 of 2 approvals")
    theirs.goto(at(second, privileged))
    reveal(theirs)
    approve(theirs)
    expect(theirs.get_by_role("status").first).to_contain_text("approved: 2 of 2 approvals")
    # Without a reload: nothing was pressed on this page since.
    expect(mine.get_by_text("second.operator").first).to_be_visible()


def test_the_page_moves_by_itself_to_the_proof(
    visit: Visit, console: Served, stage: Stage, simple: Incident
) -> None:
    page = visit(console.address, hurried=True)
    page.goto(at(console, simple))
    reveal(page)
    approve(page)
    expect(page.get_by_role("status").first).to_contain_text("approved: 1 of 1 approvals")
    happened = page.get_by_role("region", name="What happened")
    expect(happened).to_contain_text("remediating")
    stage.drain()
    expect(happened).not_to_contain_text("resolved")
    turns(page, happened.filter(has_text="resolved"))
    expect(happened.get_by_role("listitem").filter(has_text="expected = actual")).to_be_visible()
    assert stage.incident().status is Status.RESOLVED


def test_a_plan_that_changed_meanwhile_is_not_approved(
    visit: Visit, console: Served, stage: Stage, simple: Incident
) -> None:
    page = visit(console.address, hurried=True)
    page.goto(at(console, simple))
    reveal(page)
    told = page.get_by_text("It moved on meanwhile")
    expect(told).to_be_hidden()
    stage.graph.set(mobile_phone="+15550177")
    stage.clock.pass_by(200)
    stage.hint()
    stage.looks()
    assert stage.incident().plan.digest != simple.plan.digest
    turns(page, told)
    approve(page)
    expect(page.get_by_role("alert")).to_contain_text("look at it and decide anew")
    assert stage.remediations.sent == []
    expect(page.get_by_text(stage.incident().plan.digest)).to_be_visible()


def test_dismissing_with_a_reason(
    page: Page, console: Served, stage: Stage, simple: Incident
) -> None:
    page.goto(at(console, simple))
    reveal(page)
    why = page.get_by_label("Why it stays as it is", exact=True)
    page.get_by_role("button", name="Dismiss", exact=True).click()
    assert why.evaluate("field => field.validity.valueMissing")
    assert stage.incident().status.open
    why.fill("keeps the private number")
    page.get_by_role("button", name="Dismiss", exact=True).click()
    expect(page.get_by_role("status").first).to_have_text("The incident is dismissed.")
    expect(page.get_by_text("nothing is left to decide")).to_be_visible()
    expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Incidents").click()
    expect(page.get_by_text("Nothing is open.")).to_be_visible()
    page.get_by_label("List", exact=True).select_option("closed")
    page.get_by_role("button", name="Show", exact=True).click()
    closed = page.get_by_role("row").filter(has_text=simple.id)
    expect(closed).to_contain_text("dismissed")
    page.get_by_role("link", name="Audit").click()
    expect(page.get_by_role("row").filter(has_text="keeps the private number")).to_be_visible()


def test_snoozing_and_ending_it(
    page: Page, console: Served, stage: Stage, simple: Incident
) -> None:
    page.goto(at(console, simple))
    until = page.get_by_label("Page nobody until", exact=True)
    until.fill("tomorrow, perhaps")
    page.get_by_role("button", name="Snooze", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert stage.incident().snoozed_until is None
    until.fill("2h")
    page.get_by_role("button", name="Snooze", exact=True).click()
    expect(page.get_by_text("snoozed until").first).to_be_visible()
    assert stage.incident().snoozed_until is not None
    until.fill("now")
    page.get_by_role("button", name="Snooze", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("snooze ended")
    assert stage.incident().snoozed_until is None


def test_whoever_only_reads_is_offered_nothing(
    visit: Visit, serve: Serve, seat: Seat, simple: Incident
) -> None:
    console = serve(seat(port=0, read_only=True))
    page = visit(console.address)
    expect(page.get_by_text("read only")).to_be_visible()
    page.goto(at(console, simple))
    expect(page.get_by_role("heading", name="Plan", exact=True)).to_be_visible()
    expect(page.get_by_role("button").filter(has_not_text="Copy")).to_have_count(0)
    expect(page.get_by_role("main")).not_to_contain_text(VALUES)


def test_pressing_again_while_it_is_sent_sends_nothing(
    page: Page,
    console: Served,
    stage: Stage,
    simple: Incident,
    asked: list[dict[str, object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reached, go_on = threading.Event(), threading.Event()
    send = approvals.send

    def slow(connection: Connection, body: dict[str, object]) -> dict[str, Any]:
        if body["action"] == "approve":
            reached.set()
            go_on.wait(PATIENCE / 1000)
        return send(connection, body)

    monkeypatch.setattr(approvals, "send", slow)
    page.goto(at(console, simple))
    reveal(page)
    button = page.get_by_role("button", name="Approve exactly this plan", exact=True)
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    place = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(*place)
    assert reached.wait(PATIENCE / 1000)
    page.mouse.click(*place)
    go_on.set()
    expect(page.get_by_role("status").first).to_contain_text("approved: 1 of 1 approvals")
    assert [each["action"] for each in asked] == ["note", "approve"]
    assert len(stage.remediations.sent) == 1
