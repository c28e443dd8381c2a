"""The functions, each invoked as Lambda invokes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lib.errors import Conflict, Permanent, Refused, Transient
from lib.rules.sweep import Kind
from tests.simulation.effects import Run
from tests.simulation.queues import Message, Queue, bodies

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


def check(sim: Simulation, run: Run) -> None:
    taken = _received(sim, run, sim.plant.checks, 10)
    if not taken:
        return
    name = f"check-{run.rng.randint(0, 1)}"
    sim.environment(name)
    failed = set(sim.plant.warm(name, sim.plant.check).run(bodies(taken)))
    for message in taken:
        if message.id not in failed:
            sim.plant.checks.delete(message)


def mend(sim: Simulation, run: Run) -> None:
    for message in _received(sim, run, sim.plant.mends, 1):
        sim.environment("remediate")
        try:
            sim.plant.warm("remediate", sim.plant.remediate).run(message.id, message.body)
        except Transient:
            continue  # it stays in the queue
        sim.plant.mends.delete(message)


def _received(sim: Simulation, run: Run, queue: Queue, most: int) -> list[Message]:
    """Waits for the next message, unless that is far away."""
    at = queue.next_at()
    if at is not None and sim.clocks.now < at <= sim.clocks.now + sim.patience:
        sim.clocks.pass_by(at - sim.clocks.now + 0.001)
    taken = queue.receive(most, run.rng)
    if taken:
        sim.tell(f"{run.step}: {', '.join(each.id for each in taken)}")
    return taken


def sweep_start(sim: Simulation, run: Run) -> None:
    try:
        sim.tell(
            f"sweep {sim.plant.starting().start(run.rng.choice((Kind.NIGHTLY, Kind.HAND))).id}"
        )
    except Conflict:
        sim.tell("another sweep runs")
    except (Transient, Permanent) as error:
        sim.tell(f"no sweep: {error}")


def sweep(sim: Simulation, run: Run) -> None:
    for message in _received(sim, run, sim.plant.sweeps, 1):
        sim.environment("sweep")
        try:
            sim.plant.warm("sweep", sim.plant.sweeping).run(message.id, message.body)
        except Transient:
            continue  # it stays in the queue
        sim.plant.sweeps.delete(message)


def tick(sim: Simulation, run: Run) -> None:
    try:
        done = sim.plant.tick().run()
        parked = sim.plant.drain().run()
    except (Transient, Permanent) as error:
        sim.tell(f"tick failed: {error}")
        return
    if done or parked:
        sim.tell(f"tick: {dict(done)}, parked {parked}")


def catch_up(sim: Simulation, run: Run) -> None:
    try:
        sim.tell(f"catch_up: {sim.plant.catch_up().run()}")
    except (Refused, Permanent, Transient) as error:
        sim.tell(f"catch_up failed: {error}")
