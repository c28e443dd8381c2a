"""Facts with their age, hourly caps, the tenant lock, parked work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from lib.errors import Conflict
from lib.rules.causes import BypassFact
from lib.store import keys
from lib.store.codec import decode, encode
from lib.store.items import Items
from lib.times import from_text, to_text


class Facts(Items):
    def bypass_fact(self) -> BypassFact | None:
        item = self._get(keys.fact("bypass"))
        return decode(BypassFact, str(item["body"])) if item else None

    def record_bypass(self, fact: BypassFact) -> None:
        self._call(
            self._client.put_item,
            TableName=self._name,
            Item={**keys.fact("bypass"), "body": encode(fact)},
        )

    def record_preview(self, head: str, parts: Sequence[str], at: datetime) -> None:
        """A head, and rows in parts: an item holds 400 KB at most. The head comes last."""
        for number, part in enumerate(parts):
            key = {**keys.fact("preview"), "sk": f"PART#{to_text(at)}#{number:05d}"}
            self._call(self._client.put_item, TableName=self._name, Item={**key, "body": part})
        item = {**keys.fact("preview"), "body": head, "at": to_text(at)}
        self._call(self._client.put_item, TableName=self._name, Item=item)

    def preview(self) -> tuple[datetime, str] | None:
        """When the last preview was taken, and its head."""
        item = self._get(keys.fact("preview"))
        return (from_text(str(item["at"])), str(item["body"])) if item else None

    def count(self, name: str, now: datetime, limit: int) -> bool:
        """Takes one of `limit` places in this hour; False when none is left."""
        try:
            self._call(
                self._client.update_item,
                TableName=self._name,
                Key=keys.counter(name, now.strftime("%Y-%m-%dT%H")),
                UpdateExpression="SET expires = :e ADD used :one",
                ConditionExpression="(attribute_not_exists(used) AND :limit > :zero)"
                " OR used < :limit",
                ExpressionAttributeValues={
                    ":e": int((now + timedelta(hours=3)).timestamp()),
                    ":one": 1,
                    ":zero": 0,
                    ":limit": limit,
                },
            )
        except Conflict:
            return False
        return True

    def take_tenant_lock(self, holder: str, now: datetime, lasting: timedelta) -> None:
        """Raises Conflict while somebody else holds it."""
        self._call(
            self._client.put_item,
            TableName=self._name,
            Item={**keys.tenant_lock(), "holder": holder, "until": to_text(now + lasting)},
            ConditionExpression="attribute_not_exists(pk) OR holder = :h OR #u < :now",
            ExpressionAttributeNames={"#u": "until"},
            ExpressionAttributeValues={":h": holder, ":now": to_text(now)},
        )

    def release_tenant_lock(self, holder: str) -> None:
        try:
            self._call(
                self._client.delete_item,
                TableName=self._name,
                Key=keys.tenant_lock(),
                ConditionExpression="holder = :h",
                ExpressionAttributeValues={":h": holder},
            )
        except Conflict:
            return  # it ran out and somebody else took it

    def tenant_locked(self, now: datetime) -> bool:
        item = self._get(keys.tenant_lock())
        return item is not None and str(item["until"]) >= to_text(now)

    def park(self, identifier: str, reason: str, body: str, now: datetime) -> None:
        """Work that can not be done, kept with its reason and without expiry."""
        key = keys.parked(to_text(now), identifier)
        item = {**key, "reason": reason, "body": body}
        self._call(self._client.put_item, TableName=self._name, Item=item)

    def parked(self) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        for number in range(keys.SHARDS):
            rows.extend(self._query("pk = :p", {":p": f"PARKED#{number}"}))
        return sorted(rows, key=lambda row: str(row["sk"]))
