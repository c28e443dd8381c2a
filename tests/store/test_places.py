"""Numbered places of a period: each asker has one, whoever asks again keeps it."""

from __future__ import annotations

import itertools
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    assert table.count("pages#e", START, 1)


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
