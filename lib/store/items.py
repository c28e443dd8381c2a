"""DynamoDB as the store uses it: conditional writes, consistent reads, typed errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from lib.errors import Conflict, Transient

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Items:
    """Raises Conflict when somebody was faster, Transient when DynamoDB can not answer."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name

    def _put(
        self, item: Mapping[str, Any], condition: str = "", values: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._name, "Item": item}
        if condition:
            put["ConditionExpression"] = condition
        if values:
            put["ExpressionAttributeValues"] = values
        return {"Put": put}

    def _transact(self, puts: list[dict[str, Any]]) -> None:
        self._call(self._client.transact_write_items, TransactItems=puts)

    def _get(self, key: Mapping[str, str]) -> Mapping[str, Any] | None:
        answer = self._call(
            self._client.get_item, TableName=self._name, Key=key, ConsistentRead=True
        )
        item = answer.get("Item")
        return item if item else None

    def _query(
        self, condition: str, values: Mapping[str, Any], index: str | None = None
    ) -> list[Mapping[str, Any]]:
        more: dict[str, Any] = {"IndexName": index} if index else {"ConsistentRead": True}
        rows: list[Mapping[str, Any]] = []
        while True:
            answer = self._call(
                self._client.query,
                TableName=self._name,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                **more,
            )
            rows.extend(answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return rows
            more["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    @staticmethod
    def _call(operation: Callable[..., Any], **arguments: Any) -> Any:
        try:
            return operation(**arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("ConditionalCheckFailedException", "TransactionCanceledException"):
                raise Conflict("a newer state is stored") from None
            raise Transient(f"DynamoDB answered {code}") from None
        except BotoCoreError as error:
            raise Transient(f"DynamoDB can not be reached ({type(error).__name__})") from None
