"""check: compares expected with actual for the subjects of a batch of messages."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from lib.wiring.check import check

logger = Logger()
metrics = Metrics()
flow = check(os.environ)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Whole batches share their vendor reads, so the batch is one call; answers what failed."""
    failed = flow.run({record["messageId"]: record["body"] for record in event["Records"]})
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
