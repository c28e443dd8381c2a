"""How much waits in the queues. SQS counts approximately, and its counts lag."""

from __future__ import annotations

from dataclasses import dataclass

from lib.aws import called
from lib.errors import Transient
from lib.store.many import side_by_side
from ops.console.desk import Desk

QUEUES = {
    "check": "CheckQueueUrl",
    "remediation": "RemediationQueueUrl",
    "sweep": "SweepQueueUrl",
    "check, dead letters": "CheckDeadLetterQueueUrl",
    "remediation, dead letters": "RemediationDeadLetterQueueUrl",
    "sweep, dead letters": "SweepDeadLetterQueueUrl",
}
_COUNTS = {
    "waiting": "ApproximateNumberOfMessages",
    "delayed": "ApproximateNumberOfMessagesDelayed",
    "running": "ApproximateNumberOfMessagesNotVisible",
}


@dataclass(frozen=True)
class Depth:
    """None: SQS did not say."""

    name: str
    waiting: int | None = None
    delayed: int | None = None
    running: int | None = None

    @property
    def dead(self) -> bool:
        return self.name.endswith("dead letters")


def depths(desk: Desk) -> list[Depth]:
    """Of the queues the stack's outputs name."""
    known = [(name, desk.connection.outputs.get(output)) for name, output in QUEUES.items()]
    sqs = desk.client("sqs")

    def ask(queue: tuple[str, str]) -> Depth:
        name, url = queue
        try:
            answer = called(
                sqs.get_queue_attributes, QueueUrl=url, AttributeNames=list(_COUNTS.values())
            )
        except Transient:
            return Depth(name)
        told = answer.get("Attributes", {})
        return Depth(name, **{short: int(told.get(long, 0)) for short, long in _COUNTS.items()})

    return side_by_side(ask, [(name, url) for name, url in known if url])
