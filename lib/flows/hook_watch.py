"""Whether the hook is alive: what the log brought is compared with what the hook brought."""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from lib.errors import Conflict, Transient
from lib.rules.hook_health import Compared, HookHealth, compare, skip, window
from lib.store.table import Table
from lib.times import Clock

logger = Logger(child=True)
metrics = Metrics()

# An hour and a half of a check every two seconds; in a storm beyond that nothing is compared.
MOST_MARKS = 5000


class HookWatch:
    def __init__(self, table: Table, clock: Clock) -> None:
        self._table, self._clock = table, clock

    def run(self) -> HookHealth | None:
        """None when it could not be told; the comparison waits for the next run then."""
        try:
            compared = self._compare()
        except Conflict:
            return None  # another run has compared
        except Transient as error:
            logger.warning("the hook was not compared", extra={"reason": str(error)})
            return None
        metrics.add_metric("HookDelivered", MetricUnit.Count, compared.delivered)
        metrics.add_metric("HookMissed", MetricUnit.Count, compared.missed)
        metrics.add_metric("HookSilent", MetricUnit.Count, compared.health.silent)
        return compared.health

    def _compare(self) -> Compared:
        now = self._clock()
        known = self._table.hook_health()
        # What came before counting began is not counted.
        before = known or HookHealth(since=now, compared_to=now)
        marks = self._table.road_marks(window(before), MOST_MARKS)
        if len(marks) < MOST_MARKS:
            compared = compare(before, marks, now)
        else:
            logger.warning("too many hints to compare the hook with the log")
            compared = Compared(skip(before, now), 0, 0)
        self._table.record_hook_health(compared.health, known)
        return compared
