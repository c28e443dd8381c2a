"""The approve function's own part: event in, HTTP answer out, and hardly a word in the log."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from lib.errors import Transient
from lib.flows.asked import Answer, BadRequest, Caller

ARN = "arn:aws:sts::123456789012:assumed-role/OnCall/a.colleague@corp.example"
WHY = "agreed with Ordinary User"
VARIABLES = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "PUSHPROOF_TABLE": "table",
    "PUSHPROOF_REMEDIATION_QUEUE_URL": "https://sqs.example/remediation",
    "PUSHPROOF_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:topic",
    "PUSHPROOF_MODE": "approve",
    "POWERTOOLS_SERVICE_NAME": "approve",
}


class Flow:
    def __init__(self) -> None:
        self.asked: list[tuple[Any, Caller]] = []
        self.raises: Exception | None = None

    def run(self, body: Any, caller: Caller) -> Answer:
        self.asked.append((body, caller))
        if self.raises:
            raise self.raises
        return Answer("dismissed", "dismissed")


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Flow]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    sys.modules.pop("handlers.approve", None)
    import handlers.approve

    fake = Flow()
    monkeypatch.setattr(handlers.approve, "flow", fake)
    yield fake
    sys.modules.pop("handlers.approve", None)


def call(event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    context = SimpleNamespace(
        function_name="approve",
        memory_limit_in_mb=512,
        invoked_function_arn="arn",
        aws_request_id="lambda-request",
    )
    answer = sys.modules["handlers.approve"].handler(event, context)
    return answer["statusCode"], json.loads(answer["body"])


def signed(body: str, **changes: Any) -> dict[str, Any]:
    event: dict[str, Any] = {
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {
            "requestId": "request-1",
            "http": {"sourceIp": "192.0.2.1"},
            "authorizer": {"iam": {"userArn": ARN}},
        },
    }
    return event | changes


def test_the_caller_is_the_gateways_word(flow: Flow) -> None:
    body = {"action": "dismiss", "why": WHY, "userArn": "somebody else", "sourceIp": "203.0.113.9"}
    assert call(signed(json.dumps(body))) == (
        200,
        {"outcome": "dismissed", "status": "dismissed", "given": 0, "needed": 0},
    )
    assert flow.asked == [(body, Caller(ARN, "request-1", "192.0.2.1"))]


def test_a_body_may_be_encoded(flow: Flow) -> None:
    encoded = base64.b64encode(b'{"action": "mode"}').decode()
    call(signed(encoded, isBase64Encoded=True))
    assert flow.asked[0][0] == {"action": "mode"}


@pytest.mark.parametrize("body", ["", "{", "[" * 100_000, None])
def test_what_is_no_json_is_for_the_flow_to_refuse(flow: Flow, body: Any) -> None:
    call(signed(body))
    assert flow.asked == [(None, Caller(ARN, "request-1", "192.0.2.1"))]


@pytest.mark.parametrize(
    "context", [{}, {"authorizer": {}}, {"authorizer": {"iam": None}}, {"authorizer": None}]
)
def test_whoever_is_not_signed_is_nobody(flow: Flow, context: dict[str, Any]) -> None:
    call(signed("{}", requestContext=context))
    assert flow.asked[0][1] == Caller("")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadRequest(403, "Somebody else decides."), 403),
        (Transient("DynamoDB answered X"), 503),
    ],
)
def test_a_refusal_is_one_sentence(flow: Flow, error: Exception, status: int) -> None:
    flow.raises = error
    told, body = call(signed("{}"))
    assert (told, list(body)) == (status, ["error"])
    assert "DynamoDB" not in body["error"]


def test_the_log_names_nobody_and_says_no_why(flow: Flow, caplog: pytest.LogCaptureFixture) -> None:
    for raises in (None, BadRequest(409, "inc-0123456789 is dismissed already.")):
        flow.raises = raises
        call(signed(json.dumps({"action": "dismiss", "why": WHY})))
    told = str([vars(record) for record in caplog.records])
    assert "'outcome': 'dismissed'" in told
    assert not [word for word in (WHY, "a.colleague", "OnCall", "192.0.2.1") if word in told]
