"""The breaker of one vendor: its state lies in the table, its metric is the function's own."""

from __future__ import annotations

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from lib.aws import SHORT, client
from lib.breaker import VendorBreaker, breaker_store
from lib.settings import Environment

metrics = Metrics()


def breaker(env: Environment, vendor: str) -> VendorBreaker:
    """Raises SettingError. Everybody who names the same vendor shares its state."""
    store = breaker_store(client("dynamodb", SHORT), env.text("TABLE"))
    return VendorBreaker(vendor, store, _report)


def _report() -> None:
    metrics.add_metric("BreakerOpen", MetricUnit.Count, 1)
