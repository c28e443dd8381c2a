"""receive: Okta's event hook calls here (GET to verify, POST to deliver)."""

from __future__ import annotations

import json
import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lib.flows.receive import Request
from lib.wiring.receive import receive

logger = Logger()
flow = receive(os.environ)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    response = flow.run(
        Request(
            method=event["requestContext"]["http"]["method"],
            headers=event.get("headers") or {},
            body=event.get("body"),
            is_base64=bool(event.get("isBase64Encoded")),
        )
    )
    logger.info("answered", extra={"status": response.status, **response.notes})
    return {
        "statusCode": response.status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(response.body),
    }
