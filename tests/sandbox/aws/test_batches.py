"""ReportBatchItemFailures, by the conditions the Lambda developer guide lists."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.aws.batches import event_of, failed_messages

IDS = ("a", "b", "c")


@pytest.mark.parametrize(
    "answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}, {"other": 1}]
)
def test_everything_succeeded(answer: Any) -> None:
    assert failed_messages(answer, IDS) == frozenset()


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": None}]},
        {"batchItemFailures": [{"wrongKey": "a"}]},
        {"batchItemFailures": [{"itemIdentifier": "not in the batch"}]},
        {"batchItemFailures": ["a"]},
        {"batchItemFailures": "a"},
        "not an object",
        ["a"],
    ],
)
def test_everything_failed(answer: Any) -> None:
    assert failed_messages(answer, IDS) == frozenset(IDS)


def test_only_what_is_named_failed() -> None:
    answer = {"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "c"}]}
    assert failed_messages(answer, IDS) == {"a", "c"}


def test_a_record_has_lambdas_shape() -> None:
    message = {
        "MessageId": "m",
        "ReceiptHandle": "r",
        "Body": "b",
        "MD5OfBody": "5",
        "Attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "g"},
        "MessageAttributes": {"kind": {"StringValue": "look", "DataType": "String"}},
    }
    (record,) = event_of([message], "arn:aws:sqs:us-east-1:1:q")["Records"]
    assert record == {
        "messageId": "m",
        "receiptHandle": "r",
        "body": "b",
        "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "g"},
        "messageAttributes": {
            "kind": {
                "stringValue": "look",
                "dataType": "String",
                "stringListValues": [],
                "binaryListValues": [],
            }
        },
        "md5OfBody": "5",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:1:q",
        "awsRegion": "us-east-1",
    }
