"""Everything without a mouse: one gets everywhere, sees where one is, and can decide."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from lib.incident import Incident, Status
from tests.browser.conftest import Visit
from tests.browser.keyboard import controls, here, tab_to, tour
from tests.browser.serving import Served
from tests.browser.turns import turns
from tests.console.test_guard import PAGES
from tests.console.test_overview import draw
from tests.fakes.stage import Stage


def judge(page: Page) -> None:
    """Tab comes to every control, in view, and with a thick outline around it."""
    wanted = controls(page)
    stops = tour(page)
    reached = {stop.number for stop in stops}
    assert [name for number, name in enumerate(wanted) if str(number) not in reached] == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    hidden = [s for s in stops if s.outline < 2 or s.colour == ground or not s.inside]
    assert hidden == []
    assert stops[0].name == "a Skip to the content"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_tab_reaches_everything(
    visit: Visit, console: Served, stage: Stage, simple: Incident, width: int, scheme: str
) -> None:
    stage.table.park("m-1", "why", "{}", stage.clock())
    (work,) = stage.table.parked()
    draw(stage)
    page = visit(console.address, width=width, scheme=scheme)
    for path in (*PAGES, f"/incidents/{simple.id}", f"/parked/{work.id}"):
        page.goto(console.root + path)
        judge(page)
    page.goto(f"{console.root}/incidents/{simple.id}")
    page.get_by_role("button", name="Reveal the values", exact=True).click()
    judge(page)


def test_one_can_skip_what_is_on_every_page(page: Page) -> None:
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    within = page.get_by_role("main").locator(":focus")
    expect(within).to_have_count(1)
    expect(skip).not_to_be_in_viewport()


def test_an_approval_by_keyboard_alone(
    visit: Visit, console: Served, stage: Stage, simple: Incident
) -> None:
    draw(stage)
    page = visit(console.address)
    tab_to(page, page.get_by_role("link", name=simple.id).first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(simple.id)
    tab_to(page, page.get_by_role("button", name="Reveal the values", exact=True))
    page.keyboard.press("Space")
    approve = page.get_by_role("button", name="Approve exactly this plan", exact=True)
    expect(approve).to_be_visible()
    assert stage.incident().status is Status.WAITING_APPROVAL
    tab_to(page, approve)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("approved: 1 of 1 approvals")
    assert stage.incident().status is Status.REMEDIATING


def test_a_reason_and_a_filter_by_keyboard(
    page: Page, console: Served, stage: Stage, simple: Incident
) -> None:
    page.goto(f"{console.root}/incidents/{simple.id}")
    tab_to(page, page.get_by_role("button", name="Reveal the values", exact=True))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Why it stays as it is", exact=True))
    page.keyboard.type("keeps the private number")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_have_text("The incident is dismissed.")
    page.goto(f"{console.root}/incidents")
    tab_to(page, page.get_by_label("List", exact=True))
    page.keyboard.type("closed")
    page.keyboard.press("Tab")
    assert here(page).name.startswith("button Show")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=simple.id)).to_be_visible()


def test_the_place_is_kept_while_the_page_moves_on(
    visit: Visit, console: Served, stage: Stage, simple: Incident
) -> None:
    """Whoever stands on a part that is fetched again stays there; what was opened stays so."""
    draw(stage)
    page = visit(console.address, hurried=True)
    summary = page.get_by_text("How it is counted")
    summary.focus()
    page.keyboard.press("Enter")
    numbers = page.get_by_role("columnheader", name="Proved")
    expect(numbers).to_be_visible()
    stage.clock.pass_by(200)
    turns(page, page.get_by_text("Counted 3 min ago, at"))
    expect(summary).to_be_focused()
    expect(numbers).to_be_visible()
    link = page.get_by_role("region", name="Needs a person").get_by_role("link").first
    link.focus()
    stage.clock.pass_by(60)
    turns(page, page.get_by_text("Counted 4 min ago, at"))
    expect(link).to_be_focused()
