"""AWS as far as doctor asks it. `error` names an AWS error code that every call then gets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from tests.fakes.clock import START


class FakeAws:
    def __init__(self) -> None:
        self.error = ""
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.counts: dict[str, dict[str, str]] = {}
        self.alarms: list[list[dict[str, Any]]] = [[]]
        self.subscriptions: list[list[str]] = [["arn:aws:sns:x:1:topic:1"]]
        self.stages: dict[str, list[str]] = {"v1": ["AWSCURRENT"]}
        self.put: datetime = START - timedelta(days=1)

    def get_item(self, TableName: str, Key: dict[str, str], ConsistentRead: bool) -> Any:  # noqa: N803
        self._fail()
        found = self.items.get((Key["pk"], Key["sk"]))
        return {"Item": found} if found else {}

    def put_item(self, TableName: str, Item: dict[str, Any]) -> Any:  # noqa: N803
        self._fail()
        self.items[Item["pk"], Item["sk"]] = Item
        return {}

    def list_secret_version_ids(self, SecretId: str, NextToken: str = "0") -> Any:  # noqa: N803
        """One version a page, none on the first."""
        self._fail()
        number, names = int(NextToken), list(self.stages)
        here = names[number - 1 : number] if number else []
        more = {"NextToken": str(number + 1)} if number < len(names) else {}
        versions = [
            {
                "VersionId": name,
                "VersionStages": self.stages[name],
                "CreatedDate": self.put if "AWSCURRENT" in self.stages[name] else START,
            }
            for name in here
        ]
        return {"Versions": versions, **more}

    def get_queue_attributes(self, QueueUrl: str, AttributeNames: list[str]) -> Any:  # noqa: N803
        self._fail()
        return {"Attributes": self.counts.get(QueueUrl, {})}

    def describe_alarms(self, ActionPrefix: str, NextToken: str = "0") -> Any:  # noqa: N803
        self._fail()
        number = int(NextToken)
        more = {"NextToken": str(number + 1)} if number + 1 < len(self.alarms) else {}
        return {"MetricAlarms": self.alarms[number], **more}

    def list_subscriptions_by_topic(self, TopicArn: str, NextToken: str = "0") -> Any:  # noqa: N803
        self._fail()
        number = int(NextToken)
        more = {"NextToken": str(number + 1)} if number + 1 < len(self.subscriptions) else {}
        return {
            "Subscriptions": [{"SubscriptionArn": each} for each in self.subscriptions[number]],
            **more,
        }

    def _fail(self) -> None:
        if self.error:
            raise ClientError({"Error": {"Code": self.error, "Message": "arn:secret"}}, "Look")
