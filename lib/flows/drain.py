"""Dead letters become parked work, where a person sees them with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from lib.aws_dead_letters import DeadLetter
from lib.store.table import Table

logger = Logger(child=True)
metrics = Metrics()

# Batches of ten a queue and run; a thousand letters take a few minutes.
BATCHES = 20


class DeadLetters(Protocol):
    def take(self) -> list[DeadLetter]: ...
    def forget(self, letter: DeadLetter) -> None: ...


class Drain:
    """`queues`: the dead-letter queue of each function, by the function's name."""

    def __init__(self, queues: Mapping[str, DeadLetters], table: Table) -> None:
        self._queues, self._table = queues, table

    def run(self) -> int:
        """How many were parked. Raises Transient; what was not parked stays in its queue.

        Parked first, deleted after: a crash between parks the same letter again under the same
        key, since both its id and its time are the letter's.
        """
        parked = 0
        for function, queue in self._queues.items():
            for _ in range(BATCHES):
                letters = queue.take()
                for letter in letters:
                    reason = f"it crashed the {function} function until SQS set it aside"
                    self._table.park(letter.id, reason, letter.body, letter.sent_at)
                    queue.forget(letter)
                    logger.error("parked", extra={"id": letter.id, "reason": reason})
                    metrics.add_metric("Parked", MetricUnit.Count, 1)
                    parked += 1
                if not letters:
                    break
        return parked
