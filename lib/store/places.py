"""Places under caps: hourly ones that are taken and given back, and numbered ones of a period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import IntEnum

from lib.errors import Conflict
from lib.store import keys
from lib.store.items import Items
from lib.times import to_text

# A place is asked for again when others take or give back one at the same moment.
TRIES = 5


class Place(IntEnum):
    """Whether there is one under a cap. NONE alone is falsy."""

    NONE = 0
    HELD = 1  # by an earlier try, which may have used it
    TAKEN = 2


class Places(Items):
    def place(self, name: str, start: datetime, who: str, most: int) -> int | None:
        """Which of `most` places `who` has in the period that began at `start`, from 0; None when
        others have them all. Whoever asks again is told the same place and takes no other.
        """
        key = keys.counter(name, to_text(start))
        try:
            answer = self._call(
                self._client.update_item,
                TableName=self._name,
                Key=key,
                UpdateExpression="SET expires = :e,"
                " taken = list_append(if_not_exists(taken, :none), :mine)",
                ConditionExpression="attribute_not_exists(taken)"
                " OR (size(taken) < :most AND NOT contains(taken, :who))",
                ExpressionAttributeValues={
                    # Longer than any outage of a topic: forgotten places would be taken anew.
                    ":e": int((start + timedelta(days=14)).timestamp()),
                    ":none": [],
                    ":mine": [who],
                    ":most": most,
                    ":who": who,
                },
                ReturnValues="UPDATED_NEW",
            )
        except Conflict:
            item = self._get(key)
            taken = list(item["taken"]) if item else []
            return taken.index(who) if who in taken else None
        return list(answer["Attributes"]["taken"]).index(who)

    def take_place(self, name: str, who: str, now: datetime, limit: int) -> Place:
        """One of `limit` places in this hour is `who`'s; NONE when others have them all.

        Whoever asks again within the hour has the same one. Raises Conflict.
        """
        hour = _hour(now)
        expires = int((now + timedelta(hours=3)).timestamp())
        take = {
            "TableName": self._name,
            "Key": keys.counter(name, hour),
            "UpdateExpression": "SET expires = :e ADD used :one",
            "ConditionExpression": "(attribute_not_exists(used) AND :limit > :zero)"
            " OR used < :limit",
            "ExpressionAttributeValues": {":e": expires, ":one": 1, ":zero": 0, ":limit": limit},
        }
        mine = {**keys.place(name, hour, who), "expires": expires}
        for _ in range(TRIES):
            try:
                self._transact([self._put(mine, "attribute_not_exists(pk)"), {"Update": take}])
                return Place.TAKEN
            except Conflict:
                if self._holds(keys.place(name, hour, who), expires):
                    return Place.HELD
            item = self._get(keys.counter(name, hour))
            if (int(item["used"]) if item else 0) >= limit:
                return Place.NONE
        raise Conflict("others take places at the same time")

    def _holds(self, key: Mapping[str, str], expires: int) -> bool:
        try:
            self._call(
                self._client.update_item,
                TableName=self._name,
                Key=key,
                UpdateExpression="SET expires = :e",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":e": expires},
            )
        except Conflict:
            return False
        return True

    def give_place_back(self, name: str, who: str, now: datetime) -> None:
        """The place of the hour of `now`; nothing happens where `who` has none. Raises Conflict
        when others take or return places at the same time.
        """
        hour = _hour(now)
        key = keys.place(name, hour, who)
        delete = {
            "TableName": self._name,
            "Key": key,
            "ConditionExpression": "attribute_exists(pk)",
        }
        back = {
            "TableName": self._name,
            "Key": keys.counter(name, hour),
            "UpdateExpression": "ADD used :less",
            "ConditionExpression": "used > :zero",
            "ExpressionAttributeValues": {":less": -1, ":zero": 0},
        }
        for _ in range(TRIES):
            try:
                self._transact([{"Delete": delete}, {"Update": back}])
                return
            except Conflict:
                if self._get(key) is None:
                    return
        raise Conflict("others take places at the same time")


def _hour(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H")
