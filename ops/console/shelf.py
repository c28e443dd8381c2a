"""What this console remembers since its start: what was put together to be sent, and what was."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ops.console.desk import desk
from ops.console.errors import Stop
from ops.replay.runs import Delivered
from ops.samples import Sample

# Each may hold a delivery of some megabytes.
REMEMBERED = 20

T = TypeVar("T")


class Row(Generic[T]):
    """The newest few, by numbers that are never used again."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._held: OrderedDict[int, T] = OrderedDict()
        self._one = threading.Lock()

    def add(self, thing: T) -> int:
        with self._one:
            number = next(self._numbers)
            self._held[number] = thing
            while len(self._held) > REMEMBERED:
                self._held.popitem(last=False)
            return number

    def get(self, number: int) -> T:
        """Raises Stop."""
        found = self._held.get(number)
        if found is None:
            raise Stop(404, "That is not remembered any more; begin at the replay page.")
        return found

    def newest_first(self) -> list[tuple[int, T]]:
        with self._one:
            return list(self._held.items())[::-1]


@dataclass
class Followed:
    """One look at a time: a look remembers what it saw."""

    delivered: Delivered
    looking: threading.Lock = field(default_factory=threading.Lock)


class Shelf:
    def __init__(self) -> None:
        self.drafts: Row[Sample] = Row()
        self.sent: Row[Followed] = Row()


def shelf() -> Shelf:
    held = desk().clients
    with desk().making:
        found = held.setdefault("shelf", Shelf())
    assert isinstance(found, Shelf)  # noqa: S101
    return found
