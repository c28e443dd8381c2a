"""The table as template.yaml describes it, in an in-process DynamoDB."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws
from samtranslator.yaml_helper import yaml_parse

from lib.store.table import Table

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"
SHAPE = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
_numbers = itertools.count()


@contextmanager
def dynamodb() -> Iterator[Any]:
    """A client whose calls all stay in this process."""
    with mock_aws():
        yield boto3.resource("dynamodb", region_name="eu-west-1").meta.client


@cache
def _described() -> dict[str, Any]:
    """Read once: the template takes longer to parse than most tests to run."""
    described = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))["Resources"]["Table"]["Properties"]
    return {part: described[part] for part in SHAPE}


def new_table(client: Any) -> Table:
    name = f"table-{next(_numbers)}"
    client.create_table(TableName=name, **_described())
    return Table(client, name)
