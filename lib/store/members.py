"""Who is listed by the incident of a shared cause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib.errors import Conflict
from lib.incident import Incident
from lib.model import Attribute, Subject
from lib.store import keys
from lib.store.items import Items
from lib.store.records import Member


class Members(Items):
    def listed_for(self, parent_id: str, member: Member) -> str:
        """The incident this drift is listed for so far; "" when it is not listed."""
        item = self._get(keys.member(parent_id, member.subject, member.attribute))
        return str(item["incident"]) if item else ""

    def join(self, parent_id: str, member: Member, instead: str = "") -> int | None:
        """How many have joined by now, this one included; None when this drift was listed already,
        be it for an incident whose commit failed (`instead`). Raises Conflict when it is listed for
        another one.
        """
        key = keys.member(parent_id, member.subject, member.attribute)
        before = self._call(
            self._client.put_item,
            TableName=self._name,
            Item={**key, "incident": member.incident_id, **_whose(member)},
            ConditionExpression="attribute_not_exists(pk) OR incident = :i OR incident = :o",
            ExpressionAttributeValues={":i": member.incident_id, ":o": instead},
            ReturnValues="ALL_OLD",
        )
        if before.get("Attributes"):
            return None
        answer = self._call(
            self._client.update_item,
            TableName=self._name,
            Key=keys.incident(parent_id, "JOINED"),
            UpdateExpression="ADD joined :one",
            ExpressionAttributeValues={":one": 1},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["joined"])

    def still_listed(self, parent_id: str, member: Member) -> list[Mapping[str, Any]]:
        """Conditions for the member's own commit: its list is open, and it is on it."""
        return [
            {
                "TableName": self._name,
                "Key": keys.incident(parent_id),
                "ConditionExpression": "begins_with(open_pk, :open)",
                "ExpressionAttributeValues": {":open": "OPEN#"},
            },
            {
                "TableName": self._name,
                "Key": keys.member(parent_id, member.subject, member.attribute),
                "ConditionExpression": "incident = :i",
                "ExpressionAttributeValues": {":i": member.incident_id},
            },
        ]

    def joined(self, parent_id: str) -> int:
        item = self._get(keys.incident(parent_id, "JOINED"))
        return int(item["joined"]) if item else 0

    def nobody_joined(self, parent_id: str, since: int) -> Mapping[str, Any]:
        """A condition for a transaction: as many have joined as `since`, and no more."""
        return {
            "TableName": self._name,
            "Key": keys.incident(parent_id, "JOINED"),
            "ConditionExpression": "joined = :j" if since else "attribute_not_exists(pk)",
            **({"ExpressionAttributeValues": {":j": since}} if since else {}),
        }

    def leave(self, parent_id: str, subject: Subject, attribute: Attribute, but: str) -> None:
        """Takes the drift off the list, unless it is listed for another incident than `but`."""
        try:
            self._call(
                self._client.delete_item,
                TableName=self._name,
                Key=keys.member(parent_id, subject, attribute),
                ConditionExpression="incident = :i",
                ExpressionAttributeValues={":i": but},
            )
        except Conflict:
            return

    def members(
        self, parent_id: str, most: int | None = None, after: Member | None = None
    ) -> list[Member]:
        """Those listed now, at most `most`, by subject; from `after` on, which is left out."""
        first = keys.member(parent_id, after.subject, after.attribute)["sk"] if after else "MEMBER#"
        rows = self._query(
            "pk = :p AND sk BETWEEN :a AND :b",
            # "$" is the character after "#", the end of the prefix.
            {":p": keys.incident(parent_id)["pk"], ":a": first + " ", ":b": "MEMBER$"},
            most=most,
        )
        return [
            Member(
                Subject(str(row["app"]), str(row["user"])),
                Attribute(str(row["attribute"])),
                str(row["incident"]),
            )
            for row in rows
        ]

    def member_count(self, parent: Incident) -> int:
        """Counted by DynamoDB, so that thousands cost no transfer."""
        return self._count(
            "pk = :p AND begins_with(sk, :s)",
            {":p": keys.incident(parent.id)["pk"], ":s": "MEMBER#"},
        )


def _whose(member: Member) -> dict[str, str]:
    subject = member.subject
    return {
        "app": subject.app_id,
        "user": subject.user_id,
        "attribute": member.attribute.value,
    }
