"""Pages that were opened `hurried`: their time stands still until a test lets some of it pass."""

from __future__ import annotations

import time

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PATIENCE

# Milliseconds: longer than the pause of any part that moves by itself.
TURN = 12_000


def turns(page: Page, until: Locator, *, visible: bool = True) -> None:
    """What moves by itself is fetched again, until it shows what is waited for.

    Once is not enough: an answer may be under way that was made before what the test did last,
    and no other is asked for until it is there.
    """
    over = time.monotonic() + PATIENCE / 1000
    # What is drawn already may be waiting for its script, and so for its timer.
    page.wait_for_load_state()
    while until.is_visible() is not visible and time.monotonic() < over:
        page.clock.run_for(TURN)
    expect(until).to_be_visible(visible=visible)
