"""The sweep queue, and how much waits in the check queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lib.aws import LONGEST_DELAY, called
from lib.sweep_message import SweepMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# SQS's counts are approximate and lag by up to a minute; asking more often tells nothing more.
EVERY = 15.0


class SqsSweepQueue:
    def __init__(self, sqs: SQSClient, url: str) -> None:
        self._sqs, self._url = sqs, url

    def send(self, message: SweepMessage, delay: float = 0) -> None:
        """Raises Transient."""
        seconds = max(0, min(LONGEST_DELAY, int(-(-delay // 1))))
        called(
            self._sqs.send_message,
            QueueUrl=self._url,
            MessageBody=message.text(),
            DelaySeconds=seconds,
        )


class SqsBacklog:
    """Asked at most every 15 seconds. `monotonic`: seconds."""

    def __init__(self, sqs: SQSClient, url: str, monotonic: Callable[[], float]) -> None:
        self._sqs, self._url, self._monotonic = sqs, url, monotonic
        self._known: tuple[float, int] | None = None

    def __call__(self) -> int:
        """Raises Transient."""
        now = self._monotonic()
        if self._known is None or now - self._known[0] >= EVERY:
            answer = called(
                self._sqs.get_queue_attributes,
                QueueUrl=self._url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )
            self._known = (now, sum(int(count) for count in answer["Attributes"].values()))
        return self._known[1]
