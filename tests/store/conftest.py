from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lib.store.table import Table
from tests.fakes.dynamodb import dynamodb, new_table
from tests.simulation.memory import MemoryDynamoDB


@pytest.fixture(scope="module", params=["moto", "memory"])
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Both DynamoDBs: what the simulation runs on must behave as what everything else does."""
    if request.param == "memory":
        yield MemoryDynamoDB()
        return
    with dynamodb() as found:
        yield found


@pytest.fixture
def table(client: Any) -> Table:
    return new_table(client)
