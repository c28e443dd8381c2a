"""Who decided what: the span is chosen, the newest is first, and refusals are there too."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from lib.flows.asked import BadRequest
from lib.incident import Incident
from tests.fakes.stage import Stage

DAY = 86_400


def test_spans_show_what_was_decided_in_them(page: Page, stage: Stage, simple: Incident) -> None:
    with pytest.raises(BadRequest):
        stage.says("a.colleague", "dismiss", digest="0" * 64, why="is not this plan")
    stage.clock.pass_by(3 * DAY)
    stage.says("somebody.else", "snooze", until="7d")
    page.get_by_role("link", name="Audit").click()
    older = page.get_by_role("row").filter(has_text="a.colleague")
    newer = page.get_by_role("row").filter(has_text="somebody.else")
    expect(older).to_contain_text("refused")
    expect(page.get_by_role("row").nth(1)).to_contain_text("somebody.else")
    since = page.get_by_label("Since", exact=True)
    since.select_option("a day")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(newer).to_be_visible()
    expect(older).to_have_count(0)
    since.select_option("7 days")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(older).to_be_visible()
    expect(since).to_have_value("7")
    expect(page.get_by_text("pushproof audit --since 7d")).to_be_visible()
    stage.clock.pass_by(60 * DAY)
    since.select_option("30 days")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("Nothing was decided in that time.")).to_be_visible()


def test_it_leads_to_the_incident(page: Page, stage: Stage, simple: Incident) -> None:
    stage.says("somebody.else", "snooze", until="2h")
    page.get_by_role("link", name="Audit").click()
    page.get_by_role("link", name=simple.id).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(simple.id)
