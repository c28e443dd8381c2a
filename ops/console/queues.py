"""How much waits in the queues. SQS counts approximately, and its counts lag."""

from __future__ import annotations

from dataclasses import dataclass

from lib.aws import called
from lib.errors import Transient
from lib.store.many import side_by_side
from ops.console.desk import Desk

# Name, output of the queue, output of its dead letters.
QUEUES = (
    ("check", "CheckQueueUrl", "CheckDeadLetterQueueUrl"),
    ("remediation", "RemediationQueueUrl", "RemediationDeadLetterQueueUrl"),
    ("sweep", "SweepQueueUrl", "SweepDeadLetterQueueUrl"),
)
_COUNTS = {
    "waiting": "ApproximateNumberOfMessages",
    "delayed": "ApproximateNumberOfMessagesDelayed",
    "running": "ApproximateNumberOfMessagesNotVisible",
}


@dataclass(frozen=True)
class Depth:
    """None: SQS did not say, or the outputs do not name it. `dead`: its dead letters."""

    name: str
    waiting: int | None = None
    delayed: int | None = None
    running: int | None = None
    dead: int | None = None


def depths(desk: Desk) -> list[Depth]:
    """Of the queues the stack's outputs name."""
    outputs = desk.connection.outputs
    known = [queue for queue in QUEUES if outputs.get(queue[1])]
    asked = [url for _, *names in known for name in names if (url := outputs.get(name))]
    sqs = desk.client("sqs")

    def ask(url: str) -> dict[str, int] | None:
        try:
            answer = called(
                sqs.get_queue_attributes, QueueUrl=url, AttributeNames=list(_COUNTS.values())
            )
        except Transient:
            return None
        told = answer.get("Attributes", {})
        return {short: int(told.get(long, 0)) for short, long in _COUNTS.items()}

    told = dict(zip(asked, side_by_side(ask, asked), strict=True))
    found = []
    for name, queue, letters in known:
        dead = told.get(outputs.get(letters, ""))
        count = sum(dead.values()) if dead else None
        found.append(Depth(name, **(told[outputs[queue]] or {}), dead=count))
    return found
