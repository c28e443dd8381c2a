"""What is due: found through the sparse index `due`, claimed conditionally."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lib.errors import Conflict
from lib.model import Subject
from lib.store import keys
from lib.store.items import Items
from lib.times import to_text


class DueKind(StrEnum):
    PAGE = "page"
    INCIDENT = "incident"
    SUBJECT = "subject"
    SWEEP = "sweep"


@dataclass(frozen=True)
class DueItem:
    pk: str
    sk: str
    shard: str
    at: str  # as stored: what a claim compares

    @property
    def kind(self) -> DueKind:
        """Raises ValueError for an item of a newer version."""
        if self.pk.startswith("SUBJECT#"):
            return DueKind.SUBJECT
        if self.pk.startswith("INCIDENT#"):
            return DueKind.PAGE if self.sk.startswith("PAGE#") else DueKind.INCIDENT
        if self.pk.startswith("SWEEP#"):
            return DueKind.SWEEP
        raise ValueError("not something that can be due")

    @property
    def incident_id(self) -> str:
        return self.pk.removeprefix("INCIDENT#")

    @property
    def sweep_id(self) -> str:
        return self.pk.removeprefix("SWEEP#")

    @property
    def subject(self) -> Subject:
        return Subject(*self.pk.removeprefix("SUBJECT#").split("#", 1))


class Due(Items):
    def due(self, now: datetime, most: int) -> list[DueItem]:
        """The longest overdue first, `most` of each shard. The index may lag: claim before use."""
        found: list[DueItem] = []
        for number in range(keys.SHARDS):
            rows = self._query(
                "due_pk = :p AND due_sk <= :now",
                {":p": f"DUE#{number}", ":now": to_text(now)},
                index="due",
                most=most,
            )
            found += [
                DueItem(str(r["pk"]), str(r["sk"]), str(r["due_pk"]), str(r["due_sk"]))
                for r in rows
            ]
        return sorted(found, key=lambda item: item.at)

    def claim(self, item: DueItem, until: datetime) -> bool:
        """Puts it off, so that whoever crashes now is followed by a later tick. False: taken, or
        no longer due.
        """
        try:
            self._call(
                self._client.update_item,
                TableName=self._name,
                Key={"pk": item.pk, "sk": item.sk},
                UpdateExpression="SET due_sk = :later",
                ConditionExpression="due_sk = :seen AND due_pk = :shard",
                ExpressionAttributeValues={
                    ":later": to_text(until),
                    ":seen": item.at,
                    ":shard": item.shard,
                },
            )
        except Conflict:
            return False
        return True

    def put_off(self, incident_id: str, until: datetime) -> None:
        """The tick after `until` looks at this incident, whatever it was due for."""
        due = keys.due_index(incident_id, to_text(until))
        try:
            self._call(
                self._client.update_item,
                TableName=self._name,
                Key=keys.incident(incident_id),
                UpdateExpression="SET due_pk = :p, due_sk = :s",
                ConditionExpression="attribute_exists(due_pk)",
                ExpressionAttributeValues={":p": due["due_pk"], ":s": due["due_sk"]},
            )
        except Conflict:
            return  # it is closed, so nothing of it is due
