from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.dynamodb import dynamodb, new_table
from tests.fakes.stage import Stage
from tests.fuzz.budget import TRIED, WANTED
from tests.fuzz.door import Door, opened


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with opened() as found:
        yield found


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with dynamodb() as found:
        yield found


@pytest.fixture
def stage(client: Any) -> Stage:
    return Stage(new_table(client))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if WANTED:
        for target, number in sorted(TRIED.items()):
            terminalreporter.write_line(f"fuzzed: {number:,} {target}")
