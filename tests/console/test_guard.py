"""Nobody but the person's own browser reaches the console, and nothing changes by accident."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lib.incident import Incident
from ops.console import guard
from tests.console.browser import KEY, PORT, ROOT, Browser, Markup
from tests.console.conftest import Make
from tests.console.simulated import ORDINARY
from tests.fakes.make import INCIDENT
from tests.fakes.stage import Stage

PAGES = ("/", "/incidents", "/parked", "/sweep", "/replay", "/doctor", "/audit", "/world")
CHANGES = (
    "/draw",
    f"/incidents/{INCIDENT}/reveal",
    f"/incidents/{INCIDENT}/approve",
    f"/incidents/{INCIDENT}/dismiss",
    f"/incidents/{INCIDENT}/snooze",
    "/parked/p-01234567/retry",
    "/parked/p-01234567/discard",
    "/sweep",
    "/sweep/sw-0123456789/stop",
    "/replay/sample/push-succeeded-mobile-phone",
    "/replay/paste",
    "/replay/draft/1",
    "/replay/log",
    "/doctor",
    "/world/break",
    "/world/mend",
    "/world/flag",
    *(
        f"/world/{ORDINARY}/{change}"
        for change in ("okta", "entra", "lose-push", "deactivate", "assign", "unassign", "role")
    ),
)


def test_these_are_all_changes_there_are(make: Make) -> None:
    """A new one has to be in the list above, and so in the tests below."""
    app = make()
    posts = [r for r in app.url_map.iter_rules() if "POST" in (r.methods or ())]
    adapter = app.url_map.bind(f"127.0.0.1:{PORT}")
    reached = {adapter.match(path, method="POST")[0] for path in CHANGES}
    assert reached == {rule.endpoint for rule in posts}
    others = {m for r in app.url_map.iter_rules() for m in r.methods or ()}
    assert others == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize("path", PAGES)
def test_no_page_without_the_key(make: Make, path: str) -> None:
    stranger = Browser(make(), entered=False)
    answer = stranger.get(path)
    assert answer.status_code == 403
    assert "sandbox" not in answer.text
    assert stranger.get("/enter/another-key").status_code == 403
    assert stranger.get(path).status_code == 403


def test_a_key_of_an_earlier_start_and_its_cookie_are_worth_nothing(make: Make) -> None:
    first, second = make(), make()
    browser = Browser(first)
    browser.client.application = second
    assert browser.get("/").status_code == 403


@pytest.mark.parametrize(
    "host", ["attacker.example", f"attacker.example:{PORT}", "127.0.0.1:1", "[::1]:8765", "0.0.0.0"]
)
def test_another_host_is_a_rebinding(browser: Browser, host: str) -> None:
    for path in (*PAGES, "/static/console.css", f"/enter/{KEY}"):
        answer = browser.get(path, root=f"http://{host}")
        assert answer.status_code == 421
        assert "Set-Cookie" not in answer.headers
    assert browser.post("/draw", root=f"http://{host}").status_code == 421


def test_localhost_is_us(make: Make) -> None:
    browser = Browser(make())
    root = f"http://localhost:{PORT}"
    assert browser.get(f"/enter/{KEY}", root=root).status_code == 303
    assert browser.get("/", root=root).status_code == 200


@pytest.mark.parametrize("path", CHANGES)
def test_no_change_without_its_token(
    browser: Browser, stage: Stage, asked: list[Any], path: str
) -> None:
    other = browser.token[::-1]
    for token in ("", "0" * 64, other):
        assert browser.post(path, token=token).status_code == 403
    assert asked == []
    assert stage.table.overview() is None


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    "origin", [None, "null", "http://attacker.example", "http://127.0.0.1:1", f"https{ROOT[4:]}"]
)
def test_no_change_from_another_origin(
    browser: Browser, asked: list[Any], path: str, origin: str | None
) -> None:
    assert browser.post(path, origin=origin).status_code == 403
    assert asked == []


def test_a_token_is_of_one_session(make: Make) -> None:
    app = make()
    mine, theirs = Browser(app), Browser(app)
    assert mine.token != theirs.token
    assert mine.post("/draw", token=theirs.token).status_code == 403
    assert mine.post("/draw").status_code == 303


@pytest.mark.parametrize("path", CHANGES)
def test_read_only_refuses_every_change(make: Make, asked: list[Any], path: str) -> None:
    watcher = Browser(make(read_only=True))
    token = Browser(make()).token
    answer = watcher.post(path, token=token)
    assert answer.status_code == 403
    assert "--read-only" in answer.text
    assert asked == []


def test_read_only_offers_nothing(make: Make, simple: Incident) -> None:
    watcher = Browser(make(read_only=True))
    for path in (*PAGES, f"/incidents/{simple.id}", "/replay/sample/push-landed"):
        tags = Markup(watcher.read(path)).tags
        assert not [a for tag, a in tags if tag == "form" and a.get("method") == "post"], path


def test_the_cookie_is_the_browsers_alone(make: Make) -> None:
    answer = Browser(make(), entered=False).get(f"/enter/{KEY}")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert str(PORT) in cookie.partition("=")[0]


def test_every_answer_says_how_it_may_be_used(browser: Browser) -> None:
    for path in (*PAGES, "/static/console.js", "/nowhere", f"/incidents/{INCIDENT}"):
        headers = browser.get(path).headers
        for name, value in guard.HEADERS.items():
            assert headers[name] == value, path
    policy = guard.HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert guard.HEADERS["Referrer-Policy"] != "no-referrer"  # forms would say Origin: null


def test_pages_hold_nothing_the_policy_forbids(browser: Browser, simple: Incident) -> None:
    for path in (*PAGES, f"/incidents/{simple.id}", "/nowhere", "/replay/sample/push-landed"):
        for tag, attributes in Markup(browser.get(path).text).tags:
            assert tag != "style", path
            assert tag != "script" or attributes.get("src"), path
            for name, value in attributes.items():
                assert name != "style", path
                assert not name.startswith("on"), path
                if name in ("href", "src", "action"):
                    assert (value or "").startswith(("/", "#")), path


def test_assets_ask_nobody_else() -> None:
    folder = Path(guard.__file__).parent / "static"
    for file in folder.iterdir():
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "//" not in text.replace("// ", ""), file
        assert "@import" not in text


def test_a_form_is_no_upload(browser: Browser) -> None:
    assert browser.post("/draw", why="x" * (guard.MOST_BYTES + 1)).status_code == 413
