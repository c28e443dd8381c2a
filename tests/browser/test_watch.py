"""The watch that is kept over every test: it sees what must not be, or no test could fail by it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visit
from tests.browser.serving import Served
from tests.browser.watch import Watch

IMAGE = "document.body.append(Object.assign(new Image(), {src: 'http://attacker.example/x.png'}))"


def seen(page: Page, watch: Watch, text: str) -> bool:
    """Whether it is among the faults by the time the page is closed."""
    page.context.close()
    found = list(watch.faults)
    watch.faults.clear()
    return any(text in fault for fault in found)


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("console.error('it went wrong')", "console: it went wrong"),
        ("setTimeout(() => { throw new Error('lost') })", "thrown: lost"),
        ("alert('a word')", "dialog: a word"),
        ("document.body.setAttribute('style', 'color: red')", "policy: style-src-attr"),
        (IMAGE, "policy: img-src"),
        ("fetch('http://attacker.example/').catch(() => {})", "policy: connect-src"),
        ("fetch('/nowhere')", "status of 404"),
    ],
)
def test_it_sees(page: Page, watch: Watch, script: str, text: str) -> None:
    assert watch.faults == []
    page.evaluate(f"() => {{ {script} }}")
    page.evaluate("() => fetch('/incidents').then((answer) => answer.text())")
    assert seen(page, watch, text)


def test_it_sees_where_a_page_leads(visit: Visit, console: Served, watch: Watch) -> None:
    page = visit(console.address)
    with page.expect_event("framenavigated"):
        page.evaluate("() => { location = 'http://attacker.example/' }")
    assert seen(page, watch, "request: http://attacker.example")


def test_an_error_that_was_expected_has_to_come(page: Page, watch: Watch) -> None:
    watch.expects("status of 404")
    assert watch.wrong() == ["expected, and never seen: status of 404"]
    page.goto(page.url + "nowhere")
    assert watch.wrong() == []
