"""Every side effect of a run passes here, is numbered, and may be disturbed.

What may happen to one: somebody else's whole run comes between (that is how races are made, since
reads commute), a crash before it or after it, an error before it, an error although it happened.
All of it is decided by the step's own seed, so that a schedule can be replayed and made smaller.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from lib.model import EntraUser, OktaReading, Subject

T = TypeVar("T")


class Crash(BaseException):
    """The process is gone: nothing catches it, and nothing is cleaned up."""


@dataclass(frozen=True)
class Step:
    """One action of a schedule. `crash`: at which side effect, negative after it (from 1).

    `between`: steps that run whole before the side effect of that number. `trouble`: how likely
    each side effect fails.
    """

    name: str
    seed: int
    trouble: float = 0.0
    crash: int = 0
    between: tuple[tuple[int, Step], ...] = ()

    def __str__(self) -> str:
        told = self.name
        if self.crash:
            told += f", crashing {'after' if self.crash < 0 else 'before'} effect {abs(self.crash)}"
        return told


@dataclass
class Run:
    """One process at work, and what it has read so far, in order."""

    step: Step
    began: float
    until: float | None  # it is killed then
    rng: random.Random
    effects: int = 0
    readings: dict[Subject, tuple[int, OktaReading]] = field(default_factory=dict)
    users: dict[str, tuple[int, EntraUser | None]] = field(default_factory=dict)
    standings: dict[str, int] = field(default_factory=dict)
    retried: bool = False  # the step in flight was begun by an earlier run
    counted: set[str] = field(default_factory=set)  # caps it took a place under
    began_at: int = 0  # number of the last effect before it


Fault = Callable[[], BaseException]


class Effects:
    """`time` moves a little with every effect. `perform` runs a step that comes between."""

    def __init__(
        self,
        now: Callable[[], float],
        pass_by: Callable[[float], None],
        perform: Callable[[Step], None],
        tell: Callable[[str], None],
    ) -> None:
        self._now, self._pass_by, self._perform, self._tell = now, pass_by, perform, tell
        self.runs: list[Run] = []
        self.number = 0  # of effects so far: what is later is greater
        self.calm = False
        self.injected: Counter[str] = Counter()

    @property
    def run(self) -> Run | None:
        return self.runs[-1] if self.runs else None

    def __call__(
        self,
        what: str,
        do: Callable[[], T],
        faults: Sequence[Fault] = (),
        lost: Sequence[Fault] = (),
    ) -> T:
        """`faults`: errors instead of it. `lost`: errors although it happened."""
        run = self.run
        if run is None:
            return do()
        run.effects += 1
        number = run.effects
        for at, step in run.step.between:
            if at == number and not self.calm:
                self._tell(f"  before {what}:")
                self.injected["in between"] += 1
                self._perform(step)
        self._pass_by(run.rng.choice((0.01, 0.05, 0.2)))
        self._killed(run, what)
        if run.step.crash == number:
            self._crash(f"before {what}")
        fault = self._fault(run, len(faults), len(lost))
        if 0 <= fault < len(faults):
            error = faults[fault]()
            self._note(what, error, "")
            raise error
        self.number += 1
        answer = do()
        if run.step.crash == -number:
            self._crash(f"after {what}")
        if fault >= len(faults):
            error = lost[fault - len(faults)]()
            self._note(what, error, ", although it happened")
            raise error
        return answer

    def _killed(self, run: Run, what: str) -> None:
        if run.until is not None and self._now() > run.until:
            self._tell(f"  killed by its time limit before {what}")
            self.injected["time limit"] += 1
            raise Crash

    def _crash(self, where: str) -> None:
        self._tell(f"  crash {where}")
        self.injected["crash"] += 1
        raise Crash

    def _fault(self, run: Run, faults: int, lost: int) -> int:
        """Which of them; -1 for none. As many numbers are drawn whatever happens."""
        chance, which = run.rng.random(), run.rng.random()
        if self.calm or chance >= run.step.trouble or not faults + lost:
            return -1
        return int(which * (faults + lost))

    def _note(self, what: str, error: BaseException, more: str) -> None:
        self._tell(f"  {what}: {type(error).__name__} {error}{more}"[:160])
        kind = f"{type(error).__name__}{' lost outcome' if more else ''}"
        self.injected[kind] += 1


def told(given: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={each}" for name, each in given.items())
