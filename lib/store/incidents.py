"""Incidents with their timeline and their pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lib.incident import Entry, Incident, Page
from lib.rules.due import LATE_ERRAND, incident_due
from lib.store import keys
from lib.store.codec import decode, encode
from lib.store.pages import Pages, entry_item
from lib.store.records import IncidentChange
from lib.times import to_text


class Incidents(Pages):
    def incident(self, incident_id: str) -> Incident | None:
        item = self._get(keys.incident(incident_id))
        return decode(Incident, str(item["body"])) if item else None

    def incidents(self, wanted: Sequence[str]) -> dict[str, Incident]:
        """Those of `wanted` that exist; a hundred a request (BatchGetItem's limit)."""
        found: dict[str, Incident] = {}
        for start in range(0, len(wanted), 100):
            names = wanted[start : start + 100]
            ask: Any = {
                self._name: {"Keys": [keys.incident(n) for n in names], "ConsistentRead": True}
            }
            while ask:
                answer = self._call(self._client.batch_get_item, RequestItems=ask)
                for item in answer["Responses"].get(self._name, []):
                    incident = decode(Incident, str(item["body"]))
                    found[incident.id] = incident
                ask = answer.get("UnprocessedKeys")
        return found

    def commit_incident(self, change: IncidentChange) -> Incident:
        """One incident outside a check: steps, outcomes, decisions by people."""
        self._transact(self._incident_puts(change))
        return replace(change.incident, version=change.incident.version + 1)

    def timeline(self, incident_id: str) -> list[Entry]:
        rows = self._query(
            "pk = :p AND begins_with(sk, :s)",
            {":p": keys.incident(incident_id)["pk"], ":s": "ENTRY#"},
        )
        return [decode(Entry, str(row["body"])) for row in rows]

    def add_entry(self, incident_id: str, entry: Entry) -> None:
        self._call(self._client.put_item, TableName=self._name, Item=entry_item(incident_id, entry))

    def summaries(self, *, closed: bool = False) -> list[Mapping[str, Any]]:
        """What is open (or was closed), from the sharded index; most recent first."""
        word = "CLOSED" if closed else "OPEN"
        rows: list[Mapping[str, Any]] = []
        for number in range(keys.SHARDS):
            rows.extend(self._query("open_pk = :p", {":p": f"{word}#{number}"}, index="open"))
        return sorted(rows, key=lambda row: str(row["open_sk"]), reverse=True)

    def _page_put(self, incident: Incident, page: Page) -> dict[str, Any]:
        """News already told under this key stays told: its row keeps body and times."""
        due = keys.due_index(incident.id, to_text(incident.updated_at + LATE_ERRAND))
        return {
            "Update": {
                "TableName": self._name,
                "Key": keys.incident(incident.id, f"PAGE#{page.key}"),
                "UpdateExpression": "SET body = if_not_exists(body, :b),"
                " told_at = if_not_exists(told_at, :t), due_pk = :p, due_sk = :s",
                "ExpressionAttributeValues": {
                    ":b": encode(page),
                    ":t": to_text(incident.updated_at),
                    ":p": due["due_pk"],
                    ":s": due["due_sk"],
                },
            }
        }

    def _incident_puts(self, change: IncidentChange) -> list[dict[str, Any]]:
        read = change.incident
        stored = replace(read, version=read.version + 1)
        item = {
            **keys.incident(read.id),
            "body": encode(stored),
            "version": stored.version,
            **_summary(stored),
            **_due(stored),
        }
        condition = "version = :v" if read.version else "attribute_not_exists(pk)"
        values = {":v": read.version} if read.version else {}
        puts = [self._put(item, condition, values)]
        puts.extend(self._put(entry_item(read.id, entry)) for entry in change.entries)
        for page in change.pages:
            puts.append(self._page_put(read, page))
        return puts


def _summary(incident: Incident) -> dict[str, Any]:
    """What lists show without reading each incident: no value, no name."""
    plan = incident.plan
    known = {
        "incident": incident.id,
        "subject": f"{incident.subject.app_id}/{incident.subject.user_id}",
        "attribute": incident.attribute.value,
        "cause": incident.lead.name.value,
        "severity": incident.severity.value,
        "status": incident.status.value,
        "opened_at": to_text(incident.opened_at),
        "updated_at": to_text(incident.updated_at),
        "object_id": plan.link.object_id if plan.link else "",
    }
    if incident.mended_by_us and incident.last_step_at:
        known["mended_at"] = to_text(incident.last_step_at)
    if incident.parent and incident.status.open:
        # Listed by its parent: what is open shows the parent once, however many it lists.
        return known | {"parent": incident.parent}
    is_open = incident.status.open
    when = incident.opened_at if is_open else incident.updated_at
    return known | keys.open_index(incident.id, to_text(when), closed=not is_open)


def _due(incident: Incident) -> dict[str, str]:
    at = incident_due(incident)
    return keys.due_index(incident.id, to_text(at)) if at else {}
