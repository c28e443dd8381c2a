"""remediate: runs approved plans, in order for each user."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import (
    SqsFifoPartialProcessor,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from lib.wiring.remediate import remediate

logger = Logger()
metrics = Metrics()
flow = remediate(os.environ)
processor = SqsFifoPartialProcessor(skip_group_on_error=True)


def one(record: SQSRecord) -> None:
    flow.run(record.message_id, record.body)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return dict(process_partial_response(event, one, processor, context))
