"""An HTTP API's two translations: request to event (payload format 2.0), answer to response.

Source: the API Gateway developer guide, "AWS Lambda proxy integrations for HTTP APIs".
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.aws.identities import Identity
from sandbox.aws.template import ACCOUNT

API_ID = "local"
TEXT = ("text/", "application/json", "application/javascript", "application/xml")


@dataclass(frozen=True)
class Arrived:
    """A request as the gateway got it; header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    source_ip: str
    protocol: str
    at: datetime


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()


def request_event(request: Arrived, route_key: str, signer: Identity | None) -> dict[str, Any]:
    headers = {name: value for name, value in request.headers.items() if name != "cookie"}
    host = headers.get("host", "")
    context: dict[str, Any] = {
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "domainName": host,
        "domainPrefix": host.split(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": str(uuid.uuid4()),
        "routeKey": route_key,
        "stage": "$default",
        "time": f"{request.at:%d/%b/%Y:%H:%M:%S} +0000",
        "timeEpoch": int(request.at.timestamp() * 1000),
    }
    if signer is not None:
        context["authorizer"] = {"iam": _iam(signer)}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if request.body:
        encoded = not headers.get("content-type", "").lower().startswith(TEXT)
        event["isBase64Encoded"] = encoded
        event["body"] = (
            base64.b64encode(request.body).decode()
            if encoded
            else request.body.decode("utf-8", errors="replace")
        )
    if "cookie" in request.headers:
        event["cookies"] = [part.strip() for part in request.headers["cookie"].split(";")]
    return event


def _iam(signer: Identity) -> dict[str, Any]:
    return {
        "accessKey": signer.access_key,
        "accountId": ACCOUNT,
        "callerId": signer.user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": signer.arn,
        "userId": signer.user_id,
    }


def message(status: int, text: str) -> Response:
    """An answer of the gateway's own."""
    return Response(
        status, {"content-type": "application/json"}, json.dumps({"message": text}).encode()
    )


def response_of(answer: Any) -> Response:
    """An answer without `statusCode` is taken as the body of a 200."""
    if not isinstance(answer, dict) or "statusCode" not in answer:
        body = answer if isinstance(answer, str) else json.dumps(answer)
        return Response(200, {"content-type": "application/json"}, body.encode())
    try:
        status = int(answer["statusCode"])
        body = answer.get("body") or ""
        content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
        headers = {
            str(name).lower(): str(value) for name, value in (answer.get("headers") or {}).items()
        }
    except (TypeError, ValueError, AttributeError):
        return message(500, "Internal Server Error")
    headers.setdefault("content-type", "text/plain; charset=utf-8")
    return Response(status, headers, content, tuple(answer.get("cookies") or ()))
