"""pushproof bypass: what the tenant-wide flag is, and whom it would overwrite."""

from __future__ import annotations

from collections.abc import Callable

import click

from lib.entra_sign_in import DevicePrompt
from lib.flows import preview as previews
from lib.incident import StepKind
from lib.times import utc_now
from ops import render
from ops.connection import Connection, connect
from ops.write_command import preview_view, print_prompt
from ops.writer import sign_in

_stack = click.option("--stack", metavar="NAME", help="A deployed stack; else the sandbox here.")


@click.group()
def bypass() -> None:
    """The tenant flag bypassDirSyncOverridesEnabled: known state, and a preview."""


@bypass.command()
@_stack
def status(stack: str | None) -> None:
    """What is known of the flag, and how old the last preview is."""
    table = connect(stack, None).table()
    fact, preview, now = table.bypass_fact(), previews.recorded(table), utc_now()
    if fact is None or fact.enabled is None:
        click.echo("The flag is unknown: applications may not read it. Unknown is not false.")
    else:
        hours = (now - fact.at).total_seconds() / 3600
        click.echo(f"The flag was {fact.enabled} {hours:.1f} h ago ({fact.source}).")
    if preview is None:
        click.echo("No preview was taken: pushproof bypass preview.")
    else:
        minutes = (now - preview.taken_at).total_seconds() / 60
        click.echo(f"{preview.overwritten} numbers would go, by a preview {minutes:.0f} min old.")


@bypass.command()
@_stack
def preview(stack: str | None) -> None:
    """Sign in as a Global Administrator and list whom the flag would overwrite."""
    take_preview(connect(stack, None))


def take_preview(
    connection: Connection, show_prompt: Callable[[DevicePrompt], None] = print_prompt
) -> None:
    """Lists and records; writes nothing to Entra."""
    administrator = sign_in(connection, StepKind.BYPASS_ENABLE, show_prompt)
    render.console().print(preview_view(administrator.preview()))
