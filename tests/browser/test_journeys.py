"""Whole journeys in the sandbox: from a push that did not land to its proof, seen in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Visit
from tests.browser.deployed import Deployed
from tests.browser.pictures import picture

# Milliseconds. Looks, tick and the functions' starts take their time.
SOON = 90_000
ADMINISTRATOR = "privileged.auth.admin@corp.example"


def root_of(address: str) -> str:
    return address.partition("/enter/")[0]


def find(page: Page, user: str) -> str:
    """The incident of theirs that needs a person, when the overview shows it; opened."""
    needs = page.get_by_role("region", name="Needs a person")
    row = needs.get_by_role("row").filter(has_text=user)
    expect(row).to_be_visible(timeout=SOON)
    link = row.get_by_role("link")
    name = link.inner_text()
    link.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    return name


def decide(visit: Visit, deployed: Deployed, person: str, incident: str) -> Page:
    """As somebody else, at their own console: look, reveal, approve."""
    address = deployed.console(person)
    page = visit(address)
    expect(page.get_by_role("banner")).to_contain_text(person)
    page.goto(f"{root_of(address)}/incidents/{incident}")
    page.get_by_role("button", name="Reveal the values", exact=True).click()
    page.get_by_role("button", name="Approve exactly this plan", exact=True).click()
    expect(page.get_by_role("status").or_(page.get_by_role("alert")).first).to_be_visible()
    return page


def sign_in(chromium: Browser, told: str, account: str) -> None:
    """At the page of Microsoft's, with the code that the command printed."""
    found = re.search(r"Open (\S+) and enter (\w+)", told)
    assert found, told
    with chromium.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        page.goto(found[1])
        page.get_by_label("Code shown on your device").fill(found[2])
        page.get_by_label("Who signs in", exact=True).fill(account)
        page.get_by_role("button", name="Continue", exact=True).click()
        expect(page.get_by_role("heading")).to_contain_text("You have signed in")


def test_two_people_and_an_administrator_mend_a_protected_number(
    visit: Visit, deployed: Deployed, chromium: Browser
) -> None:
    deployed.run("replay", "push-succeeded-mobile-phone")
    page = visit(deployed.console("first.operator"))
    name = find(page, "00uGlobalAdmin000000")
    main, happened = page.get_by_role("main"), page.get_by_role("region", name="What happened")
    expect(page.get_by_role("region", name="Why").get_by_role("listitem").first).to_be_visible()
    expect(main).not_to_contain_text("555 0102")
    page.get_by_role("button", name="Reveal the values", exact=True).click()
    expect(main).to_contain_text("+1 202 555 0102")
    expect(main).to_contain_text("+1 202 555 0101")
    page.get_by_role("button", name="Approve exactly this plan", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("approved: 1 of 2 approvals")
    page.evaluate("window.sameDocument = true")

    theirs = decide(visit, deployed, "global.admin", name)
    expect(theirs.get_by_role("alert")).to_contain_text("You are the target of this change")
    expect(happened).to_contain_text("waiting approval")
    theirs = decide(visit, deployed, "second.operator", name)
    expect(theirs.get_by_role("status").first).to_contain_text("approved: 2 of 2 approvals")
    expect(happened).to_contain_text("second.operator")
    expect(happened).to_contain_text("waiting person")

    expect(theirs.get_by_text(f"pushproof write {name}").first).to_be_visible()
    writing = deployed.begin("write", name, "--yes")
    assert writing.stdout is not None
    sign_in(chromium, writing.stdout.readline(), ADMINISTRATOR)
    said, _ = writing.communicate(timeout=60)
    assert writing.returncode == 0, said
    expect(happened).to_contain_text("expected = actual", timeout=SOON)
    expect(happened).to_contain_text("resolved")
    assert page.evaluate("window.sameDocument"), "it was loaded again"

    page.get_by_role("link", name="Audit").click()
    records = page.get_by_role("row").filter(has_text=name)
    expect(records.filter(has_text="refused")).to_contain_text("global.admin")
    expect(records.filter(has_text="revealed")).to_have_count(3)
    expect(records.filter(has_text="approved")).to_have_count(2)


@pytest.mark.pictures
def test_a_sample_is_followed_to_the_proof(visit: Visit, deployed: Deployed) -> None:
    """One approval is enough for this one, and the function writes."""
    page = visit(deployed.console("second.operator"))
    page.get_by_role("link", name="Replay", exact=True).click()
    page.get_by_role("link", name="push-succeeded-other-mails").click()
    page.get_by_role("button", name="Send it to sandbox").click()
    became = page.get_by_role("region", name="Event by event")
    expect(became).to_contain_text("waits for approval", timeout=SOON)
    link = page.get_by_role("link", name=re.compile("^inc-"))
    name = link.inner_text()
    link.click()
    page.get_by_role("button", name="Reveal the values").click()
    expect(page.get_by_role("main")).to_contain_text("ordinary.new@example.net")
    page.get_by_role("button", name="Approve exactly this plan").click()
    expect(page.get_by_role("status").first).to_contain_text("approved: 1 of 1 approvals")
    page.get_by_role("link", name="Replay", exact=True).click()
    sent = page.get_by_role("region", name="Sent from here")
    sent.get_by_role("link", name="push-succeeded-other-mails").click()
    expect(became).to_contain_text("was mended and proved", timeout=SOON)
    picture(page, "sent")
    page.get_by_role("link", name="Incidents", exact=True).click()
    page.get_by_label("List", exact=True).select_option("closed")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("resolved")


@pytest.mark.pictures
def test_a_directory_is_changed_and_both_sides_show_it(visit: Visit, deployed: Deployed) -> None:
    page = visit(deployed.console("first.operator"))
    page.get_by_role("link", name="World", exact=True).click()
    sides = page.get_by_role("region", name="Side by side")
    expect(sides.get_by_role("link", name="national.number", exact=True).first).to_be_visible()
    picture(page, "world")
    sides.get_by_role("link", name="eligible.admin", exact=True).first.click()
    entra = page.get_by_role("region", name="Change in Entra")
    entra.get_by_label("mobilePhone", exact=True).fill("+1 202 555 0199")
    entra.get_by_role("button", name="Change", exact=True).first.click()
    row = page.get_by_role("row").filter(has_text="mobilePhone")
    expect(row).to_contain_text("+1 202 555 0199")
    expect(row).to_contain_text("+1 202 555 0115")
    expect(row).to_contain_text("differs")


def test_doctor_examines_the_sandbox(visit: Visit, deployed: Deployed) -> None:
    page = visit(deployed.console("first.operator"))
    page.get_by_role("link", name="Doctor").click()
    page.get_by_role("button", name="Examine", exact=True).click()
    found = page.get_by_role("listitem").filter(has_text="the event hook is active, verified")
    expect(found).to_contain_text("ok", timeout=SOON)
    expect(page.get_by_role("heading", name="clocks")).to_be_visible(timeout=SOON)
    unknown = page.get_by_role("listitem").filter(has_text="bypassDirSyncOverridesEnabled")
    expect(unknown.first).to_contain_text("unknown")
    expect(page.get_by_text("running", exact=True)).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.pictures
def test_everybody_is_swept_and_the_report_taken_along(visit: Visit, deployed: Deployed) -> None:
    page = visit(deployed.console("first.operator"))
    page.get_by_role("link", name="Sweep", exact=True).click()
    page.get_by_role("button", name="Start a sweep of sandbox").click()
    page.get_by_role("link", name=re.compile("^sw-")).first.click()
    went = page.get_by_role("region", name=re.compile("^How (far it is|it went)$"))
    expect(went).to_contain_text("Ended", timeout=SOON)
    page.reload()
    found = page.get_by_role("region", name="Whom it found")
    gone = found.get_by_role("row").filter(has_text="00uLeaverUser0000000")
    differs = found.get_by_role("row").filter(has_text="00uRestrictedUser000")
    expect(gone.or_(differs).first).to_be_visible()
    expect(differs).to_contain_text("mobilePhone")
    expect(found.get_by_role("img").first).to_be_visible()
    picture(page, "sweep")
    with page.expect_download() as taken:
        page.get_by_role("link", name="All as CSV").click()
    text = taken.value.path().read_text()
    assert taken.value.suggested_filename.endswith(".csv")
    assert "00uRestrictedUser000" in text
    assert "555" not in text
