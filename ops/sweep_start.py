"""Beginning a sweep by hand, from a terminal or a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lib.aws_sweep import SqsSweepQueue
from lib.errors import Transient
from lib.flows.sweep_start import Starting
from lib.ports import SweepQueue
from lib.rules.sweep import LATE, Kind, Sweep
from lib.settings import Environment, watched_apps
from lib.store.table import Table
from lib.sweep_message import SweepMessage
from lib.times import Clock
from ops.connection import Connection, Misuse


@dataclass(frozen=True)
class Begun:
    """`unsent`: why its first step is not in the queue; tick sends it when it is late."""

    sweep: Sweep
    unsent: str = ""

    def told(self) -> str:
        sweep = self.sweep
        if self.unsent:
            late = int(LATE.total_seconds() // 60)
            return (
                f"{sweep.id} began ({sweep.kind.value}), but SQS did not take its first step "
                f"({self.unsent}): tick sends it again after {late} minutes."
            )
        return f"{sweep.id} began ({sweep.kind.value})."


class _Forgiving:
    """What SQS does not take is found by tick: the sweep is stored before its message."""

    def __init__(self, queue: SweepQueue) -> None:
        self._queue, self.unsent = queue, ""

    def send(self, message: SweepMessage, delay: float = 0) -> None:
        try:
            self._queue.send(message, delay)
        except Transient as error:
            self.unsent = str(error)


def watched(connection: Connection) -> tuple[str, ...]:
    """Ids of the apps that a stack watches."""
    return watched_apps(Environment(connection.settings()))


def begin(
    connection: Connection, table: Table, sqs: Any, apps: Sequence[str], clock: Clock
) -> Begun:
    """`apps`: none for all. Raises Misuse, and Conflict while another one runs."""
    known = watched(connection)
    strangers = [app for app in apps if app not in known]
    if strangers:
        raise Misuse(f"{', '.join(strangers)} is not watched; watched are {', '.join(known)}.")
    queue = _Forgiving(SqsSweepQueue(sqs, connection.output("SweepQueueUrl")))
    sweep = Starting(table, queue, known, clock).start(Kind.HAND, tuple(dict.fromkeys(apps)))
    return Begun(sweep, queue.unsent)
