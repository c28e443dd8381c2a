"""Okta's connector: who it writes as in the tenant, how that is known, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from lib.model import AuditActor, AuditEntry, AuditLog, PushEvent
from lib.rules.matrix import CALLER_NAMES, GLOBAL_ADMINISTRATOR
from lib.times import to_text

# Okta logs a push when all its calls are done, so its writes come shortly before that. The two
# clocks may differ a little. A wider window would take in administrators at work.
BEFORE = timedelta(seconds=30)
AFTER = timedelta(seconds=5)


class Known(StrEnum):
    CONFIGURED = "configured"
    LEARNED = "learned"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ConnectorFact:
    """Learned once for each app: whoever wrote the user while Okta pushed it.

    `principal_id` "": two pushes were written by two actors, so nothing is known after all.
    """

    app_id: str
    principal_id: str
    application: bool
    learned_at: datetime
    push_uuid: str
    correlation_id: str = ""


@dataclass(frozen=True)
class Connector:
    """`roles`: template ids of its active tenant-wide roles, lower case; None: unknown, and `why`.

    `at` is when the roles were read. `application` None: not known whether it is a user.
    """

    how: Known = Known.UNKNOWN
    principal_id: str | None = None
    application: bool | None = None
    roles: frozenset[str] | None = None
    at: datetime | None = None
    why: str = "ConnectorObjectId is not set, and no audit entry told it"
    learned: str = ""

    def did(self, actor: AuditActor) -> bool:
        return self.principal_id is not None and actor.principal_id == self.principal_id

    @property
    def global_administrator(self) -> bool | None:
        return None if self.roles is None else GLOBAL_ADMINISTRATOR in self.roles

    def describe(self) -> str:
        """How it is known, and whether it is the Global Administrator that Okta asks for."""
        if self.principal_id is None:
            return f"the connector is unknown: {self.why}"
        learned = f" {self.learned}" if self.learned else ""
        who = f"the connector ({self.how.value}{learned}, object {self.principal_id})"
        if self.roles is None:
            return f"{who}: whether it holds Global Administrator is unknown: {self.why}"
        if self.global_administrator:
            return f"{who} holds Global Administrator"
        held = ", ".join(sorted(CALLER_NAMES[role] for role in self.roles & CALLER_NAMES.keys()))
        return f"{who} holds {held or 'no role that outranks anybody'}, not Global Administrator"


UNKNOWN = Connector()


def learned_text(fact: ConnectorFact) -> str:
    entry = f" with correlation-id {fact.correlation_id}" if fact.correlation_id else ""
    return f"on {to_text(fact.learned_at)} from push {fact.push_uuid} and the audit entry{entry}"


def of_push(log: AuditLog, push: PushEvent) -> tuple[AuditEntry, ...]:
    """The successful updates that may belong to the push."""
    first, last = push.published - BEFORE, push.published + AFTER
    return tuple(each for each in log.entries if each.succeeded and first <= each.at <= last)


def learn(
    log: AuditLog, push: PushEvent, target_id: str, app_id: str, now: datetime
) -> ConnectorFact | None:
    """None unless exactly one actor, other than the target, updated the user with the push.

    Somebody else's write in that half minute, while the connector's own entry is late, would be
    taken for the connector's; the next push that is looked at then disagrees (see `agreed`).
    """
    if not log.complete:
        return None
    found = [each for each in of_push(log, push) if each.actor.principal_id != target_id.lower()]
    actors = {each.actor for each in found}
    if len(actors) != 1:
        return None
    (actor,) = actors
    if actor.principal_id is None:
        return None
    return ConnectorFact(
        app_id,
        actor.principal_id,
        actor.application,
        now,
        push.uuid,
        found[0].correlation_id or "",
    )


def agreed(known: ConnectorFact | None, seen: ConnectorFact | None) -> ConnectorFact | None:
    """What is to be remembered: the first sighting, until another one contradicts it."""
    if known is None or seen is None or seen.push_uuid == known.push_uuid:
        return known or seen
    if known.principal_id in ("", seen.principal_id):
        return known
    return ConnectorFact(known.app_id, "", False, seen.learned_at, seen.push_uuid)
