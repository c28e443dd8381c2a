"""Both directories side by side, what is changed and broken from here, and what must not be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape

import pytest
from flask import Flask

from lib.incident import Incident
from lib.times import to_text
from ops.connection import Control as Connected
from ops.console import control, world
from ops.console.app import create_console
from sandbox.control.app import Control
from tests.console.browser import KEY, Browser
from tests.console.conftest import Make, Seat
from tests.console.simulated import CLOUD, NEVER, ORDINARY, Simulated, simulated
from tests.fakes.make import APP, OBJECT, OLD_PHONE, OTHER_APP, PHONE, SECRETS
from tests.fakes.stage import Stage

PERSON = f"/world/{ORDINARY}"
PRODUCT = {"OktaAppIds": f"{APP},{OTHER_APP}"}
Connect = Callable[[Connected | None], Flask]


@pytest.fixture
def here() -> Iterator[Simulated]:
    with simulated() as found:
        yield found


@pytest.fixture
def connect(seat: Seat) -> Connect:
    def connected(to: Connected | None) -> Flask:
        desk = seat(PRODUCT)
        desk.connection = replace(desk.connection, control=to)
        app = create_console(desk, KEY)
        app.config["TESTING"] = False
        return app

    return connected


@pytest.fixture
def browser(connect: Connect, here: Simulated) -> Browser:
    return Browser(connect(here.opened))


def rows(text: str) -> dict[str, list[str]]:
    """Of a page of one person: the attribute, and the texts of its row."""
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL):
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        plain = [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in cells]
        found[plain[0]] = plain[1:]
    return found


# -- what is shown -------------------------------------------------------------------------


def test_both_sides_are_shown_with_what_differs(browser: Browser) -> None:
    text = browser.read("/world")
    assert '<strong>2</strong> of 3 differ: <a href="/world/ordinary.user">' in text
    assert PHONE in text
    assert OLD_PHONE in text
    found = rows(browser.read(PERSON))
    assert found["mobilePhone"] == [PHONE, "≠ differs", OLD_PHONE, ""]
    # As the product compares: without case.
    assert found["otherMails"] == ["private@home.example", "= same", "Private@home.example", ""]
    assert found["accountEnabled"] == ["enabled", "= same", "enabled", ""]


def test_people_of_one_side_only(browser: Browser) -> None:
    cloud = browser.read(f"/world/{CLOUD}")
    assert "not in Okta" in cloud
    assert "Global Administrator" in cloud
    assert rows(cloud)["accountEnabled"] == ["–", "no opinion", "enabled", ""]
    never = browser.read(f"/world/{NEVER}")
    assert rows(never)["accountEnabled"] == ["enabled", "≠ differs", "nobody", ""]
    assert "form-entra-mobilePhone" not in never


def test_a_leaver_without_an_account_is_as_good_as_disabled(
    browser: Browser, here: Simulated
) -> None:
    here.org.deactivate(NEVER)
    assert rows(browser.read(f"/world/{NEVER}"))["accountEnabled"][:3] == [
        *("disabled", "= same", "nobody")
    ]
    here.tenant.delete_user(OBJECT)
    assert rows(browser.read(PERSON))["accountEnabled"][:3] == ["enabled", "≠ differs", "deleted"]


def test_an_assignment_that_has_another_value_says_so(browser: Browser, here: Simulated) -> None:
    here.org.app_user(ORDINARY, APP).profile["mobilePhone"] = "+15550177"
    assert "the assignment has +15550177" in rows(browser.read(PERSON))["mobilePhone"][0]


def test_what_the_product_knows_of_a_person(
    browser: Browser, stage: Stage, simple: Incident
) -> None:
    for path in ("/world", "/world-people", PERSON, f"{PERSON}/live"):
        text = browser.read(path)
        assert f'<a href="/incidents/{simple.id}">{simple.id}</a>' in text, path
        assert stage.state.last_read
        assert stage.state.covered_to
        assert f'read <time datetime="{to_text(stage.state.last_read)}">' in text, path
        assert f'covered to <time datetime="{to_text(stage.state.covered_to)}">' in text, path
    assert rows(text)["mobilePhone"][3] == simple.id
    assert "not read yet" in browser.read(f"/world/{NEVER}")


def test_one_read_of_the_table_for_everybody(
    browser: Browser, stage: Stage, simple: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    subjects = stage.table.subjects
    monkeypatch.setattr(
        stage.table, "subjects", lambda wanted: [asked.append(len(wanted)), subjects(wanted)][1]
    )
    browser.read("/world")
    assert asked == [4]  # two people in Okta, two apps
    asked.clear()
    browser.read("/world-broken")
    assert asked == [0]


def test_a_page_holds_so_many_and_leads_on(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "MOST", 2)
    first = browser.read("/world")
    assert "1 to 2 of 3" in first
    assert CLOUD not in first
    assert 'rel="next" href="/world?first=2"' in first
    last = browser.read("/world?first=2")
    assert CLOUD in last
    assert 'rel="next"' not in last
    assert 'rel="prev" href="/world?first=0"' in last
    assert 'data-refresh="/world-people?first=2"' in last
    assert "There is nobody more." in browser.read("/world?first=50")
    for wrong in ("-1", "x", "1.5", "9" * 20):
        assert browser.get(f"/world?first={wrong}").status_code == 400


def test_nobody_of_that_name(browser: Browser) -> None:
    for name in ("some.body", "..", "%00", "a b", "flag", "break"):
        answer = browser.get(f"/world/{name}")
        assert answer.status_code == 404, name
    assert browser.get("/world/some.body/live").status_code == 404


# -- what is changed -----------------------------------------------------------------------


def test_a_value_in_okta_is_pushed(browser: Browser, here: Simulated) -> None:
    text = browser.done(f"{PERSON}/okta", attribute="mobilePhone", value=" +1 555 0123 ")
    assert "mobilePhone of ordinary.user changed in Okta." in text
    here.settle()
    assert here.tenant.get_user(OBJECT).mobile_phone == "+1 555 0123"
    browser.done(f"{PERSON}/okta", attribute="otherMails", value="a@b.example, c@d.example")
    here.settle()
    assert here.tenant.get_user(OBJECT).other_mails == ("a@b.example", "c@d.example")
    browser.done(f"{PERSON}/okta", attribute="mobilePhone", value="")
    here.settle()
    assert here.tenant.get_user(OBJECT).mobile_phone is None


def test_a_value_in_entra_is_not_told_to_okta(browser: Browser, here: Simulated) -> None:
    browser.done(f"{PERSON}/entra", attribute="mobilePhone", value=PHONE)
    browser.done(f"{PERSON}/entra", attribute="otherMails", value="")
    text = browser.done(f"{PERSON}/entra", attribute="accountEnabled", value="off")
    found = here.tenant.get_user(OBJECT)
    assert (found.mobile_phone, found.other_mails) == (PHONE, ())
    assert not found.account_enabled
    assert rows(text)["accountEnabled"] == ["enabled", "≠ differs", "disabled", ""]
    assert "Enable the account" in text
    assert here.org.user(ORDINARY).profile["otherMails"] == ["private@home.example"]


def test_a_push_that_will_be_lost_is_marked(browser: Browser, here: Simulated) -> None:
    assert "next push will be lost" in browser.done(f"{PERSON}/lose-push")
    browser.done(f"{PERSON}/okta", attribute="mobilePhone", value="+1 555 0123")
    here.settle()
    assert here.tenant.get_user(OBJECT).mobile_phone == OLD_PHONE
    assert "next push will be lost" not in browser.read(PERSON)


def test_unassigned_assigned_and_gone(browser: Browser, here: Simulated) -> None:
    assert "Assign to Microsoft 365<" in browser.done(f"{PERSON}/unassign", app=APP)
    assert rows(browser.read(PERSON))["accountEnabled"][0] == "disabled"
    assert "Unassign from Microsoft 365<" in browser.done(f"{PERSON}/assign", app=APP)
    text = browser.done(f"{PERSON}/deactivate")
    assert "DEPROVISIONED" in text
    assert "Assign to" not in text
    assert "Deactivate<" not in text


def test_a_role_and_the_flag(browser: Browser, here: Simulated) -> None:
    role = "Privileged Authentication Administrator"
    assert "holds" in browser.done(f"{PERSON}/role", role=role, held="active")
    assert "may activate" in browser.done(f"{PERSON}/role", role=role, held="eligible")
    assert "was taken from" in browser.done(f"{PERSON}/role", role=role, held="none")
    assert '<strong id="flag">on' in browser.done("/world/flag", enabled="on")
    assert here.tenant.bypass_enabled
    assert '<strong id="flag">off' in browser.done("/world/flag", enabled="off")


def test_what_is_refused_is_said_where_it_was_asked(browser: Browser, here: Simulated) -> None:
    for path, fields in (
        (f"{PERSON}/okta", {"attribute": "mobilePhone", "value": "1" * 65}),
        (f"{PERSON}/entra", {"attribute": "otherMails", "value": "ü@b.example"}),
        (f"{PERSON}/assign", {"app": APP}),
        (f"{PERSON}/unassign", {"app": "another"}),
        (f"{PERSON}/role", {"role": "King", "held": "active"}),
        ("/world/break", {"part": "moon", "trouble": "out"}),
    ):
        text = browser.done(path, **fields)
        assert '<p class="told failed" role="alert">' in text, path
    assert here.tenant.get_user(OBJECT).mobile_phone == OLD_PHONE


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (f"{PERSON}/okta", {"attribute": "accountEnabled", "value": "on"}),
        (f"{PERSON}/okta", {"attribute": "login", "value": "x"}),
        (f"{PERSON}/entra", {"attribute": "accountEnabled", "value": "true"}),
        (f"{PERSON}/entra", {}),
        ("/world/flag", {"enabled": "perhaps"}),
    ],
)
def test_a_field_no_form_has(
    browser: Browser, here: Simulated, path: str, fields: dict[str, str]
) -> None:
    before = here.tenant.get_user(OBJECT)
    assert browser.post(path, **fields).status_code == 400
    assert here.tenant.get_user(OBJECT) == before


def test_a_change_of_nobody_is_a_page_that_is_not_there(browser: Browser) -> None:
    answer = browser.post("/world/some.body/lose-push")
    assert answer.status_code == 303
    gone = browser.get(answer.headers["Location"])
    assert gone.status_code == 404


def test_no_value_is_in_an_address(browser: Browser, here: Simulated) -> None:
    browser.done(f"{PERSON}/okta", attribute="mobilePhone", value="+1 555 0123")
    browser.done(f"{PERSON}/entra", attribute="otherMails", value="secret@mail.example")
    browser.done(f"{PERSON}/entra", attribute="mobilePhone", value="9" * 70)
    hidden = {*SECRETS, "0123", "mail.example", "999"} - {"ordinary.user"}
    assert [path for path in browser.visited for value in hidden if value in path] == []
    assert len(browser.visited) > 6


# -- what is broken ------------------------------------------------------------------------


def test_it_is_broken_until_it_is_mended(browser: Browser, here: Simulated) -> None:
    assert "Nothing is broken." in browser.read("/world")
    text = browser.done("/world/break", part="graph", trouble="out")
    assert "Microsoft Graph: out (503)" in text
    assert "0 requests met it." in text
    assert "Okta's pushes through Graph fail too" in unescape(text)
    assert "Something is broken" in browser.read(PERSON)
    answer = here.tenant.flask.test_client().get("/graph/v1.0/users")
    assert answer.status_code == 503
    assert "1 request met it." in browser.read("/world-broken")
    browser.done("/world/break", part="okta", trouble="throttled")
    assert "(used up)" in browser.read("/world-broken")
    assert "Nothing is broken." in browser.done("/world/mend")
    assert here.tenant.flask.test_client().get("/graph/v1.0/users").status_code == 401
    assert "Something is broken" not in browser.read(PERSON)


def test_what_others_broke_is_told_too(browser: Browser, here: Simulated) -> None:
    here.tenant.faults.add("PATCH *", 403, times=2)
    here.org.faults.add("GET *", "reset")
    text = browser.read("/world-broken")
    assert "<code>PATCH *</code> answers 403, 2 more times" in text
    assert "<code>GET *</code> ends in a reset, 1 more time" in text
    assert "PATCH *" not in browser.done("/world/mend")


def test_every_trouble_has_words(browser: Browser) -> None:
    text = browser.read("/world")
    offered = re.findall(r'<option value="(\w+)">([^<]+)</option>', text)
    assert {name for name, _ in offered} >= set(world.TROUBLES)
    assert all("_" not in label for _, label in offered)


# -- where there is none -------------------------------------------------------------------


def test_without_a_control_there_is_no_such_page(connect: Connect, make: Make) -> None:
    for app in (connect(None), make(sandbox=False)):
        browser = Browser(app)
        for path in ("/world", "/world-people", "/world-broken", PERSON):
            assert browser.get(path).status_code == 404
        assert browser.post("/world/mend").status_code == 404
        assert "/world" not in browser.read("/")


def test_a_stack_has_none_whatever_is_written_down(seat: Seat, here: Simulated) -> None:
    desk = seat(sandbox=False)
    desk.connection = replace(desk.connection, control=here.opened)
    assert Browser(create_console(desk, KEY)).get("/world").status_code == 404


def test_read_only_shows_and_changes_nothing(seat: Seat, here: Simulated) -> None:
    desk = seat(PRODUCT, read_only=True)
    desk.connection = replace(desk.connection, control=here.opened)
    browser = Browser(create_console(desk, KEY))
    for path in ("/world", PERSON):
        text = browser.read(path)
        assert OLD_PHONE in text
        assert "<form" not in text
    assert browser.post("/world/flag", enabled="on").status_code == 403
    assert not here.tenant.bypass_enabled


def test_a_sandbox_that_is_gone_is_said(browser: Browser, here: Simulated) -> None:
    here.stop()
    for path in ("/world", "/world-people", "/world-broken", PERSON, f"{PERSON}/live"):
        answer = browser.get(path)
        assert answer.status_code == 502, path
        assert "The sandbox does not answer" in answer.text
    assert browser.get("/incidents").status_code == 200


def test_a_sandbox_that_was_started_anew_is_said(connect: Connect, here: Simulated) -> None:
    other = Control(here.world, here.org, here.tenant).token
    browser = Browser(connect(replace(here.opened, token=other)))
    answer = browser.get("/world")
    assert answer.status_code == 502
    assert "started anew" in answer.text
    token = browser.token  # of another page
    assert browser.post("/world/mend", token=token).status_code == 303


def test_its_token_is_shown_nowhere(browser: Browser, here: Simulated) -> None:
    for path in ("/world", PERSON, "/world-broken"):
        assert here.opened.token not in browser.read(path)
    assert here.opened.token not in repr(here.opened)


def test_a_proxy_of_the_machine_is_not_asked(
    here: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    assert control.read(here.opened)["count"] == 3
