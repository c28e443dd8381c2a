"""Sweeps and storms on the stage: many people, their pages, one queue of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from lib.flows.storm import Storm
from lib.flows.sweep import Sweeping
from lib.flows.sweep_ahead import ahead
from lib.flows.sweep_gone import SweepGone
from lib.flows.sweep_page import SweepPage
from lib.flows.sweep_rest import SweepRest
from lib.flows.sweep_start import Starting
from lib.flows.sweep_steps import SweepSteps
from lib.model import AppUserPage, Subject
from lib.rules.sweep import Found, Kind, Mark, Phase, Sweep
from lib.store.keys import SHARDS
from lib.store.table import Table
from lib.sweep_message import SweepMessage
from tests.fakes.clock import START
from tests.fakes.make import APP, OTHER_APP, app_user, entra_user, okta_user
from tests.fakes.outlets import FakeSweepQueue
from tests.fakes.stage import SETTLE, Stage

# One that came to its end.
ENDED = Sweep(
    *("sw-00000000aa", Kind.NIGHTLY, (APP, OTHER_APP), START, START, Phase.DONE),
    ended_at=START + timedelta(seconds=75),
    outcome="complete",
)


def one_by_one(fetch: Callable[[str], AppUserPage], link: str, most: int) -> Iterator[AppUserPage]:
    """Nothing is fetched ahead, so that a test's order is the order."""
    for _ in range(most):
        page = fetch(link)
        yield page
        if not page.next:
            return
        link = page.next


class Crash(BaseException):
    """The process is killed here."""


class SweepStage(Stage):
    """Seven people on three pages; `waiting` is what the check queue's backlog says."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.okta.assigned.clear()
        self.okta.users.clear()
        self.graph.users.clear()
        self.steps, self.waiting = FakeSweepQueue(), 0
        self.clock.pass_by(SETTLE + 60)
        for number in range(7):
            self.person(number)
        self.wire()

    def wire(self, **changes: Any) -> None:
        watch = self.watch
        evidence: Any = self.batch
        self.starting = Starting(self.table, self.steps, watch.app_ids, self.clock)
        steps = SweepSteps(
            self.okta,
            self.table,
            SweepPage(
                watch,
                self.graph,
                self.table,
                evidence._check._evidence,
                self.checks,
                self.clock,
            ),
            SweepGone(self.graph, self.table, self.checks, self.clock),
            SweepRest(self.table, self.checks, self.clock),
            lambda: self.waiting,
            self.pager,
            self.clock,
            changes.get("ahead", one_by_one),
        )
        self.sweeping = Sweeping(steps, self.table, self.steps, self.clock, lambda: 0.0)
        self.storm = Storm(
            self.table,
            self.starting,
            lambda: self.waiting,
            self.okta.calls_a_minute,
            watch.app_ids,
            self.clock,
        )
        self.batch._storm = self.storm

    def person(self, number: int, app: str = APP, **entra: Any) -> Subject:
        """Assigned and equal, unless `entra` says otherwise."""
        subject = who(number, app)
        self.okta.assigned[subject] = app_user(
            user_id=subject.user_id, external_id=oid(number), user_name=f"user{number}"
        )
        self.okta.users[subject.user_id] = okta_user(id=subject.user_id)
        self.graph.users[oid(number)] = entra_user(object_id=oid(number), **entra)
        return subject

    def begin(self, kind: Kind = Kind.HAND, apps: tuple[str, ...] = ()) -> Sweep:
        return self.starting.start(kind, apps)

    def seasoned(self) -> None:
        """As if a first sweep had been."""
        self.table.record_baseline("sw-before", self.clock())

    def step(self) -> SweepMessage:
        """The next message of the sweep queue, when it is due."""
        self.steps.sent.sort(key=lambda entry: entry[1])
        (message, delay), self.steps.sent = self.steps.sent[0], self.steps.sent[1:]
        self.clock.pass_by(delay)
        self.sweeping.run("s-1", message.text())
        self.clock.pass_by(1)
        return message

    def sweep_on(self, most: int = 60) -> None:
        """Until no step is left; checks wait."""
        for _ in range(most):
            if not self.steps.sent:
                return
            self.step()
        raise AssertionError("the sweep does not end")

    def latest(self) -> Sweep:
        return self.table.sweeps()[0]

    def ended(self) -> Sweep:
        self.sweep_on()
        found = self.latest()
        assert found.phase is Phase.DONE, found
        assert self.table.running_sweep() is None
        return found

    def marks(self) -> list[Mark]:
        return [m for n in range(SHARDS) for m in self.table.marks(n, "", 1000)]

    def found(self, sweep: Sweep) -> dict[str, list[Found]]:
        rows: dict[str, list[Found]] = {}
        for row in self.table.found(sweep.id):
            rows.setdefault(row.what, []).append(row)
        return rows

    def asked_of_check(self) -> set[Subject]:
        return {hint.subject for message, _ in self.checks.sent for hint in message.hints}

    def is_covered(self, subject: Subject, ago: timedelta) -> bool:
        state = self.table.subjects([subject])[subject]
        return state.covered_to is not None and self.clock() - ago < state.covered_to

    def was_covered(self, subject: Subject, moment: datetime) -> bool:
        state = self.table.subjects([subject])[subject]
        return state.covered_to is not None and moment < state.covered_to


def as_if_swept(table: Table, sweep: Sweep, *found: Found) -> None:
    """The sweep is stored as it stands, with what it found; it has its place while it goes on."""
    began = replace(sweep, phase=Phase.LIST, step=0)
    lease = table.take_lease("sweep", sweep.started_at, sweep.started_at + timedelta(seconds=1))
    table.begin_sweep(began, storm=False)
    table.advance_sweep(began, replace(sweep, step=1), lease)
    table.give_back_lease(lease, sweep.started_at)
    table.keep_found(sweep.id, found)


def who(number: int, app: str = APP) -> Subject:
    return Subject(app, f"00uPERSON{number:011d}")


def oid(number: int) -> str:
    return f"33333333-eeee-4eee-8eee-{number:012d}"


def ahead_of(stage: SweepStage) -> tuple[list[str], list[AppUserPage]]:
    """Two pages through the real reading ahead, and what was asked for."""
    asked: list[str] = []

    def fetch(link: str) -> AppUserPage:
        asked.append(link)
        return stage.okta.app_user_page(APP, link)

    return asked, list(ahead(fetch, "", 2))
