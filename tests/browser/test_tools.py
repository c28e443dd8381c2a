"""What the browser tests stand on: no test passes because its browser is missing."""

from __future__ import annotations

import base64
import shutil

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import PATH, WANTED, chromium_path
from tests.browser.conftest import opened
from tests.browser.png import pixels_of, small

PAGE = """<body style="margin: 0; background: linear-gradient(to right, #123, #fed)">
<h1 style="color: #17682f">Pushproof</h1></body>"""


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine without the browser."""
    monkeypatch.delenv(PATH, raising=False)
    monkeypatch.delenv(WANTED, raising=False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    return monkeypatch


def test_without_a_browser_tests_are_skipped_with_a_reason(nowhere: pytest.MonkeyPatch) -> None:
    with pytest.raises(pytest.skip.Exception, match=f"install it, or name one in {PATH}"):
        chromium_path()
    nowhere.setenv(PATH, "/opt/chromium")
    assert chromium_path() == "/opt/chromium"


def test_the_gate_needs_the_browser(nowhere: pytest.MonkeyPatch) -> None:
    nowhere.setenv(WANTED, "required")
    with pytest.raises(pytest.fail.Exception, match="There is no chromium here"):
        chromium_path()


def test_a_small_picture_shows_the_same(chromium: Browser) -> None:
    with opened(chromium, width=300, height=100) as context:
        page = context.new_page()
        page.set_content(PAGE)
        taken = page.screenshot()
        made = small(taken)
        encoded = base64.b64encode(made).decode()
        page.set_content(f'<body style="margin: 0"><img src="data:image/png;base64,{encoded}">')
        page.wait_for_function("() => document.images[0].naturalWidth === 300")
        shown = page.screenshot()
    before, after = pixels_of(taken), pixels_of(shown)
    assert len(before) == len(after) == 300 * 100
    assert len(set(before)) > 250
    apart = [
        abs(a - b)
        for one, other in zip(before, after, strict=True)
        for a, b in zip(one, other, strict=True)
    ]
    assert max(apart) < 60
    assert sum(apart) / len(apart) < 2
