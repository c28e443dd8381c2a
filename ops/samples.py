"""Sample deliveries: which there are in events/, and how a Lambda receives one."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lib.messages import pack
from lib.rules.hints import read_events
from lib.times import utc_now
from ops.connection import Trouble

FOLDER = Path(__file__).resolve().parent.parent / "events"
_SHOWS = re.compile(r"^\| `([a-z0-9-]+)` \| (.+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Sample:
    """One request of Okta's. `body` is text, as it goes over the wire; None for a GET."""

    name: str
    method: str
    headers: Mapping[str, str]
    body: str | None


def names() -> list[str]:
    return sorted(file.stem for file in FOLDER.glob("*.json"))


def shown() -> dict[str, str]:
    """What each sample shows, as the table of events/README.md has it; empty without that file."""
    page = FOLDER / "README.md"
    rows = _SHOWS.findall(page.read_text()) if page.is_file() else []
    return {name: text.replace("`", "") for name, text in rows}


def as_http_event(sample: Sample, secret: str) -> dict[str, Any]:
    """HTTP API payload format 2.0, as receive gets it."""
    now = utc_now()
    headers = {name.lower(): value for name, value in sample.headers.items()}
    headers["authorization"] = secret
    path = "/okta/events"
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{sample.method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": "local",
            "domainPrefix": "local",
            "http": {
                "method": sample.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": uuid.uuid4().hex,
            "routeKey": f"{sample.method} {path}",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if sample.body is not None:
        is_json = "json" in headers.get("content-type", "")
        event["isBase64Encoded"] = not is_json
        body = sample.body
        event["body"] = body if is_json else base64.b64encode(body.encode()).decode()
    return event


def as_sqs_event(sample: Sample, app_ids: tuple[str, ...], now: datetime) -> dict[str, Any]:
    """What check gets of it: the messages receive would have packed. Raises Trouble."""
    try:
        events = json.loads(sample.body or "")["data"]["events"]
    except (ValueError, KeyError, TypeError):
        raise Trouble(
            f"{sample.name} never reaches the queue: receive answers it itself."
        ) from None
    reading = read_events(events, app_ids)
    messages = list(pack(reading.hints, reading.nameless, now))
    if not messages:
        raise Trouble(f"{sample.name} holds no event of a watched app; nothing is queued.")
    stamp = str(int(now.timestamp() * 1000))
    return {
        "Records": [
            {
                "messageId": str(uuid.uuid4()),
                "receiptHandle": "local",
                "body": message.text(),
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": stamp,
                    "SenderId": "local",
                    "ApproximateFirstReceiveTimestamp": stamp,
                },
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:check",
                "awsRegion": "us-east-1",
            }
            for message in messages
        ]
    }
