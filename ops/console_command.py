"""pushproof console: pages on this machine, against the sandbox or a stack."""

from __future__ import annotations

import json
import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from lib.flows.asked import BadRequest, person_of
from ops.connection import SANDBOX_FILE, Connection, connect
from ops.options import where

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer

PORT = 8765


@click.command()
@where
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True)
@click.option("--read-only", is_flag=True, help="Change nothing, reveal nothing.")
def console(stack: str | None, operator: str | None, port: int, read_only: bool) -> None:
    """Serve the console on 127.0.0.1, with your AWS credentials as the login.

    Open the address it prints: its key lets your browser in, and nobody else on this machine.
    """
    connection = connect(stack, operator)
    server, address = opened(connection, port, operator=operator, read_only=read_only)

    def end(_number: int, _frame: FrameType | None) -> None:
        # shutdown waits for the loop that this handler interrupts.
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    click.echo(f"Console of {connection.name}: {address}")
    click.echo("Ctrl-C ends it.")
    server.serve_forever()
    server.server_close()


def opened(
    connection: Connection, port: int, *, operator: str | None = None, read_only: bool = False
) -> tuple[BaseWSGIServer, str]:
    """A console of the connection's that listens, and its address. Raises Trouble."""
    from ops.console.desk import Desk
    from ops.console.serve import open_console

    person = _sandbox_person(operator) if connection.is_sandbox else _person()
    desk = Desk(connection, connection.table(), port, operator, person, read_only)
    return open_console(desk)


def _person() -> str:
    """Whom the credentials name; "" where that can not be told, as a decision then will say."""
    from ops.console.desk import whoever

    try:
        return person_of(whoever())
    except (BadRequest, BotoCoreError, ClientError):
        return ""


def _sandbox_person(operator: str | None) -> str:
    """As connect chose: its local AWS knows sessions by their signature only."""
    known: list[str] = list(json.loads(SANDBOX_FILE.read_text())["operators"])
    return operator or known[0]
