"""Spans and moments as people type them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.rules.until import LONGEST_SNOOZE, snooze_end, span
from lib.times import to_text
from tests.fakes.clock import START


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        (" 7D ", timedelta(days=7)),
        ("2026-01-03T04:04:05+01:00", timedelta(days=1)),
        ("2026-01-03T03:04:05Z", timedelta(days=1)),
        ("720h", LONGEST_SNOOZE),
    ],
)
def test_an_end(text: str, meant: timedelta) -> None:
    assert snooze_end(text, START) == START + meant


def test_now_is_none() -> None:
    assert snooze_end("now", START) is None
    assert snooze_end(" NOW", START) is None


@pytest.mark.parametrize(
    "text",
    ["", "2", "h", "0h", "1.5h", "2 h", "١h", "tomorrow", "2026-01-03", "2026-01-03T03:04:05"],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="Give"):
        snooze_end(text, START)


@pytest.mark.parametrize("text", ["99999d", "2h30m", "", "-1d"])
def test_what_is_no_span_or_too_long_a_snooze(text: str) -> None:
    with pytest.raises(ValueError, match=r"Give|at most"):
        snooze_end(text, START)


def test_a_span_may_be_long() -> None:
    assert span("365d") == timedelta(days=365)


@given(st.text(max_size=20))
def test_whatever_is_typed_ends_in_time_or_is_refused(text: str) -> None:
    with suppress(ValueError):
        until = snooze_end(text, START)
        assert until is None or START < until <= START + LONGEST_SNOOZE


@given(st.datetimes(timezones=st.just(START.tzinfo)))
def test_only_moments_ahead_and_near(moment: datetime) -> None:
    good = START < moment <= START + LONGEST_SNOOZE
    try:
        snooze_end(to_text(moment), START)
    except ValueError:
        # Stored times have milliseconds, so the very first one may be cut to the past.
        assert not good or moment - START < timedelta(milliseconds=1)
    else:
        assert good or moment - START - LONGEST_SNOOZE < timedelta(milliseconds=1)
