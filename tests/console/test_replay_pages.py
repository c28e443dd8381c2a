"""What to send is chosen, seen as Okta sends it, sent only when asked, and followed to its end."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from lib.errors import Refused, Transient
from lib.incident import Incident
from lib.times import from_text, to_text
from ops.console.shelf import REMEMBERED
from ops.replay import log_events
from tests.console.browser import Browser
from tests.console.conftest import Make
from tests.console.hook import FakePost
from tests.fakes.make import APP, USER
from tests.fakes.stage import SETTLE, Stage

UUID = "11111111-2222-4333-8444-555555555555"
SAMPLE = "push-succeeded-mobile-phone"


def entry(stage: Stage, ago: float = SETTLE + 10, **more: Any) -> dict[str, Any]:
    return {
        "uuid": UUID,
        "published": to_text(stage.clock() - timedelta(seconds=ago)),
        "eventType": "application.provision.user.push_profile",
        "outcome": {"result": "SUCCESS"},
        "target": [{"type": "AppInstance", "id": APP}, {"type": "User", "id": USER}],
        **more,
    }


def pasted(browser: Browser, text: str) -> str:
    """The address of what was pasted, as it is shown."""
    answer = browser.post("/replay/paste", text=text)
    assert answer.status_code == 303
    return answer.headers["Location"]


def test_every_sample_of_the_folder_has_a_page(browser: Browser) -> None:
    from ops import samples

    listed = browser.read("/replay")
    assert set(samples.shown()) == set(samples.names())
    assert "a push that succeeded; otherMails did not change" in listed
    for name in samples.names():
        assert f"/replay/sample/{name}" in listed
        shown = browser.read(f"/replay/sample/{name}")
        assert "the hook&#39;s secret" in shown or "the hook's secret" in shown


def test_looking_sends_nothing(browser: Browser, stage: Stage, hook: FakePost) -> None:
    where = pasted(browser, json.dumps(entry(stage)))
    shown = browser.read(where)
    assert "1 event, 1 subject named" in shown
    assert "it names its user" in shown
    assert "https://hook.example/okta/events" in shown
    assert hook.sent == []
    assert stage.checks.sent == []
    assert browser.get("/replay/sent/1").status_code == 404


def test_it_is_sent_and_followed_to_its_end(
    browser: Browser, stage: Stage, simple: Incident, hook: FakePost
) -> None:
    where = pasted(browser, json.dumps(entry(stage, ago=-5)))
    text = browser.done(where)
    assert [sample.name for sample in hook.sent] == ["pasted"]
    assert '<strong id="answer">200</strong>' in text
    assert "waits for check" in text
    assert "data-still" not in text
    stage.looks()
    live = browser.read("/replay/sent/1/live")
    assert "waits for approval" in live
    assert f"/incidents/{simple.id}" in live
    # By itself no more; but a person may move it on, so it is looked at less often.
    assert "data-still" not in live
    assert "data-slowly" in live
    stage.says("second.operator")
    assert "is being mended" in browser.read("/replay/sent/1/live")
    stage.drain()
    live = browser.read("/replay/sent/1/live")
    assert "was mended and proved" in live
    assert "data-still" in live
    for station in ("receive", "check", "remediate", "proof"):
        assert f"<strong>{station}</strong>" in live
    assert "/replay/sent/1" in browser.read("/replay")


def test_ids_and_times_are_rewritten_only_when_asked(
    browser: Browser, stage: Stage, hook: FakePost
) -> None:
    event = entry(stage, ago=900)
    where = pasted(browser, json.dumps(event))
    browser.done(where)
    browser.done(where, now="1")
    browser.done(where, **{"new-ids": "1"})
    first, moved, renewed = (json.loads(s.body or "")["data"]["events"][0] for s in hook.sent)
    assert first == event
    assert moved["uuid"] == UUID
    assert stage.clock() - from_text(moved["published"]) < timedelta(seconds=1)
    assert renewed["uuid"] != UUID
    assert renewed["published"] == first["published"]


def test_a_refused_delivery_says_so_and_is_at_its_end(
    browser: Browser, stage: Stage, hook: FakePost
) -> None:
    hook.status = 401
    text = browser.done(pasted(browser, json.dumps(entry(stage))))
    assert "was refused (401)" in text
    assert "data-still" in text


def test_what_names_nobody_is_not_followed(browser: Browser, hook: FakePost) -> None:
    text = browser.done("/replay/sample/verification-request")
    assert "it names nobody, so there is nothing to follow" in text
    assert "data-still" in text


def test_a_stack_has_to_be_meant(
    make: Make, stage: Stage, asked: list[Any], hook: FakePost
) -> None:
    browser = Browser(make(sandbox=False))
    where = pasted(browser, json.dumps(entry(stage)))
    for address in (f"/replay/sample/{SAMPLE}", where):
        assert 'name="sure"' in browser.read(address)
        for sure in ("", "another-stack"):
            text = browser.done(address, sure=sure)
            assert "Say that you mean the stack my-stack." in text
    assert hook.sent == []
    browser.done(where, sure="my-stack")
    assert len(hook.sent) == 1


@pytest.mark.parametrize("name", ["..%2f..%2fpyproject.toml", "%2fetc%2fpasswd", "nothing"])
def test_only_samples_are_read(browser: Browser, name: str) -> None:
    for answer in (
        browser.get(f"/replay/sample/{name}"),
        browser.post(f"/replay/sample/{name}"),
    ):
        assert answer.status_code == 404
        assert "root:" not in answer.text


@pytest.mark.parametrize("text", ["", "no JSON", "{}", "[7]", "pyproject.toml", SAMPLE])
def test_what_is_no_delivery_is_said_and_nothing_is_kept(browser: Browser, text: str) -> None:
    told = browser.done("/replay/paste", text=text)
    assert "The text is " in told
    assert browser.get("/replay/draft/1").status_code == 404


def test_a_large_delivery_can_be_pasted_and_too_large_a_form_can_not(
    browser: Browser, stage: Stage
) -> None:
    """A thousand events are about a megabyte; every other form stays small."""
    many = [entry(stage, uuid=f"u-{n}", more="x" * 800) for n in range(1_000)]
    shown = browser.read(pasted(browser, json.dumps(many)))
    assert "1000 events, 1 subject named" in shown
    assert browser.post("/replay/paste", text="x" * 16_000_000).status_code == 413
    assert browser.post("/draw", text="x" * 100_000).status_code == 413


def test_only_the_newest_are_remembered(browser: Browser, stage: Stage) -> None:
    where = [pasted(browser, json.dumps(entry(stage))) for _ in range(REMEMBERED + 1)]
    assert browser.get(where[0]).status_code == 404
    assert browser.get(where[-1]).status_code == 200


class FakeLog:
    """Okta's log: `entries`, or the error it answers with."""

    def __init__(self) -> None:
        self.entries: list[object] = []
        self.trouble: Exception | None = None
        self.asked: list[str] = []

    def latest(self, _: object, since: Any, expression: str) -> list[object]:
        self.asked.append(expression)
        if self.trouble:
            raise self.trouble
        return self.entries


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> FakeLog:
    found = FakeLog()
    monkeypatch.setattr(log_events, "log_of", lambda _: found)
    monkeypatch.setattr(log_events, "latest", found.latest)
    return found


def test_an_entry_of_the_log_is_taken_and_sent(
    browser: Browser, stage: Stage, log: FakeLog, hook: FakePost
) -> None:
    stranger = entry(stage, uuid="of-another-app")
    stranger["target"] = [{"type": "AppInstance", "id": "0oaSOMEBODYELSES00000"}]
    event = entry(stage)
    log.entries = [event, stranger]
    listed = browser.read("/replay/log")
    assert UUID in listed
    assert "of-another-app" not in listed
    assert hook.sent == []
    shown = browser.done("/replay/log", uuid=UUID)
    assert "system-log" in shown
    assert log.asked[-1] == f'uuid eq "{UUID}"'
    browser.done("/replay/draft/1")
    assert json.loads(hook.sent[0].body or "")["data"]["events"] == [event]


def test_an_empty_log_says_so(browser: Browser, log: FakeLog) -> None:
    assert "names nobody of the watched apps" in browser.read("/replay/log")


@pytest.mark.parametrize("uuid", ["", 'x" or eventType eq "y', "a b", "x" * 65])
def test_only_a_uuid_is_asked_for(browser: Browser, log: FakeLog, uuid: str) -> None:
    assert "An entry of the log is named by its uuid" in browser.done("/replay/log", uuid=uuid)
    assert not [each for each in log.asked if "uuid" in each]


def test_an_entry_that_is_gone_is_said(browser: Browser, log: FakeLog) -> None:
    assert "does not hold" in browser.done("/replay/log", uuid=UUID)


@pytest.mark.parametrize(
    ("trouble", "status", "said"),
    [
        (Refused(403, "E0000006", "no"), 409, "may not be read (403 E0000006)"),
        (Transient("Okta does not answer"), 502, "Okta does not answer"),
    ],
)
def test_a_log_that_can_not_be_read_is_one_sentence(
    browser: Browser, log: FakeLog, trouble: Exception, status: int, said: str
) -> None:
    log.trouble = trouble
    for answer in (browser.get("/replay/log"), browser.post("/replay/log", uuid=UUID)):
        assert answer.status_code == status
        assert said in answer.text


def test_reading_only_looks(make: Make, stage: Stage, log: FakeLog) -> None:
    log.entries = [entry(stage)]
    watcher = Browser(make(read_only=True))
    for address in ("/replay", "/replay/log", f"/replay/sample/{SAMPLE}"):
        assert 'method="post"' not in watcher.read(address)


def test_nothing_pasted_is_in_an_address(browser: Browser, stage: Stage, hook: FakePost) -> None:
    event = entry(stage)
    event["target"].append({"type": "AppUser", "alternateId": "some.body@corp.example", "id": "0"})
    browser.done(pasted(browser, json.dumps(event)))
    assert "corp.example" not in " ".join(browser.visited)
