"""The door through a real HTTP server and the gateway's rules: bytes that no library sends."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from sandbox.aws.gateway import create_gateway
from sandbox.aws.runtime import Invocation
from sandbox.aws.shapes import RouteShape
from sandbox.serve import Server, serve
from tests.fakes.make import APP, USER
from tests.fuzz.budget import TRIED
from tests.fuzz.door import SECRET, Door, Outcome

PATH = "/okta/events"
BODY = json.dumps(
    {
        "data": {
            "events": [
                {
                    "eventType": "application.provision.user.push_profile",
                    "target": [{"id": USER, "type": "User"}, {"id": APP, "type": "AppInstance"}],
                }
            ]
        }
    }
).encode()
RIGHT = b"Authorization: " + SECRET.encode()
JSON = b"Content-Type: application/json"


class Gateway:
    def __init__(self, door: Door) -> None:
        self.door = door
        self.outcomes: list[Outcome] = []
        routes = [RouteShape(method, PATH, "receive", iam=False) for method in ("GET", "POST")]
        self.server: Server = serve(create_gateway(routes, self._invoke, []), None)

    def _invoke(self, _function: str, event: object) -> Invocation:
        self.outcomes.append(self.door.send(event))
        return Invocation("id", dict(self.outcomes[-1].answer))

    def raw(self, request: bytes) -> tuple[int | None, list[Outcome]]:
        """The status (None: the server answered without one) and what the function did."""
        TRIED["requests over HTTP"] += 1
        self.outcomes = []
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while part := connection.recv(65536):
                answer += part
        status = int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else None
        return status, self.outcomes


@pytest.fixture(scope="module")
def gateway(door: Door) -> Iterator[Gateway]:
    found = Gateway(door)
    yield found
    found.server.stop()


def request(*headers: bytes, line: bytes = b"POST /okta/events HTTP/1.1", body: bytes = BODY):
    head = [line, b"Host: door", b"Connection: close", *headers]
    if not any(header.lower().startswith(b"content-length") for header in headers):
        head.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def test_a_delivery_gets_through(gateway: Gateway) -> None:
    status, (outcome,) = gateway.raw(request(RIGHT, JSON))
    assert status == 200
    assert len(outcome.queued) == 1


STRANGERS = {
    "none": (),
    "twice": (RIGHT, RIGHT),
    "right and wrong": (RIGHT, b"Authorization: wrong"),
    "another name": (b"X-Authorization: " + SECRET.encode(),),
    "bearer": (b"Authorization: Bearer " + SECRET.encode(),),
    "folded": (b"Authorization: " + SECRET[:5].encode() + b"\r\n " + SECRET[5:].encode(),),
    "bytes that are no text": (b"Authorization: \xff\xfe\x80" + SECRET.encode(),),
    "control characters": (b"Authorization: \x01\x02" + SECRET.encode(),),
    "a null": (RIGHT + b"\x00",),
    "very long": (b"Authorization: " + b"x" * 60_000,),
    "as a cookie": (b"Cookie: authorization=" + SECRET.encode(),),
    "as a trailer": (b"Trailer: Authorization",),
}


@pytest.mark.parametrize("headers", STRANGERS.values(), ids=STRANGERS)
def test_a_secret_that_is_not_one_header_lets_nobody_in(
    gateway: Gateway, headers: tuple[bytes, ...]
) -> None:
    status, outcomes = gateway.raw(request(JSON, *headers))
    assert status is None or 400 <= status < 500
    assert all(outcome.queued == [] for outcome in outcomes)


def test_a_secret_in_the_address_lets_nobody_in(gateway: Gateway) -> None:
    line = b"POST /okta/events?authorization=" + SECRET.encode() + b" HTTP/1.1"
    status, (outcome,) = gateway.raw(request(JSON, line=line))
    assert (status, outcome.queued) == (401, [])
    assert SECRET not in outcome.logged


LINES = {
    "another method": b"PUT /okta/events HTTP/1.1",
    "trace": b"TRACE /okta/events HTTP/1.1",
    "no method": b" /okta/events HTTP/1.1",
    "another path": b"POST /okta/events/ HTTP/1.1",
    "climbing": b"POST /okta/../approve HTTP/1.1",
    "no version": b"POST /okta/events",
    "another version": b"POST /okta/events HTTP/9.9",
    "rubbish": b"\x16\x03\x01\x02\x00",
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_other_methods_and_paths_reach_nothing(gateway: Gateway, line: bytes) -> None:
    status, outcomes = gateway.raw(request(RIGHT, JSON, line=line))
    assert status is None or 400 <= status < 500 or status == 505
    assert [outcome.queued for outcome in outcomes] in ([], [[]])


BODIES = {
    "latin-1": (JSON, '{"é": 1}'.encode("latin-1"), 400),
    "utf-16": (JSON, BODY.decode().encode("utf-16"), 400),
    "as bytes": (b"Content-Type: application/octet-stream", BODY, 200),
    "half a character": (b"Content-Type: application/octet-stream", BODY + b"\xf0\x9f", 400),
    "as a form": (b"Content-Type: application/x-www-form-urlencoded", BODY, 200),
    "no type": (b"X-Nothing: x", BODY, 200),
    "compressed": (b"Content-Encoding: gzip", b"\x1f\x8b\x08\x00" + BODY, 400),
    "above Lambda's limit": (JSON, b" " * 6_500_000, 413),
    "above the gateway's limit": (JSON, b" " * (10 * 1024 * 1024 + 1), 413),
}


@pytest.mark.parametrize(("header", "body", "status"), BODIES.values(), ids=BODIES)
def test_bodies(gateway: Gateway, header: bytes, body: bytes, status: int) -> None:
    told, outcomes = gateway.raw(request(RIGHT, header, body=body))
    assert told == status
    assert sum(len(outcome.queued) for outcome in outcomes) == (status == 200)


@pytest.mark.parametrize("length", [b"0", b"5", b"999999", b"-1", b"x", b"1e3"])
def test_a_length_that_is_a_lie_is_no_delivery(gateway: Gateway, length: bytes) -> None:
    _, outcomes = gateway.raw(request(RIGHT, JSON, b"Content-Length: " + length))
    assert all(outcome.status in (200, 400) for outcome in outcomes)
    assert all(len(outcome.queued) <= 1 for outcome in outcomes)


def test_a_challenge_writes_no_header(gateway: Gateway) -> None:
    line = b"GET /okta/events HTTP/1.1"
    challenge = b"X-Okta-Verification-Challenge: a%0d%0aset-cookie:x\x0bset-cookie:y"
    status, outcomes = gateway.raw(request(RIGHT, challenge, line=line, body=b""))
    assert status == 400
    assert all(outcome.body.keys() == {"error"} for outcome in outcomes)
