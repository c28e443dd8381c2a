"""Setting the tenant's flag and taking it back, as commands do it: sign in, ask, say what came."""

from __future__ import annotations

from collections.abc import Callable

import click

from lib.entra_sign_in import DevicePrompt
from lib.flows.bypass import known
from lib.flows.runs import Ended, Run
from lib.incident import StepKind
from lib.rules.flag import Known, obstacle
from lib.settings import Environment, PolicySettings
from lib.times import utc_now
from ops.approvals import noted
from ops.connection import Connection
from ops.prompt import print_prompt
from ops.writer import Administrator, sign_in

EXIT = {Ended.DONE: 0, Ended.HEALED: 0, Ended.REFUSED: 3}
NOTHING_DONE = 4

Confirm = Callable[[str], bool]
Show = Callable[[DevicePrompt], None]


def what_is_known(connection: Connection) -> Known:
    env = Environment(connection.settings())
    policy, tenant_id = PolicySettings.load(env), env.text("ENTRA_TENANT_ID")
    return known(connection.table(), policy, tenant_id, utc_now())


def run_enable(connection: Connection, confirm: Confirm, show: Show = print_prompt) -> int:
    """The exit code: 0 set or set already, 3 refused, 4 not confirmed.

    Nobody is asked to sign in for what the table alone refuses; a step whose outcome was lost is
    looked at in any case.
    """
    now = what_is_known(connection)
    stands = obstacle(now, utc_now())
    lost = now.incident is not None and now.incident.in_flight is not None
    if stands is not None and not lost:
        return tell(Run(Ended.REFUSED, str(stands)))
    run = administrator(connection, show).bypass().enable(confirm)
    if run.ended is Ended.DONE:
        noted(connection, "bypass_enabled")
    if run.ended is Ended.DONE and run.incident is not None:
        click.echo(f"Checks of everyone that {run.incident.id} lists are queued.")
    return tell(run)


def run_disable(connection: Connection, confirm: Confirm, show: Show = print_prompt) -> int:
    run = administrator(connection, show).bypass().disable(confirm)
    if run.ended is Ended.DONE:
        noted(connection, "bypass_disabled")
    return tell(run)


def administrator(connection: Connection, show: Show) -> Administrator:
    """Signs in with what the flag needs. Raises Permanent when that is declined or runs out."""
    found = sign_in(connection, StepKind.BYPASS_ENABLE, show)
    click.echo(f"Signed in as Entra user {found.object_id}.", err=True)
    return found


def tell(run: Run) -> int:
    match run.ended:
        case Ended.DONE | Ended.HEALED:
            click.echo(f"{run.reason}.")
        case Ended.REFUSED:
            click.echo(f"Refused: {run.reason}", err=True)
        case _:
            click.echo(f"Nothing was written: {run.reason}.")
    return EXIT.get(run.ended, NOTHING_DONE)
