"""Leaves a vendor alone while it is down: Powertools' circuit breaker, told what counts.

Only an outage counts: no answer, or 5xx, after the client's own quick repeats. A refusal is an
answer, so it ends a streak and closes the breaker; "too many requests" and whatever ends before the
vendor was asked say nothing either way. The state is shared through the table; where it can not be
read or written, the vendor is asked (that is Powertools' rule as well).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.circuit_breaker import (
    CircuitBreakerConfig,
    CircuitInfo,
    CircuitState,
    CircuitTransition,
    circuit_breaker,
)
from aws_lambda_powertools.utilities.circuit_breaker.persistence import (
    CircuitBreakerDynamoDBPersistence,
)

from lib.errors import NotDone, Permanent, PushproofError, Refused, Unavailable
from lib.http import Reply

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# Requests in a row, each with its own quick repeats, counted in each execution environment.
FAILURES = 5
# Seconds between two tries of a vendor that is down.
RECOVERY = 30
# Seconds for which an environment believes what it read of the state.
CACHED = 5
# Seconds between two reports of one environment; the alarm looks at five minutes.
REPORT = 20.0

CONFIG = CircuitBreakerConfig(
    failure_threshold=FAILURES,
    recovery_timeout=RECOVERY,
    # A probe is owned by a thread, and the next request may come from another.
    success_threshold=1,
    handled_exceptions=Unavailable,
    local_cache_max_age=CACHED,
)


class VendorBreaker:
    """One vendor's, for lib/http.py. `report` is called while it is open, at most every REPORT
    seconds; `now` gives epoch seconds, as Powertools counts them.
    """

    def __init__(
        self,
        vendor: str,
        store: CircuitBreakerDynamoDBPersistence,
        report: Callable[[], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._vendor, self._now = vendor, now
        self._report, self._reported = report, 0.0
        self._guarded: Callable[[Callable[[], Reply]], Reply | PushproofError] = circuit_breaker(
            name=vendor,
            persistence_store=store,
            on_circuit_open=self._held,
            on_transition=self._moved,
            config=CONFIG,
        )(_outcome)

    def __call__(self, ask: Callable[[], Reply]) -> Reply:
        """Raises NotDone, with the seconds to the next try, without asking while it is open."""
        outcome = self._guarded(ask)
        if isinstance(outcome, PushproofError):
            raise outcome
        return outcome

    def _held(self, _ask: object, *, circuit: CircuitInfo) -> NotDone:
        self._tell()
        # A probe may be under way: it is over, or another may begin, a little later.
        left = max(float(CACHED), (circuit.opened_at or 0) + RECOVERY - self._now())
        return NotDone(f"{self._vendor} is down and left alone for now", left)

    def _moved(self, transition: CircuitTransition) -> None:
        # Where little is to do every request is a probe, and none is held back.
        if transition.to_state is CircuitState.OPEN:
            self._tell()

    def _tell(self) -> None:
        now = self._now()
        if now - self._reported >= REPORT:
            self._reported = now
            self._report()


def breaker_store(client: DynamoDBClient, table: str) -> CircuitBreakerDynamoDBPersistence:
    """FACT#breaker / vendor. `client` is a plain one: values in DynamoDB's own notation."""
    return CircuitBreakerDynamoDBPersistence(
        table,
        key_attr="pk",
        sort_key_attr="sk",
        static_pk_value="FACT#breaker",
        expiry_attr="expires",
        boto3_client=client,
    )


def _outcome(ask: Callable[[], Reply]) -> Reply | PushproofError:
    """Whatever the vendor answered. Raises where it did not answer or was not asked."""
    try:
        return ask()
    except (Refused, Permanent) as error:
        return error
