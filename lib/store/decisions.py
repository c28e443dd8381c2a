"""What people decided, each with its audit record. IAM lets only approve write these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.incident import Entry, Incident, Ruling
from lib.model import Attribute, Subject
from lib.rules.policy import Approval
from lib.settings import Mode
from lib.store import keys
from lib.store.codec import decode, encode
from lib.store.incidents import Incidents
from lib.store.pages import entry_item
from lib.store.records import IncidentChange
from lib.store.trail import AuditRecord, Trail
from lib.times import from_text_or_none, to_text


@dataclass(frozen=True)
class ModeSet:
    """Who set the mode, and when (None: it can not be read)."""

    mode: Mode
    person: str
    at: datetime | None


@dataclass(frozen=True)
class Beside:
    """A line of an incident's timeline that leaves the incident itself to whoever is at it.

    `as_read`: refused when the incident was written since it was read.
    """

    incident: Incident
    entry: Entry
    as_read: bool


# What is stored with a decision, in its transaction: all of it or nothing.
Also = AuditRecord | IncidentChange | Beside


class Decisions(Incidents, Trail):
    """Every write raises Conflict when something it rests on was written meanwhile."""

    def decided(self, *also: Also, conditions: Sequence[Mapping[str, Any]] = ()) -> None:
        checks = [{"ConditionCheck": check} for check in conditions]
        self._transact([*self._puts(also), *checks])

    def approvals(self, incident_id: str) -> list[Approval]:
        rows = self._query("pk = :p", {":p": f"APPROVAL#{incident_id}"})
        return [decode(Approval, str(row["body"])) for row in rows]

    def approve(self, incident_id: str, approval: Approval, oldest: datetime, *also: Also) -> None:
        """The first approval of a plan by a person stands; one from before `oldest` has run out
        and is replaced.
        """
        put = self._put(
            {
                **keys.approval(incident_id, approval.digest, approval.person),
                "body": encode(approval),
                "approved_at": to_text(approval.at),
            },
            "attribute_not_exists(pk) OR approved_at < :oldest",
            {":oldest": to_text(oldest)},
        )
        self._transact([put, *self._puts(also)])

    def ruling(self, subject: Subject, attribute: Attribute) -> Ruling | None:
        item = self._get(keys.ruling(subject, attribute.value))
        return decode(Ruling, str(item["body"])) if item else None

    def rulings(self, subject: Subject) -> list[Ruling]:
        rows = self._query("pk = :p", {":p": keys.ruling(subject, "")["pk"]})
        return [decode(Ruling, str(row["body"])) for row in rows]

    def rule(self, ruling: Ruling, *also: Also) -> None:
        """The latest ruling about an attribute counts."""
        key = keys.ruling(ruling.subject, ruling.attribute.value)
        self._transact([self._put({**key, "body": encode(ruling)}), *self._puts(also)])

    def mode(self, default: Mode) -> Mode:
        """The stored mode, or the deployed one. What is stored and unreadable fails closed."""
        known = self.mode_set()
        return known.mode if known else default

    def mode_set(self) -> ModeSet | None:
        """None: nobody has, and the deployed mode counts."""
        item = self._get(keys.control("mode"))
        if item is None:
            return None
        stored = str(item.get("mode"))
        mode = Mode(stored) if stored in {mode.value for mode in Mode} else Mode.OBSERVE
        return ModeSet(mode, str(item.get("by")), from_text_or_none(item.get("at")))

    def set_mode(
        self, mode: Mode, person: str, at: datetime, *also: Also, known: ModeSet | None = None
    ) -> None:
        """`known` is what was set before, so that the trail's before and after are true."""
        put = self._put(
            {**keys.control("mode"), "mode": mode.value, "by": person, "at": to_text(at)}
        )
        put["Put"]["ConditionExpression"] = "attribute_not_exists(#at)"
        put["Put"]["ExpressionAttributeNames"] = {"#at": "at"}
        if known and known.at:
            put["Put"]["ConditionExpression"] = "#at = :at"
            put["Put"]["ExpressionAttributeValues"] = {":at": to_text(known.at)}
        self._transact([put, *self._puts(also)])

    def _puts(self, also: Sequence[Also]) -> Iterator[dict[str, Any]]:
        for one in also:
            match one:
                case AuditRecord():
                    yield self._audit_put(one)
                case IncidentChange():
                    yield from self._incident_puts(one)
                case Beside():
                    yield self._put(entry_item(one.incident.id, one.entry))
                    if one.as_read:
                        yield {"ConditionCheck": self._as_read(one.incident)}

    def _as_read(self, incident: Incident) -> dict[str, Any]:
        return {
            "TableName": self._name,
            "Key": keys.incident(incident.id),
            "ConditionExpression": "version = :v",
            "ExpressionAttributeValues": {":v": incident.version},
        }
