"""Parked work: listed, looked at, sent again, thrown away with a reason."""

from __future__ import annotations

from typing import Any

from lib.messages import CheckMessage
from lib.store.parked import ParkedWork
from tests.console.browser import Browser
from tests.console.conftest import PERSON, FakeSqs, Make
from tests.fakes.make import SUBJECT
from tests.fakes.stage import ARN, Stage


def parked(stage: Stage, body: str, reason: str = "it made no sense") -> ParkedWork:
    stage.table.park("m-1", reason, body, stage.clock())
    (work,) = stage.table.parked()
    return work


def test_nothing_is_parked(browser: Browser) -> None:
    assert "Nothing is parked." in browser.read("/parked")


def test_it_is_sent_again(browser: Browser, stage: Stage, sqs: FakeSqs) -> None:
    work = parked(stage, CheckMessage.look_at(SUBJECT).text())
    assert work.id in browser.read("/parked")
    page = browser.read(f"/parked/{work.id}")
    assert "it made no sense" in page
    assert f"pushproof parked retry {work.id}" in page
    assert sqs.sent == []  # looking at it does nothing
    assert f"{work.id} was sent again." in browser.done(f"/parked/{work.id}/retry")
    assert SUBJECT.user_id in sqs.sent[0]
    assert stage.table.parked() == []
    assert browser.get(f"/parked/{work.id}").status_code == 404
    assert browser.post(f"/parked/{work.id}/retry").status_code == 404
    assert len(sqs.sent) == 1


def test_a_stack_has_to_be_meant(make: Make, stage: Stage, sqs: FakeSqs, asked: list[Any]) -> None:
    work = parked(stage, CheckMessage.look_at(SUBJECT).text())
    browser = Browser(make(sandbox=False))
    assert 'name="sure"' in browser.read(f"/parked/{work.id}")
    for sure in ("", "another-stack"):
        text = browser.done(f"/parked/{work.id}/retry", sure=sure)
        assert "Say that you mean the stack my-stack." in text
    assert sqs.sent == []
    assert "was sent again." in browser.done(f"/parked/{work.id}/retry", sure="my-stack")
    assert len(sqs.sent) == 1


def test_rubbish_can_only_be_discarded(browser: Browser, stage: Stage, sqs: FakeSqs) -> None:
    work = parked(stage, "rubbish")
    assert "form-retry" not in browser.read(f"/parked/{work.id}")
    assert "no message of this version" in browser.done(f"/parked/{work.id}/retry")
    assert sqs.sent == []
    assert len(stage.table.parked()) == 1


def test_discarding_says_why_and_who(browser: Browser, stage: Stage) -> None:
    work = parked(stage, "rubbish")
    for why in ("", "  ", "two\nlines", "x" * 501):
        assert "Say why" in browser.done(f"/parked/{work.id}/discard", why=why)
    assert len(stage.table.parked()) == 1
    assert "discarded" in browser.done(f"/parked/{work.id}/discard", why="sent by hand")
    assert stage.table.parked() == []
    (kept,) = stage.table._query("pk = :p", {":p": "PARKED#discarded"})
    assert (kept["why"], kept["by"]) == ("sent by hand", ARN + PERSON)
