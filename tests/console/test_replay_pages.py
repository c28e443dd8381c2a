"""A sample is shown as Okta sends it, sent only when asked, and followed to its incidents."""

from __future__ import annotations

from typing import Any

import pytest

from lib.incident import Incident
from ops import replay as sending
from ops import samples
from ops.connection import Connection
from tests.console.browser import Browser
from tests.console.conftest import Make
from tests.fakes.make import USER
from tests.fakes.stage import Stage

NAME = "of-an-ordinary-user"
BODY = """{"data": {"events": [{"uuid": "u-1", "published": "2026-01-02T03:00:00.000Z",
 "eventType": "application.provision.user.push_profile", "target": [
 {"type": "AppInstance", "id": "0oaAAAAAAAAAAAAAAAA1"}, {"type": "User", "id": "%s"}]}]}}"""


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was sent to the hook."""
    sample = samples.Sample(NAME, "POST", {"Content-Type": "application/json"}, BODY % USER)
    monkeypatch.setattr(samples, "names", lambda: [NAME])
    monkeypatch.setattr(samples, "load", lambda _: sample)
    sent: list[str] = []

    def send_all(_: Connection, files: Any) -> list[sending.Sent]:
        sent.extend(files)
        return [sending.Sent(name, 200, "ok") for name in files]

    monkeypatch.setattr(sending, "send_all", send_all)
    return sent


def test_every_sample_of_the_folder_has_a_page(browser: Browser) -> None:
    listed = browser.read("/replay")
    for name in samples.names():
        assert f"/replay/sample/{name}" in listed
        page = browser.read(f"/replay/sample/{name}")
        assert "the hook&#39;s secret" in page or "the hook's secret" in page


def test_looking_sends_nothing(browser: Browser, hook: list[str]) -> None:
    page = browser.read(f"/replay/sample/{NAME}")
    assert "1 subject named" in page
    assert "application.provision.user.push_profile" in page
    assert hook == []
    assert browser.get("/replay/sent/1").status_code == 404


def test_it_is_sent_and_followed(
    browser: Browser, stage: Stage, simple: Incident, hook: list[str]
) -> None:
    text = browser.done(f"/replay/sample/{NAME}")
    assert hook == [NAME]
    assert '<strong id="answer">200</strong>' in text
    assert f"/incidents/{simple.id}" in text
    assert "waiting approval" in text
    assert "since</span>" not in text  # nothing read it after it was sent
    stage.clock.pass_by(120)
    stage.hint(ago=100)
    stage.looks()
    assert "since</span>" in browser.read("/replay/sent/1/live")
    assert "/replay/sent/1" in browser.read("/replay")


def test_a_stack_has_to_be_meant(make: Make, asked: list[Any], hook: list[str]) -> None:
    browser = Browser(make(sandbox=False))
    assert 'name="sure"' in browser.read(f"/replay/sample/{NAME}")
    for sure in ("", "another-stack"):
        text = browser.done(f"/replay/sample/{NAME}", sure=sure)
        assert "Say that you mean the stack my-stack." in text
    assert hook == []
    browser.done(f"/replay/sample/{NAME}", sure="my-stack")
    assert hook == [NAME]


@pytest.mark.parametrize("name", ["..%2f..%2fpyproject.toml", "%2fetc%2fpasswd", "nothing"])
def test_only_samples_are_read(browser: Browser, name: str) -> None:
    for answer in (
        browser.get(f"/replay/sample/{name}"),
        browser.post(f"/replay/sample/{name}"),
    ):
        assert answer.status_code == 404
        assert "root:" not in answer.text
