"""The commands by which people decide; each is a request they sign themselves."""

from __future__ import annotations

import json

import click

from lib.flows.asked import WHY_LEAST, WHY_MOST
from lib.incident import Incident
from lib.rules.until import snooze_end, span
from lib.settings import Mode
from lib.store.codec import encode
from lib.store.table import Table
from lib.times import to_text, utc_now
from ops import approvals, render
from ops.connection import Connection, Misuse, connect
from ops.options import find_incident, machine, where


@click.command()
@click.argument("incident_id", metavar="INCIDENT")
@click.option("--digest", help="The plan you were shown; else it is shown and asked for.")
@where
@machine
def approve(
    incident_id: str,
    digest: str | None,
    stack: str | None,
    operator: str | None,
    as_json: bool,
) -> None:
    """Approve the plan of an incident, as the person your AWS credentials are."""
    connection = connect(stack, operator)
    incident = find_incident(connection.table(), incident_id)
    asked = "Approve exactly this plan?"
    digest = digest or _shown(connection.table(), incident, asked, as_json=as_json)
    answer = approvals.send(
        connection, {"action": "approve", "incident": incident_id, "digest": digest}
    )
    if as_json:
        click.echo(json.dumps(answer))
    else:
        count = f"{answer['given']} of {answer['needed']} approvals"
        click.echo(f"{answer['outcome']}: {count}; the incident is {answer['status']}.")


@click.command()
@click.argument("incident_id", metavar="INCIDENT")
@click.option(
    "--why", required=True, help=f"Kept for good; {WHY_LEAST} to {WHY_MOST} characters, one line."
)
@click.option("--digest", help="The plan you were shown; else it is shown and asked for.")
@where
@machine
def dismiss(
    incident_id: str,
    why: str,
    digest: str | None,
    stack: str | None,
    operator: str | None,
    as_json: bool,
) -> None:
    """Leave a difference as it is. It comes back when one of the two values changes."""
    connection = connect(stack, operator)
    incident = find_incident(connection.table(), incident_id)
    asked = "Leave exactly this difference as it is?"
    digest = digest or _shown(connection.table(), incident, asked, as_json=as_json)
    answer = approvals.send(
        connection, {"action": "dismiss", "incident": incident_id, "digest": digest, "why": why}
    )
    click.echo(json.dumps(answer) if as_json else f"The incident is {answer['status']}.")


@click.command()
@click.argument("incident_id", metavar="INCIDENT")
@click.option("--until", required=True, help="30m, 2h, 7d, 2026-12-01T09:00Z, or now.")
@where
@machine
def snooze(
    incident_id: str, until: str, stack: str | None, operator: str | None, as_json: bool
) -> None:
    """Page nobody again before then, unless it gets worse. `--until now` ends it."""
    try:
        snooze_end(until, utc_now())
    except ValueError as error:
        raise Misuse(str(error)) from None
    answer = approvals.send(
        connect(stack, operator), {"action": "snooze", "incident": incident_id, "until": until}
    )
    click.echo(json.dumps(answer) if as_json else f"{incident_id}: {answer['outcome']}.")


@click.command()
@click.argument(
    "new_mode", metavar="[MODE]", required=False, type=click.Choice([m.value for m in Mode])
)
@where
def mode(new_mode: str | None, stack: str | None, operator: str | None) -> None:
    """Change what is done without a person: observe, approve or auto. Needs no deployment.

    Without MODE: which it is, since when and by whom.
    """
    connection = connect(stack, operator)
    if new_mode is None:
        click.echo(present_mode(connection))
        return
    answer = approvals.send(connection, {"action": "mode", "mode": new_mode})
    click.echo(f"{answer['outcome']}.")


def present_mode(connection: Connection) -> str:
    known = connection.table().mode_set()
    if known is None:
        return f"mode is {connection.output('Mode')}, as deployed."
    since = f"{known.at:%Y-%m-%d %H:%M} UTC" if known.at else "an unknown time"
    return f"mode is {known.mode.value} since {since}, by {known.person}."


@click.command()
@click.option("--since", default="30d", show_default=True, help="How far back: 12h, 7d, 365d.")
@where
@machine
def audit(since: str, stack: str | None, operator: str | None, as_json: bool) -> None:
    """Who decided what, also what was refused; the newest first."""
    now = utc_now()
    try:
        start = now - span(since)
    except (ValueError, OverflowError) as error:
        raise Misuse(str(error)) from None
    records = connect(stack, operator).table().audit(start, now)
    if as_json:
        click.echo(json.dumps([json.loads(encode(record)) for record in records]))
    elif records:
        render.console().print(render.audit_table(records))
    else:
        click.echo(f"Nothing was decided since {to_text(start)}.")


def _shown(table: Table, incident: Incident, question: str, *, as_json: bool) -> str:
    """The digest of the plan that the person saw, unmasked, and said yes to."""
    timeline, given = table.timeline(incident.id), table.approvals(incident.id)
    view = render.incident_view(incident, timeline, given, reveal=True)
    render.console(stderr=as_json).print(view)
    click.confirm(question, abort=True, err=as_json)
    return incident.plan.digest
