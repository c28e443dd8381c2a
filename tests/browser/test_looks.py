"""Every page, light and dark, wide and narrow: axe finds nothing serious, nothing sticks out."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Page, expect

from lib.incident import Incident
from lib.messages import CheckMessage
from lib.model import Attribute, Subject
from lib.settings import Mode
from lib.store.records import IncidentChange, Member
from tests.browser.axe import serious
from tests.browser.conftest import NARROW, WIDE, Serve, Visit
from tests.browser.watch import Watch
from tests.console.conftest import Seat
from tests.console.test_doctor_page import visits
from tests.console.test_guard import PAGES
from tests.console.test_overview import draw, many, write
from tests.fakes.make import APP, SUBJECT
from tests.fakes.stage import Stage

__all__ = ["visits"]

LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (WIDE, NARROW)]
SHARED = "inc-ffffffffff"
# What a person sees of a look: how bright ground and text are, of 0 to 255.
_BRIGHT = """
() => ["backgroundColor", "color"].map((name) => {
  const [r, g, b] = getComputedStyle(document.body)[name].match(/\\d+/g).map(Number);
  return (r + g + b) / 3;
})
"""
# Frames that something sticks out of, though the page is wide enough.
_BURST = """
() => [...document.querySelectorAll("section")]
  .filter((each) => each.scrollWidth > each.clientWidth + 1)
  .map((each) => each.innerText.slice(0, 60))
"""
_WIDTHS = "() => [document.scrollingElement.scrollWidth, innerWidth]"


@dataclass
class Judge:
    """Looks at a page after the other; `found` is what is wrong, by page."""

    page: Page
    scheme: str
    found: dict[str, list[str]]

    def look(self, where: str) -> None:
        wrong = serious(self.page)
        drawn, window = self.page.evaluate(_WIDTHS)
        if drawn > window:
            wrong.append(f"it is {drawn} pixels wide, the window {window}")
        wrong += [f"it sticks out of: {frame}" for frame in self.page.evaluate(_BURST)]
        ground, text = self.page.evaluate(_BRIGHT)
        if (ground < text) is not (self.scheme == "dark"):
            wrong.append(f"ground {ground}, text {text}")
        if wrong:
            self.found[where] = wrong


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request: pytest.FixtureRequest) -> tuple[str, int]:
    return tuple(request.param)


@pytest.fixture
def parked(stage: Stage, simple: Incident) -> str:
    """Something for every page: more than a page of incidents, everyone's, and work set aside."""
    write(stage, many(simple, 60))
    everyone = replace(
        stage.incident(), id=SHARED, subject=Subject(APP, "*dirsync_override"), version=0
    )
    stage.table.commit_incident(IncidentChange(everyone))
    for number in range(60):
        user = Subject(APP, f"00uMEMBER{number:011d}")
        listed = Member(user, Attribute.MOBILE_PHONE, f"inc-{number:010x}")
        stage.table.join(everyone.id, listed)
    stage.says("somebody.else", "snooze", until="2h")
    reason = "Okta answered 404: " + "a-long-word-without-a-place-to-break" * 5
    stage.table.park("m-1", reason, CheckMessage.look_at(SUBJECT).text(), stage.clock())
    stage.table.set_mode(Mode.OBSERVE, "a.colleague", stage.clock())
    draw(stage)
    (work,) = stage.table.parked()
    return work.id


def test_pages_full_of_work(
    visit: Visit,
    serve: Serve,
    seat: Seat,
    asked: list[object],
    watch: Watch,
    look: tuple[str, int],
    simple: Incident,
    parked: str,
    visits: tuple[list[object], threading.Event],
) -> None:
    scheme, width = look
    console = serve(seat(port=0))
    page = visit(console.address, scheme=scheme, width=width)
    judge = Judge(page, scheme, {})
    visits[1].set()
    page.goto(f"{console.root}/doctor")
    page.get_by_role("button", name="Examine", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("PUSHPROOF_MODE")
    incident = f"/incidents/{simple.id}"
    for path in (
        *PAGES,
        *("/incidents?closed=1", "/incidents?severity=critical", incident),
        *(f"/incidents/{SHARED}", f"/incidents/{SHARED}/members", f"/parked/{parked}"),
    ):
        page.goto(console.root + path)
        judge.look(path)
    page.goto(console.root + incident)
    page.get_by_role("button", name="Reveal the values", exact=True).click()
    expect(page.get_by_role("button", name="Dismiss", exact=True)).to_be_visible()
    judge.look("revealed")
    page.get_by_role("button", name="Approve exactly this plan", exact=True).click()
    expect(page.get_by_role("status").first).to_be_visible()
    judge.look("approved")
    watch.expects("status of 404")
    page.goto(f"{console.root}/nowhere")
    judge.look("/nowhere")
    assert judge.found == {}


def test_pages_with_nothing_on_them(
    visit: Visit, serve: Serve, seat: Seat, stage: Stage, look: tuple[str, int]
) -> None:
    scheme, width = look
    console = serve(seat(port=0, read_only=True))
    page = visit(console.address, scheme=scheme, width=width)
    judge = Judge(page, scheme, {})
    judge.look("before the first count")
    draw(stage)
    for path in PAGES:
        page.goto(console.root + path)
        judge.look(path)
    assert judge.found == {}


def test_it_follows_when_the_machine_turns_dark(page: Page) -> None:
    light_ground, dark_text = page.evaluate(_BRIGHT)
    page.emulate_media(color_scheme="dark")
    dark_ground, light_text = page.evaluate(_BRIGHT)
    assert light_ground - dark_text > 150
    assert light_text - dark_ground > 150
    assert light_ground - dark_ground > 150


def test_the_engine_finds_what_is_wrong(page: Page) -> None:
    """Or the tests above could not fail."""
    assert serious(page) == []
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    page.evaluate("document.querySelector('h1').style.color = 'rgb(200, 200, 200)'")
    found = " ".join(serious(page))
    assert "button-name" in found
    assert "color-contrast" in found
