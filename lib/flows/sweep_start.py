"""Begins sweeps: nightly, by hand, in a storm."""

from __future__ import annotations

import secrets
from datetime import timedelta

from lib.ports import SweepQueue
from lib.rules.sweep import Kind, Sweep
from lib.store.table import Table
from lib.sweep_message import SweepMessage
from lib.times import Clock


class Starting:
    def __init__(
        self, table: Table, queue: SweepQueue, apps: tuple[str, ...], clock: Clock
    ) -> None:
        self._table, self._queue, self._apps, self._clock = table, queue, apps, clock

    def start(
        self, kind: Kind, apps: tuple[str, ...] = (), after: timedelta = timedelta()
    ) -> Sweep:
        """Raises Conflict while another one runs. The first of everybody becomes the baseline."""
        now = self._clock()
        everybody = not apps or set(apps) == set(self._apps)
        if kind is not Kind.STORM and everybody and not self._table.had_baseline():
            kind = Kind.BASELINE
        sizes = {app: self._table.app_size(app) for app in apps or self._apps}
        sweep = Sweep(
            id=f"sw-{secrets.token_hex(5)}",
            kind=kind,
            apps=apps or self._apps,
            started_at=now,
            updated_at=now,
            sizes={app: size for app, size in sizes.items() if size is not None},
            not_before=now + after if after else None,
        )
        self._table.begin_sweep(sweep, storm=kind is Kind.STORM, everywhere=everybody)
        # A crash before this is found by tick.
        self._queue.send(SweepMessage(sweep.id, sweep.step), delay=after.total_seconds())
        return sweep
