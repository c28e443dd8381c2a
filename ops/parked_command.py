"""pushproof parked: work that could not be done as it was, and what to do with it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click
from rich.table import Table as Grid

from lib.aws import SqsCheckQueue, client
from lib.errors import Permanent
from lib.flows.unpark import message_of, retry
from lib.messages import CheckMessage, RemediationMessage
from lib.store.parked import ParkedWork
from lib.store.table import Table
from lib.times import to_text, utc_now
from ops import render
from ops.connection import Connection, Misuse, Refusal, Trouble, connect

_stack = click.option("--stack", metavar="NAME", help="A deployed stack; else the sandbox here.")
_ids = click.argument("ids", nargs=-1, metavar="ID...")


@click.group()
def parked() -> None:
    """Work that was set aside with its reason: nothing of it is lost."""


@parked.command("list")
@_stack
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def list_them(stack: str | None, as_json: bool) -> None:
    """What is parked, oldest first."""
    found = connect(stack, None).table().parked()
    if as_json:
        click.echo(json.dumps([_plain(work) for work in found]))
        return
    if not found:
        click.echo("Nothing is parked.")
        return
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "since (UTC)", "about"):
        grid.add_column(name, no_wrap=True)
    grid.add_column("reason", overflow="fold")
    for work in found:
        grid.add_row(work.id, f"{work.at:%m-%d %H:%M}", about(work), work.reason)
    render.console().print(grid)


@parked.command()
@click.argument("work_id", metavar="ID")
@_stack
def show(work_id: str, stack: str | None) -> None:
    """One item: its reason and the message itself (ids only)."""
    (work,) = by_id(connect(stack, None).table(), (work_id,))
    click.echo(json.dumps(_plain(work), indent=2))


@parked.command("retry")
@_ids
@click.option("--all", "everything", is_flag=True, help="All that is parked.")
@_stack
def retry_them(ids: tuple[str, ...], everything: bool, stack: str | None) -> None:
    """Send it to check again; safe at any time."""
    connection = connect(stack, None)
    table, queue = connection.table(), _queue(connection)
    failed = 0
    for work in _chosen(table, ids, everything):
        try:
            retry(work, table, queue, utc_now)
            click.echo(f"{work.id}: sent again.")
        except Permanent as error:
            failed += 1
            click.echo(f"{work.id}: {error}.", err=True)
    if failed:
        raise Refusal(f"{failed} can not be sent again.")


@parked.command()
@_ids
@click.option("--all", "everything", is_flag=True, help="All that is parked.")
@click.option("--why", required=True, help="Kept with what is discarded for 90 days.")
@_stack
def discard(ids: tuple[str, ...], everything: bool, why: str, stack: str | None) -> None:
    """Throw it away, with a reason."""
    if not why.strip():
        raise Misuse("Say why: --why TEXT.")
    connection = connect(stack, None)
    table = connection.table()
    person = str(client("sts").get_caller_identity()["Arn"])
    for work in _chosen(table, ids, everything):
        gone = table.discard(work, why.strip(), person, utc_now())
        click.echo(f"{work.id}: {'discarded' if gone else 'gone already'}.")


def about(work: ParkedWork) -> str:
    match message_of(work):
        case RemediationMessage() as message:
            return f"remediation of {message.incident_id}"
        case CheckMessage() as message:
            users = [hint.subject.user_id for hint in message.hints]
            named = len(users) + len(message.nameless) + len(message.unnamed)
            return f"check of {users[0]}" if users and named == 1 else f"check of {named} subjects"
        case _:
            return "not a message of ours"


def _queue(connection: Connection) -> SqsCheckQueue:
    return SqsCheckQueue(client("sqs"), connection.output("CheckQueueUrl"))


def _chosen(table: Table, ids: tuple[str, ...], everything: bool) -> list[ParkedWork]:
    if everything is bool(ids):
        raise Misuse("Name what you mean, or say --all.")
    return table.parked() if everything else by_id(table, ids)


def by_id(table: Table, ids: Sequence[str]) -> list[ParkedWork]:
    """Raises Trouble before anything is done when one of them is not there."""
    known = {work.id: work for work in table.parked()}
    missing = [name for name in ids if name not in known]
    if missing:
        raise Trouble(f"{', '.join(missing)} is not parked; `pushproof parked list` shows what is.")
    return [known[name] for name in ids]


def _plain(work: ParkedWork) -> dict[str, object]:
    message: object = work.body
    if message_of(work) is not None:
        message = json.loads(work.body)
    return {
        "id": work.id,
        "at": to_text(work.at),
        "about": about(work),
        "reason": work.reason,
        "message": message,
    }
