"""receive: Okta's door. One clear answer for everything that can be sent to it.

Okta gives 3 seconds and retries once, on 5xx and timeouts only: 200 only after SQS took
everything, 4xx for what can never be right, 5xx otherwise.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lib.errors import Transient
from lib.hook_secret import HookSecret
from lib.messages import CheckMessage, pack
from lib.rules.hints import read_events
from lib.rules.hook_health import Road
from lib.times import Clock

# Lambda takes 6 MB a synchronous request, envelope included; API Gateway 10 MB.
MOST_BYTES = 5_000_000
# Ten messages a call to SQS: 40 calls fit into Okta's 3 s, and 10,000 subjects into them.
MOST_MESSAGES = 400
TOO_LARGE = f"The body is larger than {MOST_BYTES} bytes."
CHALLENGE = "x-okta-verification-challenge"
_CHALLENGE_VALUE = re.compile(r"[\x21-\x7e]{1,512}")


class Sender(Protocol):
    def send_all(self, messages: Sequence[CheckMessage]) -> None: ...


@dataclass(frozen=True)
class Request:
    """`headers` have lower-case names, as HTTP APIs send them."""

    method: str
    headers: Mapping[str, str]
    body: str | None
    is_base64: bool = False

    @classmethod
    def of(cls, event: object) -> Request:
        """Of an HTTP API event (payload format 2.0). Whoever may invoke the function may send it
        anything: what is missing or of another type counts as not sent.
        """
        given = _mapping(event)
        headers: dict[str, str] = {}
        for name, value in _mapping(given.get("headers")).items():
            if isinstance(name, str) and isinstance(value, str):
                known = headers.get(name.lower())
                # As the gateway joins a header that was sent twice, so that no secret is among it.
                headers[name.lower()] = value if known is None else f"{known},{value}"
        method = _mapping(_mapping(given.get("requestContext")).get("http")).get("method")
        body = given.get("body")
        return cls(
            method if isinstance(method, str) else "",
            headers,
            body if isinstance(body, str) else None,
            given.get("isBase64Encoded") is True,
        )


@dataclass(frozen=True)
class Response:
    """`notes` are for the log: counts and reasons, nothing from the body."""

    status: int
    body: Mapping[str, object]
    notes: Mapping[str, object] = field(default_factory=dict)


class _Unusable(ValueError):
    """A body that can never be right, with the sentence for the caller."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


def refuse(status: int, reason: str) -> Response:
    return Response(status, {"error": reason}, {"refused": reason})


class Receive:
    def __init__(
        self, secret: HookSecret, queue: Sender, app_ids: tuple[str, ...], clock: Clock
    ) -> None:
        self._secret, self._queue = secret, queue
        self._app_ids, self._clock = app_ids, clock

    def run(self, request: Request) -> Response:
        try:
            if not self._secret.accepts(request.headers.get("authorization")):
                return refuse(401, "The Authorization header is not the hook's secret.")
        except Transient as error:
            return Response(503, {"error": "Try again."}, {"failed": str(error)})
        if request.method == "GET":
            return _verify(request)
        if request.method != "POST":
            return refuse(405, "Send GET to verify or POST to deliver.")
        return self._deliver(request)

    def _deliver(self, request: Request) -> Response:
        try:
            events = _events(request)
        except _Unusable as error:
            return refuse(error.status, str(error))
        reading = read_events(events, self._app_ids)
        found = (reading.hints, reading.nameless, self._clock(), reading.unnamed)
        messages = list(pack(*found, road=Road.HOOK))
        if len(messages) > MOST_MESSAGES:
            return refuse(413, "The delivery is about more users than one can be.")
        notes: dict[str, object] = {
            "events": len(events),
            "subjects": len(reading.hints),
            "nameless": len(reading.nameless),
            "unwatched": reading.unwatched,
            "strangers": reading.strangers,
            "malformed": len(reading.malformed),
            "messages": len(messages),
        }
        try:
            self._queue.send_all(messages)
        except Transient as error:
            return Response(503, {"error": "Try again."}, {**notes, "failed": str(error)})
        return Response(200, {}, notes)


def _verify(request: Request) -> Response:
    challenge = request.headers.get(CHALLENGE, "")
    if not _CHALLENGE_VALUE.fullmatch(challenge):
        return refuse(400, "The verification challenge header is missing or malformed.")
    return Response(200, {"verification": challenge}, {"verified": True})


def _events(request: Request) -> list[object]:
    """Raises _Unusable."""
    raw = request.body or ""
    if len(raw) > MOST_BYTES * 4 // 3:
        raise _Unusable(TOO_LARGE, 413)
    try:
        data = base64.b64decode(raw, validate=True) if request.is_base64 else raw.encode()
        if len(data) > MOST_BYTES:
            raise _Unusable(TOO_LARGE, 413)
        # Decoded here: json would take UTF-16, UTF-32 and halves of characters as well.
        payload = json.loads(data.decode())
    except _Unusable:
        raise
    except (ValueError, RecursionError):
        raise _Unusable("The body is not JSON.") from None
    if not isinstance(payload, dict):
        raise _Unusable("The body is not a JSON object.")
    inner = payload.get("data")
    events = inner.get("events") if isinstance(inner, dict) else None
    if not isinstance(events, list):
        raise _Unusable("The body has no data.events list.")
    return events


def _mapping(value: object) -> Mapping[object, object]:
    return value if isinstance(value, Mapping) else {}
