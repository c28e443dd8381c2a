"""What people decided: approvals and the mode. IAM lets only the approve function write these."""

from __future__ import annotations

from datetime import datetime

from lib.errors import Conflict
from lib.rules.policy import Approval
from lib.settings import Mode
from lib.store import keys
from lib.store.codec import decode, encode
from lib.store.items import Items
from lib.times import to_text


class Decisions(Items):
    def approvals(self, incident_id: str) -> list[Approval]:
        rows = self._query("pk = :p", {":p": f"APPROVAL#{incident_id}"})
        return [decode(Approval, str(row["body"])) for row in rows]

    def approve(self, incident_id: str, approval: Approval, oldest: datetime) -> bool:
        """False when this person already approved this plan: the first approval stands.

        One given before `oldest` has run out and is replaced.
        """
        key = keys.approval(incident_id, approval.digest, approval.person)
        try:
            self._call(
                self._client.put_item,
                TableName=self._name,
                Item={**key, "body": encode(approval), "approved_at": to_text(approval.at)},
                ConditionExpression="attribute_not_exists(pk) OR approved_at < :oldest",
                ExpressionAttributeValues={":oldest": to_text(oldest)},
            )
        except Conflict:
            return False
        return True

    def mode(self, default: Mode) -> Mode:
        """The stored mode, or the deployed one. What is stored and unreadable fails closed."""
        item = self._get(keys.control("mode"))
        if item is None:
            return default
        stored = str(item.get("mode"))
        return Mode(stored) if stored in {mode.value for mode in Mode} else Mode.OBSERVE

    def set_mode(self, mode: Mode, person: str, at: datetime) -> None:
        item = {**keys.control("mode"), "mode": mode.value, "by": person, "at": to_text(at)}
        self._call(self._client.put_item, TableName=self._name, Item=item)
