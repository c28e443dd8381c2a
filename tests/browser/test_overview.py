"""What the first page tells, and how it leads to everything else."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from lib.incident import Incident
from tests.browser.conftest import Visit
from tests.browser.serving import Served
from tests.console.test_overview import draw
from tests.fakes.make import SECRETS
from tests.fakes.stage import Stage


def test_what_needs_a_person_is_found_and_opened(
    visit: Visit, console: Served, stage: Stage, simple: Incident
) -> None:
    draw(stage)
    page = visit(console.address)
    needs = page.get_by_role("region", name="Needs a person")
    expect(needs).to_contain_text("waiting approval")
    for value in SECRETS:
        expect(page.get_by_role("main")).not_to_contain_text(value)
    needs.get_by_role("link", name=simple.id).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(simple.id)
    expect(page).to_have_title(re.compile(simple.id))


def test_nothing_was_counted_yet(page: Page, stage: Stage) -> None:
    expect(page.get_by_text("Nothing was counted yet")).to_be_visible()
    expect(page.get_by_role("img")).to_have_count(0)
    page.get_by_role("button", name="Count anew", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Counted anew.")
    expect(page.get_by_text("Nothing was counted yet")).to_have_count(0)
    expect(page.get_by_text("Nothing waits for anybody.")).to_be_visible()


def test_counts_that_are_old_say_so(
    visit: Visit, console: Served, stage: Stage, simple: Incident
) -> None:
    draw(stage)
    stage.clock.pass_by(360)
    page = visit(console.address)
    told = page.get_by_text(re.compile("tick does not run"))
    expect(told).to_contain_text("6 min old")
    page.get_by_role("button", name="Count anew", exact=True).click()
    expect(told).to_have_count(0)
    expect(page.get_by_role("link", name=simple.id).first).to_be_visible()


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/", "Nothing waits for anybody."),
        ("/incidents", "Nothing is open."),
        ("/incidents?closed=1", "Nothing was closed yet."),
        ("/incidents?severity=critical", "None matches."),
        ("/parked", "Nothing is parked."),
        ("/audit", "Nothing was decided in that time."),
        ("/doctor", "Nothing was examined since this console started."),
    ],
)
def test_a_page_with_nothing_on_it_says_so(
    visit: Visit, console: Served, stage: Stage, path: str, told: str
) -> None:
    draw(stage)
    page = visit(console.address)
    page.goto(console.root + path)
    expect(page.get_by_text(told).first).to_be_visible()
    expect(page.get_by_role("table", name=re.compile("first$"))).to_have_count(0)


def test_plots_can_be_read_by_everybody(
    visit: Visit, console: Served, stage: Stage, simple: Incident
) -> None:
    stage.says("somebody.else")
    stage.drain()
    draw(stage)
    page = visit(console.address)
    for name in ("found", "mended", "proved"):
        drawn = page.get_by_role("img", name=re.compile(f"^{name} by day: 1 in all"))
        expect(drawn).to_be_visible()
        box = drawn.bounding_box()
        assert box is not None
        assert box["height"] > 50
    numbers = page.get_by_text("The same as numbers")
    day = page.get_by_role("rowheader", name="2026-01-02")
    expect(day).to_be_hidden()
    numbers.click()
    expect(day).to_be_visible()


def test_navigation_leads_everywhere_and_says_where_one_is(page: Page) -> None:
    pages = page.get_by_role("navigation", name="Pages")
    names = pages.get_by_role("link").all_inner_texts()
    assert {"Overview", "Incidents", "Parked", "Replay", "Doctor", "Audit"} <= set(names)
    for name in names:
        pages.get_by_role("link", name=name, exact=True).click()
        current = pages.locator("[aria-current=page]")
        expect(current).to_have_text(name)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page).to_have_title(re.compile(r"\S · Pushproof$"))
