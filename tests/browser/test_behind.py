"""The console ended, or its stack does not answer, while somebody watches: the page says so."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from lib.errors import Transient
from lib.incident import Incident
from tests.browser.conftest import Visit
from tests.browser.serving import Served
from tests.browser.turns import turns
from tests.browser.watch import Watch
from tests.console.test_overview import draw
from tests.fakes.stage import Stage


def told_on(page: Page) -> Locator:
    return page.get_by_role("alert").filter(has_text="does not answer")


def test_a_console_that_ended_is_told(
    visit: Visit, console: Served, watch: Watch, stage: Stage, simple: Incident
) -> None:
    draw(stage)
    page = visit(console.address, hurried=True)
    for path in ("/", f"/incidents/{simple.id}"):
        page.goto(console.root + path)
        expect(told_on(page)).to_be_hidden()
    watch.expects("ERR_CONNECTION_REFUSED")
    console.stop()
    turns(page, told_on(page))
    # What was read stays to be read.
    expect(page.get_by_role("region", name="What happened")).to_contain_text("opened")


def test_a_table_that_does_not_answer_is_told_until_it_does(
    visit: Visit,
    console: Served,
    watch: Watch,
    stage: Stage,
    simple: Incident,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = visit(console.address, hurried=True)
    page.goto(f"{console.root}/incidents/{simple.id}")
    told = page.get_by_role("alert").filter(has_text="can not read what this page shows")

    def down(*_: Any) -> Any:
        raise Transient("DynamoDB can not be reached (ConnectTimeoutError)")

    watch.expects("status of 503")
    with monkeypatch.context() as broken:
        broken.setattr(stage.table, "timeline", down)
        turns(page, told)
        # It is the console that says so.
        expect(told_on(page)).to_be_hidden()
    stage.says("somebody.else")
    turns(page, page.get_by_role("listitem").filter(has_text="somebody.else").first)
    expect(told).to_be_hidden()


def test_a_console_that_hangs_is_told(visit: Visit, console: Served, simple: Incident) -> None:
    """It takes the request and never answers, as one does that was suspended."""
    page = visit(console.address, hurried=True)
    page.route("**/live", lambda route: None)
    page.goto(f"{console.root}/incidents/{simple.id}")
    turns(page, told_on(page))
