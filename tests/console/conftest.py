from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from lib.flows.asked import BadRequest, Caller
from lib.incident import Incident
from lib.settings import Mode
from ops import approvals
from ops.connection import Connection, Refusal
from ops.console import replay
from ops.console.app import create_console
from ops.console.desk import Desk, desk
from ops.replay.send import Target
from tests.console.browser import KEY, PORT, Browser
from tests.console.hook import FakePost
from tests.console.simulated import Simulated, simulated
from tests.fakes.dynamodb import dynamodb, new_table
from tests.fakes.make import APP, OBJECT, OLD_PHONE, TENANT, role, standing
from tests.fakes.stage import ARN, Stage

OUTPUTS = {
    "Mode": "approve",
    "OktaAppIds": APP,
    "EntraTenantId": TENANT,
    "HookUrl": "https://hook.example/okta/events",
}
PERSON = "first.operator"


class FakeSqs:
    """`sent`: bodies. `down`: it does not answer."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.counts = {"ApproximateNumberOfMessages": "3"}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": self.counts}

    def send_message(self, **given: Any) -> dict[str, Any]:
        self.sent.append(given["MessageBody"])
        return {"MessageId": "m"}


class FakeSts:
    def __init__(self, person: str) -> None:
        self._person = person

    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": ARN + self._person}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with dynamodb() as found:
        yield found


@pytest.fixture
def stage(client: Any) -> Stage:
    found = Stage(new_table(client))
    found.build(mode=Mode.APPROVE)
    return found


@pytest.fixture
def simple(stage: Stage) -> Incident:
    """One approval, and the function writes."""
    stage.graph.set(mobile_phone=OLD_PHONE)
    return stage.drifted()


@pytest.fixture
def privileged(stage: Stage) -> Incident:
    """Two people have to agree."""
    stage.graph.standings[OBJECT] = standing(role())
    stage.graph.set(mobile_phone=OLD_PHONE)
    return stage.drifted()


@pytest.fixture
def asked(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was sent to the approve route, which is the real flow behind a fake signature."""
    found: list[dict[str, Any]] = []

    def send(_: Connection, body: dict[str, Any]) -> dict[str, Any]:
        found.append(body)
        try:
            answer = stage.approvals.run(body, Caller(f"{ARN}{desk().operator}"))
        except BadRequest as refusal:
            raise Refusal(str(refusal)) from None
        return {
            "outcome": answer.outcome,
            "status": answer.status,
            "given": answer.given,
            "needed": answer.needed,
        }

    monkeypatch.setattr(approvals, "send", send)
    return found


@pytest.fixture
def sqs() -> FakeSqs:
    return FakeSqs()


@pytest.fixture(scope="session")
def untouched() -> Iterator[Simulated]:
    """A sandbox's world, for tests that are about something else and leave it as it is."""
    with simulated() as found:
        yield found


Seat = Callable[..., Desk]
Make = Callable[..., Flask]


@pytest.fixture
def seat(stage: Stage, sqs: FakeSqs, untouched: Simulated) -> Seat:
    """A desk before the stage, whoever sits at it."""

    def taken(
        outputs: dict[str, str] | None = None,
        *,
        sandbox: bool = True,
        read_only: bool = False,
        person: str = PERSON,
        port: int = PORT,
    ) -> Desk:
        urls = {"CheckQueueUrl": "https://sqs.example/check"}
        name = "sandbox" if sandbox else "my-stack"
        connection = Connection(
            name,
            {**OUTPUTS, **urls, **(outputs or {})},
            is_sandbox=sandbox,
            control=untouched.opened if sandbox else None,
        )
        found = Desk(connection, stage.table, port, person, person, read_only, stage.clock)
        found.clients |= {"sqs": sqs, "sts": FakeSts(person)}
        return found

    return taken


@pytest.fixture
def make(seat: Seat) -> Make:
    def made(*outputs: dict[str, str], **how: Any) -> Flask:
        app = create_console(seat(*outputs, **how), KEY)
        app.config["TESTING"] = False
        return app

    return made


@pytest.fixture
def browser(make: Make, asked: list[dict[str, Any]]) -> Browser:
    return Browser(make())


@pytest.fixture
def hook(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> FakePost:
    """What the replay pages send."""
    found = FakePost(stage)
    monkeypatch.setattr(replay, "Post", found)
    monkeypatch.setattr(
        replay, "target_of", lambda connection: Target(connection.name, "https://x", "the-secret")
    )
    return found
