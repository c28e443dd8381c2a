"""What a committed transaction still has to send survives crashes and outages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lib.incident import Page, Status
from lib.messages import CheckMessage
from tests.fakes.make import OLD_PHONE
from tests.fakes.stage import Stage


class Crash(BaseException):
    """The process is gone; nothing that runs afterwards belongs to it."""


@pytest.fixture
def last_look(stage: Stage) -> CheckMessage:
    """One look away from an incident that mends itself."""
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.hint()
    stage.next_look()
    ((message, _),) = stage.checks.take()
    stage.clock.pass_by(200)
    return message


def crash_at(outlet: Any, method: str) -> None:
    """The next call of it does its work and then the process dies."""
    works: Callable[..., None] = getattr(outlet, method)

    def dies(*given: Any, **named: Any) -> None:
        setattr(outlet, method, works)
        works(*given, **named)
        raise Crash

    setattr(outlet, method, dies)


@pytest.mark.parametrize("outlet", ["pager", "remediations", "table"])
def test_a_crash_after_the_commit_costs_repeats_only(
    stage: Stage, last_look: CheckMessage, outlet: str
) -> None:
    method = {"pager": "page", "remediations": "send", "table": "page_sent"}[outlet]
    crash_at(getattr(stage, outlet), method)
    with pytest.raises(Crash):
        stage.run({"m": last_look})
    assert stage.incident().status is Status.REMEDIATING
    stage.build()
    assert stage.run({"m": last_look}) == []
    assert {page.key for page in stage.pager.pages} == {f"{stage.incident().id}-opened-1"}
    sent = stage.remediations.sent
    assert {message.deduplication_id for message in sent} == {sent[0].deduplication_id}
    assert stage.state.errands == ()
    assert len(stage.incidents()) == 1


def test_a_crash_between_the_look_and_its_memory_loses_no_look(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    crash_at(stage.checks, "send")
    with pytest.raises(Crash):
        stage.hint()
    assert len(stage.checks.sent) == 1
    stage.hint()
    stage.looks()
    assert stage.pager.news == ["opened"]


def test_a_queue_that_is_down_delays_and_never_drops(stage: Stage, last_look: CheckMessage) -> None:
    stage.remediations.down = True
    assert stage.run({"m": last_look}) == []
    for _ in range(3):
        ((again, delay),) = stage.checks.take()
        assert delay
        assert stage.run({"m": again}) == []
    stage.remediations.down = False
    stage.drain()
    assert stage.pager.news == ["opened", "mended"]
    assert len(stage.graph.patches) == 1
    assert stage.state.errands == ()


def test_a_topic_that_is_down_holds_no_work_up_and_drops_no_page(
    stage: Stage, last_look: CheckMessage
) -> None:
    stage.pager.down = True
    assert stage.run({"m": last_look}) == []
    stage.drain()
    assert stage.incident().status is Status.RESOLVED
    assert len(stage.graph.patches) == 1
    assert stage.pager.pages == []
    stage.pager.down = False
    stage.clock.pass_by(600)
    stage.tick()
    assert stage.pager.news == ["opened", "mended"]


def test_a_page_is_sent_once_however_often_it_is_asked_for(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    found = stage.drifted()
    assert stage.table.unsent_pages(found.id) == []
    stage.remediation._errands.send_pages(found.id)
    assert len(stage.pager.pages) == 1


def test_one_subjects_page_that_can_not_be_sent_is_only_its_own_trouble(stage: Stage) -> None:
    stage.pager.down = True
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.hint()
    for _ in range(2):
        stage.next_look()
    assert stage.table.unsent_pages(stage.incident().id)
    told: list[Page] = stage.pager.pages
    assert told == []
    stage.pager.down = False
    stage.clock.pass_by(600)
    stage.tick()
    assert stage.pager.news == ["opened"]
