"""The end of a schedule: faults stop, everything that waits is run, and what then must hold."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lib.flows.unpark import message_of
from lib.messages import CheckMessage, RemediationMessage
from lib.model import Attribute
from lib.rules.compare import Comparison, compare
from lib.rules.sweep import Phase
from lib.store.keys import SHARDS
from lib.store.records import SubjectState
from tests.simulation.effects import Step
from tests.simulation.log import Logged
from tests.simulation.witness import CLOSED, Violation
from tests.simulation.world import Person

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

# Under a cap of one write an hour several drifts take hours.
ROUNDS = 2000
WAITS = ("remediating", "proving")


def drain(sim: Simulation) -> None:
    """Lets everything run without trouble until nothing is left to do."""
    sim.tell("-- draining")
    sim.effects.calm = True
    rng = random.Random("drain")
    names = ("catch_up", "tick", "check", "mend", "sweep", "check", "tick")
    # Longer than any lease, rest, visibility or clock that is off.
    sim.clocks.pass_by(1000)
    quiet = 0
    for number in range(ROUNDS):
        sim.patience = 4000.0
        sim.perform(Step(names[number % len(names)], rng.randrange(1 << 32)))
        if _rests(sim):
            quiet += 1
            if quiet > 2 * len(names):
                break
            continue
        quiet = 0
        if not (sim.plant.checks.messages or sim.plant.mends.messages or sim.plant.sweeps.messages):
            sim.clocks.pass_by(300)
    else:
        raise Violation(f"(1) it does not come to rest: {_unrest(sim)}")
    _sweeps(sim)
    _hints(sim)
    _waits(sim)
    _pages(sim)
    _lists(sim)
    _truth(sim)


def _sweeps(sim: Simulation) -> None:
    """Every sweep came to its end, and nobody is marked whom none will visit."""
    table = sim.plant.peek
    running = table.running_sweep()
    if running is not None:
        raise Violation(f"(1) the sweep {running.id} never ended")
    for sweep in table.sweeps():
        if sweep.phase is not Phase.DONE:
            raise Violation(f"(1) the sweep {sweep.id} is in phase {sweep.phase.value} for good")
    for number in range(SHARDS):
        for mark in table.marks(number, "", 100):
            raise Violation(f"(1) {mark.subject} is wanted, and nobody will look")


def _rests(sim: Simulation) -> bool:
    return not _unrest(sim)


def _unrest(sim: Simulation) -> str:
    plant = sim.plant
    if any(queue.messages or queue.dead for queue in (plant.checks, plant.mends, plant.sweeps)):
        return "a queue is not empty"
    moving = [i for i, body in sim.witness.heads.items() if body["status"] in WAITS]
    if moving:
        return f"{moving[0]} is {sim.witness.heads[moving[0]]['status']}"
    if any(body["parent"] and body["status"] in CLOSED for body in sim.witness.heads.values()):
        return "what was closed is still on a list"
    begun = [
        i
        for i, body in sim.witness.heads.items()
        if body["in_flight"]
        and body["status"] not in CLOSED
        # A person's run that was cut off is theirs to go on with, and tick asks once more.
        and body["in_flight"] != "bypass_enable"
    ]
    if begun:
        return f"{begun[0]} has a step in flight"
    for state in _states(sim).values():
        if state.errands or state.chain or state.next_look:
            return f"{state.subject.user_id} waits for something"
    return ""


def _states(sim: Simulation) -> dict[Any, SubjectState]:
    return sim.plant.peek.subjects([person.subject for person in sim.world.people])


# -- (1) every hint is covered or parked -------------------------------------------------------


def _hints(sim: Simulation) -> None:
    states = _states(sim)
    parked = [message_of(work) for work in sim.plant.peek.parked()]
    for entry in sim.world.log.entries:
        state = states[entry.subject]
        moments = (state.covered_to, state.guessed_to if entry.guessed else None)
        covered = any(moment is not None and entry.published < moment for moment in moments)
        if not covered and not any(_keeps(message, entry, sim) for message in parked):
            raise Violation(
                f"(1) {entry.body['uuid']} ({entry.body['eventType']}) is neither covered nor "
                f"parked; covered to {state.covered_to}"
            )


def _keeps(
    message: CheckMessage | RemediationMessage | None, entry: Logged, sim: Simulation
) -> bool:
    if isinstance(message, RemediationMessage):
        incident = sim.plant.peek.incident(message.incident_id)
        return incident is not None and incident.subject == entry.subject
    if message is None:
        return False
    return any(
        hint.subject == entry.subject
        and (hint.published is None or hint.published >= entry.published)
        for hint in message.hints
    )


# -- nothing waits for luck --------------------------------------------------------------------


def _waits(sim: Simulation) -> None:
    client, name = sim.plant.peek._client, sim.plant.peek._name
    items: Any = client.scan(TableName=name)["Items"]
    for item in items:
        if not (item["pk"].startswith("INCIDENT#") and item["sk"] == "HEAD"):
            continue
        body = sim.witness.heads[item["pk"].removeprefix("INCIDENT#")]
        is_open = body["status"] not in CLOSED
        if is_open is not ("due_pk" in item):
            raise Violation(f"(1) {body['id']} is {body['status']}, due {item.get('due_sk')}")
        if not is_open:
            continue
        longest = sim.clocks.peek() + timedelta(days=31)
        if datetime.fromisoformat(item["due_sk"]) > longest:
            raise Violation(f"(1) {body['id']} is due in more than a month")


def _pages(sim: Simulation) -> None:
    for ident, body in sim.witness.heads.items():
        told = sim.plant.peek.told(ident)
        if any(not each.done for each in told):
            raise Violation(f"(1) a page of {ident} was never sent")
        opened = [each for each in told if each.page.news.value == "opened"]
        if not opened and not body["parent"] and body["status"] not in CLOSED:
            moved = [entry.what for entry in sim.plant.peek.timeline(ident)]
            if not told and "shared cause" not in moved:
                raise Violation(f"(1) {ident} is open and nobody was told")
        for each in told:
            if each.published and each.page.key not in sim.witness.news:
                raise Violation(f"(1) {each.page.key} counts as sent and was not")


def _lists(sim: Simulation) -> None:
    """A drift that waits for a shared cause is listed by it, and the cause is open."""
    for ident, body in sim.witness.heads.items():
        if body["status"] != "shared":
            continue
        parent = sim.witness.heads.get(body["parent"])
        if parent is None or parent["status"] in CLOSED:
            raise Violation(f"(1) {ident} waits for {body['parent']}, which is closed")
        members = sim.plant.peek.members(body["parent"])
        if not any(member.incident_id == ident for member in members):
            raise Violation(f"(1) {ident} waits for {body['parent']}, which does not list it")


# -- the truth ---------------------------------------------------------------------------------


def _truth(sim: Simulation) -> None:
    """Whoever was hinted after their last change agrees by now, or has an open incident."""
    parked = [message_of(work) for work in sim.plant.peek.parked()]
    for person in sim.world.people:
        # Whoever was never seen in the app is looked at for hints only that name the app.
        linked = _states(sim)[person.subject].link is not None
        if (person.hinted_at if linked else person.named_at) < person.changed_at:
            continue
        if any(_about(message, person, sim) for message in parked):
            continue
        for attribute in _differing(sim, person):
            key = (person.subject.app_id, person.subject.user_id, attribute.value)
            if not sim.witness.open[key] and key not in sim.witness.ruled:
                raise Violation(
                    f"(1) {attribute.value} of {person.subject.user_id} differs, and no incident "
                    "says so although a later event was covered"
                )


def _about(
    message: CheckMessage | RemediationMessage | None, person: Person, sim: Simulation
) -> bool:
    if isinstance(message, CheckMessage):
        return any(hint.subject == person.subject for hint in message.hints)
    return message is not None


def _differing(sim: Simulation, person: Person) -> list[Attribute]:
    held = sim.world.held(person.object_id)
    if person.app is None:
        # Whoever left is known by the link that was seen before, or else by name.
        link = _states(sim)[person.subject].link
        by_name = [
            object_id for object_id in sim.world.entra if _name(sim, object_id) == person.okta.login
        ]
        held = sim.world.held(link.object_id if link else next(iter(by_name), ""))
    if held is None:
        return []
    if person.app is None:
        return [Attribute.ACCOUNT_ENABLED] if held.account_enabled else []
    found = []
    for attribute in (Attribute.MOBILE_PHONE, Attribute.OTHER_MAILS):
        raw = person.okta.profile[attribute.value]
        expected = tuple(raw) if isinstance(raw, list) else raw
        if compare(attribute, expected, held.value(attribute)) is Comparison.DIFFERENT:  # type: ignore[arg-type]
            found.append(attribute)
    return found


def _name(sim: Simulation, object_id: str) -> str:
    user = sim.world.held(object_id)
    return user.user_principal_name if user else ""
