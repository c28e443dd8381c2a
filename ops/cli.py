"""The pushproof command. Exit codes: 0 done, 1 failed, 2 misused, 3 refused, 4 nothing was done."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from lib.errors import PushproofError
from lib.incident import Incident, Step
from lib.store.codec import encode
from lib.times import utc_now
from ops import render, samples
from ops.bypass_command import bypass
from ops.check_command import check
from ops.connection import Connection, Misuse, connect
from ops.console_command import console
from ops.decision_commands import approve, audit, dismiss, mode, snooze
from ops.doctor_command import doctor
from ops.hook_command import hook
from ops.incident_filters import filters, matching
from ops.options import find_incident, machine, where
from ops.parked_command import parked
from ops.render_members import FEW, members_view
from ops.replay.command import replay
from ops.replay.deliveries import of_name
from ops.sweep_command import sweep

NOTHING_DONE = 4


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option("0.1.0", prog_name="pushproof")
def cli() -> None:
    """Prove that Okta's profile pushes to Microsoft 365 landed; mend what did not."""


cli.add_command(bypass)
cli.add_command(hook)
cli.add_command(sweep)
cli.add_command(doctor)
cli.add_command(console)
cli.add_command(replay)
cli.add_command(check)
cli.add_command(parked)
for decision in (approve, dismiss, snooze, mode, audit):
    cli.add_command(decision)


@cli.command()
@click.option("--pause", is_flag=True, help="Wait for a key between the parts of the story.")
def demo(pause: bool) -> None:
    """Tell the whole story on this machine: found, explained, mended, proved."""
    from ops.demo import run_demo

    sys.exit(run_demo(pause=pause))


@cli.command()
@click.option("--world", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the HTTP API.")
@click.option(
    "--console-port",
    type=click.IntRange(0, 65535),
    help="Of the pages; else the usual one, or any where that is taken.",
)
def sandbox(world: Path | None, port: int, console_port: int | None) -> None:
    """Run simulated Okta, Entra and AWS, and the console, until interrupted."""
    from ops.sandbox_command import run_sandbox

    sys.exit(run_sandbox(world, port, console_port))


@cli.command()
@where
@machine
@click.option("--closed", is_flag=True, help="Those proved or dismissed instead of those open.")
@filters
def incidents(
    stack: str | None,
    operator: str | None,
    as_json: bool,
    closed: bool,
    cause: str | None,
    severity: str | None,
) -> None:
    """List incidents, most recent first."""
    every = connect(stack, operator).table().summaries(closed=closed)
    rows = matching(every, cause, severity)
    if as_json:
        click.echo(json.dumps([dict(row) for row in rows], default=str))
    elif rows:
        render.console().print(render.incidents_table(rows))
    else:
        told = "Nothing was closed yet." if closed else "Nothing is open."
        click.echo(f"None of {len(every)} matches." if every else told)


@cli.command()
@click.argument("incident_id", metavar="INCIDENT")
@where
@machine
@click.option("--reveal", is_flag=True, help="Show the values themselves.")
@click.option("--members", "all_members", is_flag=True, help="All that a shared cause touches.")
def show(
    incident_id: str,
    stack: str | None,
    operator: str | None,
    as_json: bool,
    reveal: bool,
    all_members: bool,
) -> None:
    """Show one incident: cause, evidence, plan, timeline, and whom a shared cause touches."""
    table = connect(stack, operator).table()
    incident = find_incident(table, incident_id)
    timeline, given = table.timeline(incident.id), table.approvals(incident.id)
    most = None if all_members or as_json else FEW
    listed = table.members(incident.id, most) if incident.everyone else []
    if as_json:
        if not reveal:
            raise Misuse("JSON holds the values: add --reveal.")
        body = json.loads(encode(incident))
        body["digest"] = incident.plan.digest
        body["timeline"] = [json.loads(encode(entry)) for entry in timeline]
        body["approvals"] = [json.loads(encode(approval)) for approval in given]
        body["members"] = [json.loads(encode(member)) for member in listed]
        click.echo(json.dumps(body))
        return
    console = render.console()
    console.print(render.incident_view(incident, timeline, given, reveal=reveal))
    if incident.everyone:
        console.print(members_view(listed, table.member_count(incident)))


@cli.command()
@click.argument("incident_id", metavar="INCIDENT")
@where
@click.option("--yes", is_flag=True, help="Do not ask again before each step.")
def write(incident_id: str, stack: str | None, operator: str | None, yes: bool) -> None:
    """Sign in as an administrator by device code and do the person's steps of a plan."""
    from ops.write_command import run_write

    def confirm(incident: Incident, step: Step) -> bool:
        return yes or click.confirm(f"{step.kind.value} {step.target} for {incident.id} now?")

    connection = connect(stack, operator)
    incident = find_incident(connection.table(), incident_id)
    sys.exit(run_write(connection, incident, confirm))


@cli.command()
@click.argument("name", required=False)
@click.option("--as", "shape", type=click.Choice(["http", "sqs", "okta"]), default="http")
@click.option("--apps", help="Watched app ids for --as sqs; else those of the demonstration.")
def event(name: str | None, shape: str, apps: str | None) -> None:
    """Print a sample as the Lambda event that `sam local invoke` takes. Without NAME: list."""
    if name is None:
        click.echo("\n".join(samples.names()))
        return
    sample = of_name(name)
    if shape == "okta":
        click.echo(sample.body or "")
        return
    if shape == "http":
        # The secret is the caller's to fill in: no file and no output holds one.
        made = samples.as_http_event(sample, "put-the-hook-secret-here")
    else:
        from sandbox.world import DEMO, load_world

        known = apps.split(",") if apps else [app.id for app in load_world(DEMO).apps]
        made = samples.as_sqs_event(sample, tuple(known), utc_now())
    click.echo(json.dumps(made, indent=2))


def main() -> None:
    try:
        cli()
    except PushproofError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


__all__ = ["Connection", "cli", "main"]
