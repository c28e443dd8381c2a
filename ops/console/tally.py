"""Counts of what a sweep found, a part with each request: a page costs the same however much."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict

from lib.model import Subject
from lib.store.table import Table
from ops.sweep_rows import ATTRIBUTES, WHATS

# Rows of one part: 250 KB, of the 1 MB that DynamoDB answers at once.
PART = 1_000
# Sweeps whose counts are remembered; of one that ended they do not change.
REMEMBERED = 20


class Tally:
    """`whole`: everything was counted."""

    def __init__(self, sweep_id: str) -> None:
        self._sweep_id = sweep_id
        self._after: Subject | None = None
        self._one = threading.Lock()
        self.whole, self.rows = False, 0
        self.whats: Counter[str] = Counter(dict.fromkeys(WHATS, 0))
        self.attributes: Counter[str] = Counter(dict.fromkeys(ATTRIBUTES, 0))

    def go_on(self, table: Table) -> None:
        """Raises Transient, and then counted nothing."""
        with self._one:
            if self.whole:
                return
            part = table.found_page(self._sweep_id, PART, self._after)
            for found in part:
                self.whats[found.what] += 1
                self.attributes.update(attribute.value for attribute in found.attributes)
            self.rows += len(part)
            self.whole = len(part) < PART
            self._after = part[-1].subject if part else self._after


class Tallies:
    """Of this console, since its start."""

    def __init__(self) -> None:
        self._one = threading.Lock()
        self._known: OrderedDict[str, Tally] = OrderedDict()

    def of(self, sweep_id: str) -> Tally:
        with self._one:
            found = self._known.setdefault(sweep_id, Tally(sweep_id))
            self._known.move_to_end(sweep_id)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
            return found
