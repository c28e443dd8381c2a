"""Large bodies of every shape: time by counts, memory against the size of the body."""

from __future__ import annotations

import json
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from lib.flows.receive import MOST_BYTES
from tests.fakes.make import APP
from tests.fuzz.door import SECRET, Door
from tests.fuzz.test_receive_fuzz import obeys

# CPython keeps an empty object of three characters in some 100 bytes while it is parsed.
MEMORY_A_BYTE = 40
# Of the function, after the runtime and boto3.
MEMORY = 800_000_000
SIZE = MOST_BYTES // 8
FRAME, END = '{"data":{"events":[', "]}}"


def filled(entry: str) -> str:
    """A delivery of so many equal entries that it has SIZE bytes."""
    room = SIZE - len(FRAME + END)
    return FRAME + ",".join([entry] * (room // (len(entry) + 1))) + END


def numbered(make: Callable[[int], str], many: int) -> str:
    return FRAME + ",".join(make(number) for number in range(many)) + END


def user(number: int) -> str:
    event = {
        "eventType": "user.lifecycle.deactivate",
        "target": [{"type": "User", "id": f"00u{number}"}],
    }
    return json.dumps(event)


def name(number: int) -> str:
    # As long as a name and its event can be once they are written for the queue.
    event = {
        "eventType": "application.provision.user.push_profile",
        "uuid": f"{number:064}",
        "published": "2026-01-02T03:04:05.678Z",
        "target": [
            {"type": "AppInstance", "id": APP},
            {"type": "AppUser", "id": "0ua1", "alternateId": "é" * 90 + f"{number:010}"},
        ],
    }
    return json.dumps(event)


LARGE = {
    "spaces": " " * SIZE,
    "one text": json.dumps("x" * (SIZE - 2)),
    "four bytes a character": "😀" * (SIZE // 4),
    "empty objects": filled("{}"),
    "empty lists": filled("[]"),
    "small objects": filled('{"a":0}'),
    "many keys": json.dumps({"data": {"events": [{f"{n}": n for n in range(40_000)}]}}),
    "deep": "[" * SIZE,
    "deep objects": '{"a":' * (SIZE // 5),
    "one number": "9" * SIZE,
    "one fraction": "0." + "3" * (SIZE - 2),
    "watched, about nobody": filled('{"eventType":"user.lifecycle.activate"}'),
    "users": numbered(user, 2000),
    "too many users": numbered(user, 11_000),
    "names": numbered(name, 1000),
}


def delivery(body: str) -> dict[str, Any]:
    return {
        "headers": {"authorization": SECRET},
        "requestContext": {"http": {"method": "POST"}},
        "body": body,
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize("kind", LARGE)
def test_memory_is_bounded_by_the_body(door: Door, kind: str) -> None:
    event = delivery(LARGE[kind])
    tracemalloc.start()
    try:
        outcome = door.send(event)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEMORY_A_BYTE * max(SIZE, len(event["body"].encode()))
    obeys(outcome, event)


def test_the_largest_body_fits_the_function() -> None:
    assert MEMORY_A_BYTE * MOST_BYTES < MEMORY


def test_the_longest_names_fit_a_batch(door: Door) -> None:
    """Ten messages of the longest names and three uuids each: StrictSqs refuses a larger batch."""
    events = [
        {
            "eventType": "application.provision.user.push_profile",
            "uuid": f"{twin}{number:063}",
            "published": "2026-01-02T03:04:05.678Z",
            "target": [
                {"type": "AppInstance", "id": APP},
                {"type": "AppUser", "id": "0ua1", "alternateId": "é" * 97 + f"{number:03}"},
            ],
        }
        for number in range(250)
        for twin in range(3)
    ]
    outcome = door.send(delivery(json.dumps({"data": {"events": events}})))
    assert (outcome.status, outcome.calls, len(outcome.queued)) == (200, 1, 10)


def test_a_stranger_costs_no_memory(door: Door) -> None:
    """The secret comes first: without it, a body is neither copied nor parsed."""
    event = delivery(LARGE["small objects"]) | {"headers": {"authorization": "guess"}}
    tracemalloc.start()
    try:
        assert door.send(event).status == 401
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000


@pytest.mark.parametrize("make", [user, name, lambda _: "{}", lambda _: "[[]]"])
def test_work_grows_with_the_body_and_not_faster(door: Door, make: Callable[[int], str]) -> None:
    door.send(delivery(numbered(make, 10)))
    few, many = (work(door, numbered(make, number)) for number in (500, 2000))
    assert many < 4.4 * few


def work(door: Door, body: str) -> int:
    """Python calls of one delivery."""
    calls = 0

    def count(_frame: Any, kind: str, _argument: Any) -> None:
        nonlocal calls
        calls += kind in ("call", "c_call")

    event = delivery(body)
    sys.setprofile(count)
    try:
        door.send(event)
    finally:
        sys.setprofile(None)
    return calls
