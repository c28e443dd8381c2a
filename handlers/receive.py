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


# Said here, so that no variable of the function can make it log requests, secret and all.
@logger.inject_lambda_context(log_event=False)
def handler(event: object, context: LambdaContext) -> dict[str, Any]:
    response = flow.run(Request.of(event))
    logger.info("answered", extra={"status": response.status, **response.notes})
    return {
        "statusCode": response.status,
        "headers": {
            "content-type": "application/json",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        },
        "body": json.dumps(response.body),
    }
