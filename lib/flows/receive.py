"""receive: Okta's door. One clear answer for everything that can be sent to it.

Okta gives 3 seconds and retries once, on 5xx and timeouts only: 200 only after SQS took
everything, 4xx for what can never be right, 5xx otherwise.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lib.errors import Transient
from lib.hook_secret import HookSecret
from lib.messages import CheckMessage, pack
from lib.rules.hints import read_events
from lib.times import Clock

# Lambda takes 6 MB a synchronous request, envelope included; API Gateway 10 MB.
MOST_BYTES = 5_000_000
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


@dataclass(frozen=True)
class Response:
    """`notes` are for the log: counts and reasons, nothing from the body."""

    status: int
    body: Mapping[str, object]
    notes: Mapping[str, object] = field(default_factory=dict)


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
        except ValueError as error:
            status = 413 if "larger" in str(error) else 400
            return refuse(status, str(error))
        reading = read_events(events, self._app_ids)
        messages = list(pack(reading.hints, reading.nameless, self._clock(), reading.unnamed))
        notes: dict[str, object] = {
            "events": len(events),
            "subjects": len(reading.hints),
            "nameless": len(reading.nameless),
            "unwatched": reading.unwatched,
            "strangers": reading.strangers,
            "malformed": list(reading.malformed[:20]),
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
    """Raises ValueError with the sentence for the caller."""
    raw = request.body or ""
    if len(raw) > MOST_BYTES * 4 // 3:
        raise ValueError(f"The body is larger than {MOST_BYTES} bytes.")
    try:
        data = base64.b64decode(raw, validate=True) if request.is_base64 else raw.encode()
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raise ValueError("The body is not JSON.") from None
    if len(data) > MOST_BYTES:
        raise ValueError(f"The body is larger than {MOST_BYTES} bytes.")
    try:
        payload = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("The body is not JSON.") from None
    if not isinstance(payload, dict):
        raise ValueError("The body is not a JSON object.")
    inner = payload.get("data")
    events = inner.get("events") if isinstance(inner, dict) else None
    if not isinstance(events, list):
        raise ValueError("The body has no data.events list.")
    return events
