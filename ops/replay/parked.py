"""Parked work sent again and followed, as if it were a delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lib.aws import SqsCheckQueue, client
from lib.errors import Permanent, Transient
from lib.flows.unpark import message_of, retry
from lib.messages import CheckMessage, RemediationMessage
from lib.ports import CheckQueue
from lib.rules.hints import Hint
from lib.store.parked import ParkedWork
from lib.store.table import Table
from lib.times import Clock, utc_now
from ops.connection import Connection
from ops.parked_command import by_id
from ops.replay.following import Following
from ops.replay.names import Find, asks_okta
from ops.replay.readings import EventRead, Verdict
from ops.replay.runs import Delivered, Rules, followed
from ops.replay.send import Sent


def send_again(connection: Connection, ids: Sequence[str]) -> list[Delivered]:
    """Every id is looked up, and what is stored is read, before the first is sent. Raises Trouble
    and Transient.
    """
    table = connection.table()
    works = by_id(table, ids)
    queue = SqsCheckQueue(client("sqs"), connection.output("CheckQueueUrl"))
    rules, find = Rules.of(connection), asks_okta(connection)
    ready = [_ready(work, table, rules, find) for work in works]
    return [_send(*each, table, queue, utc_now) for each in ready]


def again(
    work: ParkedWork,
    table: Table,
    queue: CheckQueue,
    rules: Rules,
    find: Find,
    clock: Clock = utc_now,
) -> Delivered:
    """What was not sent, now or ever, is told as its answer. Raises Transient before it is sent."""
    return _send(*_ready(work, table, rules, find), table, queue, clock)


def _ready(
    work: ParkedWork, table: Table, rules: Rules, find: Find
) -> tuple[ParkedWork, EventRead, Following]:
    about = _named_by(work, table)
    message = message_of(work)
    look = isinstance(message, RemediationMessage) or (message is not None and message.look)
    return work, about, followed([about], table, rules, find, look=look)


def _send(
    work: ParkedWork,
    about: EventRead,
    following: Following,
    table: Table,
    queue: CheckQueue,
    clock: Clock,
) -> Delivered:
    at = clock()
    try:
        retry(work, table, queue, clock)
    except Permanent as error:
        return Delivered(Sent(work.id, 409, str(error), at), [], following)
    except Transient as error:
        # Sent first and unparked after: it may be both.
        return Delivered(Sent(work.id, 0, str(error), at, unsure=True), [about], following)
    return Delivered(Sent(work.id, 200, "", at), [about], following)


def _named_by(work: ParkedWork, table: Table) -> EventRead:
    about = EventRead(work.id, "parked work", "", None, Verdict.NAMED)
    match message_of(work):
        case CheckMessage() as message:
            return replace(about, hints=message.hints, nameless=message.nameless)
        case RemediationMessage() as message:
            incident = table.incident(message.incident_id)
            if incident:
                return replace(about, hints=(Hint(incident.subject, None),))
    return about
