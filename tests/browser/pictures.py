"""Screenshots for docs/, taken by the tests that are marked `pictures`; `make pictures` draws them.

Anywhere else nothing is written. One picture is small enough to be kept in the repository.
"""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.png import small

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
WANTED = "PUSHPROOF_PICTURES"
MOST_BYTES = 150_000


def picture(page: Page, name: str) -> None:
    """What the window shows. Drawn at a scale of 1 and with nothing moving, as every test's is."""
    if os.environ.get(WANTED) != "1":
        return
    taken = small(page.screenshot(animations="disabled", caret="hide", scale="css", type="png"))
    assert len(taken) <= MOST_BYTES, f"{name}: {len(taken)} bytes; make the window smaller."
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.png").write_bytes(taken)
