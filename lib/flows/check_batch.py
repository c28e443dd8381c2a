"""A batch of check messages: nothing of it is lost, and one bad subject hurts only itself.

Transient: sent again with what is left, attempt count and first-seen. Permanent: parked with
its reason. A message fails for SQS only when even that could not be done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from lib.errors import Permanent, Refused, Transient, Unauthorized
from lib.flows.check import Check
from lib.flows.roads import marks_of
from lib.flows.storm import Storm
from lib.flows.tasks import LOCKED_OUT, Result, Retry
from lib.messages import CheckMessage, again
from lib.model import Subject
from lib.ports import CheckQueue, OktaPort
from lib.rules.backoff import delay
from lib.rules.hints import Hint
from lib.store.table import Table
from lib.times import Clock

logger = Logger(child=True)
metrics = Metrics()


class CheckBatch:
    def __init__(
        self,
        check: Check,
        okta: OktaPort,
        table: Table,
        queue: CheckQueue,
        clock: Clock,
        chance: Callable[[], float],
        storm: Storm | None = None,
    ) -> None:
        self._check, self._okta, self._table = check, okta, table
        self._queue, self._clock, self._chance = queue, clock, chance
        self._storm = storm

    def run(self, bodies: Mapping[str, str]) -> list[str]:
        """Message id -> body; answers the ids of messages that must stay in the queue."""
        messages: dict[str, CheckMessage] = {}
        waits: dict[str, list[float]] = {}
        failed: list[str] = []
        for message_id, body in bodies.items():
            try:
                message = self._parsed(message_id, body)
                if message:
                    waits[message_id] = []
                    messages[message_id] = self._named(message_id, message, waits[message_id])
            except Transient as error:
                logger.warning("message stays in the queue", extra={"reason": str(error)})
                failed.append(message_id)
        if not messages:
            return failed
        self._note_roads(messages.values())
        try:
            if self._storm:
                messages = self._storm.divert(messages)
            results = self._check.run(list(messages.values()))
        except Transient as error:
            logger.warning("the batch is tried again", extra={"reason": str(error)})
            results = _all(messages, Retry(str(error), error.retry_after))
        except (Permanent, Refused) as error:
            # A whole call was refused: our credentials or rights, and no subject is at fault.
            logger.error("nothing can be read", extra={"reason": str(error)})
            results = _all(messages, Retry(str(error), LOCKED_OUT))
        for message_id, message in messages.items():
            try:
                self._finish(message_id, message, results, waits.get(message_id, []))
            except Transient as error:
                logger.warning("message stays in the queue", extra={"reason": str(error)})
                failed.append(message_id)
        return failed

    def _finish(
        self,
        message_id: str,
        message: CheckMessage,
        results: Mapping[Subject, Result],
        waits: Sequence[float],
    ) -> None:
        """`waits`: seconds that were named for what names nobody yet."""
        left: list[Hint] = []
        named = list(waits)
        for hint in message.hints:
            result = results.get(hint.subject)
            if isinstance(result, Retry):
                logger.info(
                    "will check again",
                    extra={"user": hint.subject.user_id, "reason": result.reason},
                )
                left.append(hint)
                if result.after is not None:
                    named.append(result.after)
            elif isinstance(result, Permanent):
                body = replace(message, hints=(hint,), nameless=()).text()
                self._park(f"{message_id}-{hint.subject.user_id}", str(result), body)
        if left or message.nameless:
            self._count_age(message)
            resent = again(message, left, self._clock())
            wait = delay(resent.attempt, max(named, default=None), self._chance)
            self._queue.send(resent, delay=wait)

    def _parsed(self, message_id: str, body: str) -> CheckMessage | None:
        try:
            return CheckMessage.parse(body)
        except Permanent as error:
            self._park(message_id, str(error), body)
            return None

    def _note_roads(self, messages: Iterable[CheckMessage]) -> None:
        try:
            self._table.mark_roads(marks_of(messages, self._clock()))
        except (Permanent, Transient) as error:
            # It only tells whether the hook is alive; the checks are what matters.
            logger.warning("the hints' roads were not noted", extra={"reason": str(error)})

    def _count_age(self, message: CheckMessage) -> None:
        """SQS starts counting anew with each message sent, so the alarm goes by first-seen."""
        if message.first_seen:
            age = (self._clock() - message.first_seen).total_seconds()
            metrics.add_metric("OldestHintAge", MetricUnit.Seconds, max(0.0, age))

    def _named(self, message_id: str, message: CheckMessage, waits: list[float]) -> CheckMessage:
        """Hints that named only an app user get their subject; those nobody has are parked.

        What Okta can not answer now stays nameless and is sent again; `waits` collects for when.
        """
        hints = list(message.hints)
        left = []
        if message.unnamed:
            # Okta's log holds the events; nothing here tells whom they are about.
            body = CheckMessage(unnamed=message.unnamed).text()
            self._park(f"{message_id}-unnamed", "watched events that name no user", body)
        for nameless in message.nameless:
            why = "no user of this app has the name in the event"
            subject = None
            try:
                subject = self._okta.find_subject(nameless.app_id, nameless.app_user_name)
            except Unauthorized:
                # Our credentials are refused, and no name is at fault.
                left.append(nameless)
                waits.append(LOCKED_OUT)
                continue
            except Transient as error:
                left.append(nameless)
                if error.retry_after is not None:
                    waits.append(error.retry_after)
                continue
            except (Permanent, Refused) as error:
                why = f"Okta can not be asked whom the event names: {error}"
            if subject is None:
                body = CheckMessage(nameless=(nameless,)).text()
                identifier = f"{message_id}-{'-'.join(nameless.uuids) or 'nameless'}"
                self._park(identifier, why, body)
            else:
                hints.append(Hint(subject, nameless.published, nameless.uuids))
        return replace(message, hints=tuple(hints), nameless=tuple(left), unnamed=())

    def _park(self, identifier: str, reason: str, body: str) -> None:
        logger.error("parked", extra={"id": identifier, "reason": reason})
        metrics.add_metric("Parked", MetricUnit.Count, 1)
        kept = body if len(body) < 300_000 else json.dumps("too large to keep")
        self._table.park(identifier, reason, kept, self._clock())


def _all(messages: Mapping[str, CheckMessage], result: Retry) -> dict[Subject, Result]:
    return {hint.subject: result for message in messages.values() for hint in message.hints}
