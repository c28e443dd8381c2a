"""sweep: everybody assigned to the apps and everybody linked, page by page.

A message says which step is next; the table says what it is. What a step found is stored before
the step, and the step before the next message: a crash repeats a step and loses nothing. Only the
holder of the lease stores a step, so a worker that was paused and replaced changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from lib.errors import Conflict, Permanent, Refused, Transient
from lib.flows.sweep_steps import Going, SweepSteps
from lib.flows.tasks import LOCKED_OUT
from lib.ports import SweepQueue
from lib.rules.backoff import delay
from lib.rules.sweep import Phase, Sweep
from lib.store.table import Table
from lib.sweep_message import SweepMessage
from lib.times import Clock

logger = Logger(child=True)
metrics = Metrics()

LEASE = "sweep"
# Longer than the function may run.
HELD = timedelta(seconds=180)


class Sweeping:
    def __init__(
        self,
        steps: SweepSteps,
        table: Table,
        queue: SweepQueue,
        clock: Clock,
        chance: Callable[[], float],
    ) -> None:
        self._steps, self._table, self._queue = steps, table, queue
        self._clock, self._chance = clock, chance

    def run(self, message_id: str, body: str) -> None:
        """One message. Raises Transient only when it must stay in the queue."""
        try:
            message = SweepMessage.parse(body)
        except Permanent as error:
            logger.error("parked", extra={"id": message_id, "reason": str(error)})
            metrics.add_metric("Parked", MetricUnit.Count, 1)
            self._table.park(message_id, str(error), body, self._clock())
            return
        sweep, now = self._table.sweep(message.sweep_id), self._clock()
        if sweep is None or sweep.phase is Phase.DONE:
            return
        if message.step != sweep.step:
            # Somebody went on. Or crashed before telling: then this is all that is left.
            if now > max(sweep.updated_at, sweep.not_before or now - HELD * 2) + HELD:
                self._send(sweep)
            return
        if sweep.not_before and sweep.not_before > now:
            self._send(sweep)
            return
        try:
            lease = self._table.take_lease(LEASE, now, now + HELD)
        except Conflict:
            # Whoever holds it may be another sweep's, or dead.
            self._queue.send(message, delay=60)
            return
        self._work(Going(sweep, lease), message)

    def _work(self, going: Going, message: SweepMessage) -> None:
        wait: float | None = None
        try:
            self._steps.run(going)
        except Conflict:
            # Most likely another worker took over; then this message is stale when it comes back.
            logger.warning("a step was not stored", extra={"sweep": message.sweep_id})
            self._queue.send(SweepMessage(message.sweep_id, going.sweep.step), delay=60)
            return
        except Transient as error:
            wait = self._again(going, message, str(error), error.retry_after)
        except (Permanent, Refused) as error:
            # Our credentials or rights: nobody on the page is at fault.
            wait = self._again(going, message, str(error), LOCKED_OUT)
        self._table.give_back_lease(going.lease, self._clock())
        sweep = going.sweep
        where = {"phase": sweep.phase.value, "round": sweep.round, "page": sweep.page}
        logger.info("went on", extra={"sweep": sweep.id, **where})
        if sweep.phase is Phase.DONE:
            return
        if wait is None:
            self._send(sweep)
        else:
            attempt = message.attempt + 1 if sweep.step == message.step else 1
            self._queue.send(SweepMessage(sweep.id, sweep.step, attempt), delay=wait)

    def _again(
        self, going: Going, message: SweepMessage, reason: str, named: float | None
    ) -> float:
        logger.warning("a step is tried again", extra={"sweep": message.sweep_id, "why": reason})
        attempt = message.attempt + 1 if going.sweep.step == message.step else 1
        return delay(attempt, named, self._chance)

    def _send(self, sweep: Sweep) -> None:
        left = sweep.not_before - self._clock() if sweep.not_before else timedelta()
        wait = max(0.0, left.total_seconds())
        self._queue.send(SweepMessage(sweep.id, sweep.step), delay=wait)
