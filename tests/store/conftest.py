from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lib.store.table import Table
from tests.fakes.dynamodb import dynamodb, new_table


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with dynamodb() as found:
        yield found


@pytest.fixture
def table(client: Any) -> Table:
    return new_table(client)
