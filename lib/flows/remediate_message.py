"""One remediation message: run its plan, or say what becomes of it.

A FIFO queue has no delay of its own per message, so work that must wait goes through check,
which looks again after the delay and queues the plan anew when it is still needed.
"""

from __future__ import annotations

from collections.abc import Callable

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from lib.errors import Permanent, Refused, Transient, Unauthorized
from lib.flows.remediate import Remediation
from lib.flows.runs import Hands
from lib.flows.tasks import LOCKED_OUT
from lib.messages import CheckMessage, RemediationMessage
from lib.ports import CheckQueue
from lib.rules.backoff import delay
from lib.store.table import Table
from lib.times import Clock

logger = Logger(child=True)
metrics = Metrics()


class RemediateMessage:
    def __init__(
        self,
        remediation: Remediation,
        hands: Hands,
        table: Table,
        checks: CheckQueue,
        clock: Clock,
        chance: Callable[[], float],
    ) -> None:
        self._remediation, self._hands = remediation, hands
        self._table, self._checks = table, checks
        self._clock, self._chance = clock, chance

    def run(self, message_id: str, body: str) -> None:
        """Raises Transient only when the message must stay in its queue."""
        try:
            message = RemediationMessage.parse(body)
        except Permanent as error:
            self._park(message_id, error, body)
            return
        try:
            run = self._remediation.run(message.incident_id, message.digest, self._hands)
            logger.info(
                "remediation", extra={"incident": message.incident_id, "ended": run.ended.value}
            )
        except Transient as error:
            self._later(message, error)
        except Unauthorized as error:
            self._later(message, Transient(str(error), LOCKED_OUT))
        except (Permanent, Refused) as error:
            self._park(message_id, error, body)
            self._remediation.give_up(message.incident_id, self._hands, str(error))

    def _park(self, message_id: str, error: Exception, body: str) -> None:
        logger.error("parked", extra={"id": message_id, "reason": str(error)})
        metrics.add_metric("Parked", MetricUnit.Count, 1)
        self._table.park(message_id, str(error), body, self._clock())

    def _later(self, message: RemediationMessage, error: Transient) -> None:
        incident = self._table.incident(message.incident_id)
        logger.warning(
            "will try again", extra={"incident": message.incident_id, "reason": str(error)}
        )
        if incident is None:
            raise error
        self._remediation.set_down(incident.id, self._hands)
        wait = delay(message.attempt, error.retry_after, self._chance)
        self._checks.send(CheckMessage.look_at(incident.subject, self._clock()), delay=wait)
