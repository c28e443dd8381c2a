"""Staying inside Okta's announced rate limit."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from lib.errors import NotDone
from lib.http import Reply
from lib.rate import Budget, bucket_of

PATH = "/api/v1/apps/0oa1/users/00u1"
NOW = datetime(2025, 1, 1, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
DATE = "Wed, 01 Jan 2025 00:00:00 GMT"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def told(limit: int, remaining: int, reset: int = EPOCH + 40, status: int = 200) -> Reply:
    headers = {
        "date": DATE,
        "x-rate-limit-limit": str(limit),
        "x-rate-limit-remaining": str(remaining),
        "x-rate-limit-reset": str(reset),
    }
    return Reply(status, headers, None, NOW)


def spend(budget: Budget, reply: Reply | None, path: str = PATH) -> None:
    budget.enter(path)
    budget.leave(path, reply)


def test_a_tenth_is_left_to_others_and_the_wait_is_to_the_reset() -> None:
    clock = Clock()
    budget = Budget(now=clock)
    for remaining in range(49, 4, -1):
        spend(budget, told(50, remaining))
    clock.now += 10
    with pytest.raises(NotDone) as caught:
        budget.enter(PATH)
    assert caught.value.retry_after == pytest.approx(30)


def test_after_the_reset_it_asks_again() -> None:
    clock = Clock()
    budget = Budget(now=clock)
    spend(budget, told(50, 0))
    clock.now += 40
    spend(budget, told(50, 49, EPOCH + 100))
    spend(budget, told(50, 48, EPOCH + 100))


def test_a_429_closes_the_bucket_at_once() -> None:
    budget = Budget(now=Clock())
    spend(budget, told(50, 0, status=429))
    with pytest.raises(NotDone):
        budget.enter(PATH)


def test_an_answer_that_was_overtaken_gives_nothing_back() -> None:
    budget = Budget(now=Clock())
    spend(budget, told(50, 7))
    budget.enter(PATH)
    budget.enter(PATH)
    budget.leave(PATH, told(50, 5))
    budget.leave(PATH, told(50, 6))
    with pytest.raises(NotDone):
        budget.enter(PATH)


def test_an_answer_of_an_older_window_is_ignored() -> None:
    budget = Budget(now=Clock())
    spend(budget, told(50, 49, EPOCH + 60))
    spend(budget, told(50, 0, EPOCH + 30))
    spend(budget, told(50, 47, EPOCH + 60))


@pytest.mark.parametrize("value", ["", "many", "-1", "1.5", "²"])
def test_headers_that_announce_nothing_limit_nothing(value: str) -> None:
    budget = Budget(now=Clock())
    for _ in range(100):
        spend(budget, Reply(200, {"x-rate-limit-limit": value}, None, NOW))


def test_a_lost_answer_frees_its_place() -> None:
    budget = Budget(now=Clock())
    for _ in range(3):
        spend(budget, None)


def test_buckets_do_not_share() -> None:
    budget = Budget(now=Clock())
    spend(budget, told(50, 0))
    spend(budget, told(600, 599), "/api/v1/users/00u1")
    assert bucket_of("/api/v1/apps/0oa1") != bucket_of(PATH)
    assert bucket_of("/okta/api/v1/logs") == "logs"
    assert bucket_of("/api/v1/mappings/prm1") == bucket_of("/api/v1/meta/schemas") == "other"
    assert bucket_of("/elsewhere") == "other"


def test_the_first_request_goes_alone_and_the_rest_wait_for_what_it_learns() -> None:
    budget = Budget()
    budget.enter(PATH)
    outcomes: list[str] = []

    def another() -> None:
        try:
            budget.enter(PATH)
        except NotDone:
            outcomes.append("refused")
        else:
            outcomes.append("sent")

    threads = [threading.Thread(target=another) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert outcomes == []
    budget.leave(PATH, told(50, 6))  # one above the reserve of five
    deadline = threading.Event()
    while len(outcomes) < 1:
        deadline.wait(0.01)
    budget.leave(PATH, told(50, 5))
    for thread in threads:
        thread.join(5)
    assert sorted(outcomes) == ["refused", "refused", "refused", "sent"]
