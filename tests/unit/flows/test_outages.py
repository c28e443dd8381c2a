"""A vendor goes down with work under way: it is left alone, nothing is lost or told twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from lib.breaker import CACHED, FAILURES, RECOVERY, VendorBreaker
from lib.errors import Refused, Transient, Unauthorized, Unavailable
from lib.flows.check_batch import metrics
from lib.incident import Status
from lib.messages import CheckMessage, pack
from lib.model import EntraUser, OktaReading, Receipt, Subject, UserKey
from lib.rules.backoff import SPREAD
from lib.rules.hints import Hint, NamelessHint
from tests.fakes.clock import START
from tests.fakes.dynamodb import new_table
from tests.fakes.graph import FakeGraph
from tests.fakes.make import (
    APP,
    LOGIN,
    OLD_PHONE,
    PHONE,
    app_user,
    entra_user,
    okta_user,
)
from tests.fakes.okta import FakeOkta
from tests.fakes.stage import SETTLE, Stage
from tests.unit.breakers import GRAPH, OKTA, Breakers

MINUTE = 60.0


class Guarded:
    """Every call passes a breaker, as every request of the real clients does."""

    guard: VendorBreaker
    down = False
    asked: list[float]

    def through(self, call: Callable[[], Any], now: Callable[[], float]) -> Any:
        def ask() -> Any:
            self.asked.append(now())
            if self.down:
                raise Unavailable("HTTP 503")
            return call()

        return self.guard(ask)


class GuardedOkta(Guarded, FakeOkta):
    def read_subject(self, subject: Subject, other_apps: Sequence[str] = ()) -> OktaReading:
        found: OktaReading = self.through(
            lambda: FakeOkta.read_subject(self, subject, other_apps), self.clock.now.timestamp
        )
        return found


class GuardedGraph(Guarded, FakeGraph):
    def read_users(
        self, keys: Sequence[UserKey]
    ) -> dict[UserKey, EntraUser | Transient | Refused | None]:
        found: dict[UserKey, EntraUser | Transient | Refused | None] = self.through(
            lambda: FakeGraph.read_users(self, keys), self.clock.now.timestamp
        )
        return found

    def read_user(self, object_id: str) -> EntraUser | None:
        found: EntraUser | None = self.through(
            lambda: FakeGraph.read_user(self, object_id), self.clock.now.timestamp
        )
        return found

    def patch_user(self, object_id: str, changes: Mapping[Any, Any]) -> Receipt:
        receipt: Receipt = self.through(
            lambda: FakeGraph.patch_user(self, object_id, changes), self.clock.now.timestamp
        )
        return receipt


class Night(Stage):
    """The stage, with both vendors behind their breakers and a queue that keeps its delays."""

    okta: GuardedOkta
    graph: GuardedGraph

    def __init__(self, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(new_table(client))
        self.chance = random.Random(7).random
        self.okta, self.graph = GuardedOkta(self.clock), GuardedGraph(self.clock)
        breakers = self.breakers = Breakers(self.table, monkeypatch)
        breakers.seconds = self.clock.now.timestamp()
        for vendor, name in ((self.okta, OKTA), (self.graph, GRAPH)):
            vendor.guard, vendor.asked = breakers.of(name), []
        self.queue: list[tuple[float, CheckMessage]] = []
        self.attempts = 0
        self.build()
        self.batch._chance = self.chance

    def watch_over(self, people: int) -> list[Subject]:
        """So many people who agree, and their hints in the queue."""
        subjects = [Subject(APP, f"00uNIGHT{number:012}") for number in range(people)]
        for number, subject in enumerate(subjects):
            identifier = f"{number:08}-0000-4000-8000-000000000000"
            self.okta.assigned[subject] = app_user(external_id=identifier)
            self.okta.users[subject.user_id] = okta_user()
            self.graph.users[identifier] = entra_user(object_id=identifier)
        self.clock.pass_by(SETTLE + 10)
        hints = [Hint(subject, START) for subject in subjects]
        self.queue += [(self.seconds, message) for message in pack(hints, (), START)]
        return subjects

    @property
    def seconds(self) -> float:
        return self.clock.now.timestamp()

    def lasts(self, seconds: float) -> None:
        """As two environments would: at most two batches of ten messages a second."""
        for _ in range(int(seconds)):
            due = [entry for entry in self.queue if entry[0] <= self.seconds][:20]
            for start in range(0, len(due), 10):
                self.breakers.seconds = self.seconds
                part = due[start : start + 10]
                self.queue = [entry for entry in self.queue if entry not in part]
                self.attempts += len(part)
                bodies = {f"m-{n}": message.text() for n, (_, message) in enumerate(part)}
                assert self.batch.run(bodies) == []
                metrics.clear_metrics()
                for message, delay in self.checks.take():
                    wait = SETTLE if delay is None else delay
                    self.queue.append((self.seconds + wait, message))
            self.clock.pass_by(1)
            self.breakers.seconds = self.seconds

    def covered_all(self, subjects: Sequence[Subject]) -> bool:
        states = self.table.subjects(list(subjects))
        return all(state.covered_to and state.covered_to > START for state in states.values())


@pytest.fixture
def night(client: Any, monkeypatch: pytest.MonkeyPatch) -> Night:
    return Night(client, monkeypatch)


@pytest.mark.parametrize("which", ["okta", "graph", "both"])
def test_an_outage_of_twenty_minutes(night: Night, which: str) -> None:
    subjects = night.watch_over(100)
    vendors: list[GuardedOkta | GuardedGraph] = [night.okta, night.graph]
    down = {"okta": vendors[:1], "graph": vendors[1:], "both": vendors}[which]
    for vendor in down:
        vendor.down = True
    night.lasts(20 * MINUTE)
    # One that waits behind the other need not be asked at all.
    for vendor in vendors:
        if vendor.down:
            assert len(vendor.asked) <= FAILURES + 25 + 20 * MINUTE / RECOVERY
    assert max(len(vendor.asked) for vendor in down) >= 20 * MINUTE / (RECOVERY + SPREAD) / 2
    assert not night.covered_all(subjects)
    assert night.breakers.reports >= 10

    for vendor in down:
        vendor.down = False
    night.lasts(2 * (RECOVERY + SPREAD) * 1.1 + CACHED)
    assert night.covered_all(subjects)
    assert night.queue == []
    assert night.table.parked() == []
    assert night.pager.pages == []


def test_what_waited_comes_back_bit_by_bit_and_is_read_once(night: Night) -> None:
    night.watch_over(250)
    night.okta.down = True
    night.lasts(20 * MINUTE)
    night.okta.down = False
    waiting = sum(len(message.hints) for _, message in night.queue)
    assert waiting == 250
    began, before = night.seconds, Counter(night.okta.asked)
    night.lasts(4 * (RECOVERY + SPREAD))
    asked = Counter(night.okta.asked) - before
    assert night.queue == []
    # Nobody's value is asked for twice, and no ten seconds bring a third of what waited.
    assert 250 <= sum(asked.values()) <= 250 + 5
    tens = Counter(int((moment - began) // 10) for moment in asked.elements())
    assert max(tens.values()) <= 250 / 3


def test_waiting_costs_no_request_and_keeps_the_first_seen(night: Night) -> None:
    night.watch_over(25)
    night.okta.down = True
    night.lasts(10 * MINUTE)
    ((_, message),) = night.queue
    assert message.first_seen == START
    assert message.attempt == night.attempts
    assert message.attempt < 10 * MINUTE / RECOVERY


def test_a_mend_waits_too_and_nothing_is_written_or_told_twice(night: Night) -> None:
    night.graph.set(mobile_phone=OLD_PHONE)
    night.drifted()
    message = night.remediations.sent.pop(0)
    night.graph.down = True
    for _ in range(FAILURES + 3):
        night.breakers.seconds = night.seconds
        night.mend(message)
    assert night.graph.patches == []
    assert len(night.graph.asked) <= FAILURES + 10
    assert night.incident().status is Status.REMEDIATING
    assert night.pager.news == ["opened"]
    assert night.table.parked() == []
    night.graph.down = False
    night.queue = [(night.seconds + (delay or 0), each) for each, delay in night.checks.take()]
    for _ in range(10):
        night.lasts(5 * MINUTE)
        while night.remediations.sent:
            night.breakers.seconds = night.seconds
            night.mend()
            night.queue += [
                (night.seconds + (wait or 0), each) for each, wait in night.checks.take()
            ]
    assert night.incident().status is Status.RESOLVED
    assert [changes for _, changes in night.graph.patches] == [{night.incident().attribute: PHONE}]
    assert night.pager.news == ["opened", "mended"]


def test_a_vendor_that_flaps_is_asked_between_and_ends_covered(night: Night) -> None:
    subjects = night.watch_over(100)
    for number in range(12):
        night.okta.down = number % 2 == 0
        night.lasts(20)
    night.okta.down = False
    night.lasts(3 * (RECOVERY + SPREAD))
    assert night.covered_all(subjects)
    assert night.pager.pages == []
    assert night.table.parked() == []


def test_a_breaker_that_can_not_be_read_tries(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    subjects = night.watch_over(50)
    monkeypatch.setattr(
        night.breakers.client, "get_item", lambda **_: (_ for _ in ()).throw(RuntimeError("no"))
    )
    night.lasts(MINUTE)
    assert night.covered_all(subjects)


# -- what check does with names that nobody knows yet ----------------------------------------


@pytest.mark.parametrize(
    ("error", "least"),
    [(Unauthorized("Okta: HTTP 401"), 300.0), (Transient("HTTP 429", 40), 40.0)],
)
def test_a_name_waits_as_long_as_it_was_told(stage: Stage, error: Any, least: float) -> None:
    stage.okta.trouble["find_subject"] = error
    stage.run({"m": CheckMessage(nameless=(NamelessHint(APP, LOGIN, START),))})
    ((resent, delay),) = stage.checks.sent
    assert [n.app_user_name for n in resent.nameless] == [LOGIN]
    assert resent.attempt == 1
    assert delay is not None
    assert delay >= least
    assert stage.table.parked() == []


def test_a_name_that_may_not_be_asked_about_is_parked_with_that_reason(stage: Stage) -> None:
    stage.okta.trouble["find_subject"] = Refused(403, "E0000006", "You do not have permission")
    stage.run({"m": CheckMessage(nameless=(NamelessHint(APP, LOGIN, START),))})
    (row,) = stage.table.parked()
    assert "E0000006" in row.reason
    assert "no user of this app" not in row.reason
