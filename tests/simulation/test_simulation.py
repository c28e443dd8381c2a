"""A fixed set of schedules, and that a seed is one story and no other."""

from __future__ import annotations

import pytest

from tests.simulation.campaign import Report, campaign, explain
from tests.simulation.effects import Step
from tests.simulation.simulation import SWEEPING, Schedule, draw, run, smaller
from tests.simulation.witness import Violation, Witness

SEEDS = range(1, 2001)
SWEEPING_SEEDS = range(SWEEPING, SWEEPING + 400)


@pytest.fixture(scope="module")
def report() -> Report:
    return campaign(SEEDS, processes=2)


def test_everything_holds_in_every_schedule(report: Report) -> None:
    failed = sorted(report.failed)
    told = "\n".join(explain(failed[0])) if failed else ""
    assert not failed, f"seeds {failed[:20]} of {len(SEEDS)}\n{told}"


@pytest.mark.parametrize(
    ("what", "least"),
    [
        ("acknowledged", 2000),
        ("incidents", 2000),
        ("write: graph_write", 200),
        ("write: okta_touch", 50),
        ("write: privileged_write", 20),
        ("write: bypass_enable", 20),
        ("fault: crash", 500),
        ("fault: in between", 1000),
        ("fault: Transient", 500),
        ("fault: Transient lost outcome", 100),
        ("fault: ClientError", 500),
        ("fault: ClientError lost outcome", 100),
        ("fault: Refused", 50),
        ("fault: Unauthorized", 50),
        ("fault: time limit", 10),
    ],
)
def test_it_is_no_fair_weather(report: Report, what: str, least: int) -> None:
    """What never happens shows nothing: every kind of fault and of write has to come up."""
    assert report.counts[what] >= least


def test_everything_holds_while_sweeps_and_storms_run() -> None:
    """Nightly ones, by hand, and those that a backlog begins, beside all that happens else."""
    report = campaign(SWEEPING_SEEDS, processes=2)
    failed = sorted(report.failed)
    told = "\n".join(explain(failed[0])) if failed else ""
    assert not failed, f"seeds {failed[:20]}\n{told}"
    assert report.counts["sweep: baseline"] >= 200
    assert report.counts["sweep: nightly"] + report.counts["sweep: hand"] >= 50
    assert report.counts["sweep: storm"] >= 50
    assert report.counts["fault: crash"] >= 100


@pytest.mark.parametrize("seed", [3, 14, 159, SWEEPING + 7])
def test_a_seed_replays_a_run_exactly(seed: int) -> None:
    one, other = run(draw(seed)), run(draw(seed))
    assert one.story == other.story
    assert one.counts == other.counts


def test_seeds_differ() -> None:
    assert len({str(draw(seed)) for seed in range(100)}) == 100


def test_a_failure_is_told_in_as_few_steps_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of a drift takes a change, a delivery and looks; nothing else may be left."""

    def paged(self: Witness, page: object) -> None:
        raise Violation("(2) somebody was paged")

    monkeypatch.setattr(Witness, "paged", paged)
    schedule = next(s for s in map(draw, SEEDS) if run(s).problem)
    told = smaller(schedule, run(schedule).problem)
    assert told.problem == "(2) somebody was paged"
    assert len(told.schedule.steps) <= 4
    assert not [step for step in told.schedule.steps if step.crash or step.trouble]


def test_what_a_flow_lets_through_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lib.flows.check_batch.CheckBatch.run", lambda self, bodies: 1 / 0)
    steps = tuple(Step(name, number) for number, name in enumerate(("change", "hook", "check")))
    assert run(Schedule(1, steps)).problem.startswith("blew up: ZeroDivisionError")
