"""The sweep queue and the check queue's backlog, as SQS is asked for them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from lib.aws_sweep import EVERY, SqsBacklog, SqsSweepQueue
from lib.errors import Permanent, Transient
from lib.sweep_message import SweepMessage


class FakeSqs:
    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.down = False

    def get_queue_attributes(self, **asked: Any) -> dict[str, Any]:
        return self._answer(asked)

    def send_message(self, **asked: Any) -> dict[str, Any]:
        return self._answer(asked)

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        if self.down:
            raise EndpointConnectionError(endpoint_url="https://sqs.example")
        self.asked.append(asked)
        counts = {"ApproximateNumberOfMessages": "7", "ApproximateNumberOfMessagesDelayed": "5"}
        return {"Attributes": counts}


def test_the_backlog_counts_what_waits_and_what_is_delayed_and_asks_seldom() -> None:
    sqs, now = FakeSqs(), [0.0]
    client: Any = sqs
    backlog = SqsBacklog(client, "https://sqs.example/check", lambda: now[0])
    assert [backlog(), backlog()] == [12, 12]
    assert len(sqs.asked) == 1
    now[0] = EVERY
    backlog()
    assert len(sqs.asked) == 2


def test_an_outage_is_said_and_not_remembered() -> None:
    sqs: Any = FakeSqs()
    backlog = SqsBacklog(sqs, "https://sqs.example/check", lambda: 0.0)
    sqs.down = True
    with pytest.raises(Transient):
        backlog()
    sqs.down = False
    assert backlog() == 12


@pytest.mark.parametrize(("asked", "sent"), [(0, 0), (0.2, 1), (5000, 900), (-3, 0)])
def test_a_step_is_sent_with_whole_seconds_that_sqs_takes(asked: float, sent: int) -> None:
    sqs: Any = FakeSqs()
    SqsSweepQueue(sqs, "https://sqs.example/sweep").send(
        SweepMessage("sw-0123456789", 3), delay=asked
    )
    assert sqs.asked[0]["DelaySeconds"] == sent
    assert SweepMessage.parse(sqs.asked[0]["MessageBody"]) == SweepMessage("sw-0123456789", 3)


@pytest.mark.parametrize("text", ["", "[]", "null", "1", '{"v":1}', '{"v":2,"sweep":"a","step":1}'])
def test_what_is_no_step_is_permanent(text: str) -> None:
    with pytest.raises(Permanent):
        SweepMessage.parse(text)
