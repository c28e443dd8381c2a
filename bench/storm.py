"""A storm on a virtual clock: how long until every push was looked at, and in how many calls.

Driven are the real flows (lib/flows/storm.py, sweep.py, sweep_page.py, sweep_rest.py) and the real
rate limiting (lib/rate.py); the vendors, the queues and the table are stand-ins that cost time and
keep the documented limits. Every push is of another user, and everybody of the app is pushed, as
after a changed mapping. Run: python -m bench.storm [users ...]
"""

from __future__ import annotations

import logging
import sys
import time
import tracemalloc
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from bench.store import NEVER, BenchStore
from bench.world import (
    APP,
    OKTA_A_MINUTE,
    START,
    TENANT,
    BenchGraph,
    BenchOkta,
    Calls,
    Latency,
    VirtualClock,
    number_of,
    overlapping,
    subject_of,
)
from lib.errors import Transient
from lib.flows.storm import Storm
from lib.flows.sweep import Sweeping
from lib.flows.sweep_page import SweepPage
from lib.flows.sweep_rest import SweepRest
from lib.flows.sweep_start import Starting
from lib.flows.sweep_steps import SweepSteps
from lib.messages import SUBJECTS_A_MESSAGE, CheckMessage
from lib.rules.hints import Hint
from lib.rules.sweep import PAGE, Phase
from lib.settings import WatchSettings
from lib.sweep_message import SweepMessage

SETTLE = 90.0
LOOKS = (60.0, 180.0, 600.0)
EVERY = 20  # 5 % drifted: every twentieth
CHECKS = 2  # concurrency of the check function
BATCH = 10
AHEAD_OF_GRAPH = 300


@dataclass(frozen=True)
class Result:
    """Times in seconds since the first hint was due; calls until then and in all."""

    users: int
    hours: float
    rounds: int
    clear: float
    decided: float
    calls: Calls
    calls_clear: Calls
    single: int
    memory: int
    took: float

    @property
    def alone(self) -> float:
        """One read after the other, at all that Okta allows a token."""
        return max(self.users / OKTA_A_MINUTE * 60, self.hours * 3600)

    @property
    def faster(self) -> float:
        return self.alone / self.clear

    @property
    def drifted(self) -> int:
        return -(-self.users // EVERY)

    @property
    def floor_clear(self) -> int:
        """The fewest calls that read everybody once on both sides."""
        return -(-self.users // PAGE) + -(-self.users // AHEAD_OF_GRAPH)

    @property
    def floor(self) -> int:
        """And the looks: a listing for each, and Graph only for whom drifted."""
        look = -(-self.users // PAGE) + -(-self.drifted // AHEAD_OF_GRAPH)
        return self.floor_clear + (len(LOOKS) - 1) * look

    @property
    def over_floor_clear(self) -> float:
        return (self.calls_clear.okta + self.calls_clear.graph) / self.floor_clear

    @property
    def over_floor(self) -> float:
        return (self.calls.okta + self.calls.graph) / self.floor


class Bench:
    """One arrival of `users` pushes over `hours` (0: at once)."""

    def __init__(self, users: int, hours: float = 0.0, latency: Latency | None = None) -> None:
        self.users, self.hours = users, hours
        self.latency = latency or Latency()
        self.clock, self.calls = VirtualClock(), Calls()
        self.store = BenchStore(users, self.clock, self.latency)
        self.steps: list[tuple[float, SweepMessage]] = []
        self.handed, self.decided, self.single = 0, 0.0, 0
        self.memory, self._runs = 0, 0
        self.answered = bytearray(users)
        self.clear, self.left = 0.0, users
        self.calls_clear = Calls()
        self.okta = BenchOkta(users, self.clock, self.latency, self.calls)
        graph: Any = BenchGraph(self.clock, self.latency, self.calls, lambda n: n % EVERY == 0)
        table, okta = cast(Any, self.store), cast(Any, self.okta)
        watch = WatchSettings((APP,), TENANT, SETTLE, LOOKS)
        starting = Starting(table, self, (APP,), self.clock)
        steps = SweepSteps(
            okta,
            table,
            SweepPage(watch, graph, table, _Kept(self.okta), _Checks(self), self.clock),
            cast(Any, None),  # a storm looks for no leavers
            SweepRest(table, _Checks(self), self.clock),
            self.backlog,
            cast(Any, None),  # nor does it page
            self.clock,
            overlapping(self.clock),
        )
        self.sweeping = Sweeping(steps, table, self, self.clock, lambda: 0.0)
        self.storm = Storm(
            table, starting, self.backlog, self.okta.calls_a_minute, (APP,), self.clock
        )
        self._watched(self.store)

    # -- queues --------------------------------------------------------------------------------

    def send(self, message: SweepMessage, delay: float = 0) -> None:
        self.steps.append((self.clock.seconds + delay + self.latency.hop, message))

    def backlog(self) -> int:
        """Of hints: published by now and not taken, delayed ones as well."""
        return sum(1 for _ in self._waiting()) if self.users < 2000 else self._counted()

    def _waiting(self) -> Iterator[int]:
        return (
            n for n in range(self.next, self.messages) if self._published(n) <= self.clock.seconds
        )

    def _counted(self) -> int:
        if not self.hours:
            return self.messages - self.next
        here = int(self.clock.seconds / (self.hours * 3600) * self.messages) + 1
        return max(0, min(self.messages, here) - self.next) + len(self.again)

    def _published(self, number: int) -> float:
        return number / self.messages * self.hours * 3600

    # -- the run -------------------------------------------------------------------------------

    def run(self) -> Result:
        began = time.monotonic()
        self.messages, self.next = -(-self.users // SUBJECTS_A_MESSAGE), 0
        self.again: deque[tuple[float, CheckMessage]] = deque()
        free = [0.0] * CHECKS
        busy = 0.0
        while self.steps or self.next < self.messages or self.again:
            check = max(self._next_hint(), min(free))
            self.steps.sort(key=lambda entry: entry[0])
            step = max(self.steps[0][0], busy) if self.steps else float("inf")
            if step <= check:
                self.clock.seconds = step
                self._step(self.steps.pop(0)[1])
                busy = self.clock.seconds
            else:
                self.clock.seconds = check + self.latency.hop
                self._check()
                free[free.index(min(free))] = self.clock.seconds
        sweeps = list(self.store.sweeps.values())
        wrong = {
            "a sweep did not end": any(sweep.phase is not Phase.DONE for sweep in sweeps),
            "a mark was left behind": self.store.marked != 0,
            "a push was not looked at": self.left != 0,
            "a drift was handed to nobody": self.handed < -(-self.users // EVERY),
        }
        if any(wrong.values()):
            raise RuntimeError("; ".join(what for what, is_so in wrong.items() if is_so))
        return Result(
            self.users,
            self.hours,
            sum(sweep.round for sweep in sweeps),
            self.clear - SETTLE,
            self.decided - SETTLE,
            self.calls,
            self.calls_clear,
            self.single,
            self.memory,
            time.monotonic() - began,
        )

    def _next_hint(self) -> float:
        moments = [self.again[0][0]] if self.again else []
        if self.next < self.messages:
            moments.append(self._published(self.next) + SETTLE)
        return min(moments, default=float("inf"))

    def _step(self, message: SweepMessage) -> None:
        """Memory is sampled: tracing makes everything slower."""
        self._runs += 1
        sampled = self._runs <= 3 or self._runs % 40 == 0
        if sampled:
            tracemalloc.start()
        try:
            self.sweeping.run("bench", message.text())
        finally:
            if sampled:
                self.memory = max(self.memory, tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()

    def _check(self) -> None:
        """A batch as the check function takes it; what no storm takes is read one by one."""
        now = self.clock.seconds
        batch: dict[str, CheckMessage] = {}
        while len(batch) < BATCH and self.again and self.again[0][0] <= now:
            batch[f"a-{len(batch)}"] = self.again.popleft()[1]
        while len(batch) < BATCH and self.next < self.messages:
            if self._published(self.next) + SETTLE > now:
                break
            batch[f"m-{self.next}"] = self._message(self.next)
            self.next += 1
        for message in self.storm.divert(batch).values():
            self._one_by_one(message)

    def _one_by_one(self, message: CheckMessage) -> None:
        for place, hint in enumerate(message.hints):
            number = number_of(hint.subject.user_id)
            if self.answered[number]:
                continue
            try:
                self.okta.read_one(number)
            except Transient as error:
                left = CheckMessage(message.hints[place:])
                self.again.append((self.clock.seconds + (error.retry_after or 2.0), left))
                return
            self.calls.graph += 1
            self.calls.units += 1
            self.clock.pass_by(self.latency.graph_trip + 2 * self.latency.dynamodb)
            self.single += 1
            self.answer(number)
            if number % EVERY == 0:
                self.hand()

    def _message(self, number: int) -> CheckMessage:
        first = number * SUBJECTS_A_MESSAGE
        published = START + timedelta(seconds=self._published(number))
        numbers = range(first, min(first + SUBJECTS_A_MESSAGE, self.users))
        return CheckMessage(tuple(Hint(subject_of(n), published) for n in numbers))

    # -- what came of it -----------------------------------------------------------------------

    def answer(self, number: int) -> None:
        """Covered, or its look chain has begun."""
        if self.answered[number]:
            return
        self.answered[number] = 1
        self.left -= 1
        self.clear = max(self.clear, self.clock.seconds)
        if not self.left:
            c = self.calls
            self.calls_clear = Calls(c.okta, c.graph, c.units, c.refused)

    def hand(self) -> None:
        self.handed += 1
        self.decided = max(self.decided, self.clock.seconds)

    def _watched(self, store: BenchStore) -> None:
        stored = store.store_subjects

        def store_subjects(states: Any) -> Any:
            lost = stored(states)
            for state in states:
                self.answer(number_of(state.subject.user_id))
            return lost

        store.store_subjects = store_subjects  # type: ignore[method-assign]


class _Checks:
    """The check queue, for what sweeps hand over: looks of drifted users, and few others."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def send(self, message: CheckMessage, delay: float | None = None) -> None:  # noqa: ARG002
        for hint in message.hints:
            number = number_of(hint.subject.user_id)
            if number % EVERY == 0:
                self._bench.hand()
            if not self._bench.answered[number]:
                self._bench.again.append((self._bench.clock.seconds, CheckMessage((hint,))))


class _Kept:
    """The configuration, read once in five minutes as lib/flows/evidence.py does."""

    def __init__(self, okta: BenchOkta) -> None:
        self._okta, self._until, self._kept = okta, NEVER, cast(Any, None)

    def configuration(self, app_id: str) -> Any:
        now = self._okta.now()
        if now >= self._until:
            self._kept, self._until = self._okta.configuration(app_id), now + 300
        return self._kept


def table(results: list[Result]) -> str:
    head = (
        f"{'pushes':>9} {'over':>5} {'one by one':>11} {'clear':>8} {'faster':>7} {'decided':>8} "
        f"{'rounds':>6} {'Okta':>6} {'Graph':>6} {'units':>7} {'single':>6} "
        f"{'x floor':>8} {'with looks':>10} {'memory':>8} {'took':>6}"
    )
    lines = [head]
    for r in results:
        at_once = not r.hours
        ratio = f"{r.over_floor_clear:.2f}" if at_once else "-"
        looks = f"{r.over_floor:.2f}" if at_once else "-"
        lines.append(
            f"{r.users:>9,} {f'{r.hours:g} h' if r.hours else 'once':>5} {_time(r.alone):>11} "
            f"{_time(r.clear):>8} {r.faster:>6,.0f}x {_time(r.decided):>8} {r.rounds:>6} "
            f"{r.calls.okta:>6,} {r.calls.graph:>6,} {r.calls.units:>7,} {r.single:>6,} "
            f"{ratio:>8} {looks:>10} {r.memory / 1e6:>5.1f} MB {r.took:>4.0f} s"
        )
    return "\n".join(lines)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s"


ASSUMED = """\
Limits: Okta {okta} calls a minute for one token below /api/v1/apps (half of 100), of which a tenth
is left to others; Graph 8,000 resource units in 10 s. Pages: 500 app users, 15 ids x 20 a $batch.
Assumed seconds: Okta page {p}, Okta read {r}, Graph round trip {g}, DynamoDB call {d}, hop {h}.
Everybody is pushed once, 5 % of the pushes did not land. Settle {s:g} s, looks after {looks}.
Times begin when the first hint is due (settle passed). clear: every hint covered or waiting for its
look. decided: every drift handed to a check of its own. one by one: a read each, all 50 a minute.
x floor: calls until clear over the fewest that paging allows; with looks: in all, over the same
with a listing for each look. memory: peak of one step beside the table."""


def main(arguments: list[str]) -> None:
    logging.disable(logging.CRITICAL)
    sizes = [int(text.replace(",", "")) for text in arguments] or [1_000, 10_000, 50_000, 1_000_000]
    a = Latency()
    told = ASSUMED.format(
        okta=OKTA_A_MINUTE,
        p=a.okta_page,
        r=a.okta_read,
        g=a.graph_trip,
        d=a.dynamodb,
        h=a.hop,
        s=SETTLE,
        looks=", ".join(f"{look:g} s" for look in LOOKS),
    )
    print(told, end="\n\n", flush=True)  # noqa: T201
    results = []
    for users in sizes:
        for hours in (0.0, 4.0):
            results.append(Bench(users, hours).run())
            print(table(results[-1:]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
