"""One contract for both DynamoDBs: random requests, in the forms the store uses, answered alike.

tests/store runs on both as well: there the store's own methods, here what lies beneath them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.dynamodb import dynamodb, new_table
from tests.simulation.expressions import UnknownExpression, condition, update
from tests.simulation.memory import MemoryDynamoDB

PKS, SKS = ("A", "B"), ("HEAD", "PAGE#1", "PAGE#2")
TEXTS, NUMBERS = ("1", "2", "3"), (0, 1, 2)
_key = st.fixed_dictionaries({"pk": st.sampled_from(PKS), "sk": st.sampled_from(SKS)})
_text, _number = st.sampled_from(TEXTS), st.sampled_from(NUMBERS)
_item = st.builds(
    lambda key, more, due, shown: {**key, **more, **due, **shown},
    _key,
    st.fixed_dictionaries(
        {},
        optional={"version": _number, "body": _text, "taken": st.lists(_text, max_size=2)},
    ),
    st.sampled_from([{}, {"due_pk": "D", "due_sk": "1"}, {"due_pk": "D", "due_sk": "2"}]),
    st.sampled_from([{}, {"open_pk": "O", "open_sk": "3", "incident": "i", "secret": "s"}]),
)
_A = {"pk": "A", "sk": "HEAD"}
_SET_BODY: dict[str, Any] = {
    "Key": _A,
    "UpdateExpression": "SET body = :b",
    "ExpressionAttributeValues": {":b": "b"},
}
# (condition, names, which values it takes)
CONDITIONS = (
    ("attribute_not_exists(pk)", {}, ""),
    ("attribute_exists(pk)", {}, ""),
    ("version = :n", {}, "n"),
    ("version = :n AND body < :t", {}, "nt"),
    ("attribute_not_exists(pk) OR body < :t", {}, "t"),
    ("attribute_not_exists(pk) OR body <> :t", {}, "t"),
    ("attribute_not_exists(pk) OR #v = :t OR #v <= :t", {"#v": "body"}, "t"),
    ("(attribute_not_exists(version) AND :n > :m) OR version < :n", {}, "nm"),
    ("attribute_not_exists(taken) OR (size(taken) < :n AND NOT contains(taken, :t))", {}, "nt"),
    ("due_sk = :t AND due_pk = :t", {}, "t"),
    ("version = :t", {}, "t"),  # a number is no text
)
UPDATES = (
    ("SET body = :t, version = :n", {}, "tn"),
    ("SET body = :t, version = :n, due_pk = :t, due_sk = :t", {}, "tn"),
    ("SET body = :t REMOVE due_pk, due_sk", {}, "t"),
    ("REMOVE due_pk, due_sk", {}, ""),
    ("SET due_sk = :t", {}, "t"),
    ("SET #v = :t ADD version :n", {"#v": "until"}, "tn"),
    ("ADD version :n", {}, "n"),
    ("SET body = if_not_exists(body, :t), incident = if_not_exists(body, :t)", {}, "t"),
    ("SET version = :n, taken = list_append(if_not_exists(taken, :e), :l)", {}, "nel"),
)
QUERIES = (
    ("pk = :p", None),
    ("pk = :p AND begins_with(sk, :s)", None),
    ("pk = :p AND sk >= :s", None),
    ("pk = :p AND sk > :s", None),
    ("pk = :p AND sk BETWEEN :s AND :s", None),
    ("due_pk = :d", "due"),
    ("due_pk = :d AND due_sk <= :u", "due"),
    ("open_pk = :o", "open"),
    ("open_pk = :o AND open_sk > :u", "open"),
)


def _values(text: str, wanted: str, draw: Any) -> dict[str, Any]:
    some: dict[str, Any] = {"n": draw(_number), "m": 1, "t": draw(_text), "e": [], "l": ["x"]}
    return {f":{name}": some[name] for name in wanted if f":{name}" in text}


@st.composite
def _request(draw: Any) -> tuple[str, dict[str, Any]]:
    """A write: (Put, Update, Delete or ConditionCheck, what a transaction would hold)."""
    kind = draw(st.sampled_from(("Put", "Update", "Update", "Delete", "ConditionCheck")))
    asked: dict[str, Any] = {"Item": draw(_item)} if kind == "Put" else {"Key": draw(_key)}
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    if kind == "Update":
        text, names, wanted = draw(st.sampled_from(UPDATES))
        asked["UpdateExpression"] = text
        values = _values(text, wanted, draw)
    if kind == "ConditionCheck" or draw(st.booleans()):
        text, more, wanted = draw(st.sampled_from(CONDITIONS))
        if more and names:
            more = names  # one name, two uses
        asked["ConditionExpression"] = text
        values |= _values(text, wanted, draw)
        names = {**names, **more}
    if names:
        asked["ExpressionAttributeNames"] = names
    if values:
        asked["ExpressionAttributeValues"] = values
    return kind, asked


_step = st.one_of(
    st.tuples(st.just("one"), st.lists(_request(), min_size=1, max_size=1)),
    st.tuples(st.just("one"), st.lists(_request(), min_size=1, max_size=1)),
    st.tuples(st.just("transact"), st.lists(_request(), min_size=1, max_size=3)),
)


@pytest.fixture(scope="module")
def both() -> Iterator[list[tuple[Any, str]]]:
    """moto and ours, each with a table."""
    with dynamodb() as moto:
        yield [(client, new_table(client)._name) for client in (moto, MemoryDynamoDB())]


def _ask(call: Any, **asked: Any) -> Any:
    """The answer, or which error it was."""
    try:
        return call(**asked)
    except ClientError as error:
        said: Any = error.response
        reasons = [each.get("Code", "None") for each in said.get("CancellationReasons", [])]
        return said["Error"]["Code"], reasons


def _written(client: Any, table: str, how: str, requests: list[tuple[str, Any]]) -> Any:
    if how == "transact":
        puts = [{kind: {"TableName": table, **asked}} for kind, asked in requests]
        answer = _ask(client.transact_write_items, TransactItems=puts)
        return answer if isinstance(answer, tuple) else "stored"
    kind, asked = requests[0]
    if kind == "ConditionCheck":
        return None
    call = {"Put": client.put_item, "Update": client.update_item, "Delete": client.delete_item}
    more = "UPDATED_NEW" if kind == "Update" else "ALL_OLD"
    answer = _ask(call[kind], TableName=table, **asked, ReturnValues=more)
    if isinstance(answer, tuple):
        return answer
    told = answer.get("Attributes", {})
    return told if kind == "Update" else sorted(told.items())


def _alike(real: Any, ours: Any) -> bool:
    """Of what was updated moto tells only what changed by it, and the keys of what was made."""
    if not isinstance(real, dict) or not isinstance(ours, dict):
        return bool(real == ours)
    return {name: each for name, each in real.items() if name not in _A}.items() <= ours.items()


def _everything(client: Any, table: str) -> list[Any]:
    found = [_read(client, table, *each) for each in itertools.product(QUERIES, (None, 1))]
    for index in (None, "due", "open"):
        more = {"IndexName": index} if index else {}
        rows = client.scan(TableName=table, **more)["Items"]
        found.append(sorted(rows, key=lambda row: (row["pk"], row["sk"])))
    keys = [{"pk": pk, "sk": sk} for pk in PKS for sk in SKS]
    found += [client.get_item(TableName=table, Key=key).get("Item") for key in keys]
    many = client.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
    found.append(sorted(many["Responses"][table], key=lambda row: (row["pk"], row["sk"])))
    return found


def _read(client: Any, table: str, query: tuple[str, str | None], limit: int | None) -> Any:
    text, index = query
    values = {":p": "A", ":s": "PAGE#1", ":d": "D", ":u": "1", ":o": "O"}
    more: dict[str, Any] = {"IndexName": index} if index else {"ConsistentRead": True}
    if limit:
        more["Limit"] = limit
    rows: list[Any] = []
    while True:
        answer = client.query(
            TableName=table,
            KeyConditionExpression=text,
            ExpressionAttributeValues={n: v for n, v in values.items() if n in text},
            **more,
        )
        rows += answer["Items"]
        if "LastEvaluatedKey" not in answer:
            # Twins of an index have no order.
            return sorted(rows, key=lambda row: (row.get("due_sk", ""), row["pk"], row["sk"]))
        more["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _emptied(client: Any, table: str) -> str:
    for item in client.scan(TableName=table)["Items"]:
        client.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
    return table


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(_step, min_size=1, max_size=8))
def test_both_answer_alike(both: list[tuple[Any, str]], steps: list[Any]) -> None:
    for client, table in both:
        _emptied(client, table)
    for how, requests in steps:
        real, ours = (_written(client, table, how, requests) for client, table in both)
        assert _alike(real, ours), (how, requests)
    real, ours = (_everything(client, table) for client, table in both)
    assert real == ours


@pytest.mark.parametrize(
    "text", ["attribute_type(pk, :s)", "version = :n AND", "a.b = :n", "version IN (:n)", "pk == 1"]
)
def test_what_it_does_not_know_it_does_not_guess(text: str) -> None:
    with pytest.raises(UnknownExpression):
        condition(text)


@pytest.mark.parametrize("text", ["DELETE who :s", "SET version = version + :n", "SET a[0] = :n"])
def test_nor_an_update(text: str) -> None:
    with pytest.raises(UnknownExpression):
        update(text)


def test_nor_an_argument() -> None:
    memory = MemoryDynamoDB()
    new_table(memory)
    with pytest.raises(UnknownExpression):
        memory.put_item(TableName="table", Item={}, ReturnConsumedCapacity="TOTAL")


NONSENSE: dict[str, tuple[str, dict[str, Any]]] = {
    "empty key": ("put_item", {"Item": {"pk": "", "sk": "s"}}),
    "unused": ("update_item", {**_SET_BODY, "ExpressionAttributeValues": {":b": "b", ":u": "u"}}),
    "reserved": ("update_item", {**_SET_BODY, "UpdateExpression": "SET until = :b"}),
    "number as key": ("put_item", {"Item": {**_A, "due_pk": 1, "due_sk": "s"}}),
    "too large": ("put_item", {"Item": {**_A, "body": "x" * 400_001}}),
    "undefined": ("put_item", {"Item": _A, "ConditionExpression": "version = :v"}),
}
# moto takes the first two, and fails on the last; DynamoDB documents that it refuses them.
OURS_ALONE = ("number as key", "too large", "undefined")


@pytest.mark.parametrize("what", NONSENSE)
def test_what_makes_no_sense_is_refused(both: list[tuple[Any, str]], what: str) -> None:
    call, asked = NONSENSE[what]
    for client, table in both[1:] if what in OURS_ALONE else both:
        answer = _ask(getattr(client, call), TableName=table, **asked)
        assert answer[0] == "ValidationException"


def test_an_index_may_lag() -> None:
    now = [0.0]
    memory = MemoryDynamoDB(lambda: now[0], lambda: 5.0)
    table = new_table(memory)._name
    item = {"pk": "A", "sk": "HEAD", "due_pk": "D", "due_sk": "1"}
    memory.put_item(TableName=table, Item=item)

    def seen() -> int:
        return len(_read(memory, table, ("due_pk = :d", "due"), None))

    assert seen() == 0
    now[0] = 5.0
    assert seen() == 1
    memory.delete_item(TableName=table, Key={"pk": "A", "sk": "HEAD"})
    assert seen() == 1
    now[0] = 10.0
    assert seen() == 0
