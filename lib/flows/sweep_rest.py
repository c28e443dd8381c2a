"""What is still wanted after a round: counted, handed to check where a round can not help."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from lib.flows.sweep_gone import unseen
from lib.flows.sweep_page import hand_over
from lib.messages import pack
from lib.ports import CheckQueue
from lib.rules.hints import Hint
from lib.rules.sweep import Counts, Mark, Sweep
from lib.store.table import Table
from lib.times import Clock


class SweepRest:
    """Each method takes some marks and may be repeated."""

    def __init__(self, table: Table, checks: CheckQueue, clock: Clock) -> None:
        self._table, self._checks, self._clock = table, checks, clock

    def count(self, sweep: Sweep, marks: Sequence[Mark]) -> tuple[int, list[datetime], Counts]:
        """How many wait for another round, when that makes sense for each look, and what was
        handed over: a user who was marked before the round and met on none of its pages is not
        assigned, and no round will meet them.
        """
        began = sweep.round_began or sweep.started_at
        missed = [mark for mark in marks if mark.due is None and mark.at < began]
        waiting = [mark for mark in marks if mark.due is not None or mark.at >= began]
        guessed = [mark.subject for mark in missed if mark.guessed]
        # An event without an app says nothing of an app the user was never seen in.
        nowhere = set(unseen(self._table, sweep.id, guessed))
        told = [mark for mark in missed if not mark.guessed or mark.subject in nowhere]
        self._hand_over(told)
        self._table.unwant(missed)
        # Somebody who is new needs no look to be due.
        starts = [mark.start or self._clock() for mark in waiting if mark.due]
        return len(waiting), starts, Counts(single=len(told))

    def hand(self, marks: Sequence[Mark], *, looks: bool = True) -> Counts:
        """Every one of them to check. `looks` False: as hints, which a storm may mark again."""
        if looks:
            self._hand_over(marks)
        else:
            now = self._clock()
            hints = [Hint(m.subject, m.published, guessed=m.guessed) for m in marks if m.published]
            for message in pack(hints, (), now):
                self._checks.send(message, delay=0)
            self._hand_over([mark for mark in marks if mark.published is None])
        self._table.unwant(marks)
        return Counts(single=len(marks))

    def _hand_over(self, marks: Sequence[Mark]) -> None:
        now = self._clock()
        by_delay: dict[float, list[Hint]] = defaultdict(list)
        for mark in marks:
            # In quarters of a minute, so that those of one time share messages.
            left = max(timedelta(), mark.due - now).total_seconds() if mark.due else 0.0
            hint = Hint(mark.subject, mark.published, guessed=mark.guessed)
            by_delay[-(-left // 15) * 15].append(hint)
        for delay, hints in by_delay.items():
            hand_over(self._checks, hints, delay, now)
