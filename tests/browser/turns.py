"""Pages that were opened `hurried`: their time stands still until a test lets some of it pass."""

from __future__ import annotations

import time

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE

# Milliseconds: longer than the pause of any part that moves by itself.
TURN = 12_000


def turn(page: Page) -> None:
    """What moves by itself is fetched again, once."""
    # What is drawn already may be waiting for its script, and so for its timer.
    page.wait_for_load_state()
    page.clock.run_for(TURN)


def turns(page: Page, until: Locator, *, visible: bool = True) -> None:
    """Again and again: each try has to be answered before the next."""
    over = time.monotonic() + PATIENCE / 1000
    while until.is_visible() is not visible and time.monotonic() < over:
        turn(page)
    expect(until).to_be_visible(visible=visible)
