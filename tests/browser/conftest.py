"""People at the console: a real browser, before a stage of fakes or before the whole sandbox.

The stage is tests/console's: real flows and a real table in this process, so a test may move its
clock, its vendors and its rows. The sandbox runs in processes of its own, since moto keeps one
state per process. Browser and sandbox end where this folder ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from ops.console.desk import Desk
from tests.browser.chromium import chromium_at, chromium_path
from tests.browser.deployed import Deployed
from tests.browser.serving import Served
from tests.browser.watch import Watch
from tests.console.conftest import (
    Seat,
    asked,
    client,
    hook,
    privileged,
    seat,
    simple,
    sqs,
    stage,
    untouched,
)

__all__ = ["asked", "client", "hook", "privileged", "seat", "simple", "sqs", "stage", "untouched"]

WIDE, NARROW = 1280, 390
HEIGHT = 900
# Of a condition, in milliseconds. No test waits as long on a machine that is not overloaded.
PATIENCE = 20_000

Serve = Callable[[Desk], Served]
Visit = Callable[..., Page]


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    path = chromium_path()
    assert path
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    with chromium_at(playwright, chromium_path()) as browser:
        yield browser


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture(autouse=True)
def nothing_went_wrong(watch: Watch) -> Iterator[None]:
    """No page of any test logs an error, throws, breaks its policy or asks another host."""
    yield
    assert watch.wrong() == []


@pytest.fixture
def serve() -> Iterator[Serve]:
    served: list[Served] = []

    def serving(desk: Desk) -> Served:
        served.append(Served(desk))
        return served[-1]

    yield serving
    for each in served:
        each.stop()


def opened(
    browser: Browser, *, width: int = WIDE, height: int = HEIGHT, scheme: str = "light"
) -> BrowserContext:
    """A browser of somebody's own. Nothing in it depends on the machine or moves by itself."""
    return browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        device_scale_factor=1,
        locale="en-GB",
        timezone_id="UTC",
        # The sandbox's own certificate authority made those of its pages.
        ignore_https_errors=True,
    )


@pytest.fixture
def visit(chromium: Browser, watch: Watch, serve: Serve) -> Iterator[Visit]:
    """Opens an address as a person of their own. Pages are closed before what they ask."""
    contexts: list[BrowserContext] = []

    def visited(address: str, *, hurried: bool = False, **how: object) -> Page:
        """`hurried`: time is the test's, so that what moves by itself moves when it says so."""
        context = opened(chromium, **how)  # type: ignore[arg-type]
        contexts.append(context)
        watch.over(context)
        page = context.new_page()
        if hurried:
            page.clock.install(time=0)
            page.clock.pause_at(1)
        page.goto(address)
        return page

    yield visited
    for context in contexts:
        context.close()


@pytest.fixture
def console(serve: Serve, seat: Seat, asked: list[object]) -> Served:
    """Of the first operator."""
    return serve(seat(port=0))


@pytest.fixture
def page(visit: Visit, console: Served) -> Page:
    """Its overview."""
    return visit(console.address)


@pytest.fixture(scope="package")
def deployed(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The whole of it, for journeys. Tests share it: each is about people of its own."""
    found = Deployed(tmp_path_factory.mktemp("sandbox"))
    try:
        yield found
    finally:
        found.stop()
