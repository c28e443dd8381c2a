"""One schedule, from its first step to the end of draining, with the story of what happened."""

from __future__ import annotations

import logging
import random
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from lib.incident import Incident
from tests.simulation.actions import ACTIONS, DISTURBED, SLOW, SWEEPS
from tests.simulation.clocks import Clocks
from tests.simulation.drained import drain
from tests.simulation.effects import Crash, Effects, Run, Step
from tests.simulation.memory import MemoryDynamoDB
from tests.simulation.plant import Plant, Setting, rules
from tests.simulation.stories import ANYBODY, ARCS
from tests.simulation.witness import Violation, Witness
from tests.simulation.world import World

_NAMES = re.compile(r"inc-[0-9a-f]{10}|event-\d+|\(\S+\.\S+\)|\d+")


@dataclass(frozen=True)
class Schedule:
    """`seed` decides whom the world holds and how it is set, of those `company` names; `steps` what
    happens in it.
    """

    seed: int
    steps: tuple[Step, ...]
    company: tuple[str, ...] = ANYBODY


@dataclass
class Outcome:
    """`problem` "": everything held."""

    schedule: Schedule
    story: list[str]
    problem: str
    counts: dict[str, int]


# From this seed on, sweeps run beside everything else, and a storm may begin.
SWEEPING = 1_000_000


def draw(seed: int, length: int = 45) -> Schedule:
    """Every third seed is a story told without noise, since most noise ends it early."""
    rng = random.Random(seed)
    company, story = rng.choice(ARCS)
    plain = seed % 3 == 0 and bool(story)
    trouble = rng.choice((0.0, 0.0, 0.02, 0.05, 0.15))
    crashes = rng.choice((0.0, 0.05, 0.25))
    races = rng.choice((0.0, 0.1, 0.4))
    noise = rng.choice((0.0, 0.0, 0.2, 0.5))
    if plain:
        trouble = crashes = races = noise = 0.0
        length = len(story)
    # Some actions often, some not at all: what happens together differs from seed to seed.
    names = list(ACTIONS)
    weights = [each[1] * rng.choice((0.0, 0.3, 1.0, 1.0, 3.0)) for each in ACTIONS.values()]
    weights[names.index("check")] += 20
    weights[names.index("mend")] += 8

    def near() -> int:
        """The number of an effect: few runs have many."""
        return rng.randint(1, rng.choice((4, 10, 20, 35)))

    def step(depth: int, name: str = "") -> Step:
        name = name or rng.choices(names, weights)[0]
        made = Step(name, rng.randrange(1 << 32))
        if name in SLOW:
            return replace(made, between=tuple((at, step(2, each)) for at, each in SLOW[name]))
        if name not in DISTURBED:
            return made
        between = []
        if depth < 2 and rng.random() < races:
            between = [(near(), step(depth + 1)) for _ in range(rng.randint(1, 2))]
        crash = near() * rng.choice((1, -1)) if rng.random() < crashes else 0
        return replace(made, trouble=trouble, crash=crash, between=tuple(between))

    arc = list(story)
    steps: list[Step] = []
    while len(steps) < length:
        steps.append(step(0, arc.pop(0) if arc and rng.random() >= noise else ""))
    if seed >= SWEEPING:
        steps = _with_sweeps(steps, rng, trouble, crashes)
    return Schedule(seed, tuple(steps), company)


def _with_sweeps(
    steps: list[Step], rng: random.Random, trouble: float, crashes: float
) -> list[Step]:
    """Somewhere a sweep begins, and its steps come between and within everything else's."""

    def one(name: str) -> Step:
        crash = rng.randint(1, 30) * rng.choice((1, -1)) if rng.random() < crashes else 0
        return Step(name, rng.randrange(1 << 32), trouble=trouble, crash=crash)

    for _ in range(rng.randint(1, 3)):
        steps.insert(rng.randrange(len(steps) + 1), one("sweep_start"))
    for _ in range(rng.randint(4, 15)):
        steps.insert(rng.randrange(len(steps) + 1), one("sweep"))
    disturbed = [n for n, step in enumerate(steps) if step.name in ("check", "mend", "tick")]
    for number in rng.sample(disturbed, min(3, len(disturbed))):
        within = (rng.randint(1, 20), one("sweep"))
        steps[number] = replace(steps[number], between=(*steps[number].between, within))
    return steps


class Simulation:
    def __init__(self, seed: int, company: tuple[str, ...]) -> None:
        rng = random.Random(f"world {seed}")
        skews = (0.0, 0.0, rng.uniform(-20, 20))
        self.clocks = Clocks(
            rng.choice(skews), rng.choice((0.0, 3.0)), rng.choice((0.0, -2.0, 2.0))
        )
        self.clocks.now = 100.0
        self.story: list[str] = []
        self.patience = 1000.0
        self.views: list[tuple[str, str]] = []
        self.world = World(rng, self.clocks, self.tell, company)
        self.clocks.pass_by(3600.0)
        setting = Setting.draw(rng)
        self.witness = Witness(self.clocks, rules(setting, self.world, rng))
        self.effects = Effects(self.clocks.seconds, self.clocks.pass_by, self.perform, self.tell)
        self.witness.effects, self.witness.truth = self.effects, self.world.person
        lag = rng.choice((0.0, 0.0, 2.0, 30.0))
        memory = MemoryDynamoDB(
            self.clocks.seconds,
            lambda: 0.0 if self.effects.calm else lag,
            rng.choice((2, 10, 1000)),
            self.witness.stored,
        )
        self.plant = Plant(setting, self.world, self.effects, self.witness, self.clocks, memory)
        self.plant.sweeps_run = seed >= SWEEPING
        self.names: list[str] = []
        # It was deployed before anything happened: the log has been read up to here.
        self.plant.catch_up().run()
        self.tell(f"{setting}, {len(self.world.people)} people")

    def tell(self, what: str) -> None:
        self.story.append(f"{self.clocks.now:9.1f} {what}")

    def environment(self, name: str) -> None:
        """Whose process the current run is: a crash ends it."""
        self.names.append(name)

    def looked_at(self, incident: Incident) -> None:
        digest = incident.plan.digest
        self.witness.shown(digest, self.witness.heads[incident.id]["plan"])
        self.views.append((incident.id, digest))

    def perform(self, step: Step) -> None:
        action, _, limit = (ACTIONS | SWEEPS)[step.name]
        now = self.clocks.now
        run = Run(
            step,
            now,
            now + limit + self.patience if limit else None,
            random.Random(step.seed),
            began_at=self.effects.number,
        )
        self.effects.runs.append(run)
        names, self.names = self.names, []
        try:
            action(self, run)
        except Crash:
            for name in self.names:
                self.plant.cold(name)
        finally:
            self.names = names
            self.effects.runs.pop()


def run(schedule: Schedule) -> Outcome:
    """Raises nothing: what did not hold, and whatever a flow let through, is the outcome."""
    with repeatable(schedule.seed) as listener:
        sim = Simulation(schedule.seed, schedule.company)
        listener.witness = sim.witness
        problem = ""
        try:
            for step in schedule.steps:
                sim.perform(step)
            drain(sim)
        except Violation as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - a flow that blows up is a finding
            problem = f"blew up: {type(error).__name__}: {error} at {_where(error)}"
    counts = {
        "steps": len(schedule.steps),
        "effects": sim.effects.number,
        "events": len(sim.world.log.entries),
        "acknowledged": sum(entry.taken for entry in sim.world.log.entries),
        **{f"write: {name}": count for name, count in sim.witness.writes.items()},
        "pages": sim.witness.pages,
        "incidents": len(sim.witness.heads),
        **{f"fault: {name}": count for name, count in sim.effects.injected.items()},
    }
    for sweep in sim.plant.peek.sweeps():
        name = f"sweep: {sweep.kind.value}"
        counts[name] = counts.get(name, 0) + 1
    return Outcome(schedule, sim.story, problem, counts)


def smaller(schedule: Schedule, problem: str) -> Outcome:
    """The same failure with as few steps and disturbances as dropping them one by one leaves."""
    kind = _kind(problem)
    best = run(schedule)

    def try_it(steps: Sequence[Step]) -> bool:
        nonlocal best
        found = run(replace(schedule, steps=tuple(steps)))
        if _kind(found.problem) != kind:
            return False
        best = found
        return True

    size = max(1, len(schedule.steps) // 2)
    while True:
        at, before = 0, len(best.schedule.steps)
        while at < len(best.schedule.steps):
            steps = best.schedule.steps
            if not try_it([*steps[:at], *steps[at + size :]]):
                at += size
        if size == 1 and len(best.schedule.steps) == before:
            break
        size = max(1, size // 2)
    for at in range(len(best.schedule.steps)):
        for change in ({"trouble": 0.0}, {"crash": 0}, {"between": ()}):
            steps = best.schedule.steps
            made = replace(steps[at], **change)  # type: ignore[arg-type]
            if made != steps[at]:
                try_it([*steps[:at], made, *steps[at + 1 :]])
    return best


def _kind(problem: str) -> str:
    """What failed, without the names that differ from run to run."""
    return _NAMES.sub("…", problem)[:60]


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    last = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        last = f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return last


class _Listener(logging.Handler):
    """Everything the flows log."""

    witness: Witness | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if self.witness:
            self.witness.logged(record)


@contextmanager
def repeatable(seed: int) -> Iterator[_Listener]:
    """No chance but the seed's, no metric printed, and every log line looked at."""
    rng = random.Random(f"names {seed}")
    kept = secrets.token_hex
    from aws_lambda_powertools import Metrics

    metric = Metrics.add_metric
    listener = _Listener()

    def token(size: int = 32) -> str:
        return f"{rng.getrandbits(8 * size):0{2 * size}x}"

    def nothing(self: Any, *_: Any, **__: Any) -> None:
        """Metrics are another test's."""

    secrets.token_hex = token
    Metrics.add_metric = nothing  # type: ignore[method-assign, assignment]
    loggers = [
        logging.getLogger(name) for name in logging.root.manager.loggerDict if "lib." in name
    ]
    before = [(each.handlers, each.propagate, each.level) for each in loggers]
    for each in loggers:
        each.handlers, each.propagate = [listener], False
        each.setLevel(logging.INFO)
    try:
        yield listener
    finally:
        secrets.token_hex = kept
        Metrics.add_metric = metric  # type: ignore[method-assign]
        for each, (handlers, propagate, level) in zip(loggers, before, strict=True):
            each.handlers, each.propagate = handlers, propagate
            each.setLevel(level)
