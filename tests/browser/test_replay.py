"""An engineer sends an event and watches what becomes of it."""

from __future__ import annotations

import json
from datetime import timedelta

from playwright.sync_api import Locator, Page, expect

from lib.incident import Incident, Status
from lib.messages import CheckMessage
from lib.settings import Mode
from tests.browser.axe import serious
from tests.browser.conftest import Serve, Visit
from tests.browser.serving import Served
from tests.browser.turns import turns
from tests.browser.watch import Watch
from tests.console.conftest import Seat
from tests.console.hook import FakePost
from tests.console.test_replay_pages import UUID, FakeLog, entry, log
from tests.fakes.make import OLD_PHONE, SUBJECT, USER
from tests.fakes.stage import SETTLE, Stage

__all__ = ["log"]


def paste(page: Page, text: str) -> None:
    page.get_by_role("link", name="Replay", exact=True).click()
    page.get_by_label("A delivery of Okta's").fill(text)
    page.get_by_role("button", name="Look at it").click()


def station(page: Page, name: str) -> Locator:
    stations = page.get_by_role("list", name=f"Stations of {USER}")
    return stations.get_by_role("listitem").filter(has_text=name)


def test_a_sample_is_picked_seen_and_sent(page: Page, hook: FakePost) -> None:
    page.get_by_role("link", name="Replay", exact=True).click()
    page.get_by_role("link", name="push-succeeded-mobile-phone").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("push-succeeded-mobile-phone")
    says = page.get_by_role("region", name="What it says")
    expect(says).to_contain_text("application.provision.user.push_profile")
    expect(page.get_by_label("Request line and headers")).to_contain_text(
        "POST https://hook.example/okta/events"
    )
    expect(page.get_by_label("Body")).to_contain_text('"eventType": "com.okta.event_hook"')
    expect(
        page.get_by_text("pushproof replay push-succeeded-mobile-phone --follow")
    ).to_be_visible()
    assert hook.sent == []
    page.get_by_role("button", name="Send it to sandbox").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sent: push-succeeded-mobile-phone")
    assert [sample.name for sample in hook.sent] == ["push-succeeded-mobile-phone"]
    page.get_by_role("link", name="Send something else").click()
    expect(page.get_by_role("region", name="Sent from here")).to_contain_text("answered 200")


def test_it_travels_from_receive_to_the_proof(
    visit: Visit, console: Served, stage: Stage, hook: FakePost
) -> None:
    """Without a reload: every look, decision and step shows as it happens."""
    stage.build(mode=Mode.AUTO)
    stage.graph.set(mobile_phone=OLD_PHONE)
    page = visit(console.address, hurried=True)
    paste(page, json.dumps(entry(stage)))
    page.get_by_role("button", name="Send it to sandbox").click()
    expect(station(page, "Receive")).to_contain_text("answered 200")
    expect(station(page, "Check")).to_contain_text("under way")
    expect(station(page, "Proof")).to_contain_text("not yet")

    stage.next_look()
    decisions = page.get_by_role("list", name=f"Decisions about {USER}")
    turns(page, decisions.filter(has_text="look 1: differs"))
    stage.looks()
    turns(page, decisions.filter(has_text="read both sides: differs"))
    expect(page.get_by_text("is being mended").first).to_be_visible()
    expect(station(page, "Remediate")).to_contain_text("under way")
    stage.mend()
    turns(page, station(page, "Proof").filter(has_text="under way"))
    expect(decisions).to_contain_text("graph_write")
    stage.drain()
    turns(page, page.get_by_text("was mended and proved").first)
    for name in ("Receive", "Check", "Remediate", "Proof"):
        expect(station(page, name)).to_contain_text("done")
    assert stage.incident().status is Status.RESOLVED
    expect(page.get_by_text("Nothing more happens to them by itself")).to_be_visible()
    page.get_by_role("link", name=stage.incident().id).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(stage.incident().id)


def test_what_is_pasted_wrongly_is_said_and_can_be_corrected(
    page: Page, stage: Stage, hook: FakePost
) -> None:
    paste(page, "{ this is no JSON")
    expect(page.get_by_role("alert")).to_have_text("The text is not JSON (line 1).")
    paste(page, json.dumps({"hello": "there"}))
    expect(page.get_by_role("alert")).to_contain_text("it needs data.events, or eventType and uuid")
    paste(page, json.dumps([entry(stage), entry(stage, eventType="user.session.start")]))
    expect(page.get_by_role("region", name="What it says")).to_contain_text(
        "2 events, 1 subject named"
    )
    assert hook.sent == []


def test_an_answered_event_is_sent_again_with_its_times_moved(
    page: Page, stage: Stage, simple: Incident, hook: FakePost
) -> None:
    paste(page, json.dumps(entry(stage, ago=900)))
    page.get_by_role("button", name="Send it to sandbox").click()
    became = page.get_by_role("region", name="Event by event")
    expect(became).to_contain_text("was answered by an earlier read")
    page.go_back()
    stage.clock.pass_by(SETTLE + 60)
    page.get_by_label("Move its times so that the latest is now").check()
    page.get_by_role("button", name="Send it to sandbox").click()
    expect(became).to_contain_text("waits for check")
    stage.looks()
    expect(became).to_contain_text("waits for approval")


def test_an_entry_is_taken_from_the_log(
    page: Page, stage: Stage, log: FakeLog, hook: FakePost
) -> None:
    log.entries = [entry(stage)]
    page.get_by_role("link", name="Replay", exact=True).click()
    page.get_by_role("link", name="An entry of Okta's System Log").click()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("button", name=f"Look at the event {UUID}").click()
    expect(page.get_by_label("Body")).to_contain_text(UUID)
    page.get_by_role("button", name="Send it to sandbox").click()
    expect(page.get_by_role("region", name="Event by event")).to_contain_text(USER)


def test_parked_work_is_sent_again_and_followed(page: Page, stage: Stage, console: Served) -> None:
    stage.table.park("m-1", "Okta refused", CheckMessage.look_at(SUBJECT).text(), stage.clock())
    (work,) = stage.table.parked()
    page.goto(f"{console.root}/parked/{work.id}")
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_role("status").first).to_have_text(f"{work.id} was sent again.")
    expect(page.get_by_role("region", name="Event by event")).to_contain_text("waits for check")


def test_a_stack_has_to_be_meant(
    visit: Visit, serve: Serve, seat: Seat, stage: Stage, hook: FakePost
) -> None:
    console = serve(seat(port=0, sandbox=False))
    page = visit(console.address)
    paste(page, json.dumps(entry(stage)))
    meant = page.get_by_label("I mean the stack my-stack")
    page.get_by_role("button", name="Send it to my-stack").click()
    assert meant.evaluate("box => box.validity.valueMissing")
    assert hook.sent == []
    meant.check()
    page.get_by_role("button", name="Send it to my-stack").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sent: pasted")
    assert len(hook.sent) == 1


def test_a_refused_delivery_is_told(page: Page, stage: Stage, hook: FakePost, watch: Watch) -> None:
    hook.status, hook.answer = 401, '{"error": "The Authorization header is not the secret."}'
    paste(page, json.dumps(entry(stage)))
    page.get_by_role("button", name="Send it to sandbox").click()
    expect(page.get_by_text("was refused (401)")).to_be_visible()
    expect(page.get_by_text("The Authorization header is not the secret.")).to_be_visible()


def test_a_large_delivery_stays_legible(
    visit: Visit, console: Served, stage: Stage, hook: FakePost
) -> None:
    ago = stage.clock() - timedelta(seconds=SETTLE + 10)
    many = [
        entry(
            stage,
            uuid=f"u-{n}",
            published=ago.isoformat(),
            target=[
                {"type": "AppInstance", "id": SUBJECT.app_id},
                {"type": "User", "id": f"00uMANY{n:013d}"},
            ],
        )
        for n in range(300)
    ]
    page = visit(console.address, width=390)
    paste(page, json.dumps(many))
    expect(page.get_by_text("300 events, 300 subjects named; the first 100")).to_be_visible()
    page.get_by_role("button", name="Send it to sandbox").click()
    expect(page.get_by_text("and 200 more")).to_be_visible()
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert serious(page) == []


def test_everything_of_it_goes_by_keyboard(page: Page, stage: Stage, hook: FakePost) -> None:
    page.get_by_role("link", name="Replay", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_label("A delivery of Okta's").focus()
    page.keyboard.insert_text(json.dumps(entry(stage)))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("pasted")
    page.get_by_label("Move its times").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sent: pasted")
