"""What people decide, of what they see now or saw a while ago."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lib.errors import Permanent, PushproofError, Transient
from lib.flows.asked import BadRequest, Caller
from lib.flows.bypass import Bypass, Confirm
from lib.flows.runs import Run as Done
from lib.flows.unpark import retry
from lib.incident import Incident
from lib.rules.flag import OrdinaryCheck, OrdinaryChecks
from tests.simulation.effects import Run
from tests.simulation.seen import CLOSED

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

ARN = "arn:aws:sts::123456789012:assumed-role/OnCall/"
PEOPLE = ("one.operator", "second.operator", "one.operator@corp.example")


def look(sim: Simulation, run: Run) -> None:
    """Somebody looks at an incident, and may decide on what they saw much later."""
    incident = _an_incident(sim, run)
    if incident is not None and incident.parent and run.rng.random() < 0.7:
        # What is open shows the list, and not each of its members.
        incident = sim.plant.peek.incident(incident.parent)
    if incident is not None:
        sim.looked_at(incident)


def approve(sim: Simulation, run: Run) -> None:
    """Of what was seen now or a while ago."""
    if run.rng.random() < 0.7:
        look(sim, run)
    if not sim.views:
        return
    incident, digest = sim.views[-1] if run.rng.random() < 0.7 else run.rng.choice(sim.views[-3:])
    _ask(sim, run, {"action": "approve", "incident": incident, "digest": digest})


def dismiss(sim: Simulation, run: Run) -> None:
    look(sim, run)
    if sim.views:
        incident, digest = sim.views[-1]
        _ask(
            sim,
            run,
            {"action": "dismiss", "incident": incident, "digest": digest, "why": "is meant"},
        )


def snooze(sim: Simulation, run: Run) -> None:
    incident = _an_incident(sim, run)
    if incident is not None:
        until = run.rng.choice(("30m", "2h", "now"))
        _ask(sim, run, {"action": "snooze", "incident": incident.id, "until": until})


def mode(sim: Simulation, run: Run) -> None:
    _ask(sim, run, {"action": "mode", "mode": run.rng.choice(("observe", "approve", "auto"))})


def write(sim: Simulation, run: Run) -> None:
    """pushproof write: an administrator does their step."""
    incident = _an_incident(sim, run)
    if incident is None:
        return
    hands = sim.plant.administrator("administrator")
    try:
        done = sim.plant.remediation().run(incident.id, incident.plan.digest, hands)
        sim.tell(f"write {incident.id}: {done.ended.value}, {done.reason}")
    except PushproofError as error:
        sim.tell(f"write {incident.id}: {error}")


def flag_prepare(sim: Simulation, run: Run) -> None:
    """The ordinary checks and the preview."""
    name, command = _administrator(sim, run)
    try:
        checks = (OrdinaryCheck("push_seen", "a push succeeded", passed=True),)
        seen = command.preview()
        walked = OrdinaryChecks(sim.clocks(), name, checks, seen.others)
        sim.plant.table.record_ordinary_checks(walked)
        sim.tell(f"bypass preview: {len(seen.overwrites)} numbers")
    except PushproofError as error:
        sim.tell(f"bypass preview: {error}")


def flag_enable(sim: Simulation, run: Run) -> None:
    _, command = _administrator(sim, run)
    _set(sim, "enable", command.enable)


def flag_disable(sim: Simulation, run: Run) -> None:
    _, command = _administrator(sim, run)
    _set(sim, "disable", command.disable)


def _administrator(sim: Simulation, run: Run) -> tuple[str, Bypass]:
    name = run.rng.choice(("administrator", "second administrator"))
    return name, sim.plant.bypass(name)


def _set(sim: Simulation, what: str, command: Callable[[Confirm], Done]) -> None:
    try:
        done = command(lambda _question: True)
        sim.tell(f"bypass {what}: {done.ended.value}, {done.reason}")
    except PushproofError as error:
        sim.tell(f"bypass {what}: {error}")


def unpark(sim: Simulation, run: Run) -> None:
    try:
        works = sim.plant.table.parked()
        if works:
            retry(run.rng.choice(works), sim.plant.table, sim.plant.check_queue, sim.clocks)
            sim.tell("parked work is sent again")
    except PushproofError as error:
        sim.tell(f"parked work stays: {error}")


def _ask(sim: Simulation, run: Run, body: dict[str, str]) -> None:
    person = run.rng.choice((*PEOPLE, *PEOPLE, "changer"))
    told = f"{person}: {body['action']} {body.get('incident', body.get('mode', ''))}"
    try:
        answer = sim.plant.approve().run(body, Caller(ARN + person))
        sim.tell(f"{told}: {answer.outcome}, {answer.status}")
    except (BadRequest, Transient, Permanent) as error:
        sim.tell(f"{told}: {error}")


def _an_incident(sim: Simulation, run: Run) -> Incident | None:
    ids = sorted(ident for ident, body in sim.witness.heads.items() if body["status"] not in CLOSED)
    return sim.plant.peek.incident(run.rng.choice(ids)) if ids else None
