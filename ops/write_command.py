"""The screen side of pushproof write."""

from __future__ import annotations

from collections.abc import Callable

from lib.entra_sign_in import DevicePrompt
from lib.flows.runs import Ended, Run
from lib.flows.steps import is_same
from lib.incident import CauseName, Incident, Status, Step, StepKind
from ops import render
from ops.bypass_run import run_enable
from ops.connection import Connection, Refusal
from ops.prompt import print_prompt
from ops.writer import sign_in

EXIT = {Ended.DONE: 0, Ended.NEXT: 0, Ended.HEALED: 0, Ended.REFUSED: 3}
NOTHING_DONE = 4


def run_write(
    connection: Connection,
    incident: Incident,
    confirm: Callable[[Incident, Step], bool],
    show_prompt: Callable[[DevicePrompt], None] | None = None,
) -> int:
    """The command's exit code. Raises Refusal for a drift that another incident lists, and for
    whoever would write their own."""
    console = render.console()
    if incident.status is Status.SHARED:
        parent = incident.parent
        raise Refusal(f"{incident.id} is mended through {parent}: run: pushproof write {parent}")
    if incident.everyone and incident.lead.name is CauseName.DIRSYNC_OVERRIDE:
        if not incident.status.open:
            console.print(f"{incident.id} is {incident.status.value} already.")
            return NOTHING_DONE
        step = incident.plan.steps[0]
        return run_enable(
            connection, lambda _question: confirm(incident, step), show_prompt or print_prompt
        )
    next_step = incident.next_step
    if next_step is None or next_step.kind is not StepKind.PRIVILEGED_WRITE:
        console.print(f"The next step of {incident.id} is not an administrator's.")
        return NOTHING_DONE
    administrator = sign_in(connection, next_step.kind, show_prompt or print_prompt)
    console.print(f"Signed in as Entra user {administrator.object_id}.")
    link = incident.plan.link
    if link is not None and is_same(administrator.object_id, link.object_id):
        raise Refusal("You are whom this plan is about: another administrator has to write it.")
    run = administrator.run(incident, confirm)
    console.print(sentence(run))
    return EXIT.get(run.ended, NOTHING_DONE)


def sentence(run: Run) -> str:
    match run.ended:
        case Ended.DONE | Ended.HEALED:
            return f"Done: {run.reason}. A check will prove it."
        case Ended.NEXT:
            return f"Done so far: {run.reason}."
        case Ended.REFUSED:
            return f"Refused: {run.reason}"
        case _:
            return f"Nothing was written: {run.reason}."
