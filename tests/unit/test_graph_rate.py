"""The last fifth of Graph's limits is left to others, and a named wait holds for all threads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lib.errors import NotDone
from lib.graph_rate import WINDOW, Restraint
from lib.http_answers import Reply

USERS, BATCH, AUDIT = "/v1.0/users/1", "/v1.0/$batch", "/v1.0/auditLogs/directoryAudits"
NOW = datetime(2025, 1, 1, tzinfo=UTC)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> Restraint:
    return Restraint(clock)


def told(status: int = 200, body: object = None, **headers: str) -> Reply:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, names, body, NOW)


def waits(gate: Restraint, path: str = USERS) -> float | None:
    try:
        gate.enter(path)
    except NotDone as error:
        return error.retry_after
    return None


@pytest.mark.parametrize("used", ["0.8", "0.93", "1.2"])
def test_a_limit_that_is_nearly_used_up_is_left_alone_for_a_window(
    gate: Restraint, clock: Clock, used: str
) -> None:
    gate.leave(USERS, told(x_ms_throttle_limit_percentage=used))
    assert waits(gate, BATCH) == WINDOW
    clock.now += WINDOW
    assert waits(gate, BATCH) is None


@pytest.mark.parametrize("used", ["", "0.79", "much", "nan", "-1"])
def test_anything_else_holds_nobody_up(gate: Restraint, used: str) -> None:
    gate.leave(USERS, told(x_ms_throttle_limit_percentage=used))
    assert waits(gate) is None


def test_a_named_wait_holds_for_all(gate: Restraint, clock: Clock) -> None:
    gate.leave(USERS, told(429, retry_after="2.128"))
    assert waits(gate) == pytest.approx(2.128)
    gate.leave(USERS, told(429, retry_after="1"))
    clock.now += 1.5
    assert waits(gate) == pytest.approx(0.628)


def test_a_429_without_a_time_is_left_to_each_piece_of_work(gate: Restraint) -> None:
    gate.leave(USERS, told(429))
    gate.leave(USERS, None)
    assert waits(gate) is None


def test_a_part_of_a_batch_speaks_for_all_of_it(gate: Restraint) -> None:
    parts = [
        {"id": "1", "status": 200, "headers": {}},
        {"id": "2", "status": 429, "headers": {"Retry-After": "7"}},
        {"id": "3", "status": "odd"},
        "rubbish",
    ]
    gate.leave(BATCH, told(body={"responses": parts}))
    assert waits(gate) == 7
    assert waits(gate, AUDIT) is None


def test_the_audit_log_has_a_limit_of_its_own(gate: Restraint) -> None:
    gate.leave(AUDIT, told(429, retry_after="9"))
    assert waits(gate, AUDIT) == 9
    assert waits(gate) is None
