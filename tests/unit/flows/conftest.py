from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.dynamodb import dynamodb, new_table
from tests.fakes.stage import Stage


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with dynamodb() as found:
        yield found


@pytest.fixture
def stage(client: Any) -> Stage:
    """Auto mode, two looks after the first, touches off; everything agrees."""
    return Stage(new_table(client))
