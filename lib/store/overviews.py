"""The overview: one item that tick draws every minute, and pages of what it only counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.errors import Transient
from lib.model import Subject
from lib.rules.hook_health import HookHealth
from lib.rules.overview import Overview
from lib.settings import Mode
from lib.store import keys
from lib.store.codec import decode, encode
from lib.store.decisions import ModeSet
from lib.store.due import DueItem
from lib.store.items import Items
from lib.times import from_text_or_none, to_text

# Rows that one page of the list reads of each shard at most, where a filter leaves few.
READS, READ = 10, 200
TRIES = 5


@dataclass(frozen=True)
class Glance:
    """What the console's first page shows, read by one request."""

    overview: Overview | None
    hook: HookHealth | None
    mode: ModeSet | None
    used: Mapping[str, int]


@dataclass(frozen=True)
class ListPage:
    """`after`: where the next page begins; None after the last."""

    rows: tuple[Mapping[str, Any], ...]
    after: tuple[str, str] | None


class Overviews(Items):
    def overview(self) -> Overview | None:
        """None: never drawn, or by another version."""
        found: Overview | None = _known(Overview, self._get(keys.fact("overview")))
        return found

    def record_overview(self, overview: Overview) -> None:
        """The latest counts; only its own age matters."""
        item = {**keys.fact("overview"), "body": encode(overview)}
        self._call(self._client.put_item, TableName=self._name, Item=item)

    def glance(self, caps: tuple[str, ...], now: datetime) -> Glance:
        """`caps`: names of hourly counters. One BatchGetItem, however much is open."""
        named = {
            "overview": keys.fact("overview"),
            "hook": keys.fact("hook_health"),
            "mode": keys.control("mode"),
            **{f"cap {name}": keys.counter(name, f"{now:%Y-%m-%dT%H}") for name in caps},
        }
        found = self._each_of(list(named.values()))
        item = {name: found.get((key["pk"], key["sk"])) for name, key in named.items()}
        return Glance(
            _known(Overview, item["overview"]),
            _known(HookHealth, item["hook"]),
            _mode(item["mode"]),
            {name: _used(item[f"cap {name}"]) for name in caps},
        )

    def listed(
        self, most: int, *, closed: bool = False, since: datetime | None = None
    ) -> tuple[list[Mapping[str, Any]], bool]:
        """Summaries, the most recent first, and whether these are all. `most`: of all shards."""
        rows: list[Mapping[str, Any]] = []
        whole = True
        for number in range(keys.SHARDS):
            found, more = self._shard(number, closed, to_text(since) if since else "", most)
            rows += found
            whole = whole and not more
        return sorted(rows, key=_place, reverse=True), whole

    def listed_page(
        self,
        most: int,
        *,
        closed: bool = False,
        after: tuple[str, str] | None = None,
        wanted: Mapping[str, str] | None = None,
    ) -> ListPage:
        """The next `most` or fewer; `wanted`: what fields of a summary must be."""
        rows: list[Mapping[str, Any]] = []
        unread = ""  # up to here, from the top, every shard was read
        for number in range(keys.SHARDS):
            found, stopped = self._page_of(number, closed, after, wanted or {}, most)
            rows += found
            unread = max(unread, stopped)
        rows = sorted((row for row in rows if str(row["open_sk"]) > unread), key=_place)[::-1]
        if len(rows) > most:
            return ListPage(tuple(rows[:most]), _place(rows[most - 1]))
        # "~" sorts behind every id: all that is as old as that comes next.
        return ListPage(tuple(rows), (unread, "~") if unread else None)

    def parked_count(self) -> int:
        return sum(
            self._count("pk = :p", {":p": f"PARKED#{number}"}) for number in range(keys.SHARDS)
        )

    def soonest_looks(self, most: int) -> list[Subject]:
        """Subjects among the `most` things that are due soonest, of each shard."""
        found: list[Subject] = []
        for number in range(keys.SHARDS):
            rows = self._query("due_pk = :p", {":p": f"DUE#{number}"}, index="due", most=most)
            items = [DueItem(str(r["pk"]), "", "", "") for r in rows[:most]]
            found += [item.subject for item in items if item.pk.startswith("SUBJECT#")]
        return found

    # -- within ----------------------------------------------------------------------------

    def _shard(
        self, number: int, closed: bool, since: str, most: int
    ) -> tuple[list[Mapping[str, Any]], bool]:
        ask = _newest_first(self._name, number, closed)
        if since:
            ask["KeyConditionExpression"] += " AND open_sk >= :since"
            ask["ExpressionAttributeValues"][":since"] = since
        rows: list[Mapping[str, Any]] = []
        while True:
            answer = self._call(self._client.query, **ask)
            rows += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return rows[: most // keys.SHARDS], len(rows) > most // keys.SHARDS
            if len(rows) >= most // keys.SHARDS:
                return rows[: most // keys.SHARDS], True
            ask["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _page_of(
        self,
        number: int,
        closed: bool,
        after: tuple[str, str] | None,
        wanted: Mapping[str, str],
        most: int,
    ) -> tuple[list[Mapping[str, Any]], str]:
        """Of one shard, and the time at which reading stopped before its end ("": at its end)."""
        ask = _newest_first(self._name, number, closed)
        values = ask["ExpressionAttributeValues"]
        ask["Limit"] = READ
        if after:
            ask["KeyConditionExpression"] += " AND open_sk <= :after"
            values[":after"] = after[0]
        if wanted:
            ask["FilterExpression"] = " AND ".join(f"#{n} = :w_{n}" for n in wanted)
            ask["ExpressionAttributeNames"] = {f"#{n}": n for n in wanted}
            values |= {f":w_{n}": value for n, value in wanted.items()}
        rows: list[Mapping[str, Any]] = []
        stopped = ""
        for _ in range(READS):
            answer = self._call(self._client.query, **ask)
            rows += [r for r in answer["Items"] if after is None or _place(r) < after]
            if "LastEvaluatedKey" not in answer:
                return rows, ""
            ask["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            stopped = str(answer["LastEvaluatedKey"]["open_sk"])
            if len(rows) > most:
                break
        return rows, stopped

    def _each_of(self, wanted: list[dict[str, str]]) -> dict[tuple[str, str], Mapping[str, Any]]:
        """At most a hundred (BatchGetItem's limit). Raises Transient."""
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        ask: Any = {self._name: {"Keys": wanted, "ConsistentRead": True}}
        for _ in range(TRIES):
            answer = self._call(self._client.batch_get_item, RequestItems=ask)
            for item in answer["Responses"].get(self._name, []):
                found[str(item["pk"]), str(item["sk"])] = item
            ask = answer.get("UnprocessedKeys")
            if not ask:
                return found
        raise Transient("DynamoDB does not answer all of a batch")


def _newest_first(table: str, number: int, closed: bool) -> dict[str, Any]:
    return {
        "TableName": table,
        "IndexName": "open",
        "KeyConditionExpression": "open_pk = :p",
        "ExpressionAttributeValues": {":p": f"{'CLOSED' if closed else 'OPEN'}#{number}"},
        "ScanIndexForward": False,
    }


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["open_sk"]), str(row.get("incident", ""))


def _known(kind: Any, item: Mapping[str, Any] | None) -> Any:
    try:
        return decode(kind, str(item["body"])) if item else None
    except (KeyError, TypeError, ValueError):
        return None


def _mode(item: Mapping[str, Any] | None) -> ModeSet | None:
    """As Decisions.mode_set reads it."""
    if item is None:
        return None
    stored = str(item.get("mode"))
    mode = Mode(stored) if stored in {mode.value for mode in Mode} else Mode.OBSERVE
    return ModeSet(mode, str(item.get("by")), from_text_or_none(item.get("at")))


def _used(item: Mapping[str, Any] | None) -> int:
    return int(item.get("used", 0)) if item else 0
