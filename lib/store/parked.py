"""Work that can not be done as it is: kept with its reason and without expiry."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lib.errors import Conflict
from lib.store import keys
from lib.store.items import Items
from lib.times import from_text, to_text

# How long what a person threw away is kept, with why.
DISCARDED_FOR = timedelta(days=90)
# Bytes of a body. DynamoDB keeps 400 KB an item; SQS takes 1 MiB a message.
LONGEST_BODY = 250_000


@dataclass(frozen=True)
class ParkedWork:
    """`body` is the queue message as it was: ids only."""

    pk: str
    sk: str
    at: datetime
    reason: str
    body: str

    @property
    def id(self) -> str:
        """Short enough to type; the same for the same work."""
        return "p-" + hashlib.sha256(self.sk.encode()).hexdigest()[:8]


class Parked(Items):
    def park(self, identifier: str, reason: str, body: str, at: datetime) -> None:
        """Parking the same work twice, with the same `at`, keeps one item.

        A body that is too long for an item is none of ours and is kept as a word about it.
        """
        kept = body if len(body.encode()) <= LONGEST_BODY else '"too large to keep"'
        item = {**keys.parked(to_text(at), identifier), "reason": reason, "body": kept}
        self._call(self._client.put_item, TableName=self._name, Item=item)

    def parked(self, since: datetime | None = None) -> list[ParkedWork]:
        """Oldest first; all, or what was parked since then."""
        rows: list[Mapping[str, Any]] = []
        for number in range(keys.SHARDS):
            values = {":p": f"PARKED#{number}", ":s": to_text(since) if since else " "}
            rows.extend(self._query("pk = :p AND sk > :s", values))
        return sorted((_work(row) for row in rows), key=lambda work: work.sk)

    def unpark(self, work: ParkedWork) -> None:
        """It was sent again; a crash before this leaves it parked, which costs a repeat."""
        self._call(
            self._client.delete_item, TableName=self._name, Key={"pk": work.pk, "sk": work.sk}
        )

    def discard(self, work: ParkedWork, why: str, person: str, now: datetime) -> bool:
        """Takes it off the list in one transaction with the note of who, when and why. False when
        somebody else was faster.
        """
        note = {
            **keys.discarded(to_text(now), work.id),
            "reason": work.reason,
            "body": work.body,
            "why": why,
            "by": person,
            "expires": int((now + DISCARDED_FOR).timestamp()),
        }
        gone = {
            "TableName": self._name,
            "Key": {"pk": work.pk, "sk": work.sk},
            "ConditionExpression": "attribute_exists(pk)",
        }
        try:
            self._transact([{"Delete": gone}, self._put(note)])
        except Conflict:
            return False
        return True


def _work(row: Mapping[str, Any]) -> ParkedWork:
    at = str(row["sk"]).partition("#")[0]
    return ParkedWork(
        str(row["pk"]), str(row["sk"]), from_text(at), str(row["reason"]), str(row["body"])
    )
