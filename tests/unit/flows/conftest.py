from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lib.incident import Status
from lib.settings import Mode
from tests.fakes.dynamodb import dynamodb, new_table
from tests.fakes.make import OBJECT, OLD_PHONE, role, standing
from tests.fakes.stage import Stage


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with dynamodb() as found:
        yield found


@pytest.fixture
def stage(client: Any) -> Stage:
    """Auto mode, two looks after the first, touches off; everything agrees."""
    return Stage(new_table(client))


@pytest.fixture
def waiting(stage: Stage) -> Stage:
    """A privileged target: two people have to agree."""
    stage.build(mode=Mode.APPROVE)
    stage.graph.standings[OBJECT] = standing(role())
    stage.graph.set(mobile_phone=OLD_PHONE)
    assert stage.drifted().status is Status.WAITING_APPROVAL
    return stage


@pytest.fixture
def simple(stage: Stage) -> Stage:
    """One approval, and the function writes."""
    stage.build(mode=Mode.APPROVE)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    return stage
