"""pushproof bypass: the tenant-wide flag, from what is known of it to setting it and back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from lib.flows import preview as previews
from lib.flows.preview import Preview
from lib.okta_admin import OktaAdmin
from lib.rules.flag import PREVIEW_AGE, Summary
from lib.settings import PolicySettings
from lib.times import utc_now
from ops import render
from ops.bypass_check import judged, walk
from ops.bypass_run import Show, administrator, run_disable, run_enable, what_is_known
from ops.bypass_view import (
    check_line,
    headline,
    next_line,
    preview_json,
    preview_view,
    private_file,
    status_json,
    status_lines,
    write_csv,
)
from ops.connection import Connection, Misuse, connect
from ops.prompt import print_prompt, print_prompt_aside
from ops.vendors import okta_as_reader
from ops.writer import Administrator

REFUSED = 3

F = TypeVar("F", bound=Callable[..., Any])


def _where(command: F) -> F:
    stack = click.option("--stack", metavar="NAME", help="A deployed stack; else the sandbox here.")
    who = click.option("--as", "operator", metavar="NAME", help="Sandbox only: act as this person.")
    return stack(who(command))


_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
_yes = click.option("--yes", is_flag=True, help="Do not ask before the PATCH.")


@click.group()
def bypass() -> None:
    """The tenant flag bypassDirSyncOverridesEnabled: check, preview, enable, disable.

    It has no undo: it overwrites every number of a synced user that differs from its source.
    """


@bypass.command()
@_where
@_json
def status(stack: str | None, operator: str | None, as_json: bool) -> None:
    """What is known of the flag, what still stands in the way, and the command to run next."""
    now = utc_now()
    found = what_is_known(connect(stack, operator))
    click.echo(status_json(found, now) if as_json else "\n".join(status_lines(found, now)))


@bypass.command()
@_where
@click.option(
    "--connector-is-global-admin",
    is_flag=True,
    help="Where it can not be read: you looked, and the app's admin account is one.",
)
@click.option(
    "--others",
    type=click.IntRange(0),
    metavar="N",
    help="Exactly N synced users that no watched app knows may be overwritten by another source.",
)
def check(
    stack: str | None, operator: str | None, connector_is_global_admin: bool, others: int | None
) -> None:
    """Walk the article's ordinary checks and record them, with your name and the time.

    Exit code 3 when one stands in the way.
    """
    connection = connect(stack, operator)
    sys.exit(run_check(connection, connector_is_global_admin, others))


@bypass.command()
@_where
@_json
@click.option("--csv", "file", metavar="FILE", help="Write the numbers there; - prints them.")
def preview(stack: str | None, operator: str | None, as_json: bool, file: str | None) -> None:
    """Sign in as a Global Administrator and list whom the flag would overwrite.

    Nothing is written to Entra. The snapshot is kept in the table as evidence.
    """
    if as_json and file == "-":
        raise Misuse("Both --json and --csv - would print to the screen; name a file for the CSV.")
    data = as_json or file == "-"
    connection = connect(stack, operator)
    found = _taken(connection, print_prompt_aside if data else print_prompt)
    if file == "-":
        write_csv(found, sys.stdout)
    elif file is not None:
        with private_file(Path(file)) as to:
            write_csv(found, to)
        told = f"{file} holds people's phone numbers, readable by you alone; delete it when done."
        click.echo(told, err=True)
    if as_json:
        click.echo(preview_json(found))
    elif file is None:
        render.console().print(preview_view(found))
    if file is not None and not as_json:
        click.echo(f"{headline(found)}.", err=True)
    if not data:
        click.echo(next_line(what_is_known(connection), utc_now()))


@bypass.command()
@_where
@_yes
def enable(stack: str | None, operator: str | None, yes: bool) -> None:
    """Sign in as a Global Administrator and set the flag, if everything that must hold does.

    It takes the ordinary checks of the last day, a preview of the last hour that still is what
    was approved, and the approvals. Exit code 3 when it is refused; the sentence names what to run.
    """
    sys.exit(run_enable(connect(stack, operator), _confirm(yes)))


@bypass.command()
@_where
@_yes
def disable(stack: str | None, operator: str | None, yes: bool) -> None:
    """Set the flag to false again. This brings no overwritten number back."""
    sys.exit(run_disable(connect(stack, operator), _confirm(yes)))


def take_preview(connection: Connection, show: Show = print_prompt) -> None:
    """Lists and records; writes nothing to Entra."""
    render.console().print(preview_view(_taken(connection, show)))


def run_check(
    connection: Connection,
    connector_is_global_admin: bool = False,
    others: int | None = None,
    show: Show = print_prompt,
) -> int:
    """Records what it finds, passed or not. The exit code."""
    who = administrator(connection, show)
    checks = judged(
        walk(
            who.okta,
            OktaAdmin(okta_as_reader(who.env)),
            who.graph,
            who.table,
            who.watch.app_ids,
            PolicySettings.load(who.env).connector_object_id,
            utc_now(),
        ),
        _recent(who),
        who.name,
        utc_now(),
        connector_is_global_admin=connector_is_global_admin,
        others=others,
    )
    who.table.record_ordinary_checks(checks)
    for each in checks.checks:
        click.echo(check_line(each))
    told = "passed" if checks.passed else "did not pass"
    click.echo(f"The ordinary checks {told}; recorded for {who.name}.")
    return 0 if checks.passed else REFUSED


def _recent(who: Administrator) -> Summary:
    """The last hour's preview; without one, one is taken."""
    found = previews.recorded(who.table)
    if found is not None and utc_now() - found.taken_at <= PREVIEW_AGE:
        return found
    return previews.summary(who.bypass().preview())


def _taken(connection: Connection, show: Show) -> Preview:
    return administrator(connection, show).bypass().preview()


def _confirm(yes: bool) -> Callable[[str], bool]:
    return lambda question: yes or click.confirm(question)
