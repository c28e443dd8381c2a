"""The screen side of pushproof write."""

from __future__ import annotations

from collections.abc import Callable

from rich.table import Table as Grid

from lib.entra_sign_in import DevicePrompt
from lib.flows.preview import Preview
from lib.flows.runs import Ended, Run
from lib.incident import Incident, Step, StepKind
from lib.rules.mask import show
from ops import render
from ops.connection import Connection
from ops.writer import sign_in

EXIT = {Ended.DONE: 0, Ended.NEXT: 0, Ended.HEALED: 0, Ended.REFUSED: 3}
NOTHING_DONE = 4


def run_write(
    connection: Connection,
    incident: Incident,
    confirm: Callable[[Incident, Step], bool],
    show_prompt: Callable[[DevicePrompt], None] | None = None,
) -> int:
    """The command's exit code."""
    console = render.console()
    step = incident.next_step
    if step is None or step.kind not in (StepKind.PRIVILEGED_WRITE, StepKind.BYPASS_ENABLE):
        console.print(f"The next step of {incident.id} is not an administrator's.")
        return NOTHING_DONE
    administrator = sign_in(connection, step.kind, show_prompt or print_prompt)
    console.print(f"Signed in as Entra user {administrator.object_id}.")
    if step.kind is StepKind.BYPASS_ENABLE:
        console.print(preview_view(administrator.preview()))
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


def preview_view(preview: Preview) -> Grid:
    """Unmasked: whoever enables the flag must see which numbers it replaces."""
    grid = Grid(
        title=f"The flag would overwrite at least {len(preview.overwrites)} numbers "
        f"({preview.compared} of {preview.synced} synced users compared); there is no undo",
        title_justify="left",
        box=None,
    )
    for name in ("Entra user", "Okta user", "now in Entra", "would become"):
        grid.add_column(name, overflow="fold")
    for row in preview.overwrites:
        grid.add_row(row.object_id, row.user_id, show(row.before), show(row.after))
    return grid


def print_prompt(prompt: DevicePrompt) -> None:
    render.console().print(
        f"Open {prompt.verification_uri} and enter {prompt.user_code} "
        f"(within {prompt.expires_in // 60} minutes)."
    )
