"""A storm: so many hints that listing everybody is faster than reading them one by one.

Hints then only mark whom they want, and a sweep's rounds do the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from aws_lambda_powertools import Logger

from lib.errors import Conflict
from lib.flows.sweep_start import Starting
from lib.messages import CheckMessage
from lib.model import Subject
from lib.ports import Backlog
from lib.rules import coverage
from lib.rules.hints import Hint
from lib.rules.storm import ASSUMED, worth
from lib.rules.sweep import USUAL_A_MINUTE, Kind, Mark
from lib.store.records import SubjectState
from lib.store.sweeps import Running
from lib.store.table import Table
from lib.times import Clock

logger = Logger(child=True)

# The hints of a storm are marked first: what its first round does not find costs another.
GATHER = timedelta(seconds=20)


class Storm:
    """`rate`: Okta's calls a minute as announced, None while not known."""

    def __init__(
        self,
        table: Table,
        starting: Starting,
        backlog: Backlog,
        rate: Callable[[], float | None],
        apps: tuple[str, ...],
        clock: Clock,
    ) -> None:
        self._table, self._starting, self._backlog = table, starting, backlog
        self._rate, self._apps, self._clock = rate, apps, clock

    def divert(self, messages: Mapping[str, CheckMessage]) -> dict[str, CheckMessage]:
        """The messages with what is left to be checked now. Raises Transient.

        Looks stay: they are due by themselves. So does a hint of unknown time, which no read
        ever covers for certain but its own.
        """
        wanted = _newest(messages)
        running = self._called(len(wanted), len(messages)) if wanted else None
        if running is None:
            return dict(messages)
        states = self._table.subjects(list(wanted))
        now = self._clock()
        marks = [
            Mark(subject, running.sweep_id, now, hint.published, hint.guessed)
            for subject, hint in wanted.items()
            if not _is_answered(hint, states[subject])
        ]
        self._table.want(marks)
        after = self._table.running_sweep()
        if after is None or after.sweep_id != running.sweep_id:
            # It ended while we marked, and may not have seen it: back to one by one.
            self._table.unwant(marks)
            return dict(messages)
        logger.info("marked for a sweep", extra={"sweep": running.sweep_id, "count": len(marks)})
        return {
            message_id: replace(
                message, hints=tuple(hint for hint in message.hints if not _may_wait(message, hint))
            )
            for message_id, message in messages.items()
        }

    def _called(self, subjects: int, messages: int) -> Running | None:
        """The sweep that hints are marked for; None: they are checked one by one."""
        running = self._table.running_sweep()
        if running and (running.stopping or not running.everywhere):
            return None
        if running and running.storm:
            return running
        # SQS counts messages; how many subjects one holds is seen here.
        waiting = (self._backlog() + messages) * subjects // messages
        sizes = [self._table.app_size(app) or ASSUMED for app in self._apps]
        if not worth(waiting, sum(sizes), self._rate() or USUAL_A_MINUTE):
            return None
        logger.warning("a storm: listing everybody is faster", extra={"waiting": waiting})
        if running is None:
            with suppress(Conflict):
                self._starting.start(Kind.STORM, after=GATHER)
            running = self._table.running_sweep()
        if running is None or not running.everywhere:
            return None
        if not running.storm and not self._table.becomes_storm(running.sweep_id):
            return None
        return running


def _is_answered(hint: Hint, state: SubjectState) -> bool:
    guessed = hint.guessed and coverage.is_covered(hint.published, state.guessed_to)
    return guessed or coverage.is_covered(hint.published, state.covered_to)


def _may_wait(message: CheckMessage, hint: Hint) -> bool:
    return not message.look and hint.published is not None


def _newest(messages: Mapping[str, CheckMessage]) -> dict[Subject, Hint]:
    found: dict[Subject, Hint] = {}
    for message in messages.values():
        for hint in message.hints:
            if not _may_wait(message, hint) or hint.published is None:
                continue
            known = found.get(hint.subject)
            if known is None or known.published is None:
                found[hint.subject] = hint
                continue
            later = max(known.published, hint.published)
            guessed = known.guessed and hint.guessed
            found[hint.subject] = replace(hint, published=later, guessed=guessed)
    return found
