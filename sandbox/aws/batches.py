"""What an SQS event looks like, and which of its messages a function's answer leaves in the queue.

Source: the Lambda developer guide, "Using Lambda with Amazon SQS", on the event's shape and on
"Success and failure conditions" of partial batch responses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.aws.template import REGION


def event_of(messages: Iterable[Mapping[str, Any]], queue_arn: str) -> dict[str, Any]:
    """ReceiveMessage's messages as the event Lambda passes."""
    return {"Records": [_record(message, queue_arn) for message in messages]}


def _record(message: Mapping[str, Any], queue_arn: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {
            name: {
                **{key[0].lower() + key[1:]: inner for key, inner in value.items()},
                "stringListValues": [],
                "binaryListValues": [],
            }
            for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    }


def failed_messages(answer: Any, message_ids: Sequence[str]) -> frozenset[str]:
    """The ids to keep, by the rules of ReportBatchItemFailures.

    No answer, an empty one, or one whose list is empty or null: everything succeeded. A list that
    names nothing, null, an empty string or a message that is not in the batch: everything failed.
    """
    everything = frozenset(message_ids)
    if answer is None or answer == {}:
        return frozenset()
    if not isinstance(answer, dict):
        return everything
    failures = answer.get("batchItemFailures")
    if failures is None:
        return frozenset()
    if not isinstance(failures, list):
        return everything
    named = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in failures]
    if any(not isinstance(name, str) or name not in everything for name in named):
        return everything
    return frozenset(name for name in named if isinstance(name, str))
