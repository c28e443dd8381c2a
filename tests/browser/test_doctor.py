"""Doctor takes a while: what is found shows as it is found, and the page says when it is over."""

from __future__ import annotations

import threading

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.serving import Served
from tests.browser.turns import turns
from tests.console.test_doctor_page import visits

__all__ = ["visits"]


def test_it_fills_up_while_one_watches(
    visit: Visit, console: Served, visits: tuple[list[object], threading.Event]
) -> None:
    asked, go_on = visits
    page = visit(console.address, hurried=True)
    page.goto(f"{console.root}/doctor")
    expect(page.get_by_text("Nothing was examined")).to_be_visible()
    assert asked == []
    page.get_by_label("Side", exact=True).select_option("okta")
    page.get_by_role("button", name="Examine", exact=True).click()
    expect(page.get_by_text("running", exact=True)).to_be_visible()
    found = page.get_by_role("listitem").filter(has_text="provisioning is off")
    turns(page, found)
    expect(found).to_contain_text("problem")
    expect(found).to_contain_text("switch it on")
    page.get_by_role("button", name="Examine", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("running already")
    go_on.set()
    turns(page, page.get_by_role("alert").filter(has_text="PUSHPROOF_MODE must be"))
    expect(page.get_by_text("running", exact=True)).to_have_count(0)
    assert len(asked) == 1
