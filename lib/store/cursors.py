"""Where a reader stopped, and the lease of who may read on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lib.errors import Conflict, Permanent
from lib.store import keys
from lib.store.codec import decode, encode
from lib.store.items import Items
from lib.times import to_text

# No lease is held, and none rests, for longer.
LONGEST = timedelta(hours=2)


@dataclass(frozen=True)
class Lease:
    """`epoch` grows with every holder: a holder that was paused and replaced can store nothing."""

    name: str
    epoch: int


@dataclass(frozen=True)
class LogCursor:
    """A position in Okta's System Log. `link`: path and query that go on from here, for the filter
    `expression`. `seen_to`, in Okta's time: everything that was persisted before has been read.
    """

    link: str = field(repr=False)
    expression: str = field(repr=False)
    seen_to: datetime


class Cursors(Items):
    def take_lease(self, name: str, now: datetime, until: datetime) -> Lease:
        """Raises Conflict while somebody else holds it, or while it rests. One that ends later
        than any can was taken under a wrong clock, and holds nobody up.
        """
        answer = self._call(
            self._client.update_item,
            TableName=self._name,
            Key=keys.lease(name),
            UpdateExpression="SET #u = :until ADD epoch :one",
            ConditionExpression="attribute_not_exists(pk) OR #u <= :now OR #u > :never",
            ExpressionAttributeNames={"#u": "until"},
            ExpressionAttributeValues={
                ":until": to_text(until),
                ":one": 1,
                ":now": to_text(now),
                ":never": to_text(now + LONGEST),
            },
            ReturnValues="UPDATED_NEW",
        )
        return Lease(name, int(answer["Attributes"]["epoch"]))

    def give_back_lease(self, lease: Lease, rest_until: datetime) -> None:
        """Nobody gets it before `rest_until`. Does nothing when somebody else has it by now."""
        try:
            self._call(
                self._client.update_item,
                TableName=self._name,
                Key=keys.lease(lease.name),
                UpdateExpression="SET #u = :until",
                ConditionExpression="epoch = :e",
                ExpressionAttributeNames={"#u": "until"},
                ExpressionAttributeValues={":until": to_text(rest_until), ":e": lease.epoch},
            )
        except Conflict:
            return

    def log_cursor(self) -> LogCursor | None:
        """None: there was none yet. Raises Permanent for one that can not be understood: to begin
        anew would leave out what nobody would miss.
        """
        item = self._get(keys.cursor("system_log"))
        try:
            return decode(LogCursor, str(item["body"])) if item else None
        except (KeyError, TypeError, ValueError):
            told = "the stored position in Okta's log can not be understood"
            raise Permanent(f"{told}; delete CURSOR#system_log and replay the time since") from None

    def store_log_cursor(self, cursor: LogCursor, lease: Lease) -> None:
        """Raises Conflict when somebody else has the lease by now."""
        held = {
            "TableName": self._name,
            "Key": keys.lease(lease.name),
            "ConditionExpression": "epoch = :e",
            "ExpressionAttributeValues": {":e": lease.epoch},
        }
        item = {**keys.cursor("system_log"), "body": encode(cursor)}
        self._transact([{"ConditionCheck": held}, self._put(item)])
