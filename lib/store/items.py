"""DynamoDB as the store uses it: conditional writes, consistent reads, typed errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from lib.errors import Conflict, Permanent, PushproofError, Transient

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


# An item that is too large, or an expression that makes no sense, stays so.
_NEVER = ("ValidationException", "ValidationError", "ItemCollectionSizeLimitExceededException")


class Items:
    """Raises Conflict when somebody was faster, Transient when DynamoDB can not answer, Permanent
    when it never will.
    """

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
        self,
        condition: str,
        values: Mapping[str, Any],
        index: str | None = None,
        most: int | None = None,
    ) -> list[Mapping[str, Any]]:
        more: dict[str, Any] = {"IndexName": index} if index else {"ConsistentRead": True}
        if most is not None:
            more["Limit"] = most
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
            enough = most is not None and len(rows) >= most
            if enough or "LastEvaluatedKey" not in answer:
                return rows
            more["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _count(self, condition: str, values: Mapping[str, Any]) -> int:
        more: dict[str, Any] = {}
        counted = 0
        while True:
            answer = self._call(
                self._client.query,
                TableName=self._name,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                Select="COUNT",
                **more,
            )
            counted += int(answer["Count"])
            if "LastEvaluatedKey" not in answer:
                return counted
            more["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    @staticmethod
    def _call(operation: Callable[..., Any], **arguments: Any) -> Any:
        try:
            return operation(**arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "TransactionCanceledException":
                raise _cancelled(error) from None
            if code == "ConditionalCheckFailedException":
                raise Conflict("a newer state is stored") from None
            if code in _NEVER:
                raise Permanent(f"DynamoDB answered {code}") from None
            raise Transient(f"DynamoDB answered {code}") from None
        except (BotoCoreError, ResponseParserError) as error:
            raise Transient(f"DynamoDB can not be reached ({type(error).__name__})") from None


def _cancelled(error: ClientError) -> PushproofError:
    """One reason per item of the transaction; "None" for those that were not at fault."""
    reasons: Any = error.response.get("CancellationReasons", [])
    codes = {str(reason.get("Code")) for reason in reasons} - {"None"}
    if codes & {"ConditionalCheckFailed", "TransactionConflict"} or not codes:
        return Conflict("a newer state is stored")
    told = ", ".join(sorted(codes))
    if codes & set(_NEVER):
        return Permanent(f"DynamoDB refused the transaction: {told}")
    return Transient(f"DynamoDB cancelled the transaction: {told}")
