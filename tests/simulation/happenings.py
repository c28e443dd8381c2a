"""What happens around Pushproof: changes in Okta and in Entra, deliveries, queues, clocks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lib.flows.receive import Request
from lib.model import Attribute, AuditActor
from tests.fakes.make import role, standing
from tests.simulation.effects import Run
from tests.simulation.plant import SECRET
from tests.simulation.world import Person, World

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


# -- people and vendors ------------------------------------------------------------------------


def change(sim: Simulation, run: Run) -> None:
    person = _somebody(sim.world, run)
    sim.world.change_profile(person, run.rng, mapped=run.rng.random() < 0.95)
    if run.rng.random() < 0.85:
        sim.world.push(person, run.rng)


def push(sim: Simulation, run: Run) -> None:
    """Okta pushes once more what has not changed, and an event tells of it."""
    person = _somebody(sim.world, run)
    sim.world.push(person, run.rng, run.rng.choice(("silent", "silent", "lands")))


def human_edit(sim: Simulation, run: Run) -> None:
    """Somebody changes the account in Entra; no event tells of it."""
    person = _somebody(sim.world, run)
    phone, mails = sim.world.values()
    if run.rng.random() < 0.3 and person.app is not None:
        held = sim.world.held(person.object_id)
        profile = person.app.profile
        if held:  # by hand, to what Okta means it to be
            phone, mails = str(profile["mobilePhone"]), tuple(profile["otherMails"])  # type: ignore[arg-type]
    attribute, value = run.rng.choice(
        (
            (Attribute.MOBILE_PHONE, phone),
            (Attribute.MOBILE_PHONE, phone),
            (Attribute.OTHER_MAILS, mails),
            (Attribute.ACCOUNT_ENABLED, run.rng.random() < 0.7),
        )
    )
    sim.tell(f"{person.subject.user_id[-1]}: somebody edits {attribute.value} in Entra")
    sim.world.write(person.object_id, {attribute: value}, AuditActor("somebody"))  # type: ignore[dict-item]


def leave(sim: Simulation, run: Run) -> None:
    person = _somebody(sim.world, run)
    if person.app is not None:
        sim.world.unassign(person, run.rng)
    else:
        sim.world.assign(person, person.object_id)


def relink(sim: Simulation, run: Run) -> None:
    person = _somebody(sim.world, run)
    if person.app is not None:
        others = [each for each in sim.world.entra if each != person.object_id]
        sim.world.assign(person, run.rng.choice(others))


def roles(sim: Simulation, run: Run) -> None:
    person = _somebody(sim.world, run)
    person.standing = None if person.standing else standing(role())
    sim.tell(f"{person.subject.user_id[-1]}: privileged {person.standing is not None}")


def hook(sim: Simulation, run: Run) -> None:
    """One delivery: some of the outbox at once, dropped, or once more."""
    outbox = sim.world.log.outbox
    if not outbox:
        return
    some = outbox[: run.rng.randint(1, 5)]
    fate = run.rng.choice(("delivers", "delivers", "delivers", "drops", "repeats"))
    if fate != "repeats":
        del outbox[: len(some)]
    if fate == "drops":
        sim.tell(f"hook drops {len(some)} events")
        return
    body = json.dumps({"data": {"events": [entry.body for entry in some]}})
    answer = sim.plant.receive().run(Request("POST", {"authorization": SECRET}, body))
    sim.tell(f"hook {fate} {len(some)} events: {answer.status}")
    if answer.status == 200:
        for entry in some:
            entry.taken = True


# -- queues and clocks -------------------------------------------------------------------------


def duplicate(sim: Simulation, run: Run) -> None:
    name = sim.plant.checks.again(run.rng)
    if name:
        sim.tell(f"{name} is delivered once more")


def redrive(sim: Simulation, run: Run) -> None:
    for queue in (sim.plant.checks, sim.plant.mends):
        if queue.dead:
            sim.tell(f"{queue.redrive()} letters of {queue.name} are sent back")


def wait(sim: Simulation, run: Run) -> None:
    seconds = run.rng.choice((1.0, 30.0, 100.0, 400.0, 1300.0))
    sim.tell(f"{seconds:.0f} seconds pass")
    sim.clocks.pass_by(seconds)


def pause(sim: Simulation, run: Run) -> None:
    sim.clocks.pass_by(2.0)


def long_wait(sim: Simulation, run: Run) -> None:
    seconds = run.rng.choice((3700.0, 3700.0, 8000.0, 90_000.0))
    sim.tell(f"{seconds / 3600:.0f} hours pass")
    sim.clocks.pass_by(seconds)


def clock_jump(sim: Simulation, run: Run) -> None:
    sim.clocks.offset = run.rng.uniform(-45.0, 45.0)
    sim.tell(f"our clock is {sim.clocks.offset:.0f} seconds off")


def _somebody(world: World, run: Run) -> Person:
    """The first of them more often, so that things happen to the same one."""
    return world.people[0] if run.rng.random() < 0.6 else run.rng.choice(world.people)
