"""pushproof sweep: check everybody, see how far it is, and what it found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click
from rich.table import Table as Grid
from rich.text import Text

from lib.aws import client
from lib.errors import Conflict
from lib.rules.mask import printable
from lib.times import utc_now
from ops import render
from ops.connection import Misuse, Refusal, Trouble, connect
from ops.options import machine
from ops.sweep_report import lines, named, plain
from ops.sweep_rows import ATTRIBUTES, HEAD, INCIDENT, WHATS, Wanted, csv_lines, rows
from ops.sweep_start import begin

F = TypeVar("F", bound=Callable[..., Any])

_stack = click.option("--stack", metavar="NAME", help="A deployed stack; else the sandbox here.")
_which = click.argument("sweep_id", metavar="[SWEEP]", required=False)


def _filters(command: F) -> F:
    what = click.option("--what", type=click.Choice(list(WHATS)), help="Only these.")
    attribute = click.option(
        "--attribute", type=click.Choice(ATTRIBUTES), help="Only where this differs."
    )
    app = click.option("--app", metavar="ID", help="Only of this app.")
    incident = click.option(
        "--incident", type=click.Choice(INCIDENT), help="With or without an open one."
    )
    return what(attribute(app(incident(command))))


@click.group()
def sweep() -> None:
    """Check everybody who is assigned and everybody who is linked."""


@sweep.command()
@click.option("--app", "apps", multiple=True, metavar="ID", help="Only this app; may be repeated.")
@_stack
def start(apps: tuple[str, ...], stack: str | None) -> None:
    """Begin one now. The first of everybody is a baseline: one summary instead of pages."""
    connection = connect(stack, None)
    try:
        begun = begin(connection, connection.table(), client("sqs"), apps, utc_now)
    except Conflict:
        raise Refusal("A sweep runs already: pushproof sweep status.") from None
    click.echo(f"{begun.told()} pushproof sweep status tells how far it is.")


@sweep.command()
@_which
@_stack
@machine
def status(sweep_id: str | None, stack: str | None, as_json: bool) -> None:
    """How far the one that runs is, else the latest, or the named one."""
    found, now = named(connect(stack, None).table(), sweep_id), utc_now()
    if as_json:
        click.echo(json.dumps(plain(found, now)))
        return
    for name, value in lines(found, now):
        click.echo(f"{name:<12} {value}")


@sweep.command()
@_which
@_stack
@machine
@click.option("--csv", "file", type=click.File("w"), metavar="FILE", help="As CSV; - for here.")
@_filters
def report(
    sweep_id: str | None,
    stack: str | None,
    as_json: bool,
    file: TextIO | None,
    **wanted: str | None,
) -> None:
    """Whom it found, with their incidents: ids and words, no values."""
    if as_json and file:
        raise Misuse("Choose one of --json and --csv.")
    table, now = connect(stack, None).table(), utc_now()
    found = named(table, sweep_id)
    narrowed = Wanted(**{name: value or "" for name, value in wanted.items()})
    listed = rows(table, found.id, narrowed)
    if as_json:
        told = [dict(zip(HEAD, row.cells(), strict=True)) for row in listed]
        click.echo(json.dumps({**plain(found, now), "found": told}))
        return
    if file:
        file.writelines(csv_lines(listed))
        if Path(file.name).name != "-" and file.name != "<stdout>":
            click.echo(f"{file.name}: report of {found.id}")
        return
    for name, value in lines(found, now):
        click.echo(f"{name:<12} {value}")
    cells = [row.cells() for row in listed]
    if not cells:
        click.echo("None matches." if narrowed.given else "Nobody was found to differ.")
        return
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    for name in HEAD:
        grid.add_column(name, overflow="fold")
    for row in cells:
        grid.add_row(*[Text(printable(cell)) for cell in row])
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
