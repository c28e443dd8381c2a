"""Facts with their age, the tenant lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from lib.errors import Conflict
from lib.model import TouchProof
from lib.rules.case import BypassFact
from lib.rules.connector import ConnectorFact
from lib.rules.flag import OrdinaryChecks
from lib.store import keys
from lib.store.codec import decode, encode
from lib.store.items import Items
from lib.times import from_text, to_text

T = TypeVar("T")

# How long the numbers of people in a preview are kept. The one the flag was set by stays.
PREVIEW_KEPT = timedelta(days=90)


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

    def touch_proof(self, app_id: str) -> TouchProof | None:
        """None: never proved, or kept in a form that is not known."""
        return self._fact(TouchProof, keys.fact("touch_proof", app_id))

    def record_touch_proof(self, proof: TouchProof) -> None:
        """The latest proof counts."""
        self._keep(keys.fact("touch_proof", proof.app_id), proof)

    def connector_fact(self, app_id: str) -> ConnectorFact | None:
        return self._fact(ConnectorFact, keys.fact("connector", app_id))

    def record_connector(self, fact: ConnectorFact) -> None:
        self._keep(keys.fact("connector", fact.app_id), fact)

    def ordinary_checks(self) -> OrdinaryChecks | None:
        return self._fact(OrdinaryChecks, keys.fact("ordinary_checks"))

    def record_ordinary_checks(self, checks: OrdinaryChecks) -> None:
        """The latest walk counts, passed or not."""
        self._keep(keys.fact("ordinary_checks"), checks)

    def _fact(self, kind: type[T], key: dict[str, str]) -> T | None:
        item = self._get(key)
        try:
            return decode(kind, str(item["body"])) if item else None
        except (KeyError, TypeError, ValueError):
            return None

    def _keep(self, key: dict[str, str], fact: object) -> None:
        item = {**key, "body": encode(fact)}
        self._call(self._client.put_item, TableName=self._name, Item=item)

    def record_preview(self, head: str, parts: Sequence[str], at: datetime) -> None:
        """A head, and rows in parts: an item holds 400 KB at most. The head comes last.

        The parts hold people's numbers and expire; the head holds none and is replaced by the next.
        """
        for number, part in enumerate(parts):
            item = {
                **keys.preview_part(to_text(at), number),
                "body": part,
                "expires": int((at + PREVIEW_KEPT).timestamp()),
            }
            self._call(self._client.put_item, TableName=self._name, Item=item)
        item = {**keys.fact("preview"), "body": head, "at": to_text(at)}
        self._call(self._client.put_item, TableName=self._name, Item=item)

    def preview(self) -> tuple[datetime, str] | None:
        """When the last preview was taken, and its head."""
        item = self._get(keys.fact("preview"))
        return (from_text(str(item["at"])), str(item["body"])) if item else None

    def keep_preview(self, head: str, parts: int, at: datetime) -> None:
        """For good: what was known of whom it overwrites when the flag was set."""
        item = {**keys.preview_kept(to_text(at)), "body": head, "at": to_text(at)}
        self._call(self._client.put_item, TableName=self._name, Item=item)
        self._for_parts(at, parts, "REMOVE expires")

    def let_preview_expire(self, parts: int, at: datetime) -> None:
        """It was kept for a step that was refused."""
        expires = int((at + PREVIEW_KEPT).timestamp())
        self._for_parts(at, parts, "SET expires = :e", {":e": expires})
        key = keys.preview_kept(to_text(at))
        self._call(self._client.delete_item, TableName=self._name, Key=key)

    def _for_parts(
        self, at: datetime, parts: int, change: str, values: Mapping[str, Any] | None = None
    ) -> None:
        for number in range(parts):
            self._call(
                self._client.update_item,
                TableName=self._name,
                Key=keys.preview_part(to_text(at), number),
                UpdateExpression=change,
                ConditionExpression="attribute_exists(pk)",
                **({"ExpressionAttributeValues": values} if values else {}),
            )

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
