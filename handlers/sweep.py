"""sweep: a step of a sweep for each message, and the nightly beginning of one."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from lib.errors import Transient
from lib.wiring.sweep import sweep

logger = Logger()
metrics = Metrics()
flow, begin = sweep(os.environ)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The queue's events hold records; the schedule's event says nothing but when."""
    if "Records" not in event:
        logger.info("nightly", extra={"began": begin()})
        return {}
    failed = []
    for record in event["Records"]:
        try:
            flow.run(record["messageId"], record["body"])
        except Transient as error:
            logger.warning("message stays in the queue", extra={"reason": str(error)})
            failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
