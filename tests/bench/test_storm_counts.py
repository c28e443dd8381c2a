"""The bench's ratios, by counts on the virtual clock; nothing here is timed."""

from __future__ import annotations

import pytest

from bench.storm import Bench, Result
from bench.world import BenchGraph, Calls, Latency, VirtualClock
from lib.graph import Graph
from lib.model import KeyKind, UserKey
from tests.unit.fakes_http import Answer, FakeVendor, Sent, http_of

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def small() -> Result:
    return Bench(1_000).run()


@pytest.fixture(scope="module")
def large() -> Result:
    return Bench(10_000).run()


def test_it_keeps_close_to_the_fewest_calls(small: Result, large: Result) -> None:
    assert large.over_floor_clear <= 1.2
    assert large.over_floor <= 1.2
    # Three calls for the app's configuration weigh more in a small one.
    assert small.calls_clear.okta + small.calls_clear.graph <= small.floor_clear + 5


def test_it_is_far_faster_than_one_by_one(small: Result, large: Result) -> None:
    """By pages instead of reads; what is left is the gathering of hints, which does not grow."""
    assert large.faster > 200
    assert large.faster > 4 * small.faster
    assert large.single == small.single == 0


def test_looks_take_no_more_rounds_than_delays(small: Result, large: Result) -> None:
    assert (small.rounds, large.rounds) == (3, 3)


def test_memory_does_not_grow_with_the_storm(small: Result, large: Result) -> None:
    assert large.memory < small.memory + MEGABYTE


def test_no_vendor_had_to_refuse(large: Result) -> None:
    assert large.calls.refused == 0


def test_hints_over_hours_make_no_storm_while_single_reads_keep_up() -> None:
    found = Bench(1_000, hours=1.0).run()
    assert found.rounds == 0
    assert found.single == 1_000


def test_a_storm_slower_than_its_hints_is_still_read_in_few_calls() -> None:
    found = Bench(6_000, hours=1.0).run()
    assert found.rounds > 0
    assert found.calls.okta < 6_000


def test_graph_calls_are_counted_as_the_real_client_makes_them() -> None:
    def handle(sent: Sent) -> Answer:
        asked = sent.body["requests"]
        parts = [{"id": one["id"], "status": 200, "body": {"value": []}} for one in asked]
        return Answer(json={"responses": parts})

    for users in (1, 15, 16, 300, 301, 500):
        keys = [UserKey(KeyKind.OBJECT_ID, f"id-{number:012d}") for number in range(users)]
        vendor = FakeVendor(handle)
        Graph(http_of(vendor, base="https://graph.example")).read_users(keys)
        calls = Calls()
        BenchGraph(VirtualClock(), Latency(), calls, lambda _: False).read_users(keys)
        assert calls.graph == len(vendor.sent)
        assert calls.units == sum(len(sent.body["requests"]) for sent in vendor.sent)
