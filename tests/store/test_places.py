"""Places under caps: each asker has one, whoever asks again keeps it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.store.places import Place
from lib.store.table import Table
from tests.fakes.clock import START

_NAMES = itertools.count()


def test_places_are_given_in_order_until_none_is_left(table: Table) -> None:
    given_ = [table.place("pages#a", START, who, 3) for who in "abcd"]
    assert given_ == [0, 1, 2, None]


def test_whoever_asks_again_keeps_the_place(table: Table) -> None:
    for who in "abc":
        table.place("pages#b", START, who, 2)
    assert [table.place("pages#b", START, who, 2) for who in "cba"] == [None, 1, 0]


def test_names_and_periods_do_not_share(table: Table) -> None:
    assert table.place("pages#c", START, "a", 1) == 0
    assert table.place("pages#d", START, "b", 1) == 0
    assert table.place("pages#c", START + timedelta(minutes=15), "b", 1) == 0
    assert table.place("pages#c", START, "b", 1) is None


def test_places_are_forgotten_after_a_while_and_are_no_hourly_counter(table: Table) -> None:
    table.place("pages#e", START, "a", 1)
    item = table._client.scan(TableName=table._name)["Items"]
    (found,) = [row for row in item if row["pk"].startswith("COUNTER#pages#e#")]
    assert int(found["expires"]) > (START + timedelta(days=4)).timestamp()
    assert table.take_place("pages#e", "a", START, 1)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from("abcdef"), max_size=15), st.integers(1, 4))
def test_never_more_places_than_there_are(table: Table, askers: list[str], most: int) -> None:
    name = next(_NAMES)
    held: dict[str, int | None] = {}
    for who in askers:
        place = table.place(f"pages#{name}", START, who, most)
        assert held.setdefault(who, place) == place
    places = [place for place in held.values() if place is not None]
    assert places == list(range(min(most, len(held))))


# -- hourly ones -------------------------------------------------------------------------------


def used(table: Table, name: str) -> tuple[int, int]:
    """What the counter says, and how many hold a place."""
    rows = table._client.scan(TableName=table._name)["Items"]
    mine = [row for row in rows if row["pk"].startswith(f"COUNTER#{name}#")]
    counted = sum(int(row.get("used", 0)) for row in mine)
    return counted, sum(row["sk"].startswith("PLACE#") for row in mine)


def test_a_try_again_has_the_same_place_and_another_hour_has_its_own(table: Table) -> None:
    assert [table.take_place("a1", who, START, 1) for who in "aaba"] == [
        Place.TAKEN,
        Place.HELD,
        Place.NONE,
        Place.HELD,
    ]
    assert used(table, "a1") == (1, 1)
    assert table.take_place("a1", "b", START + timedelta(hours=1), 1)


def test_what_is_given_back_is_free_once(table: Table) -> None:
    assert table.take_place("b1", "a", START, 1)
    for _ in range(3):
        table.give_place_back("b1", "a", START)
    assert [table.take_place("b1", who, START, 1) for who in "bca"] == [
        Place.TAKEN,
        Place.NONE,
        Place.NONE,
    ]


def test_nobody_gives_back_what_is_not_theirs(table: Table) -> None:
    table.take_place("c1", "a", START, 1)
    table.give_place_back("c1", "b", START)
    table.give_place_back("c1", "a", START + timedelta(hours=1))
    assert not table.take_place("c1", "b", START, 1)


def test_hourly_places_are_forgotten(table: Table) -> None:
    table.take_place("d1", "a", START, 1)
    rows = table._client.scan(TableName=table._name)["Items"]
    assert all("expires" in row for row in rows if row["pk"].startswith("COUNTER#d1#"))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.sampled_from("abcde"), st.booleans()), max_size=14), st.integers(0, 3))
def test_never_more_than_the_limit_whoever_comes_between(
    table: Table, asks: list[tuple[str, bool]], limit: int
) -> None:
    """Before each request of one, the next begins and ends: (who, takes or gives back)."""
    name, real = f"h{next(_NAMES)}", table._call
    waiting, most = list(asks), 0

    def between(operation: Callable[..., Any], **arguments: Any) -> Any:
        if waiting:
            one(*waiting.pop(0))
        return real(operation, **arguments)

    def one(who: str, takes: bool) -> None:
        nonlocal most
        if not takes:
            table.give_place_back(name, who, START)
        else:
            table.take_place(name, who, START, limit)
        counted, places = used(table, name)
        assert counted == places
        most = max(most, places)

    table._call = between  # type: ignore[method-assign]
    try:
        while waiting:
            one(*waiting.pop(0))
    finally:
        table._call = real  # type: ignore[method-assign]
    assert most <= limit
