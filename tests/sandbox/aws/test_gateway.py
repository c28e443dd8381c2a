"""The gateway: routes, payload format 2.0, limits, and who may call a signed route."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from flask.testing import FlaskClient

from sandbox.aws.gateway import LARGEST_BODY, create_gateway
from sandbox.aws.identities import Identity, operator
from sandbox.aws.runtime import Invocation
from sandbox.aws.shapes import RouteShape

ROUTES = (
    RouteShape("POST", "/open", "OpenFunction", iam=False),
    RouteShape("GET", "/open", "OpenFunction", iam=False),
    RouteShape("POST", "/signed", "SignedFunction", iam=True),
)
FIRST = operator("first.operator")
SECOND = operator("second.operator")
BARRED = operator("barred.operator", allowed=False)
STRANGER = operator("stranger")


class Functions:
    """Remembers what it was invoked with and answers what it was told."""

    def __init__(self) -> None:
        self.invoked: list[tuple[str, Any]] = []
        self.answer: Any = {"statusCode": 200, "body": "{}"}
        self.error: str | None = None

    def invoke(self, function: str, event: object) -> Invocation:
        self.invoked.append((function, event))
        return Invocation("id", self.answer, self.error)


@pytest.fixture
def functions() -> Functions:
    return Functions()


def client(functions: Functions, at: datetime | None = None) -> FlaskClient:
    app = create_gateway(
        ROUTES,
        functions.invoke,
        [FIRST, SECOND, BARRED],
        clock=lambda: at or datetime.now(UTC),
    )
    return app.test_client(use_cookies=False)


def signed(
    identity: Identity,
    body: bytes = b"{}",
    *,
    secret: str | None = None,
    token: str | None = None,
    service: str = "execute-api",
    region: str = "us-east-1",
    path: str = "/signed",
) -> dict[str, str]:
    request = AWSRequest(
        "POST", f"http://localhost{path}", data=body, headers={"Host": "localhost"}
    )
    credentials = Credentials(
        identity.access_key, secret or identity.secret_key, token or identity.session_token
    )
    SigV4Auth(credentials, service, region).add_auth(request)
    return dict(request.headers.items())


def test_an_event_has_payload_format_2(functions: Functions) -> None:
    answer = client(functions).post(
        "/open?a=1&b=2",
        data=b'{"x": 1}',
        headers={"Content-Type": "application/json", "X-Okta-Thing": "Value", "Cookie": "a=1; b=2"},
    )
    assert answer.status_code == 200
    ((function, event),) = functions.invoked
    assert function == "OpenFunction"
    assert event["version"] == "2.0"
    assert event["routeKey"] == "POST /open"
    assert event["rawPath"] == "/open"
    assert event["rawQueryString"] == "a=1&b=2"
    assert event["headers"]["x-okta-thing"] == "Value"
    assert all(name == name.lower() for name in event["headers"])
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["body"] == '{"x": 1}'
    assert event["isBase64Encoded"] is False
    context = event["requestContext"]
    assert context["http"]["method"] == "POST"
    assert context["http"]["path"] == "/open"
    assert context["stage"] == "$default"
    assert isinstance(context["timeEpoch"], int)
    assert "authorizer" not in context


@pytest.mark.parametrize("content_type", ["application/octet-stream", "application/cbor", None])
def test_what_is_not_text_arrives_encoded(functions: Functions, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    client(functions).post("/open", data=b"\x00\xff", headers=headers)
    event = functions.invoked[0][1]
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"\x00\xff"


def test_a_get_has_no_body(functions: Functions) -> None:
    client(functions).get("/open", headers={"X-Okta-Verification-Challenge": "abc"})
    event = functions.invoked[0][1]
    assert "body" not in event
    assert event["headers"]["x-okta-verification-challenge"] == "abc"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/other"), ("GET", "/signed"), ("PUT", "/open"), ("POST", "/open/")],
)
def test_an_unknown_route_is_not_found(functions: Functions, method: str, path: str) -> None:
    answer = client(functions).open(path, method=method)
    assert (answer.status_code, answer.get_json()) == (404, {"message": "Not Found"})
    assert functions.invoked == []


def test_a_body_above_the_limit_is_refused(functions: Functions) -> None:
    answer = client(functions).post("/open", data=b"x" * (LARGEST_BODY + 1))
    assert (answer.status_code, answer.get_json()) == (413, {"message": "Request Entity Too Large"})
    assert functions.invoked == []


def test_a_functions_error_says_nothing(functions: Functions) -> None:
    functions.error = "ValueError"
    answer = client(functions).post("/open", data=b"{}")
    assert (answer.status_code, answer.get_json()) == (500, {"message": "Internal Server Error"})


@pytest.mark.parametrize(
    ("given", "status", "body"),
    [
        ({"statusCode": 202, "body": "done"}, 202, b"done"),
        ({"statusCode": "404"}, 404, b""),
        ({"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}, 200, b"\x00\xff"),
        ({"hello": "there"}, 200, b'{"hello": "there"}'),
        ({"statusCode": "not a number"}, 500, b'{"message": "Internal Server Error"}'),
        ({"statusCode": 200, "headers": ["wrong"]}, 500, b'{"message": "Internal Server Error"}'),
    ],
)
def test_answers(functions: Functions, given: Any, status: int, body: bytes) -> None:
    functions.answer = given
    answer = client(functions).post("/open", data=b"{}")
    assert (answer.status_code, answer.data) == (status, body)


@pytest.mark.parametrize("who", [FIRST, SECOND], ids=lambda who: who.name)
def test_a_signed_request_carries_its_signer(functions: Functions, who: Identity) -> None:
    answer = client(functions).post("/signed", data=b"{}", headers=signed(who))
    assert answer.status_code == 200
    iam = functions.invoked[0][1]["requestContext"]["authorizer"]["iam"]
    assert iam["userArn"] == (
        f"arn:aws:sts::123456789012:assumed-role/PushproofOperator/{who.name}"
    )
    assert iam["accessKey"] == who.access_key
    assert iam["userId"] == iam["callerId"] == who.user_id
    assert iam["accountId"] == "123456789012"


REFUSED = {
    "unsigned": {},
    "garbage": {"Authorization": "AWS4-HMAC-SHA256 nonsense"},
    "bearer": {"Authorization": "Bearer token"},
    "stranger": signed(STRANGER),
    "not allowed": signed(BARRED),
    "wrong secret": signed(FIRST, secret="wrong"),
    "another's secret": signed(FIRST, secret=SECOND.secret_key),
    "wrong session token": signed(FIRST, token=SECOND.session_token),
    "another service": signed(FIRST, service="sqs"),
    "another region": signed(FIRST, region="eu-west-1"),
    "another path": signed(FIRST, path="/open"),
    "another body": signed(FIRST, b'{"approve": "something else"}'),
}


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED.keys())
def test_a_request_that_is_not_rightly_signed_is_forbidden(
    functions: Functions, headers: dict[str, str]
) -> None:
    answer = client(functions).post("/signed", data=b"{}", headers=headers)
    assert (answer.status_code, answer.get_json()) == (403, {"message": "Forbidden"})
    assert functions.invoked == []


def test_a_body_hash_header_does_not_replace_the_body(functions: Functions) -> None:
    """A signature over the header alone would let any body through."""
    body = b'{"approve": "this"}'
    headers = {**signed(FIRST, body), "X-Amz-Content-SHA256": "0" * 64}
    answer = client(functions).post("/signed", data=b"{}", headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("minutes", "status"), [(-6, 403), (-4, 200), (0, 200), (4, 200), (6, 403)]
)
def test_a_signature_holds_five_minutes(functions: Functions, minutes: int, status: int) -> None:
    headers = signed(FIRST)
    later = datetime.now(UTC) + timedelta(minutes=minutes)
    answer = client(functions, later).post("/signed", data=b"{}", headers=headers)
    assert answer.status_code == status


def test_an_identity_does_not_show_its_secrets() -> None:
    shown = repr(FIRST)
    assert FIRST.secret_key not in shown
    assert FIRST.session_token not in shown
    assert json.dumps(FIRST.environment()).count(FIRST.secret_key) == 1
