"""catch_up: on a schedule, whatever Okta's log holds and no hook has brought."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from lib.wiring.catch_up import catch_up

logger = Logger()
metrics = Metrics()
reader, hook_watch = catch_up(os.environ)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    # The comparison first: a log that can not be read must not hide a dead hook.
    hook_watch.run()
    logger.info("caught up", extra={"done": reader.run()})
