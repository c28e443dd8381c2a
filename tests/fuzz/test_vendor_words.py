"""What a vendor says may repeat what somebody wrote into a profile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.http_answers import scrub
from tests.fakes.make import LOGIN, PHONE
from tests.fuzz.budget import TRIED, budget


@pytest.mark.parametrize("unit", ["a", "1", "a@", "(1 ", "?", "%40", "+1 ", "a.", "@"])
def test_a_long_text_takes_no_longer_than_a_short_one(unit: str) -> None:
    """With the square of a million steps, this would not end."""
    assert len(scrub(unit * 1_000_000)) <= 300


@pytest.mark.parametrize("before", [0, 1, 250, 299, 1980, 1990, 1999, 2000])
def test_no_cut_leaves_half_an_address(before: int) -> None:
    told = scrub("word " * (before // 5) + "x" * (before % 5) + f" {LOGIN} {PHONE} " + "end " * 600)
    assert LOGIN.partition("@")[0] not in told
    assert PHONE not in told


@budget(0.1)
@given(st.lists(st.sampled_from([LOGIN, PHONE, "value", '"', "'", "(", "=", ":"]) | st.text()))
def test_no_mixture_shows_a_name_or_a_number(parts: list[str]) -> None:
    TRIED["texts of vendors"] += 1
    told = scrub(" ".join(parts))
    assert LOGIN not in told
    assert PHONE not in told
