"""Many writes at once: side by side where each has its condition, in batches where none has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from lib.errors import Transient

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
R = TypeVar("R")

# boto3 keeps ten connections.
WORKERS = 8
# BatchWriteItem takes 25 items, and answers what it did not take.
BATCH = 25
TRIES = 5


def side_by_side(work: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """In their order. Raises the first error, after all were tried."""
    if len(things) < 2:
        return [work(thing) for thing in things]
    with ThreadPoolExecutor(min(WORKERS, len(things))) as pool:
        return [coming.result() for coming in [pool.submit(work, thing) for thing in things]]


def written(
    client: DynamoDBClient,
    table: str,
    items: Sequence[Mapping[str, Any]],
    call: Callable[..., Any],
) -> None:
    """Puts items, each key once. Raises Transient."""
    for start in range(0, len(items), BATCH):
        part = items[start : start + BATCH]
        ask: Any = {table: [{"PutRequest": {"Item": dict(item)}} for item in part]}
        for _ in range(TRIES):
            ask = call(client.batch_write_item, RequestItems=ask).get("UnprocessedItems")
            if not ask:
                break
        else:
            raise Transient("DynamoDB does not take all of a batch")
