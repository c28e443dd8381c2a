"""Marks: subjects that hints want read, or whose look is due, while a sweep does the reading.

One item a subject, the latest hint wins. A mark is taken away by whoever covered it, and only if
nothing newer was marked meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lib.errors import Conflict
from lib.model import Subject
from lib.rules.sweep import Mark
from lib.store import keys
from lib.store.items import Items
from lib.store.many import side_by_side
from lib.times import from_text, from_text_or_none, to_text

# Sorts before every time.
NEVER = "0"


class Wanted(Items):
    def want(self, marks: Sequence[Mark]) -> None:
        """What hints want. A look that is due already stays due."""
        side_by_side(self._want, marks)

    def wanted(self, subjects: Sequence[Subject]) -> dict[Subject, Mark]:
        """Consistent reads, a hundred a request (BatchGetItem's limit)."""
        found: dict[Subject, Mark] = {}
        for start in range(0, len(subjects), 100):
            part = subjects[start : start + 100]
            ask: Any = {
                self._name: {"Keys": [keys.wanted(s) for s in part], "ConsistentRead": True}
            }
            while ask:
                answer = self._call(self._client.batch_get_item, RequestItems=ask)
                for item in answer["Responses"].get(self._name, []):
                    mark = _mark(item)
                    found[mark.subject] = mark
                ask = answer.get("UnprocessedKeys")
        return found

    def marks(self, shard: int, after: str, most: int) -> list[Mark]:
        """Of one shard, `most` after this sort key."""
        rows = self._query(
            "pk = :p AND sk > :a",
            {":p": keys.wanted_shard(shard), ":a": after or " "},
            most=most,
        )
        return [_mark(row) for row in rows[:most]]

    def keep_marks(self, marks: Sequence[Mark]) -> None:
        """Looks that are due, or tries that are left. A newer hint of the subject stays."""
        side_by_side(self._keep_mark, marks)

    def unwant(self, marks: Sequence[Mark]) -> None:
        """Covered, or handed over. What was marked anew since it was read stays."""
        side_by_side(self._unwant, marks)

    def _want(self, mark: Mark) -> None:
        published = to_text(mark.published) if mark.published else NEVER
        try:
            self._call(
                self._client.update_item,
                TableName=self._name,
                Key=keys.wanted(mark.subject),
                UpdateExpression="SET published = :p, sweep = :s, made = :m, guessed = "
                + ("if_not_exists(guessed, :g)" if mark.guessed else ":g"),
                ConditionExpression="attribute_not_exists(pk) OR published < :p",
                ExpressionAttributeValues={
                    ":p": published,
                    ":s": mark.sweep_id,
                    ":m": to_text(mark.at),
                    ":g": mark.guessed,
                },
            )
        except Conflict:
            # A later hint wants it already; what this one is sure of, stays.
            if not mark.guessed:
                self._sure(mark)

    def _sure(self, mark: Mark) -> None:
        try:
            self._call(
                self._client.update_item,
                TableName=self._name,
                Key=keys.wanted(mark.subject),
                UpdateExpression="SET guessed = :no",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":no": False},
            )
        except Conflict:
            return  # covered meanwhile, by a later hint's read

    def _keep_mark(self, mark: Mark) -> None:
        item = _item(mark)
        try:
            self._call(
                self._client.put_item,
                TableName=self._name,
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR published <= :p",
                ExpressionAttributeValues={":p": item["published"]},
            )
        except Conflict:
            return

    def _unwant(self, mark: Mark) -> None:
        try:
            self._call(
                self._client.delete_item,
                TableName=self._name,
                Key=keys.wanted(mark.subject),
                ConditionExpression="published <= :p",
                ExpressionAttributeValues={":p": _item(mark)["published"]},
            )
        except Conflict:
            return


def _item(mark: Mark) -> dict[str, Any]:
    item: dict[str, Any] = {
        **keys.wanted(mark.subject),
        "published": to_text(mark.published) if mark.published else NEVER,
        "sweep": mark.sweep_id,
        "made": to_text(mark.at),
        "guessed": mark.guessed,
        "tries": mark.tries,
    }
    if mark.due:
        item["due"] = to_text(mark.due)
    if mark.start:
        item["start"] = to_text(mark.start)
    return item


def _mark(item: Any) -> Mark:
    app_id, _, user_id = str(item["sk"]).partition("#")
    return Mark(
        subject=Subject(app_id, user_id),
        sweep_id=str(item["sweep"]),
        at=from_text(str(item["made"])),
        published=from_text_or_none(item["published"]) if item["published"] != NEVER else None,
        guessed=bool(item["guessed"]),
        due=from_text_or_none(item.get("due")),
        start=from_text_or_none(item.get("start")),
        tries=int(item.get("tries", 0)),
    )
