"""The table, the queues and the topic with what can go wrong at each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from lib.errors import Transient
from lib.incident import Page
from lib.messages import CheckMessage, RemediationMessage
from lib.sweep_message import SweepMessage
from tests.simulation.effects import Effects, Fault
from tests.simulation.memory import MemoryDynamoDB
from tests.simulation.queues import LONGEST_DELAY, Queue
from tests.simulation.witness import Witness

WRITES = ("put_item", "update_item", "delete_item", "transact_write_items", "batch_write_item")


def _aws(code: str) -> Fault:
    said: Any = {"Error": {"Code": code, "Message": code}}
    return lambda: ClientError(said, "DynamoDB")


THROTTLED = _aws("ProvisionedThroughputExceededException")
BROKEN = _aws("InternalServerError")
# What boto3 sees when it repeats a conditional write whose first answer was lost.
REPEATED = _aws("ConditionalCheckFailedException")
DOWN: tuple[Fault, ...] = (lambda: Transient("AWS answered InternalError"),)


class DisturbedDynamoDB:
    """The client with errors, lost answers and crashes around every request."""

    def __init__(self, real: MemoryDynamoDB, effects: Effects) -> None:
        self._real, self._effects = real, effects

    def __getattr__(self, name: str) -> Callable[..., Any]:
        real = getattr(self._real, name)

        def call(**asked: Any) -> Any:
            lost: tuple[Fault, ...] = ()
            if name in WRITES:
                # A transaction carries a token, so its repeat is known for one.
                lost = (BROKEN,) if name == "transact_write_items" else (BROKEN, REPEATED)
                if name != "transact_write_items" and "ConditionExpression" not in asked:
                    lost = (BROKEN,)
            return self._effects(name, lambda: real(**asked), (THROTTLED,), lost)

        return call


class SimCheckQueue:
    """The check queue, for senders of one and of many."""

    def __init__(self, queue: Queue, effects: Effects, settle: float) -> None:
        self._queue, self._effects, self._settle = queue, effects, settle

    def send(self, message: CheckMessage, delay: float | None = None) -> None:
        wait = self._settle if delay is None else max(0, min(LONGEST_DELAY, -(-delay // 1)))
        self._effects("send to check", lambda: self._queue.send(message.text(), wait), DOWN, DOWN)

    def send_all(self, messages: Sequence[CheckMessage]) -> None:
        """Each of them may fail by itself, and those before it were taken."""
        for message in messages:
            self.send(message)


class SimRemediationQueue:
    def __init__(self, queue: Queue, effects: Effects) -> None:
        self._queue, self._effects = queue, effects

    def send(self, message: RemediationMessage) -> None:
        def send() -> None:
            self._queue.send(message.text(), group=message.group, once=message.deduplication_id)

        self._effects("send to remediate", send, DOWN, DOWN)


class SimSweepQueue:
    def __init__(self, queue: Queue, effects: Effects) -> None:
        self._queue, self._effects = queue, effects

    def send(self, message: SweepMessage, delay: float = 0) -> None:
        wait = max(0, min(LONGEST_DELAY, -(-delay // 1)))
        self._effects("send to sweep", lambda: self._queue.send(message.text(), wait), DOWN, DOWN)


class SimPager:
    def __init__(self, effects: Effects, witness: Witness) -> None:
        self._effects, self._witness = effects, witness

    def page(self, page: Page) -> None:
        self._effects("page", lambda: self._witness.paged(page), DOWN, DOWN)
