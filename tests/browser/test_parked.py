"""Work that was set aside, taken up by a person."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from lib.messages import CheckMessage
from tests.browser.watch import Watch
from tests.console.conftest import PERSON, FakeSqs
from tests.fakes.make import SUBJECT
from tests.fakes.stage import ARN, Stage


def parked(stage: Stage, body: str) -> str:
    stage.table.park("m-1", "Okta answered 404 for this user", body, stage.clock())
    (work,) = stage.table.parked()
    return work.id


def test_it_is_sent_again(page: Page, stage: Stage, sqs: FakeSqs) -> None:
    work = parked(stage, CheckMessage.look_at(SUBJECT).text())
    page.get_by_role("link", name="Parked").click()
    row = page.get_by_role("row").filter(has_text=work)
    expect(row).to_contain_text("Okta answered 404 for this user")
    row.get_by_role("link", name=work).click()
    expect(page.get_by_label("The message as it was", exact=True)).to_contain_text(SUBJECT.user_id)
    assert sqs.sent == []
    page.get_by_role("button", name="Send it again", exact=True).click()
    expect(page.get_by_role("status")).to_have_text(f"{work} was sent again.")
    page.get_by_role("link", name="Parked").click()
    expect(page.get_by_text("Nothing is parked.")).to_be_visible()
    assert SUBJECT.user_id in sqs.sent[0]


def test_it_is_thrown_away_with_a_reason(page: Page, stage: Stage, sqs: FakeSqs) -> None:
    work = parked(stage, "rubbish")
    page.get_by_role("link", name="Parked").click()
    page.get_by_role("link", name=work).click()
    expect(page.get_by_role("button", name="Send it again", exact=True)).to_have_count(0)
    why = page.get_by_label("Why it can be thrown away", exact=True)
    discard = page.get_by_role("button", name="Discard", exact=True)
    discard.click()
    assert why.evaluate("field => field.validity.valueMissing")
    why.fill("   ")
    discard.click()
    expect(page.get_by_role("alert")).to_contain_text("Say why")
    assert len(stage.table.parked()) == 1
    why.fill("was sent by hand")
    discard.click()
    expect(page.get_by_role("status")).to_have_text(f"{work} was discarded.")
    (kept,) = stage.table._query("pk = :p", {":p": "PARKED#discarded"})
    assert (kept["why"], kept["by"]) == ("was sent by hand", ARN + PERSON)
    assert sqs.sent == []


def test_somebody_was_faster(page: Page, stage: Stage, sqs: FakeSqs, watch: Watch) -> None:
    work = parked(stage, CheckMessage.look_at(SUBJECT).text())
    page.get_by_role("link", name="Parked").click()
    page.get_by_role("link", name=work).click()
    (found,) = stage.table.parked()
    stage.table.unpark(found)
    watch.expects("status of 404")
    page.get_by_role("button", name="Send it again", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("not parked any more")
    page.get_by_role("link", name="To the overview").click()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    assert sqs.sent == []
