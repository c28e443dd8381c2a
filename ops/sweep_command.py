"""pushproof sweep: check everybody, see how far it is, and what it found."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click
from rich.table import Table as Grid

from lib.aws import client
from lib.aws_sweep import SqsSweepQueue
from lib.errors import Conflict
from lib.flows.sweep import Starting
from lib.rules.sweep import Found, Kind, Phase, Sweep, eta, expected_pages
from lib.store.table import Table
from lib.times import to_text, utc_now
from ops import render
from ops.connection import Misuse, Refusal, Trouble, connect

_stack = click.option("--stack", metavar="NAME", help="A deployed stack; else the sandbox here.")
_machine = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
_which = click.argument("sweep_id", metavar="[SWEEP]", required=False)
HEAD = ("app", "user", "what", "attributes", "at", "incidents")
_PHASES = {
    Phase.LIST: "listing who is assigned",
    Phase.GONE: "looking for leavers",
    Phase.REST: "counting what is still wanted",
    Phase.HAND: "handing the rest to check",
    Phase.LAST: "ending",
    Phase.DONE: "done",
}


@click.group()
def sweep() -> None:
    """Check everybody who is assigned and everybody who is linked."""


@sweep.command()
@click.option("--app", "apps", multiple=True, metavar="ID", help="Only this app; may be repeated.")
@_stack
def start(apps: tuple[str, ...], stack: str | None) -> None:
    """Begin one now. The first of everybody is a baseline: one summary instead of pages."""
    connection = connect(stack, None)
    known = tuple(app.strip() for app in connection.output("OktaAppIds").split(","))
    strangers = [app for app in apps if app not in known]
    if strangers:
        raise Misuse(f"{', '.join(strangers)} is not watched; watched are {', '.join(known)}.")
    queue = SqsSweepQueue(client("sqs"), connection.output("SweepQueueUrl"))
    starting = Starting(connection.table(), queue, known, utc_now)
    try:
        begun = starting.start(Kind.HAND, tuple(dict.fromkeys(apps)))
    except Conflict:
        raise Refusal("A sweep runs already: pushproof sweep status.") from None
    click.echo(
        f"{begun.id} began ({begun.kind.value}): pushproof sweep status tells how far it is."
    )


@sweep.command()
@_which
@_stack
@_machine
def status(sweep_id: str | None, stack: str | None, as_json: bool) -> None:
    """How far the latest one is (or the named one), and when its listing will end."""
    found = _found(connect(stack, None).table(), sweep_id)
    if as_json:
        click.echo(json.dumps(_plain(found)))
        return
    for name, value in _lines(found):
        click.echo(f"{name:<12} {value}")


@sweep.command()
@_which
@_stack
@_machine
@click.option("--csv", "file", type=click.File("w"), metavar="FILE", help="As CSV; - for here.")
def report(sweep_id: str | None, stack: str | None, as_json: bool, file: TextIO | None) -> None:
    """Whom it found, with their incidents: ids and words, no values."""
    if as_json and file:
        raise Misuse("Choose one of --json and --csv.")
    table = connect(stack, None).table()
    found = _found(table, sweep_id)
    rows = _rows(table, found)
    if as_json:
        told = [dict(zip(HEAD, row, strict=True)) for row in rows]
        click.echo(json.dumps({**_plain(found), "found": told}))
        return
    if file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        writer.writerows(rows)
        if Path(file.name).name != "-" and file.name != "<stdout>":
            click.echo(f"{file.name}: report of {found.id}")
        return
    for name, value in _lines(found):
        click.echo(f"{name:<12} {value}")
    listed = list(rows)
    if not listed:
        click.echo("Nobody was found to differ.")
        return
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    for name in HEAD:
        grid.add_column(name, overflow="fold")
    for row in listed:
        grid.add_row(*row)
    render.console().print(grid)


@sweep.command()
@_stack
def stop(stack: str | None) -> None:
    """End the one that runs; what hints still want is checked one by one."""
    table = connect(stack, None).table()
    running = table.running_sweep()
    if running is None or not table.ask_to_stop(running.sweep_id):
        raise Trouble("No sweep runs.")
    click.echo(f"{running.sweep_id} ends after the pages it is at.")


def _found(table: Table, sweep_id: str | None) -> Sweep:
    """Raises Trouble."""
    if sweep_id:
        named = table.sweep(sweep_id)
        if named is None:
            raise Trouble(f"There is no sweep {sweep_id}.")
        return named
    every = table.sweeps()
    if not every:
        raise Trouble("No sweep was begun yet: pushproof sweep start.")
    return every[0]


def _rows(table: Table, found: Sweep) -> Iterator[tuple[str, ...]]:
    """A hundred subjects at a time, with the incidents that are open by now."""
    part: list[Found] = []
    for row in table.found(found.id):
        part.append(row)
        if len(part) == 100:
            yield from _with_incidents(table, part)
            part = []
    yield from _with_incidents(table, part)


def _with_incidents(table: Table, part: list[Found]) -> Iterator[tuple[str, ...]]:
    states = table.subjects([row.subject for row in part])
    for row in part:
        attributes = ",".join(attribute.value for attribute in row.attributes)
        incidents = ",".join(sorted(states[row.subject].open.values()))
        subject = row.subject
        yield (subject.app_id, subject.user_id, row.what, attributes, to_text(row.at), incidents)


def _lines(found: Sweep) -> Iterator[tuple[str, str]]:
    c, now = found.counts, utc_now()
    yield "sweep", f"{found.id} ({found.kind.value})"
    yield "state", found.outcome if found.phase is Phase.DONE else _PHASES[found.phase]
    yield "began", f"{found.started_at:%Y-%m-%d %H:%M:%S} UTC"
    if found.ended_at:
        yield "took", str(found.ended_at - found.started_at).partition(".")[0]
    elif found.not_before and found.not_before > now:
        yield "goes on", f"{found.not_before:%H:%M:%S} UTC"
    every = expected_pages(found)
    pages = f"{found.page} of about {every}" if every else str(found.page)
    yield "pages", f"{pages} in round {found.round}, {c.pages} in all"
    ends = eta(found, now)
    if ends:
        yield "listed by", f"{ends:%H:%M:%S} UTC"
    yield "users", f"{c.listed} listed, {c.read} read on both sides, {c.unreadable} unreadable"
    yield "equal", str(c.equal)
    yield "differ", f"{c.handed} at every look so far, {c.known} known already, {c.gone} gone"


def _plain(found: Sweep) -> dict[str, object]:
    ends = eta(found, utc_now())
    return {
        "sweep": found.id,
        "kind": found.kind.value,
        "phase": found.phase.value,
        "outcome": found.outcome,
        "apps": list(found.apps),
        "round": found.round,
        "page": found.page,
        "pages_expected": expected_pages(found),
        "started_at": to_text(found.started_at),
        "ended_at": to_text(found.ended_at) if found.ended_at else None,
        "listed_by": to_text(ends) if ends else None,
        "counts": {name: getattr(found.counts, name) for name in found.counts.__annotations__},
    }
