"""approve: people's decisions, on an IAM-authorised route."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lib.errors import Transient
from lib.flows.asked import BadRequest, Caller
from lib.wiring.approve import approve

logger = Logger()
flow = approve(os.environ)


# Said here, so that no variable of the function can make it log who decided what and why.
@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    try:
        answer = flow.run(_body(event), _caller(event))
    except BadRequest as error:
        logger.info("refused", extra={"status": error.status})
        return _respond(error.status, {"error": str(error)})
    except Transient as error:
        logger.warning("failed", extra={"reason": str(error)})
        return _respond(503, {"error": "It could not be finished; look at it and try again."})
    # The outcome only: who decided and why is the audit trail's.
    logger.info("decided", extra={"outcome": answer.outcome})
    return _respond(200, asdict(answer))


def _caller(event: dict[str, Any]) -> Caller:
    context = event.get("requestContext") or {}
    signed = (context.get("authorizer") or {}).get("iam") or {}
    return Caller(
        str(signed.get("userArn") or ""),
        str(context.get("requestId") or ""),
        str((context.get("http") or {}).get("sourceIp") or ""),
    )


def _body(event: dict[str, Any]) -> Any:
    """None for what is no JSON: the flow refuses it, and keeps that it did."""
    text = event.get("body") or ""
    try:
        return json.loads(base64.b64decode(text) if event.get("isBase64Encoded") else text)
    except (ValueError, RecursionError):
        return None


def _respond(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {
            "content-type": "application/json",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        },
        "body": json.dumps(body),
    }
