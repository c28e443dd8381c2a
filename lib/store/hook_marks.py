"""Which road hints came by, for an hour or two, and what comparing the roads came to."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lib.model import Subject
from lib.rules.hook_health import PATIENCE, HookHealth, Mark, Road
from lib.store import keys
from lib.store.codec import decode, encode
from lib.store.items import Items
from lib.times import from_text, to_text

# A comparison looks back half as far, and may be late.
KEPT = 4 * PATIENCE


class HookMarks(Items):
    def mark_roads(self, marks: Iterable[Mark]) -> None:
        """One item of about 40 bytes a hint for each mark, so some hundred hints cost one write."""
        for mark in marks:
            body: dict[str, dict[str, int]] = {}
            for subject, published in mark.hints:
                of_app = body.setdefault(subject.app_id, {})
                of_app[subject.user_id] = max(_millis(published), of_app.get(subject.user_id, 0))
            item = {
                **keys.hook_mark(to_text(mark.at), secrets.token_hex(3)),
                "road": mark.road.value,
                "body": json.dumps(body, separators=(",", ":")),
                "expires": int((mark.at + KEPT).timestamp()),
            }
            self._call(self._client.put_item, TableName=self._name, Item=item)

    def road_marks(self, since: datetime, most: int) -> list[Mark]:
        """The oldest `most` since then."""
        rows = self._query(
            "pk = :p AND sk >= :s",
            {":p": keys.hook_mark("", "")["pk"], ":s": to_text(since)},
            most=most,
        )
        return [_mark(row) for row in rows]

    def hook_health(self) -> HookHealth | None:
        item = self._get(keys.fact("hook_health"))
        try:
            return decode(HookHealth, str(item["body"])) if item else None
        except (KeyError, TypeError, ValueError):
            return None

    def record_hook_health(self, health: HookHealth, before: HookHealth | None) -> None:
        """Raises Conflict when somebody else has compared since `before`."""
        given: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if before:
            given["ConditionExpression"] += " OR compared_to = :c"
            given["ExpressionAttributeValues"] = {":c": to_text(before.compared_to)}
        item = {**keys.fact("hook_health"), "body": encode(health)}
        item["compared_to"] = to_text(health.compared_to)
        self._call(self._client.put_item, TableName=self._name, Item=item, **given)


def _mark(row: Mapping[str, object]) -> Mark:
    body = json.loads(str(row["body"]))
    return Mark(
        from_text(str(row["sk"]).partition("#")[0]),
        Road(str(row["road"])),
        tuple(
            (Subject(app, user), datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=millis))
            for app, users in body.items()
            for user, millis in users.items()
        ),
    )


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
