"""The table as the sweep uses it, in memory: a number for each user, and a state only for those
whose looks are under way. A call costs its time on the virtual clock.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from bench.world import START, Latency, VirtualClock, number_of, subject_of
from lib.errors import Conflict
from lib.model import Link, LinkSource, Subject
from lib.rules.sweep import Found, Mark, Phase, Sweep
from lib.store.cursors import Lease
from lib.store.many import WORKERS
from lib.store.records import SubjectState
from lib.store.sweeps import Running

NEVER = -1e18


class BenchStore:
    """Conditional as lib/store is: the newest hint wins, and only the lease's holder goes on."""

    def __init__(self, users: int, clock: VirtualClock, latency: Latency) -> None:
        self.users, self._clock, self._latency = users, clock, latency
        self.covered = array("d", [NEVER]) * users
        self.published = array("d", [NEVER]) * users
        self.made = array("d", [NEVER]) * users
        self.marked = 0
        self.due: dict[int, Mark] = {}
        self.chains: dict[int, SubjectState] = {}
        self.sweeps: dict[str, Sweep] = {}
        self.running: Running | None = None
        self.epoch, self.until = 0, 0.0
        self.size = users

    # -- subjects ------------------------------------------------------------------------------

    def subjects(self, wanted: Sequence[Subject]) -> dict[Subject, SubjectState]:
        self._calls(-(-len(wanted) // 100), 1)
        return {subject: self._state(subject) for subject in wanted}

    def _state(self, subject: Subject) -> SubjectState:
        number = number_of(subject.user_id)
        if number in self.chains:
            return self.chains[number]
        covered = self.covered[number]
        if covered == NEVER:
            return SubjectState(subject)
        link = Link(f"11111111-aaaa-4aaa-8aaa-{number:012d}", LinkSource.EXTERNAL_ID)
        return SubjectState(subject, 1, link, covered_to=_moment(covered))

    def store_subjects(self, states: Sequence[SubjectState]) -> set[Subject]:
        self._calls(len(states))
        for state in states:
            number = number_of(state.subject.user_id)
            if state.chain:
                self.chains[number] = state
            else:
                self.chains.pop(number, None)
                self.covered[number] = _seconds(state.covered_to)
        return set()

    # -- marks ---------------------------------------------------------------------------------

    def want(self, marks: Sequence[Mark]) -> None:
        self._calls(len(marks))
        for mark in marks:
            number = number_of(mark.subject.user_id)
            if self.published[number] < _seconds(mark.published):
                self.marked += self.published[number] == NEVER and number not in self.due
                self.published[number] = _seconds(mark.published)
                self.made[number] = _seconds(mark.at)

    def wanted(self, subjects: Sequence[Subject]) -> dict[Subject, Mark]:
        self._calls(-(-len(subjects) // 100), 1)
        found = {subject: self._mark(number_of(subject.user_id)) for subject in subjects}
        return {subject: mark for subject, mark in found.items() if mark}

    def _mark(self, number: int) -> Mark | None:
        published = self.published[number]
        kept = self.due.get(number)
        if published == NEVER:
            return kept
        if kept:
            return kept
        at = _moment(self.made[number])
        return Mark(subject_of(number), "", at, _moment(published))

    def marks(self, shard: int, after: str, most: int) -> list[Mark]:
        """All are in shard 0, in the order of their numbers."""
        self._calls(1, 1)
        found: list[Mark] = []
        number = number_of(after) + 1 if after else 0
        while shard == 0 and self.marked and number < self.users and len(found) < most:
            mark = self._mark(number)
            if mark:
                found.append(mark)
            number += 1
        return found

    def keep_marks(self, marks: Sequence[Mark]) -> None:
        self._calls(len(marks))
        for mark in marks:
            number = number_of(mark.subject.user_id)
            if self.published[number] > _seconds(mark.published):
                continue
            self.marked += self.published[number] == NEVER and number not in self.due
            self.due[number] = mark

    def unwant(self, marks: Sequence[Mark]) -> None:
        self._calls(len(marks))
        for mark in marks:
            number = number_of(mark.subject.user_id)
            if self.published[number] > _seconds(mark.published):
                continue
            self.marked -= self.published[number] != NEVER or number in self.due
            self.published[number] = NEVER
            self.due.pop(number, None)

    # -- sweeps --------------------------------------------------------------------------------

    def begin_sweep(self, sweep: Sweep, *, storm: bool, everywhere: bool = True) -> None:
        if self.running:
            raise Conflict("one runs")
        self.sweeps[sweep.id] = sweep
        self.running = Running(sweep.id, storm, everywhere=everywhere)

    def running_sweep(self) -> Running | None:
        self._calls(1, 1)
        return self.running

    def becomes_storm(self, sweep_id: str) -> bool:
        return bool(self.running and self.running.sweep_id == sweep_id and self.running.storm)

    def sweep(self, sweep_id: str) -> Sweep | None:
        self._calls(1, 1)
        return self.sweeps.get(sweep_id)

    def advance_sweep(self, before: Sweep, after: Sweep, lease: Lease) -> None:
        self._calls(2, 1)
        if lease.epoch != self.epoch or self.sweeps[before.id].step != before.step:
            raise Conflict("somebody else has the lease")
        self.sweeps[after.id] = after
        if after.phase in (Phase.LAST, Phase.DONE):
            self.running = None

    def take_lease(self, name: str, now: datetime, until: datetime) -> Lease:
        self._calls(1, 1)
        if self.until > _seconds(now):
            raise Conflict("held")
        self.epoch, self.until = self.epoch + 1, _seconds(until)
        return Lease(name, self.epoch)

    def give_back_lease(self, lease: Lease, rest_until: datetime) -> None:
        self._calls(1, 1)
        if lease.epoch == self.epoch:
            self.until = _seconds(rest_until)

    def app_size(self, app_id: str) -> int | None:  # noqa: ARG002
        return self.size

    def record_app_size(self, app_id: str, users: int, at: datetime) -> None:  # noqa: ARG002
        self._calls(1, 1)
        self.size = users

    def keep_seen(self, sweep_id: str, app_id: str, page: int, seen: bytes, at: datetime) -> None:  # noqa: ARG002
        self._calls(1, 1)

    def seen(self, sweep_id: str) -> Iterator[bytes]:  # noqa: ARG002
        return iter(())

    def keep_found(self, sweep_id: str, rows: Sequence[Found]) -> None:  # noqa: ARG002
        self._calls(-(-len(rows) // 25), 1)

    def had_baseline(self) -> bool:
        return True

    def _calls(self, number: int, workers: int = WORKERS) -> None:
        self._clock.pass_by(self._latency.dynamodb * -(-number // workers))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the bench's table has no {name}")


def _seconds(moment: datetime | None) -> float:
    return (moment - START).total_seconds() if moment else NEVER


def _moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)
