"""Whatever is late, dropped, refused or killed: every watched event of the log has a hint."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.errors import PushproofError
from lib.flows import catch_up
from lib.flows.catch_up import LEASE, CatchUp, Limits
from lib.messages import CheckMessage
from lib.model import Subject
from lib.store.cursors import Lease, LogCursor
from lib.store.table import Table
from tests.fakes.clock import FakeClock
from tests.fakes.dynamodb import new_table
from tests.fakes.make import APP
from tests.fakes.outlets import FakeQueue
from tests.fakes.system_log import DEACTIVATE, PUSH, FakeSystemLog, log_event
from tests.unit.fakes_http import Answer


class Killed(BaseException):
    """Nothing catches it, as nothing catches the end of a process."""


@dataclass(frozen=True)
class Pushed:
    user: int
    kind: str
    ago: float
    late: float


@dataclass(frozen=True)
class Run:
    """`dies`: before or after storing a position. `answers`: what Okta says before it works."""

    dies: str = ""
    answers: tuple[Answer, ...] = ()
    queue_down: bool = False


@dataclass(frozen=True)
class Wait:
    seconds: float


REFUSED = Answer(400, {"errorCode": "E0000001", "errorSummary": "Api validation failed"})
ANSWERS = st.sampled_from(
    [
        Answer(429),
        Answer(503),
        REFUSED,
        Answer(403, {"errorCode": "E0000006"}),
        Answer(200, {"not": "a list"}),
        Answer(200, []),
        Answer(200, [], [("Link", '<https://evil.example/api/v1/logs?after=x>; rel="next"')]),
    ]
)
STEPS = st.one_of(
    st.builds(
        Pushed,
        st.integers(0, 5),
        st.sampled_from([PUSH, DEACTIVATE]),
        st.floats(0, 120),
        st.sampled_from([0.0, 0.0, 30.0, 900.0]),
    ),
    st.builds(
        Run,
        st.sampled_from(["", "", "before", "after"]),
        st.lists(ANSWERS, max_size=4).map(tuple),
        st.booleans(),
    ),
    st.builds(Wait, st.sampled_from([1.0, 70.0, 400.0, 5000.0])),
)


class World:
    def __init__(self, table: Table, page_size: int, pages: int) -> None:
        self.clock, self.table, self.queue = FakeClock(), table, FakeQueue()
        self.log = FakeSystemLog(self.clock, page_size)
        self.limits = Limits(pages=pages)
        self.began = self.clock.now
        self.arrived: list[CheckMessage] = []
        self.numbers = iter(range(1000))

    def play(self, step: Pushed | Run | Wait) -> None:
        match step:
            case Pushed():
                published = max(self.began, self.clock.now - timedelta(seconds=step.ago))
                uuid = f"u-{next(self.numbers)}"
                event = log_event(uuid, published, f"00u{step.user}", step.kind)
                self.log.add(event, late=step.late)
            case Wait():
                self.clock.pass_by(step.seconds)
            case Run():
                self.run(step)
        self.holds()

    def run(self, step: Run) -> None:
        self.log.trouble, self.queue.down = list(step.answers), step.queue_down
        table = _Dying(self.table, step.dies) if step.dies else self.table
        flow = CatchUp(
            (APP,),
            self.log.client,
            table,  # type: ignore[arg-type]
            self.queue,
            timedelta(hours=1),
            self.clock,
            lambda: 0.0,
            self.limits,
        )
        with contextlib.suppress(Killed, PushproofError):
            flow.run()
        self.log.trouble, self.queue.down = [], False
        self.arrived += [message for message, _ in self.queue.take()]
        self.clock.pass_by(1)

    def holds(self) -> None:
        """All that was persisted before the stored time was sent."""
        cursor = self.table.log_cursor()
        if cursor:
            self.all_sent(cursor.seen_to)

    def all_sent(self, before: datetime) -> None:
        latest: dict[Subject, datetime] = {}
        for message in self.arrived:
            for hint in message.hints:
                assert hint.published is not None
                known = latest.get(hint.subject, hint.published)
                latest[hint.subject] = max(known, hint.published)
        for entry in self.log.stored._entries:
            if entry.persisted < before:
                user = entry.event["target"][2]["id"]  # type: ignore[index]
                assert latest[Subject(APP, user)] >= entry.published, entry.event["uuid"]

    def drain(self) -> None:
        """Nothing goes wrong any more, and nothing new happens."""
        self.clock.pass_by(2 * LEASE.total_seconds() + 1000)
        for _ in range(400):
            self.run(Run())
            self.holds()
            cursor = self.table.log_cursor()
            if cursor and cursor.seen_to >= self.clock.now - timedelta(seconds=3):
                return
        raise AssertionError("it does not come to the end of the log")


class _Dying:
    """A table whose user is killed around storing a position; the lease stays taken."""

    def __init__(self, table: Table, when: str) -> None:
        self._table, self._when = table, when

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def store_log_cursor(self, cursor: LogCursor, lease: Lease) -> None:
        if self._when == "after":
            self._table.store_log_cursor(cursor, lease)
        raise Killed

    def give_back_lease(self, *_: object) -> None:
        pass


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """Nobody flushes what hundreds of runs count."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catch_up.metrics, "add_metric", lambda *_: None)
        yield


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(STEPS, min_size=1, max_size=14),
    page_size=st.integers(1, 4),
    pages=st.integers(1, 5),
)
def test_every_watched_event_of_the_log_has_a_hint(
    client: Any, steps: list[Pushed | Run | Wait], page_size: int, pages: int
) -> None:
    world = World(new_table(client), page_size, pages)
    for step in [Run(), *steps]:
        world.play(step)
    world.drain()
    world.all_sent(world.clock.now)
