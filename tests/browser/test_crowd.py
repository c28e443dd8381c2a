"""Ten thousand open incidents: the first page stays small, and the list leads through them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from lib.incident import Incident
from tests.browser.conftest import Visit
from tests.browser.serving import Served
from tests.console.test_overview import MANY, Crowded, draw, many, write
from tests.fakes.stage import Stage

# Table requests that the overview may cost.
MOST = 3


@pytest.fixture
def calls(stage: Stage, simple: Incident) -> Counter[str]:
    """What is asked of the table, from here on. The crowd is really in it."""
    rows = many(simple, MANY)
    write(stage, rows)
    real = stage.table._client
    # moto lists slowly what DynamoDB lists in seconds: for this one count its answers are made up.
    stage.table._client = Crowded(real, rows)  # type: ignore[assignment]
    draw(stage)
    stage.table._client = real
    found: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        found[model.name] += 1

    real.meta.events.register("before-call.dynamodb", count)
    return found


def names(page: Page) -> Locator:
    return page.get_by_role("table").get_by_role("link", name=re.compile("^inc-"))


def fifty(page: Page) -> list[str]:
    """Once all of them are there: a page shows what came of it while the rest is on its way."""
    expect(names(page)).to_have_count(50)
    return names(page).all_inner_texts()


def test_a_crowd(visit: Visit, console: Served, calls: Counter[str]) -> None:
    page = visit(console.address)
    calls.clear()
    page.reload()
    assert sum(calls.values()) <= MOST, calls
    assert calls
    expect(page.get_by_text(str(MANY), exact=True).first).to_be_visible()
    assert 0 < names(page).count() <= 100
    assert page.evaluate("document.getElementsByTagName('*').length") < 3_000
    page.get_by_role("link", name="More that wait for approval").click()
    expect(page.get_by_label("Status", exact=True)).to_have_value("waiting_approval")

    page.get_by_role("link", name="Incidents").click()
    first = fifty(page)
    page.get_by_role("link", name="Older ones").click()
    expect(page.get_by_role("link", name=first[0])).to_have_count(0)
    second = fifty(page)
    assert set(first) & set(second) == set()
    assert min(first) > max(second)
    page.get_by_role("link", name="The newest").click()
    expect(page.get_by_role("link", name=first[0])).to_be_visible()

    page.get_by_label("Severity", exact=True).select_option("critical")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_label("Severity", exact=True)).to_have_value("critical")
    chosen = page.get_by_role("row").filter(has_text="inc-")
    expect(chosen.filter(has_text="critical")).to_have_count(50)
    expect(chosen).to_have_count(50)
    page.get_by_role("link", name="Older ones").click()
    expect(chosen.filter(has_text="critical")).to_have_count(50)
    page.get_by_label("Cause", exact=True).select_option("licence")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("None matches.").or_(page.get_by_text("None so far"))).to_be_visible()
