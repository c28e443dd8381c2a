"""The injection corpus in a real browser: nothing of it becomes more than text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from lib.incident import Incident
from lib.rules.mask import printable
from lib.settings import Mode
from lib.store.trail import AuditRecord
from tests.browser.conftest import Visit
from tests.browser.serving import Served
from tests.browser.turns import turns
from tests.console.test_injection import CORPUS, planted
from tests.console.test_overview import draw
from tests.fakes.stage import Stage

# Whatever no page of the console has, however it got there.
_MADE = """
() => [...document.querySelectorAll("*")].filter((each) =>
  ["IFRAME", "STYLE", "TEXTAREA", "OBJECT", "EMBED", "BASE", "FRAME"].includes(each.tagName)
  || (each.localName === "script" && each.getAttribute("src") !== "/static/console.js")
  || (each.localName === "img" && each.getAttribute("src") !== "/static/icon.svg")
  || (each.localName === "svg" && each.getAttribute("role") !== "img")
  || [...each.attributes].some(({ name, value }) =>
    name.startsWith("on") || /^\\s*javascript:/i.test(value))
).map((each) => each.outerHTML.slice(0, 200))
"""
# As if somebody moved over everything, and pressed it: handlers would say something.
_TOUCHED = """
() => document.querySelectorAll("*").forEach((each) => ["mouseover", "focus", "error"].forEach(
  (kind) => each.dispatchEvent(new Event(kind))))
"""


def judge(page: Page, title: str) -> None:
    assert page.evaluate(_MADE) == []
    expect(page).to_have_title(f"{title} · Pushproof")
    expect(page.get_by_role("main")).to_have_count(1)
    page.evaluate(_TOUCHED)


@pytest.mark.parametrize("name", list(CORPUS))
def test_it_is_text_wherever_it_shows(
    visit: Visit, console: Served, stage: Stage, simple: Incident, name: str
) -> None:
    bad = CORPUS[name]
    page = visit(console.address, hurried=True)
    page.goto(f"{console.root}/incidents/{simple.id}")
    incident = planted(stage, bad)
    # What the page fetches by itself is put into it by a script.
    entries = page.get_by_role("region", name="What happened").get_by_role("listitem")
    turns(page, entries.nth(2))
    expect(entries).to_have_count(3)
    judge(page, incident.id)
    shown = " ".join(printable(bad[:200]).split())
    assert shown in " ".join(page.get_by_role("main").inner_text().split())

    now, cut = stage.clock(), bad[:20_500]
    stage.table.decided(replace(AuditRecord(now, *([cut] * 10)), incident="inc-0123456789"))
    stage.table.park("m-1", bad[:100_000], bad[:100_000], now)
    stage.table.set_mode(Mode.AUTO, cut, now)
    draw(stage)
    (work,) = stage.table.parked()
    for path, title in (
        ("/", "Overview"),
        ("/incidents", "Incidents"),
        ("/audit", "Audit"),
        ("/parked", "Parked"),
        (f"/parked/{work.id}", work.id),
    ):
        page.goto(console.root + path)
        judge(page, title)
    page.goto(f"{console.root}/incidents/{incident.id}")
    page.get_by_role("button", name="Reveal the values", exact=True).click()
    expect(page.get_by_text("The values are shown on this page only")).to_be_visible()
    judge(page, incident.id)
