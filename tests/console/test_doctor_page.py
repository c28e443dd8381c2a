"""Doctor runs beside the page, one at a time, and ends with a sentence when it can not go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lib.errors import SettingError
from ops.console import doctor
from ops.doctor.finding import Finding, Severity
from ops.doctor.visit import Area, Side
from tests.console.browser import Browser

FOUND = Area(
    "Okta app",
    (
        Finding("a", Severity.OK, "the schema is as it should be"),
        Finding("b", Severity.PROBLEM, "provisioning is off", "switch it on"),
    ),
)


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[Any], threading.Event]]:
    """Sides that were asked for, and what lets the visit go on after its first area."""
    asked: list[Any] = []
    go_on = threading.Event()

    class Visit:
        def __init__(self, *_: Any) -> None:
            pass

        def areas(self, only: Side | None) -> Iterator[Area]:
            asked.append(only)
            yield FOUND
            go_on.wait(10)
            raise SettingError("PUSHPROOF_MODE must be observe, approve or auto.")

    monkeypatch.setattr(doctor, "Visit", Visit)
    yield asked, go_on
    go_on.set()


def wait_for(browser: Browser, text: str) -> str:
    for _ in range(200):
        page = browser.read("/doctor/live")
        if text in page:
            return page
        time.sleep(0.02)
    raise AssertionError(page)


def test_it_fills_up_and_ends(browser: Browser, visits: tuple[list[Any], threading.Event]) -> None:
    asked, go_on = visits
    assert "Nothing was examined" in browser.read("/doctor")
    assert asked == []
    browser.done("/doctor", only="okta")
    page = wait_for(browser, "provisioning is off")
    assert "→ switch it on" in page
    assert "running" in page
    assert "data-still" not in page
    assert "running already" in browser.done("/doctor")
    assert asked == [Side.OKTA]
    go_on.set()
    page = wait_for(browser, "data-still")
    assert "PUSHPROOF_MODE must be" in page
    assert "1 problem, 1 ok" in page


def test_no_such_side(browser: Browser, visits: tuple[list[Any], threading.Event]) -> None:
    assert browser.post("/doctor", only="everything").status_code == 400
    assert visits[0] == []
