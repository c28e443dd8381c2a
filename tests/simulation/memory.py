"""DynamoDB in memory, as far as lib/store asks it: fast enough for thousands of schedules, and
held to what moto does by one contract (test_contract.py, tests/store).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import Binary
from botocore.exceptions import ClientError

from tests.simulation.expressions import (
    Invalid,
    Scope,
    UnknownExpression,
    condition,
    holds,
    update,
    value,
)
from tests.simulation.rows import Item, Key, TableRows

# Items of one request.
ITEMS_MOST, BATCH_MOST = 100, 25
# (key, before, after): None where there was, or is, none.
Change = tuple[Key, Item | None, Item | None]


class MemoryDynamoDB:
    """The client of `boto3.resource("dynamodb").meta.client`: plain Python values in and out.

    `lag`: seconds until an index shows a write; `now`: seconds. `page`: most rows of an answer,
    as 1 MB would be. `watch` is told what each write changed, after it.
    """

    def __init__(
        self,
        now: Callable[[], float] = lambda: 0.0,
        lag: Callable[[], float] = lambda: 0.0,
        page: int = 10_000,
        watch: Callable[[Sequence[Change]], None] = lambda _changes: None,
    ) -> None:
        self._now, self._lag, self.page, self.watch = now, lag, page, watch
        self._tables: dict[str, TableRows] = {}

    def create_table(self, **asked: Any) -> None:
        self._tables[asked["TableName"]] = TableRows(asked)

    def get_item(self, **asked: Any) -> dict[str, Any]:
        asked = _known(asked, "Key", "ConsistentRead")
        item = self._table(asked).items.get(_key(asked["Key"]))
        return {"Item": _copy(item)} if item is not None else {}

    def put_item(self, **asked: Any) -> dict[str, Any]:
        return self._replaced("Put", _known(asked, "Item", "ReturnValues", *_CONDITION))

    def delete_item(self, **asked: Any) -> dict[str, Any]:
        return self._replaced("Delete", _known(asked, "Key", "ReturnValues", *_CONDITION))

    def _replaced(self, kind: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        wanted = asked.get("ReturnValues", "NONE")
        if wanted not in ("NONE", "ALL_OLD"):
            raise UnknownExpression(f"ReturnValues {wanted}")
        before = self._table(asked).items.get(_key(asked.get("Key") or asked["Item"]))
        self._write(kind, asked)
        return {"Attributes": _copy(before)} if wanted != "NONE" and before else {}

    def update_item(self, **asked: Any) -> dict[str, Any]:
        asked = _known(asked, "Key", "UpdateExpression", "ReturnValues", *_CONDITION)
        wanted = asked.get("ReturnValues", "NONE")
        if wanted not in ("NONE", "UPDATED_NEW"):
            raise UnknownExpression(f"ReturnValues {wanted}")
        self._write("Update", asked)
        if wanted == "NONE":
            return {}
        after = _copy(self._table(asked).items.get(_key(asked["Key"])))
        names = asked.get("ExpressionAttributeNames", {})
        touched = {names.get(part[1], part[1]) for part in update(asked["UpdateExpression"])}
        return {"Attributes": {n: after[n] for n in touched if n in after}}

    def transact_write_items(self, **asked: Any) -> dict[str, Any]:
        given = [
            next(iter(each.items())) for each in _known(asked, "TransactItems")["TransactItems"]
        ]
        keys = [_key(what.get("Key") or what["Item"]) for _, what in given]
        if not 0 < len(given) <= ITEMS_MOST or len(set(keys)) < len(keys):
            raise _refusal("ValidationException", "TransactWriteItems")
        made: list[Change] = []
        reasons: list[dict[str, str]] = []
        for kind, what in given:
            try:
                made.append(self._made(kind, what))
                reasons.append({"Code": "None"})
            except _Unmet:
                reasons.append({"Code": "ConditionalCheckFailed"})
            except Invalid as error:
                raise _refusal("ValidationException", str(error)) from None
        if len(made) < len(given):
            raise _refusal("TransactionCanceledException", "TransactWriteItems", reasons)
        self._store(self._table(given[0][1]), made)
        return {}

    def batch_get_item(self, **asked: Any) -> dict[str, Any]:
        ((name, what),) = _known(asked, "RequestItems")["RequestItems"].items()
        keys = [_key(key) for key in what["Keys"]]
        if not 0 < len(keys) <= ITEMS_MOST or len(set(keys)) < len(keys):
            raise _refusal("ValidationException", "BatchGetItem")
        held = self._table({"TableName": name}).items
        some = keys[: self.page]
        left = what["Keys"][self.page :]
        unread = {name: {**what, "Keys": left}} if left else {}
        return {
            "Responses": {name: [_copy(held.all[key]) for key in some if key in held.all]},
            "UnprocessedKeys": unread,
        }

    def batch_write_item(self, **asked: Any) -> dict[str, Any]:
        ((name, what),) = _known(asked, "RequestItems")["RequestItems"].items()
        puts = [each["PutRequest"] for each in what]
        keys = [_key(put["Item"]) for put in puts]
        if not 0 < len(puts) <= BATCH_MOST or len(set(keys)) < len(keys):
            raise _refusal("ValidationException", "BatchWriteItem")
        for put in puts[: self.page]:
            self.put_item(TableName=name, **put)
        return {"UnprocessedItems": {name: what[self.page :]} if what[self.page :] else {}}

    def query(self, **asked: Any) -> dict[str, Any]:
        asked = _known(
            *(asked, "KeyConditionExpression", "ExpressionAttributeValues", "IndexName"),
            *("ConsistentRead", "Limit", "ExclusiveStartKey", "Select"),
        )
        if asked.get("Select", "COUNT") != "COUNT":
            raise UnknownExpression(f"Select {asked['Select']}")
        table, index = self._table(asked), asked.get("IndexName")
        if index and asked.get("ConsistentRead"):
            raise _refusal("ValidationException", "an index is never consistent")
        node = condition(asked["KeyConditionExpression"])
        table.show(self._now())
        rows = self._found(table, index, node, _values(asked))
        start = asked.get("ExclusiveStartKey")
        if start:
            rows = [row for row in rows if row[0] > table.place(start, index)]
        most = min(self.page, asked.get("Limit", self.page))
        page = rows[:most]
        answer: dict[str, Any] = {"Count": len(page)}
        if "Select" not in asked:
            answer["Items"] = [_copy(item) for _, item in page]
        if len(page) == most and page:
            # As DynamoDB: having stopped at a limit it does not know whether there is more.
            answer["LastEvaluatedKey"] = table.start_key(page[-1][1], index)
        return answer

    def scan(self, **asked: Any) -> dict[str, Any]:
        """For tests that look at everything."""
        asked = _known(asked, "IndexName")
        table, index = self._table(asked), asked.get("IndexName")
        table.show(self._now())
        held = table.items if index is None else table.indexes[index].rows
        return {"Items": [_copy(item) for _, item in sorted(held.all.items())]}

    # -- inside -----------------------------------------------------------------------------

    def _table(self, asked: Mapping[str, Any]) -> TableRows:
        if asked["TableName"] not in self._tables:
            raise _refusal("ResourceNotFoundException", "table")
        return self._tables[asked["TableName"]]

    @staticmethod
    def _found(
        table: TableRows, index: str | None, node: Any, values: Mapping[str, Any]
    ) -> list[tuple[tuple[str, ...], Item]]:
        """In the order of the range key: where each row stands, and the row."""
        hash_name = table.indexes[index].hash if index else "pk"
        first = node[1] if node[0] == "AND" else node
        if first[:2] != ("=", ("value", hash_name)):
            raise UnknownExpression("a query begins with the hash key")
        scope = Scope({}, {}, values)
        wanted = value(first[2], scope)
        rows = table.partition(wanted, index)
        found = [row for row in rows if holds(node, Scope(row[1], {}, values, scope.used))]
        holds(node, scope)
        try:
            scope.finish()
        except Invalid as error:
            raise _refusal("ValidationException", str(error)) from None
        return found

    def _write(self, kind: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        try:
            change = self._made(kind, asked)
        except _Unmet:
            raise _refusal("ConditionalCheckFailedException", kind) from None
        except Invalid as error:
            raise _refusal("ValidationException", str(error)) from None
        self._store(self._table(asked), [change])
        return {}

    def _made(self, kind: str, asked: Mapping[str, Any]) -> Change:
        """What a write would change. Raises _Unmet and Invalid."""
        table = self._table(asked)
        key = _key(asked.get("Key") or asked["Item"])
        before = table.items.get(key)
        names = asked.get("ExpressionAttributeNames", {})
        scope = Scope(before or {}, names, _values(asked))
        unmet = "ConditionExpression" in asked and not holds(
            condition(asked["ConditionExpression"]), scope
        )
        after: Item | None = before
        match kind:
            case "Put":
                after = {name: _stored(each) for name, each in asked["Item"].items()}
            case "Delete":
                after = None
            case "Update":
                after = _updated(key, asked["UpdateExpression"], scope)
            case "ConditionCheck":
                pass
            case _:
                raise UnknownExpression(kind)
        scope.finish()
        if unmet:
            raise _Unmet
        table.check(after)
        return key, before, after

    def _store(self, table: TableRows, changes: Sequence[Change]) -> None:
        told = [each for each in changes if each[1] is not each[2]]
        for key, _, after in told:
            table.items.put(key, after)
            table.later.append((self._now() + self._lag(), key, after))
        self.watch(told)


_CONDITION = ("ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues")


class _Unmet(Exception):
    pass


def _updated(key: Key, text: str, scope: Scope) -> Item:
    """Every operand is of the item as it was."""
    after = {"pk": key[0], "sk": key[1], **scope.item}
    for kind, name, *operands in update(text):
        attribute = scope.attribute(name)
        if attribute in ("pk", "sk"):
            raise Invalid("a key can not be updated")
        if kind == "REMOVE":
            after.pop(attribute, None)
            continue
        given = value(operands[0], scope)
        if kind == "ADD":
            held = scope.item.get(attribute, Decimal(0))
            if not isinstance(given, Decimal) or not isinstance(held, Decimal):
                raise UnknownExpression("ADD of what is no number")
            given = held + given
        after[attribute] = _stored(given)
    return after


def _stored(given: Any) -> Any:
    """As boto3 gives it back."""
    match given:
        case bool() | str() | None | Decimal() | Binary():
            return given
        case int():
            return Decimal(given)
        case list():
            return [_stored(each) for each in given]
        case bytes():
            return Binary(given)
    raise UnknownExpression(f"a value of type {type(given).__name__}")


def _values(asked: Mapping[str, Any]) -> dict[str, Any]:
    given = asked.get("ExpressionAttributeValues", {})
    return {name: _stored(each) for name, each in given.items()}


def _copy(item: Item | None) -> Item:
    held = item or {}
    return {n: list(each) if isinstance(each, list) else each for n, each in held.items()}


def _key(item: Mapping[str, Any]) -> Key:
    return item["pk"], item["sk"]


def _known(asked: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    unknown = asked.keys() - {*names, "TableName"}
    if unknown:
        raise UnknownExpression(f"arguments {sorted(unknown)}")
    return asked


def _refusal(code: str, what: str, reasons: Sequence[Mapping[str, str]] = ()) -> ClientError:
    told: Any = {"Error": {"Code": code, "Message": what}}
    if reasons:
        told["CancellationReasons"] = list(reasons)
    return ClientError(told, what)
