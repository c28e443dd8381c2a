"""The pictures of docs/ that need no sandbox; test_journeys.py takes the others."""

from __future__ import annotations

import re
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from lib.flows import drifts
from lib.incident import Incident
from ops.console.queues import QUEUES
from tests.browser.company import fill
from tests.browser.conftest import NARROW, Serve, Visit
from tests.browser.pictures import picture
from tests.browser.serving import Served
from tests.console.conftest import FakeSqs, Seat
from tests.console.test_overview import draw
from tests.fakes.stage import Stage

pytestmark = pytest.mark.pictures


@pytest.fixture(autouse=True)
def known_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Incidents have the same names in every picture that is drawn."""
    numbers = count(0x5C1E2B7A04)
    monkeypatch.setattr(drifts, "new_incident_id", lambda: f"inc-{next(numbers):010x}")


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("overview", {"height": 1160}),
        ("overview-dark", {"height": 1160, "scheme": "dark"}),
        ("overview-narrow", {"height": 1160, "width": NARROW}),
    ],
)
def test_the_overview_of_a_company(
    visit: Visit,
    serve: Serve,
    seat: Seat,
    sqs: FakeSqs,
    stage: Stage,
    simple: Incident,
    name: str,
    how: dict[str, object],
) -> None:
    stage.clock.pass_by(1500)
    fill(stage, simple)
    draw(stage)
    stage.clock.pass_by(20)
    sqs.counts = {"ApproximateNumberOfMessages": "0"}
    outputs = {output: f"https://sqs.example/{output}" for _, *both in QUEUES for output in both}
    page = visit(serve(seat(outputs, port=0)).address, hurried=True, **how)
    needs = page.get_by_role("region", name="Needs a person")
    expect(needs.get_by_role("link", name=re.compile("^inc-"))).to_have_count(7)
    expect(page.get_by_role("img", name="proved by day")).to_be_visible()
    picture(page, name)


def test_an_incident_that_is_decided(
    page: Page, console: Served, stage: Stage, privileged: Incident
) -> None:
    stage.clock.pass_by(1500)
    page.goto(f"{console.root}/incidents/{privileged.id}")
    page.get_by_role("button", name="Reveal the values", exact=True).click()
    expect(page.get_by_role("button", name="Approve exactly this plan", exact=True)).to_be_visible()
    picture(page, "incident")
