"""Coverage: exact to the millisecond, on Okta's clock only."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.rules.coverage import clamp, covered_to, is_covered, wait_for, will_be_covered
from tests.fakes.clock import START

SETTLE = timedelta(seconds=90)
MILLI = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("published", "covered"),
    [
        (START - SETTLE - MILLI, True),
        (START - SETTLE, False),
        (START - SETTLE + MILLI, False),
        (START, False),
        (START + timedelta(days=1), False),
        (None, False),
    ],
)
def test_a_read_covers_what_was_published_before_it_minus_settle(
    published: datetime | None, covered: bool
) -> None:
    assert is_covered(published, covered_to(START, SETTLE)) is covered


def test_nothing_is_covered_before_the_first_read() -> None:
    assert not is_covered(START - timedelta(days=1), None)


def test_the_future_and_the_unknown_count_as_now() -> None:
    assert clamp(START + timedelta(hours=1), START) == START
    assert clamp(None, START) == START
    assert clamp(START - MILLI, START) == START - MILLI


def test_waiting_ends_where_coverage_begins() -> None:
    assert wait_for(START - SETTLE - MILLI, START, SETTLE) is None
    assert wait_for(START - SETTLE, START, SETTLE) == timedelta(seconds=1)
    assert wait_for(START, START, SETTLE) == SETTLE + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("published", "next_look", "covered"),
    [
        (START - SETTLE - MILLI, START, True),
        (START - SETTLE, START, False),
        (START - timedelta(days=1), None, False),
        (None, START, False),
    ],
)
def test_a_queued_look_covers_what_its_read_will(
    published: datetime | None, next_look: datetime | None, covered: bool
) -> None:
    assert will_be_covered(published, next_look, SETTLE) is covered


SECONDS = st.floats(0, 10_000)


@given(published=SECONDS, reads=st.lists(SECONDS, min_size=1), settle=st.floats(0, 900))
def test_a_covered_hint_was_published_before_some_read_minus_settle(
    published: float, reads: list[float], settle: float
) -> None:
    """Reads are dated in whole seconds by Okta, never later than they happened."""
    happened = [START + timedelta(seconds=read) for read in reads]
    margin = timedelta(seconds=settle)
    covered = max(covered_to(read.replace(microsecond=0), margin) for read in happened)
    hint = START + timedelta(seconds=published)
    if is_covered(hint, covered):
        assert any(hint < read - margin for read in happened)


@given(
    wanted=SECONDS,
    read=SECONDS,
    settle=st.sampled_from([0, 0.5, 1, 90]),
    late=st.floats(0, 5),
)
def test_after_the_wait_one_more_read_always_covers(
    wanted: float, read: float, settle: float, late: float
) -> None:
    """`read` is when the read happened; its Date header is cut to the second."""
    margin = timedelta(seconds=settle)
    happened = START + timedelta(seconds=read)
    dated = happened.replace(microsecond=0)
    hint = clamp(START + timedelta(seconds=wanted), dated)
    wait = wait_for(hint, dated, margin)
    if wait is not None:
        again = (happened + wait + timedelta(seconds=late)).replace(microsecond=0)
        assert wait_for(hint, again, margin) is None
