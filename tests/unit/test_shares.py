"""What share of the vendors' limits is used, however much work there is, beside others' traffic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from lib.errors import Transient
from lib.graph_rate import NEARLY, Restraint
from lib.http_answers import Reply
from lib.rate import RESERVE, Budget

PATH = "/api/v1/apps/0oa1/users/00u1"
START = datetime(2025, 1, 1, tzinfo=UTC)


class Org:
    """One bucket a minute, shared by everybody, on a clock of its own."""

    def __init__(self, limit: int) -> None:
        self.limit, self.seconds = limit, 0.0
        self.used: dict[int, int] = {}
        self.refused = 0

    @property
    def window(self) -> int:
        return int(self.seconds // 60)

    def ask(self) -> Reply:
        used = self.used.get(self.window, 0)
        status = 200 if used < self.limit else 429
        self.refused += status == 429
        used = self.used[self.window] = min(self.limit, used + 1)
        now = START + timedelta(seconds=self.seconds)
        reset = START + timedelta(seconds=60 * (self.window + 1))
        headers = {
            "date": format_datetime(now, usegmt=True),
            "x-rate-limit-limit": str(self.limit),
            "x-rate-limit-remaining": str(self.limit - used),
            "x-rate-limit-reset": str(int(reset.timestamp())),
        }
        return Reply(status, headers, None, now)


@pytest.mark.parametrize("limit", [50, 100, 600])
@pytest.mark.parametrize("environments", [1, 2, 5])
def test_okta_keeps_a_tenth_for_others_whatever_the_backlog(limit: int, environments: int) -> None:
    """check (2), remediate (2) and catch_up are five environments at most."""
    org = Org(limit)
    clients = [Budget(now=lambda: org.seconds) for _ in range(environments)]
    ours: dict[int, int] = {}
    while org.seconds < 600:
        for client in clients:
            try:
                client.enter(PATH)
            except Transient:
                continue
            client.leave(PATH, org.ask())
            ours[org.window] = ours.get(org.window, 0) + 1
        org.seconds += 0.25
    # Nobody else asks, so nearly all of our share is used, and nothing of the reserve but the
    # one request with which each environment learns of a new window.
    most = limit - limit * RESERVE + environments
    assert max(ours.values()) <= most
    assert org.refused == 0
    if limit < 200:
        assert min(list(ours.values())[1:-1]) >= limit * (1 - RESERVE) - 1


@pytest.mark.parametrize("busy", [1, 3])
def test_what_others_take_of_the_bucket_is_not_taken_by_us(busy: int) -> None:
    """They ask `busy` times as often; we never ask where only the tenth is left, but once a window
    to learn of it.
    """
    org, client = Org(100), Budget(now=lambda: org.seconds)
    beyond: dict[int, int] = {}
    while org.seconds < 600:
        for _ in range(busy):
            if org.used.get(org.window, 0) < org.limit:
                org.ask()
        left = org.limit - org.used.get(org.window, 0)
        try:
            client.enter(PATH)
        except Transient:
            pass
        else:
            client.leave(PATH, org.ask())
            if left <= org.limit * RESERVE:
                beyond[org.window] = beyond.get(org.window, 0) + 1
        org.seconds += 0.2
    # Between two of our own answers others take some: what was announced is that old at most.
    assert all(count <= 1 for count in beyond.values())
    assert org.refused <= len(beyond)


def test_graph_is_used_to_four_fifths() -> None:
    """8,000 units in ten seconds, a read of one unit each millisecond if nobody held back."""
    seconds, limit, used = 0.0, 8000, {0: 0}
    gate = Restraint(lambda: seconds)
    while seconds < 60:
        window = int(seconds // 10)
        try:
            gate.enter("/v1.0/users/1")
        except Transient:
            pass
        else:
            used[window] = used.get(window, 0) + 1
            share = used[window] / limit
            headers = {"x-ms-throttle-limit-percentage": str(share)} if share >= NEARLY else {}
            gate.leave("/v1.0/users/1", Reply(200, headers, None, START))
        seconds += 0.001
    assert max(used.values()) <= limit * NEARLY
