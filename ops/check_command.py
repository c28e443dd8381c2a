"""pushproof check: look again now, at whatever an incident is about."""

from __future__ import annotations

import click

from lib.aws import SqsCheckQueue, client
from lib.incident import Incident
from lib.messages import CheckMessage, pack
from lib.model import Subject
from lib.rules.hints import Hint
from lib.times import utc_now
from ops.connection import Misuse, Trouble, connect


@click.command()
@click.argument("ids", nargs=-1, metavar="INCIDENT...")
@click.option("--user", "users", multiple=True, metavar="ID", help="An Okta user id, in every app.")
@click.option("--stack", metavar="NAME", help="A deployed stack; else the sandbox here.")
def check(ids: tuple[str, ...], users: tuple[str, ...], stack: str | None) -> None:
    """Have both sides read again: after a cure by hand, or to see whether it is still so.

    For the incident of a shared cause, everyone it lists is looked at.
    """
    if not ids and not users:
        raise Misuse("Name an incident, or a user with --user.")
    connection = connect(stack, None)
    table = connection.table()
    queue = SqsCheckQueue(client("sqs"), connection.output("CheckQueueUrl"))
    subjects: dict[Subject, None] = {}
    for name in ids:
        incident = table.incident(name)
        if not isinstance(incident, Incident):
            raise Trouble(f"There is no incident {name}; `pushproof incidents` lists them.")
        if incident.everyone:
            subjects |= dict.fromkeys(member.subject for member in table.members(incident.id))
        else:
            subjects[incident.subject] = None
    apps = connection.output("OktaAppIds").split(",")
    subjects |= {Subject(app.strip(), user): None for user in users for app in apps}
    if not subjects:
        raise Trouble("It lists nobody any more.")
    looks = list(pack([Hint(subject, None) for subject in subjects], (), utc_now()))
    for look in looks:
        queue.send(CheckMessage(look.hints, first_seen=look.first_seen, look=True), delay=0)
    click.echo(f"{len(subjects)} will be looked at: pushproof show tells what came of it.")
