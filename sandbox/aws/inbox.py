"""On-call's inbox: a queue subscribed to a topic, so that tests and people can read the pages."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient


class Inbox:
    def __init__(self, sns: SNSClient, sqs: SQSClient, topic_arn: str) -> None:
        self._sqs = sqs
        self._url = sqs.create_queue(QueueName=f"inbox-of-{topic_arn.rsplit(':', 1)[1]}")[
            "QueueUrl"
        ]
        attributes = sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        sns.subscribe(
            TopicArn=topic_arn, Protocol="sqs", Endpoint=attributes["Attributes"]["QueueArn"]
        )
        self._read: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def pages(self) -> list[dict[str, Any]]:
        """SNS notifications: `Subject`, `Message`, `MessageAttributes`, `Timestamp`, `TopicArn`."""
        with self._lock:
            while messages := self._sqs.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=0
            ).get("Messages"):
                for message in messages:
                    self._read.append(json.loads(message["Body"]))
                    self._sqs.delete_message(
                        QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"]
                    )
            return list(self._read)
