"""The approve route: whatever is sent to it decides nothing, unless it is a decision."""

from __future__ import annotations

import base64
import importlib
import json
import sys
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.settings import Mode
from tests.fakes.make import OBJECT, OLD_PHONE, role, standing
from tests.fakes.stage import ARN, Stage
from tests.fuzz.bodies import CANARY, JSON, TEXTS
from tests.fuzz.budget import TRIED, budget
from tests.fuzz.door import Context

VARIABLES = {
    "PUSHPROOF_TABLE": "table",
    "PUSHPROOF_REMEDIATION_QUEUE_URL": "https://sqs.example/remediation.fifo",
    "PUSHPROOF_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:topic",
    "POWERTOOLS_SERVICE_NAME": "approve",
}
WORDS = st.sampled_from(["approve", "dismiss", "snooze", "mode", "note"])


class Desk:
    """The shipped handler over a real flow; one plan waits for two approvals."""

    def __init__(self, module: Any, stage: Stage) -> None:
        self.module, self.stage = module, stage
        stage.build(mode=Mode.APPROVE)
        stage.graph.standings[OBJECT] = standing(role())
        stage.graph.set(mobile_phone=OLD_PHONE)
        self.waiting = stage.drifted()
        module.flow = stage.approvals
        self.written: list[str] = []
        table: Any = stage.table
        called = table._call
        table._call = lambda operation, **given: self._note(given) or called(operation, **given)

    def send(self, event: object) -> dict[str, Any]:
        answer: dict[str, Any] = self.module.handler(event, Context())
        return answer

    def _note(self, given: Any) -> None:
        """Keeps the keys of what is written."""
        puts = [part for entry in given.get("TransactItems", ()) for part in entry.values()]
        keys = [part.get("Item") or part.get("Key") for part in [*puts, given]]
        if puts or "Item" in given or "UpdateExpression" in given:
            self.written += [str(key["pk"]) for key in keys if key]

    def state(self) -> Any:
        """All that was written but the trail of who asked for what, and all that was sent."""
        kept = [key for key in self.written if not key.startswith("AUDIT#")]
        return kept, len(self.stage.remediations.sent), len(self.stage.pager.pages)


@pytest.fixture(scope="module")
def desk(client: Any) -> Iterator[Desk]:
    from tests.fakes.dynamodb import new_table

    with (
        mock.patch.dict("os.environ", VARIABLES),
        mock.patch("boto3.client"),
        mock.patch("boto3.resource"),
    ):
        sys.modules.pop("handlers.approve", None)
        module = importlib.import_module("handlers.approve")
    yield Desk(module, Stage(new_table(client)))
    sys.modules.pop("handlers.approve", None)


def event(body: Any, arn: Any = ARN + "first.colleague", encoded: bool = False) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    data = base64.b64encode(text.encode("utf-8", "replace")).decode() if encoded else text
    signed = {"iam": {"userArn": arn}}
    context = {"requestId": "r", "http": {"sourceIp": "192.0.2.7"}, "authorizer": signed}
    return {"body": data, "isBase64Encoded": encoded, "requestContext": context}


def decides_nothing(desk: Desk, given: dict[str, Any]) -> None:
    TRIED["requests to approve"] += 1
    before = desk.state()
    answer = desk.send(given)
    assert answer["statusCode"] in (400, 403, 404, 409)
    assert CANARY not in answer["body"]
    assert desk.state() == before


@budget(0.03)
@given(body=JSON | TEXTS | st.text(max_size=40), encoded=st.booleans())
def test_any_body(desk: Desk, body: Any, encoded: bool) -> None:
    decides_nothing(desk, event(body, encoded=encoded))


@budget(0.05)
@given(
    action=WORDS | JSON,
    field=st.sampled_from(["incident", "digest"]),
    wrong=JSON | st.sampled_from(["inc-0123456789", "0" * 64]),
    more=st.dictionaries(st.sampled_from(["why", "mode", "hours", "what", "person"]), JSON),
)
def test_a_request_that_is_nearly_right(
    desk: Desk, action: Any, field: str, wrong: Any, more: dict[str, Any]
) -> None:
    right = {"incident": desk.waiting.id, "digest": desk.waiting.plan.digest}
    decides_nothing(desk, event(right | more | {"action": action, field: wrong}))


@budget(0.01)
@given(
    st.sampled_from(
        ["", "arn:aws:iam::123456789012:root", ARN, "arn:aws:iam::123456789012:user/", CANARY]
    )
)
def test_a_right_request_that_nobody_signed(desk: Desk, arn: str) -> None:
    right = {"action": "approve", "incident": desk.waiting.id, "digest": desk.waiting.plan.digest}
    decides_nothing(desk, event(right, arn))


@pytest.mark.parametrize("body", ["[" * 100_000, "9" * 100_000, "{" * 1000, "\ud800", ""])
def test_monsters(desk: Desk, body: str) -> None:
    decides_nothing(desk, event(body))


def test_a_decision_still_decides(desk: Desk) -> None:
    """The desk of the tests above was open."""
    before = desk.state()
    right = {"action": "approve", "incident": desk.waiting.id, "digest": desk.waiting.plan.digest}
    assert desk.send(event(right))["statusCode"] == 200
    assert desk.state() != before
