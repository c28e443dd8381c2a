"""What every page of the console needs, made once at its start."""

from __future__ import annotations

import shlex
import threading
from dataclasses import dataclass, field
from typing import Any

import boto3
from flask import current_app

from lib.aws import client
from lib.store.table import Table
from lib.times import Clock, utc_now
from ops.connection import Connection

NAME = "pushproof"


@dataclass
class Desk:
    """`operator`: the sandbox's, as --as names them; `person`: whom the credentials name."""

    connection: Connection
    table: Table
    port: int
    operator: str | None = None
    person: str = ""
    read_only: bool = False
    clock: Clock = utc_now
    # boto3's default session makes clients one at a time.
    making: threading.Lock = field(default_factory=threading.Lock)
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        with self.making:
            if service not in self.clients:
                self.clients[service] = client(service)
            return self.clients[service]

    def command(self, *words: str) -> str:
        """The same on a command line."""
        name = self.connection.name
        where = [] if self.connection.is_sandbox else ["--stack", name]
        who = ["--as", self.operator] if self.connection.is_sandbox and self.operator else []
        return shlex.join(["pushproof", *words, *where, *who])

    def command_anybody(self, *words: str) -> str:
        """As command, for what takes no --as."""
        where = [] if self.connection.is_sandbox else ["--stack", self.connection.name]
        return shlex.join(["pushproof", *words, *where])


def desk() -> Desk:
    found = current_app.extensions[NAME]
    assert isinstance(found, Desk)  # noqa: S101
    return found


def whoever() -> str:
    """The ARN of the credentials. Raises botocore's errors."""
    return str(boto3.client("sts").get_caller_identity()["Arn"])
