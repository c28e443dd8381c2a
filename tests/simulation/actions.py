"""What may happen at any time. Each action draws from its own step's numbers, and may find nothing
to do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lib.errors import Permanent, PushproofError, Refused, Transient
from lib.flows.asked import BadRequest, Caller
from lib.flows.bypass import Bypass, Confirm
from lib.flows.receive import Request
from lib.flows.runs import Run as Done
from lib.flows.unpark import retry
from lib.incident import Incident
from lib.model import Attribute, AuditActor
from lib.rules.flag import OrdinaryCheck, OrdinaryChecks
from tests.fakes.make import role, standing
from tests.simulation.effects import Run
from tests.simulation.plant import SECRET
from tests.simulation.queues import Message, bodies
from tests.simulation.world import Person, World

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

ARN = "arn:aws:sts::123456789012:assumed-role/OnCall/"
PEOPLE = ("one.operator", "second.operator", "one.operator@corp.example")
Action = Callable[["Simulation", Run], None]


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


# -- functions ---------------------------------------------------------------------------------


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


def _received(sim: Simulation, run: Run, queue: object, most: int) -> list[Message]:
    """Waits for the next message, unless that is far away."""
    at = queue.next_at()  # type: ignore[attr-defined]
    if at is not None and sim.clocks.now < at <= sim.clocks.now + sim.patience:
        sim.clocks.pass_by(at - sim.clocks.now + 0.001)
    taken: list[Message] = queue.receive(most, run.rng)  # type: ignore[attr-defined]
    if taken:
        sim.tell(f"{run.step}: {', '.join(each.id for each in taken)}")
    return taken


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


def long_wait(sim: Simulation, run: Run) -> None:
    seconds = run.rng.choice((3700.0, 3700.0, 8000.0, 90_000.0))
    sim.tell(f"{seconds / 3600:.0f} hours pass")
    sim.clocks.pass_by(seconds)


def clock_jump(sim: Simulation, run: Run) -> None:
    sim.clocks.offset = run.rng.uniform(-45.0, 45.0)
    sim.tell(f"our clock is {sim.clocks.offset:.0f} seconds off")


# -- people's decisions ------------------------------------------------------------------------


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


def _somebody(world: World, run: Run) -> Person:
    """The first of them more often, so that things happen to the same one."""
    return world.people[0] if run.rng.random() < 0.6 else run.rng.choice(world.people)


def _an_incident(sim: Simulation, run: Run) -> Incident | None:
    ids = sorted(ident for ident, body in sim.witness.heads.items() if body["status"] not in CLOSED)
    return sim.plant.peek.incident(run.rng.choice(ids)) if ids else None


CLOSED: Sequence[str] = ("resolved", "dismissed")
# Whom a story is about first, and who else may be there.
ANYBODY = ("ordinary", "ordinary", "synced", "privileged", "unlinked")
ORDINARY, SYNCED = ("ordinary",), ("synced", "synced", "ordinary")
PRIVILEGED = ("privileged", "ordinary")
# Stories that lead somewhere; a schedule may hold one, with anything else in between.
FOUND = ("change", "hook", *["check"] * 5)
AGAIN = ("human_edit", "push", "hook", *["check"] * 5)
MENDED = ("mend", "check", "check", "check")
FLAGGED = ("flag_prepare", "approve", "approve", "flag_enable")
ARCS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (ANYBODY, ()),
    (ANYBODY, (*FOUND, *FOUND)),
    (ANYBODY, (*FOUND, "dismiss", "push", "hook", *["check"] * 4)),
    (ANYBODY, ("leave", "hook", *["check"] * 4, "approve", *MENDED)),
    (ANYBODY, ("change", "hook", "leave", "hook", "check", "check", "relink", "hook", "check")),
    (ANYBODY, ("change", "hook", "check", "change", "hook", "check", "check", "tick", "check")),
    (ORDINARY, ("change", "hook", "stale_check", "hook", *["check"] * 4)),
    (ORDINARY, (*FOUND, "approve", *MENDED)),
    (ORDINARY, (*FOUND, "approve", "long_wait", *MENDED)),
    (ORDINARY, (*FOUND, "approve", *MENDED, *AGAIN, "approve", *MENDED)),
    (ORDINARY, (*FOUND, *MENDED, *AGAIN, *MENDED, *AGAIN, *MENDED)),
    (PRIVILEGED, (*FOUND, "approve", "approve", "write", "check", "check", *MENDED)),
    (PRIVILEGED, (*FOUND, "approve", "approve", "approve", "write", "write", *["check"] * 3)),
    (SYNCED, (*FOUND, *FLAGGED, "push", "hook", *["check"] * 4)),
    (SYNCED, (*FOUND, *FOUND, *FLAGGED, *MENDED, *FOUND, *MENDED)),
    (SYNCED, (*FOUND, *FLAGGED, "flag_disable", "flag_prepare", "approve", "flag_enable")),
)
# How often each is drawn. `limit`: seconds until its process is killed; None: a person's.
ACTIONS: dict[str, tuple[Action, int, float | None]] = {
    "change": (change, 8, None),
    "push": (push, 3, None),
    "human_edit": (human_edit, 3, None),
    "leave": (leave, 2, None),
    "relink": (relink, 1, None),
    "roles": (roles, 1, None),
    "hook": (hook, 10, 5.0),
    "check": (check, 30, 60.0),
    "stale_check": (check, 0, 60.0),
    "mend": (mend, 12, 60.0),
    "tick": (tick, 6, 60.0),
    "catch_up": (catch_up, 3, 120.0),
    "duplicate": (duplicate, 3, None),
    "redrive": (redrive, 1, None),
    "wait": (wait, 6, None),
    "long_wait": (long_wait, 1, None),
    "clock_jump": (clock_jump, 1, None),
    "look": (look, 1, None),
    "approve": (approve, 8, 10.0),
    "dismiss": (dismiss, 1, 10.0),
    "snooze": (snooze, 1, 10.0),
    "mode": (mode, 2, 10.0),
    "write": (write, 3, None),
    "flag_prepare": (flag_prepare, 1, None),
    "flag_enable": (flag_enable, 2, None),
    "flag_disable": (flag_disable, 1, None),
    "unpark": (unpark, 1, None),
}
# What has effects that can fail: those may be disturbed, and others may come between.
DISTURBED = (
    *(
        "hook",
        "check",
        "stale_check",
        "mend",
        "tick",
        "catch_up",
        "approve",
        "dismiss",
        "snooze",
        "mode",
    ),
    *("write", "flag_prepare", "flag_enable", "flag_disable", "unpark"),
)
