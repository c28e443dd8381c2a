"""Many schedules on every processor, and what they came to."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context

from tests.simulation.simulation import Outcome, draw, run, smaller

AT_ONCE = 50


@dataclass
class Report:
    schedules: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failed: dict[int, str] = field(default_factory=dict)  # seed -> what did not hold


def campaign(seeds: Iterable[int], processes: int | None = None) -> Report:
    report = Report()
    waiting = iter(seeds)
    parts = iter(lambda: list(islice(waiting, AT_ONCE)), [])
    with ProcessPoolExecutor(processes or os.cpu_count(), get_context("spawn")) as pool:
        for counts, failed in pool.map(_part, parts):
            report.schedules += counts.pop("schedules")
            report.counts.update(counts)
            report.failed.update(failed)
    return report


def _part(seeds: list[int]) -> tuple[Counter[str], dict[int, str]]:
    counts: Counter[str] = Counter(schedules=len(seeds))
    failed: dict[int, str] = {}
    for seed in seeds:
        outcome = run(draw(seed))
        counts.update(outcome.counts)
        if outcome.problem:
            failed[seed] = outcome.problem
    return counts, failed


def story(outcome: Outcome) -> Iterator[str]:
    """What happened, as few steps as it takes, and what did not hold."""
    seed = outcome.schedule.seed
    yield f"seed {seed}, {len(outcome.schedule.steps)} steps"
    yield from outcome.story
    yield f"!! {outcome.problem or 'everything held'}"


def explain(seed: int) -> list[str]:
    """The whole story where everything held, the smallest where not."""
    outcome = run(draw(seed))
    return list(story(smaller(outcome.schedule, outcome.problem) if outcome.problem else outcome))
