"""Is Okta's System Log read on time, and does the hook bring what the log holds?"""

from __future__ import annotations

from datetime import datetime, timedelta

from lib.errors import Permanent, Transient
from lib.store.table import Table
from ops.doctor.finding import Finding
from ops.doctor.texts import age, finding

# As in the alarm on LogBehind and that on HookSilent in template.yaml.
LATE = timedelta(minutes=30)
SILENT = 2


def examine(table: Table, now: datetime) -> list[Finding]:
    try:
        return [_position(table, now), _hook(table, now)]
    except Transient as error:
        return [finding("aws_unread", what="the table", why=error)]


def _position(table: Table, now: datetime) -> Finding:
    try:
        cursor = table.log_cursor()
    except Permanent as error:
        return finding("log_position_broken", why=error)
    if cursor is None:
        return finding("log_never_read")
    behind = now - cursor.seen_to
    return finding("log_behind" if behind > LATE else "log_read", age=age(behind.total_seconds()))


def _hook(table: Table, now: datetime) -> Finding:
    health = table.hook_health()
    if health is None or not health.delivered + health.missed:
        return finding("hook_uncompared")
    if health.silent > SILENT:
        return finding("hook_silent", count=health.silent)
    since = age((now - health.since).total_seconds())
    return finding("hook_delivers", age=since, delivered=health.delivered, missed=health.missed)
