"""A dead-letter queue: what crashed a function until SQS set it aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lib.aws import called

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# ReceiveMessage gives ten at most.
MOST = 10
# Long enough to park ten; a crash brings them back after it (seconds).
HIDDEN = 60


@dataclass(frozen=True)
class DeadLetter:
    id: str
    body: str
    sent_at: datetime
    receipt: str


class SqsDeadLetters:
    def __init__(self, sqs: SQSClient, url: str) -> None:
        self._sqs, self._url = sqs, url

    def take(self) -> list[DeadLetter]:
        """Up to ten, hidden from others for a minute. Raises Transient."""
        answer = called(
            self._sqs.receive_message,
            QueueUrl=self._url,
            MaxNumberOfMessages=MOST,
            VisibilityTimeout=HIDDEN,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        return [
            DeadLetter(
                message["MessageId"],
                message["Body"],
                datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
                message["ReceiptHandle"],
            )
            for message in answer.get("Messages", [])
        ]

    def forget(self, letter: DeadLetter) -> None:
        called(self._sqs.delete_message, QueueUrl=self._url, ReceiptHandle=letter.receipt)
