"""tick: every minute, whatever is due, dead letters into parked work, and the overview."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from lib.wiring.overview import overview
from lib.wiring.tick import tick

logger = Logger()
metrics = Metrics()
flow, drain = tick(os.environ)
picture = overview(os.environ)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    # Dead letters after: a dead queue must not hold up what is due.
    done = dict(flow.run())
    logger.info("due", extra={"done": done, "parked": drain.run()})
    picture.try_run()
