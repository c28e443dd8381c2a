"""Items of one table, and its indexes, which catch up with it in the order of the writes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from tests.simulation.expressions import Invalid

# Characters of an item (400 KB).
ITEM_MOST = 400_000
Key = tuple[str, str]
Item = dict[str, Any]


class IndexRows:
    def __init__(self, described: Mapping[str, Any]) -> None:
        keys = {each["KeyType"]: each["AttributeName"] for each in described["KeySchema"]}
        self.hash, self.range = keys["HASH"], keys["RANGE"]
        shown = described["Projection"].get("NonKeyAttributes", [])
        self.shown = {"pk", "sk", self.hash, self.range, *shown}
        self.rows = Rows(self.hash)

    def put(self, key: Key, item: Item | None) -> None:
        if item is None or self.hash not in item or self.range not in item:
            self.rows.put(key, None)
        else:
            shown = {name: each for name, each in item.items() if name in self.shown}
            self.rows.put(key, shown)


class Rows:
    """Items by key, and by the hash they are asked for."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.all: dict[Key, Item] = {}
        self._of: dict[str, dict[Key, Item]] = {}

    def get(self, key: Key) -> Item | None:
        return self.all.get(key)

    def put(self, key: Key, item: Item | None) -> None:
        before = self.all.pop(key, None)
        if before is not None:
            del self._of[before[self._name]][key]
        if item is not None:
            self.all[key] = item
            self._of.setdefault(item[self._name], {})[key] = item

    def of(self, wanted: str) -> dict[Key, Item]:
        return self._of.get(wanted, {})


class TableRows:
    def __init__(self, described: Mapping[str, Any]) -> None:
        self.items = Rows("pk")
        self.indexes = {
            each["IndexName"]: IndexRows(each)
            for each in described.get("GlobalSecondaryIndexes", [])
        }
        self.later: deque[tuple[float, Key, Item | None]] = deque()

    def show(self, now: float) -> None:
        """Lets the indexes catch up to now, in the order of the writes."""
        while self.later and self.later[0][0] <= now:
            _, key, item = self.later.popleft()
            for index in self.indexes.values():
                index.put(key, item)

    def partition(self, wanted: str, index: str | None) -> list[tuple[tuple[str, ...], Item]]:
        if index is None:
            rows = [((key[1],), item) for key, item in self.items.of(wanted).items()]
        else:
            of = self.indexes[index]
            rows = [((item[of.range], *key), item) for key, item in of.rows.of(wanted).items()]
        return sorted(rows, key=lambda row: row[0])

    def place(self, start: Mapping[str, str], index: str | None) -> tuple[str, ...]:
        if index is None:
            return (start["sk"],)
        return (start[self.indexes[index].range], start["pk"], start["sk"])

    def start_key(self, item: Item, index: str | None) -> dict[str, str]:
        names = ["pk", "sk"]
        if index:
            names += [self.indexes[index].hash, self.indexes[index].range]
        return {name: item[name] for name in names}

    def check(self, item: Item | None) -> None:
        """Raises Invalid for what the service would not take."""
        if item is None:
            return
        keys = ["pk", "sk"]
        for index in self.indexes.values():
            keys += [name for name in (index.hash, index.range) if name in item]
        if not all(isinstance(item.get(name), str) and item[name] for name in keys):
            raise Invalid("a key attribute is no text, or empty")
        if sum(len(n) + len(each) for n, each in item.items() if isinstance(each, str)) > ITEM_MOST:
            raise Invalid("the item is too large")
