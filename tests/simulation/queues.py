"""SQS: the standard queue that duplicates, reorders and delays, and the FIFO queue with groups.

Source: SQS developer guide, "visibility timeout", "FIFO delivery logic" (deduplication for five
minutes; a group whose message is in flight gives no other), "dead-letter queues".
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lib.aws_dead_letters import DeadLetter

VISIBILITY = 360.0
DEDUPLICATED = 300.0
LONGEST_DELAY = 900


@dataclass(eq=False)
class Message:
    id: str
    body: str
    visible_at: float
    sent_at: datetime
    group: str = ""
    received: int = 0
    in_flight: bool = False


@dataclass
class Queue:
    """`most`: receives before it is set aside. `fifo`: groups are kept in order."""

    name: str
    most: int
    now: Callable[[], float]
    date: Callable[[], datetime]
    fifo: bool = False
    messages: list[Message] = field(default_factory=list)
    dead: list[Message] = field(default_factory=list)
    gone: list[Message] = field(default_factory=list)
    _seen: dict[str, float] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def send(self, body: str, delay: float = 0.0, group: str = "", once: str = "") -> None:
        if once:
            if self._seen.get(once, float("-inf")) > self.now() - DEDUPLICATED:
                return
            self._seen[once] = self.now()
        name = f"{self.name}-{next(self._numbers)}"
        self.messages.append(Message(name, body, self.now() + delay, self.date(), group))

    def receive(self, most: int, rng: random.Random) -> list[Message]:
        """Some of what is visible, in no order, unless groups keep one."""
        self._set_aside()
        ready = [each for each in self.messages if each.visible_at <= self.now()]
        if self.fifo:
            firsts: dict[str, Message] = {}
            for each in self.messages:
                firsts.setdefault(each.group, each)
            ready = [each for each in ready if firsts[each.group] is each]
        taken = rng.sample(ready, min(len(ready), rng.randint(1, most))) if ready else []
        for each in taken:
            each.received += 1
            each.in_flight = True
            each.visible_at = self.now() + VISIBILITY
        return taken

    def delete(self, message: Message) -> None:
        if message in self.messages:
            self.messages.remove(message)
            self.gone = [*self.gone[-9:], message]

    def again(self, rng: random.Random) -> str:
        """At least once means that one may come twice, even one that was deleted."""
        some = [*self.messages, *self.gone]
        if not some or self.fifo:
            return ""
        twin = rng.choice(some)
        self.messages.append(Message(twin.id, twin.body, self.now(), twin.sent_at))
        return twin.id

    def redrive(self) -> int:
        """A person sends the dead letters back."""
        count = len(self.dead)
        for each in self.dead:
            each.received, each.in_flight, each.visible_at = 0, False, self.now()
        self.messages += self.dead
        self.dead = []
        return count

    def next_at(self) -> float | None:
        return min((each.visible_at for each in self.messages), default=None)

    def _set_aside(self) -> None:
        for each in list(self.messages):
            if each.visible_at <= self.now() and each.received >= self.most:
                self.messages.remove(each)
                each.in_flight = False
                self.dead.append(each)


class DeadLetterQueue:
    """As lib/flows/drain.py takes from it."""

    def __init__(self, queue: Queue, effect: Callable[..., None]) -> None:
        self._queue, self._effect = queue, effect

    def take(self) -> list[DeadLetter]:
        self._queue._set_aside()
        return [DeadLetter(m.id, m.body, m.sent_at, m.id) for m in self._queue.dead[:10]]

    def forget(self, letter: DeadLetter) -> None:
        def gone() -> None:
            self._queue.dead = [m for m in self._queue.dead if m.id != letter.receipt]

        self._effect("delete a dead letter", gone)


def bodies(messages: Sequence[Message]) -> dict[str, str]:
    return {each.id: each.body for each in messages}
