"""Breakers over an in-process table, with Powertools' clock in our hands."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.circuit_breaker import base
from aws_lambda_powertools.utilities.circuit_breaker.persistence import base as kept
from aws_lambda_powertools.utilities.circuit_breaker.persistence import dynamodb as stored
from botocore.config import Config

from lib.breaker import VendorBreaker, breaker_store
from lib.store.table import Table

OKTA, GRAPH = "Okta", "Microsoft Graph"


class Breakers:
    """Execution environments that share one table; `environment` starts another one."""

    def __init__(self, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
        self.table = table._name
        self.seconds = 1_767_000_000.0
        self.reports = 0
        told = SimpleNamespace(
            datetime=SimpleNamespace(now=lambda: datetime.fromtimestamp(self.seconds, UTC))
        )
        for module in (base, kept, stored):
            monkeypatch.setattr(module, "dt", told)
        self.client = boto3.client(
            "dynamodb", region_name="eu-west-1", config=Config(retries={"total_max_attempts": 1})
        )
        self.environment()

    def environment(self) -> None:
        """What Powertools remembers in a process is forgotten."""
        for memory in (base._LOCAL_FAILURES, base._LOCAL_SUCCESSES, base._LAST_OBSERVED_STATE):
            memory.clear()

    def of(self, vendor: str, client: Any = None) -> VendorBreaker:
        store = breaker_store(client or self.client, self.table)
        return VendorBreaker(vendor, store, self._report, lambda: self.seconds)

    def state(self, vendor: str) -> str:
        key = {"pk": {"S": "FACT#breaker"}, "sk": {"S": vendor}}
        item = self.client.get_item(TableName=self.table, Key=key).get("Item")
        return item["state"]["S"] if item else "CLOSED"

    def _report(self) -> None:
        self.reports += 1
