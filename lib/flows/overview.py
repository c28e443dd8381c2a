"""Draws the overview once a minute, so that looking at it costs one read however much is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools import Logger

from lib.errors import PushproofError
from lib.rules import overview as rules
from lib.rules.overview import History, Overview
from lib.store.table import Table
from lib.times import Clock

logger = Logger(child=True)

# Summaries that are counted: some 10 MB of the index, and a few seconds.
MOST = 20_000
# Of what is due, of each shard, to find the oldest look among.
DUE = 50
# Many closed incidents are counted again this often; few every time.
HISTORY_EVERY = timedelta(minutes=10)
FEW = 1_000


class DrawOverview:
    def __init__(self, table: Table, clock: Clock) -> None:
        self._table, self._clock = table, clock

    def try_run(self) -> bool:
        """A picture that can not be drawn must not hold up what is due: its age tells."""
        try:
            self.run()
        except PushproofError as error:
            logger.warning("the overview was not drawn", extra={"reason": str(error)})
            return False
        return True

    def run(self) -> Overview:
        """Raises Transient."""
        now = self._clock()
        rows, whole = self._table.listed(MOST)
        needs = rules.needing(rows)
        drawn = Overview(
            taken_at=now,
            open=len(rows),
            whole=whole,
            counts=rules.counted(rows),
            needs=tuple(needs[: rules.SHOWN]),
            needs_count=len(needs),
            newest=rules.newest(rows),
            history=self._history(rows, now),
            parked=self._table.parked_count(),
            oldest_look=self._oldest_look(),
        )
        self._table.record_overview(drawn)
        return drawn

    def _history(self, opened: Sequence[Mapping[str, Any]], now: datetime) -> History:
        before = self._table.overview()
        known = before.history if before else None
        if known and known.rows > FEW and now - known.taken_at < HISTORY_EVERY:
            return known
        closed, whole = self._table.listed(MOST, closed=True, since=rules.first_day(now))
        return History(now, rules.by_day(opened, closed, now), len(closed), whole)

    def _oldest_look(self) -> datetime | None:
        states = self._table.subjects(self._table.soonest_looks(DUE)).values()
        started = [state.chain.started_at for state in states if state.chain and state.next_look]
        return min(started, default=None)
