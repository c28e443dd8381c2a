"""pushproof check: look again now, at whatever an incident is about."""

from __future__ import annotations

import re

import click

from lib.aws import SqsCheckQueue, client
from lib.incident import Incident
from lib.messages import CheckMessage, pack
from lib.model import Subject
from lib.rules.hints import Hint
from lib.times import utc_now
from ops.connection import Misuse, Trouble, connect

# As the vendor's examples have it; a login or a name would be asked for in vain.
USER_ID = re.compile(r"00u[A-Za-z0-9]{17}")


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
    strange = [user for user in users if not USER_ID.fullmatch(user)]
    if strange:
        raise Misuse(
            "--user takes an Okta user id, 00u and 17 more letters or digits, as it stands in the "
            "address of the user's page in the Admin Console."
        )
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
