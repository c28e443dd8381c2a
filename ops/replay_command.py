"""pushproof replay: samples to the hook, or a range of Okta's System Log to the check queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ops.connection import Connection, Misuse, connect
from ops.options import machine, where

if TYPE_CHECKING:
    from ops.log_replay import Replayed


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@where
@machine
@click.option("--since", metavar="WHEN", help="Replay Okta's log instead: 90m, 2h, 3d or a time.")
@click.option("--until", metavar="WHEN", help="Where the range ends; else at the log's end.")
@click.option("--dry-run", is_flag=True, help="With --since: say how much, send nothing.")
@click.option("--yes", is_flag=True, help="Send to a deployed stack without asking.")
def replay(
    files: tuple[str, ...],
    stack: str | None,
    operator: str | None,
    as_json: bool,
    since: str | None,
    until: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Send samples (by name or file) to the hook as Okta would, or with --since have everybody
    checked whom Okta's System Log names."""
    from ops.replay import send_all

    if bool(files) == bool(since):
        raise Misuse("Name samples to send, or give --since to replay Okta's System Log.")
    if files and (until or dry_run):
        raise Misuse("--until and --dry-run belong to --since.")
    connection = connect(stack, operator)
    if since:
        _log(connection, since, until, dry_run=dry_run, as_json=as_json, yes=yes)
        return
    if not connection.is_sandbox and not yes:
        click.confirm(f"Send {len(files)} deliveries to the stack {connection.name}?", abort=True)
    sent = send_all(connection, files)
    if as_json:
        click.echo(json.dumps([row.as_dict() for row in sent]))
        return
    for row in sent:
        click.echo(f"{row.status}  {row.sample}  {row.answer}")


def _log(
    connection: Connection,
    since: str,
    until: str | None,
    *,
    dry_run: bool,
    as_json: bool,
    yes: bool,
) -> None:
    from ops.log_replay import replay_of

    if not (connection.is_sandbox or dry_run or yes):
        asked = f"Have everybody checked whom the log names, by the stack {connection.name}?"
        click.confirm(asked, abort=True)
    done = replay_of(connection).run(since, until, dry=dry_run)
    click.echo(json.dumps(done.as_dict()) if as_json else "\n".join(told(done)))


def told(done: Replayed) -> list[str]:
    end = done.until or "the end of the log"
    said = [
        f"{done.events} events from {done.since} to {end}, {done.strangers} of other apps.",
        f"{done.subjects} subjects in {done.messages} messages "
        + ("were sent to the check queue." if done.sent else "would be sent; nothing was."),
    ]
    return [*said, done.note] if done.note else said
