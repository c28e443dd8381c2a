from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from lib.flows.receive import Receive, Request
from lib.times import to_text
from ops.replay.deliveries import of_entries
from ops.replay.names import Find
from ops.replay.runs import Delivered, Row, Rules, deliver
from ops.replay.send import Sent
from ops.samples import Sample
from tests.fakes.dynamodb import dynamodb, new_table
from tests.fakes.make import APP, OTHER_APP, USER
from tests.fakes.stage import SETTLE, Stage

KIND = "application.provision.user.push_profile"


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with dynamodb() as found:
        yield found


@pytest.fixture
def stage(client: Any) -> Stage:
    found = Stage(new_table(client))
    found.clock.pass_by(SETTLE + 60)
    return found


class OpenDoor:
    def accepts(self, _: object) -> bool:
        return True


class Hook:
    """The real receive over the stage's queue, in the place of a connection to it."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.status = stage, 0
        self.unsure = self.down = False
        self.receive = Receive(OpenDoor(), stage.checks, (APP, OTHER_APP), stage.clock)  # type: ignore[arg-type]

    def send(self, sample: Sample) -> Sent:
        at = self.stage.clock()
        if self.down:
            return Sent(sample.name, 0, "the hook could not be reached", at)
        answer = self.receive.run(Request(sample.method, {}, sample.body))
        if self.unsure:
            return Sent(sample.name, 0, "no answer in 10 s", at, unsure=True)
        return Sent(sample.name, self.status or answer.status, str(dict(answer.body)), at)


def entry(
    published: datetime | None, user: str | None = USER, app: str | None = APP, **more: Any
) -> dict[str, Any]:
    targets = [("AppInstance", app), ("User", user)]
    return {
        "uuid": "11111111-2222-4333-8444-555555555555",
        "eventType": KIND,
        "published": to_text(published) if published else None,
        "outcome": {"result": "SUCCESS"},
        "target": [{"type": kind, "id": value} for kind, value in targets if value],
        **more,
    }


class Sending:
    """Sends what Okta would and follows it."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.hook = stage, Hook(stage)
        self.find: Find = stage.okta.find_subject

    def __call__(self, *entries: object, ago: float = SETTLE + 10) -> Delivered:
        now = self.stage.clock()
        events = entries or (entry(now - timedelta(seconds=ago)),)
        rules = Rules((APP, OTHER_APP), timedelta(seconds=SETTLE), self.stage.clock)
        sample = of_entries(list(events), "made")
        return deliver(self.hook, sample, self.stage.table, rules, self.find)  # type: ignore[arg-type]


def only(delivered: Delivered) -> Row:
    (row,) = delivered.look()
    return row


@pytest.fixture
def sending(stage: Stage) -> Sending:
    return Sending(stage)
