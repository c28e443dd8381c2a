"""Looks, and how long to wait before another try."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.rules.backoff import MOST, delay
from lib.rules.looks import Chain, advance, is_last
from tests.fakes.clock import START

DELAYS = (60.0, 180.0)


def later(seconds: float) -> Chain | None:
    return advance(advance(None, "d", START, DELAYS), "d", START + _s(seconds), DELAYS)


def _s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def test_a_chain_look_by_look() -> None:
    first = advance(None, "d", START, DELAYS)
    assert first == Chain("d", 1, START, START + _s(60))
    second = advance(first, "d", first.next_at, DELAYS)
    assert second == Chain("d", 2, START, START + _s(240))
    third = advance(second, "d", second.next_at + _s(5), DELAYS)
    assert [is_last(chain, DELAYS) for chain in (first, second, third)] == [False, False, True]


def test_a_read_before_the_next_look_counts_for_nothing() -> None:
    first = advance(None, "d", START, DELAYS)
    assert advance(first, "d", first.next_at - _s(0.001), DELAYS) is first


def test_changed_values_start_anew() -> None:
    first = advance(None, "d", START, DELAYS)
    assert advance(first, "e", START + _s(60), DELAYS) == Chain(
        "e", 1, START + _s(60), START + _s(120)
    )


def test_a_step_of_ours_starts_anew() -> None:
    first = advance(None, "d", START, DELAYS)
    again = advance(first, "d", START + _s(60), DELAYS, not_before=START)
    assert (again.looks, again.started_at) == (1, START + _s(60))
    kept = advance(first, "d", START + _s(60), DELAYS, not_before=START - _s(1))
    assert kept.looks == 2


def test_without_delays_the_first_look_is_the_last() -> None:
    assert is_last(advance(None, "d", START, ()), ())


@given(st.lists(st.floats(0, 400), min_size=1, max_size=30))
def test_the_last_look_is_never_early(gaps: list[float]) -> None:
    """However often somebody looks in between."""
    chain, at = advance(None, "d", START, DELAYS), START
    for gap in gaps:
        at += _s(gap)
        chain = advance(chain, "d", at, DELAYS)
        if is_last(chain, DELAYS):
            assert at - START >= _s(sum(DELAYS))
            return


@pytest.mark.parametrize(("chance", "attempts"), [(0.0, [1, 2, 4, 8]), (1.0, [2, 4, 8, 16])])
def test_waits_double(chance: float, attempts: list[float]) -> None:
    assert [delay(n, None, lambda: chance) for n in (1, 2, 3, 4)] == attempts


@given(st.integers(0, 10_000), st.none() | st.floats(0, 1e6), st.floats(0, 1))
def test_a_wait_is_never_longer_than_the_queue_takes(
    attempt: int, named: float | None, chance: float
) -> None:
    wait = delay(attempt, named, lambda: chance)
    assert 0 <= wait <= MOST
    if named is not None and named <= MOST:
        assert wait >= named
