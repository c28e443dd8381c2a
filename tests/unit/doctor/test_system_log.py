"""How far Okta's log is read, and what comparing it with the hook came to."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from lib.errors import Permanent, Transient
from lib.rules.hook_health import HookHealth
from lib.store.cursors import LogCursor
from ops.doctor import system_log
from ops.doctor.finding import Finding
from tests.fakes.clock import START

MINUTE = timedelta(minutes=1)


class FakeTable:
    def __init__(self) -> None:
        self.cursor: LogCursor | Exception | None = at(START - MINUTE)
        self.health: HookHealth | None = compared()

    def log_cursor(self) -> LogCursor | None:
        if isinstance(self.cursor, Exception):
            raise self.cursor
        return self.cursor

    def hook_health(self) -> HookHealth | None:
        return self.health


def at(moment: datetime) -> LogCursor:
    return LogCursor("/api/v1/logs?after=x", "y", moment)


def compared(delivered: int = 7, missed: int = 2, silent: int = 0) -> HookHealth:
    since = START - timedelta(days=3)
    return HookHealth(since, START, delivered=delivered, missed=missed, silent=silent)


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


def look(table: FakeTable) -> list[Finding]:
    return system_log.examine(table, START)  # type: ignore[arg-type]


def codes(table: FakeTable) -> list[str]:
    return [each.code for each in look(table)]


def test_what_is_read_and_delivered(table: FakeTable) -> None:
    read, hook = look(table)
    assert (read.code, hook.code) == ("log_read", "hook_delivers")
    assert "1 minute ago" in read.seen
    assert "since 3 days ago, the hook brought 7, missed 2" in hook.seen


@pytest.mark.parametrize(
    ("behind", "code"), [(30 * MINUTE, "log_read"), (31 * MINUTE, "log_behind")]
)
def test_a_position_that_stands_still(table: FakeTable, behind: timedelta, code: str) -> None:
    table.cursor = at(START - behind)
    found = look(table)[0]
    assert found.code == code
    assert (found.severity == "warning") is (code == "log_behind")


def test_a_log_that_was_never_read(table: FakeTable) -> None:
    table.cursor = None
    assert (look(table)[0].code, look(table)[0].severity) == ("log_never_read", "warning")


def test_a_position_nobody_understands(table: FakeTable) -> None:
    table.cursor = Permanent("the stored position can not be understood")
    assert codes(table) == ["log_position_broken", "hook_delivers"]


@pytest.mark.parametrize(
    ("health", "code"),
    [
        (None, "hook_uncompared"),
        (compared(0, 0), "hook_uncompared"),
        # One request that was lost is no dead hook: the alarm's own bounds.
        (compared(silent=2), "hook_delivers"),
        (compared(silent=3), "hook_silent"),
        (compared(0, 5, silent=5), "hook_silent"),
    ],
)
def test_a_hook_that_is_compared(table: FakeTable, health: HookHealth | None, code: str) -> None:
    table.health = health
    assert codes(table) == ["log_read", code]


def test_a_table_that_may_not_be_read_is_unknown(table: FakeTable) -> None:
    table.cursor = Transient("AccessDeniedException")
    assert codes(table) == ["aws_unread"]
