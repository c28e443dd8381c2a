"""Whether the hook is alive: what was missed is counted, and nothing cries wolf."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from lib.model import Subject
from lib.rules.hook_health import (
    FRESH,
    PATIENCE,
    Compared,
    HookHealth,
    Mark,
    Road,
    compare,
    skip,
    window,
)
from tests.fakes.clock import START
from tests.fakes.make import APP

MINUTE = timedelta(minutes=1)
BEGAN = HookHealth(since=START, compared_to=START)
LATER = START + timedelta(hours=3)


def who(name: str) -> Subject:
    return Subject(APP, f"00u{name}")


def mark(road: Road, *hints: tuple[str, datetime], after: timedelta = 2 * MINUTE) -> Mark:
    """Taken by check `after` the last was published."""
    at = max(published for _, published in hints) + after
    return Mark(at, road, tuple((who(name), published) for name, published in hints))


def minute(number: float) -> datetime:
    return START + number * MINUTE


def log(*hints: tuple[str, datetime], **more: timedelta) -> Mark:
    return mark(Road.LOG, *hints, **more)


def hook(*hints: tuple[str, datetime], **more: timedelta) -> Mark:
    return mark(Road.HOOK, *hints, **more)


def counts(compared: Compared) -> tuple[int, int, int]:
    return compared.delivered, compared.missed, compared.health.silent


def test_what_both_brought_is_delivered() -> None:
    marks = [log(("A", minute(1))), hook(("A", minute(1)))]
    assert counts(compare(BEGAN, marks, LATER)) == (1, 0, 0)


def test_what_only_the_log_brought_is_missed() -> None:
    marks = [log(("A", minute(1)), ("B", minute(1))), hook(("B", minute(1)))]
    compared = compare(BEGAN, marks, LATER)
    assert counts(compared) == (1, 1, 0)
    assert compared.health.last_missed == compared.health.last_delivered == minute(1)


def test_nothing_is_judged_before_an_hour_and_everything_once() -> None:
    """A hook that takes an hour is slow, not dead."""
    marks = [log(("A", minute(1)))]
    at = marks[0].at
    early = compare(BEGAN, marks, at + PATIENCE - MINUTE)
    assert counts(early) == (0, 0, 0)
    late = [*marks, hook(("A", minute(1)), after=PATIENCE)]
    due = compare(early.health, late, at + PATIENCE)
    assert counts(due) == (1, 0, 0)
    again = compare(due.health, late, at + 2 * PATIENCE)
    assert (again.delivered, again.missed) == (0, 0)


def test_a_later_delivery_counts_for_the_earlier_ones() -> None:
    """Receive and check coalesce by subject, and so does a page of the log."""
    marks = [log(("A", minute(1))), log(("A", minute(2))), hook(("A", minute(2)))]
    assert counts(compare(BEGAN, marks, LATER)) == (2, 0, 0)


def test_an_earlier_delivery_does_not_count_for_a_later_one() -> None:
    marks = [hook(("A", minute(1))), log(("A", minute(5)))]
    assert counts(compare(BEGAN, marks, LATER)) == (0, 1, 1)


def test_another_users_delivery_counts_for_nobody() -> None:
    marks = [hook(("B", minute(9))), log(("A", minute(1)))]
    assert counts(compare(BEGAN, marks, LATER))[:2] == (0, 1)


def test_what_only_the_hook_brought_is_nothing_to_compare() -> None:
    assert counts(compare(BEGAN, [hook(("A", minute(1)))], LATER)) == (0, 0, 0)


def test_the_same_hint_twice_counts_once() -> None:
    marks = [log(("A", minute(1))), log(("A", minute(1)), after=5 * MINUTE)]
    assert counts(compare(BEGAN, marks, LATER)) == (0, 1, 1)


def test_a_thousand_hints_of_one_minute_are_one_silent_moment() -> None:
    """Okta delivers in one request what happens together: that one was lost."""
    marks = [log(*((str(number), minute(1)) for number in range(1000)))]
    assert counts(compare(BEGAN, marks, LATER)) == (0, 1000, 1)


def test_silent_moments_add_up_over_comparisons() -> None:
    health = BEGAN
    for number in range(1, 5):
        compared = compare(health, [log(("A", minute(number * 10)))], minute(number * 10 + 65))
        health = compared.health
        assert health.silent == number
    assert (health.missed, health.delivered) == (4, 0)


def test_one_delivery_ends_the_silence() -> None:
    silent = compare(BEGAN, [log((str(n), minute(n))) for n in (1, 2, 3)], LATER).health
    assert silent.silent == 3
    then = LATER + PATIENCE
    alive = [log(("A", LATER)), hook(("A", LATER)), log(("B", LATER))]
    compared = compare(silent, alive, then + MINUTE * 5)
    assert counts(compared) == (1, 1, 0)


def test_what_comes_after_the_last_delivery_is_silent_again() -> None:
    marks = [hook(("A", minute(1))), log(("A", minute(1))), log(("B", minute(7)))]
    assert counts(compare(BEGAN, marks, LATER)) == (1, 1, 1)


def test_late_reading_is_not_compared() -> None:
    """After an outage of ours the hook's marks of that time are gone."""
    marks = [log(("A", minute(1)), after=FRESH + MINUTE)]
    assert counts(compare(BEGAN, marks, LATER)) == (0, 0, 0)


def test_what_came_before_counting_began_is_not_counted() -> None:
    began = HookHealth(since=LATER, compared_to=LATER)
    assert counts(compare(began, [log(("A", minute(1)))], LATER + 3 * PATIENCE)) == (0, 0, 0)


@pytest.mark.parametrize("delay", [0, 5, 29])
def test_the_window_holds_every_mark_that_is_needed(delay: int) -> None:
    """The hook's mark of a hint that the log brought later, just after the last comparison."""
    health = HookHealth(since=START, compared_to=minute(100))
    brought = log(("A", minute(101 - delay)), after=delay * MINUTE)
    assert brought.at > health.compared_to
    first = hook(("A", minute(101 - delay)), after=timedelta())
    assert first.at >= window(health)


def test_a_clock_that_went_back_counts_nothing_twice() -> None:
    marks = [log(("A", minute(1)))]
    health = compare(BEGAN, marks, LATER).health
    back = compare(health, marks, minute(0))
    assert counts(back)[:2] == (0, 0)
    assert back.health.compared_to == health.compared_to


def test_skipping_leaves_the_counts() -> None:
    skipped = skip(BEGAN, LATER)
    assert skipped == HookHealth(since=START, compared_to=LATER - PATIENCE)
