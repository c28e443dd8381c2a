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
from lib.flows.approve import BadRequest
from lib.wiring.approve import approve

logger = Logger()
flow = approve(os.environ)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    try:
        caller = event["requestContext"]["authorizer"]["iam"]["userArn"]
        answer = flow.run(_body(event), str(caller))
    except BadRequest as error:
        logger.info("refused", extra={"status": error.status})
        return _respond(error.status, {"error": str(error)})
    except Transient as error:
        logger.warning("failed", extra={"reason": str(error)})
        return _respond(503, {"error": "The incident moved meanwhile; look at it and try again."})
    logger.info("decided", extra={"outcome": answer.outcome})
    return _respond(200, asdict(answer))


def _body(event: dict[str, Any]) -> Any:
    text = event.get("body") or ""
    try:
        return json.loads(base64.b64decode(text) if event.get("isBase64Encoded") else text)
    except (ValueError, RecursionError):
        raise BadRequest(400, "The body is not JSON.") from None


def _respond(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body),
    }
