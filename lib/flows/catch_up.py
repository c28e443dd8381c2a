"""catch_up: Okta's System Log read to its end, from where the last run stopped.

A hook is tried twice and then forgotten, and some events no hook can carry. Polling mode is the
only way of reading that leaves nothing out: ordered by when entries were persisted, with a next
link also on an empty page. Hints are sent before the position is stored, so a crash costs
duplicates, and coverage makes those free. Only Okta's times decide what is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from lib.errors import Conflict, Refused, Transient
from lib.log_page import LogPage, types_filter
from lib.messages import CheckMessage, pack
from lib.rules.hints import HOOK_EVENTS, WATCHED_EVENTS, read_events
from lib.rules.hook_health import Road
from lib.store.cursors import Lease, LogCursor
from lib.store.table import Table
from lib.times import Clock, from_text_or_none

logger = Logger(child=True)
metrics = Metrics()

NAME = "catch_up"
EXPRESSION = types_filter(WATCHED_EVENTS)
# Okta keeps entries so long, and leaves older ones out without an error.
RETENTION = timedelta(days=90)
# Read again when only a time is left of a position. No delay of the log is documented; for hooks
# Okta calls up to an hour normal.
OVERLAP = timedelta(hours=1)
# Longer than the function may run, shorter than two of its intervals.
LEASE = timedelta(seconds=180)
# Okta's buckets are a minute long; for a refusal that names no time.
REST = timedelta(seconds=60)
LONGEST_REST = timedelta(hours=1)


class Log(Protocol):
    """lib/okta_log.py is the real one."""

    def now(self) -> datetime: ...
    def since(self, since: datetime, expression: str) -> LogPage: ...
    def follow(self, link: str) -> LogPage: ...


class Sender(Protocol):
    def send_all(self, messages: Sequence[CheckMessage]) -> None: ...


@dataclass(frozen=True)
class Limits:
    """Of one run; what is left is the next one's. `seconds` until the last page is asked for."""

    pages: int = 40
    seconds: float = 45.0


@dataclass
class _Going:
    """How far a run has come. `seen_to`: as stored."""

    lease: Lease
    done: Counter[str] = field(default_factory=Counter)
    seen_to: datetime | None = None
    stopped: str = ""


class CatchUp:
    """`first_run`: how far back the very first run goes. `monotonic`: seconds."""

    def __init__(
        self,
        app_ids: tuple[str, ...],
        log: Log,
        table: Table,
        queue: Sender,
        first_run: timedelta,
        clock: Clock,
        monotonic: Callable[[], float],
        limits: Limits | None = None,
    ) -> None:
        self._app_ids, self._log = app_ids, log
        self._table, self._queue = table, queue
        self._first_run, self._clock, self._monotonic = first_run, clock, monotonic
        self._limits = limits or Limits()

    def run(self) -> dict[str, int | str]:
        """What was done, in counts. Raises Refused and Permanent, which take a person; a vendor or
        AWS that does not answer ends the run, and the next one goes on.
        """
        began = self._monotonic()
        now = self._clock()
        try:
            lease = self._table.take_lease(NAME, now, now + LEASE)
        except Conflict:
            return {"stopped": "another run is at it, or Okta asked to wait"}
        going = _Going(lease)
        rest = timedelta()
        try:
            self._read(going, began)
        except Conflict:
            # Replaced while it was paused: whoever has the lease now stores the position.
            going.stopped = "another run took over"
        except Transient as error:
            going.stopped = str(error)
            rest = REST if error.retry_after is None else timedelta(seconds=error.retry_after)
            logger.warning("reading the log stopped", extra={"reason": going.stopped})
        finally:
            self._behind(going)
            self._give_back(lease, min(rest, LONGEST_REST))
        return {**going.done, **({"stopped": going.stopped} if going.stopped else {})}

    def _read(self, going: _Going, began: float) -> None:
        cursor = self._table.log_cursor()
        going.seen_to = cursor.seen_to if cursor else None
        page, seen_to = self._resume(cursor)
        while True:
            if page.link is None:
                # Polling always has a next link: what has none is no answer to what was asked.
                raise Transient("Okta's page of the log has no next link")
            going.done["pages"] += 1
            self._send(page.entries, going.done)
            seen_to = _seen_to(page, seen_to)
            self._table.store_log_cursor(LogCursor(page.link, EXPRESSION, seen_to), going.lease)
            going.seen_to = seen_to
            if not page.entries:
                return
            spent = self._monotonic() - began
            if going.done["pages"] >= self._limits.pages or spent >= self._limits.seconds:
                going.stopped = "the run's budget is used up"
                return
            page = self._log.follow(page.link)

    def _resume(self, cursor: LogCursor | None) -> tuple[LogPage, datetime]:
        """The first page, and up to when everything before it was read."""
        if cursor is None:
            since = self._log.now() - self._first_run
            return self._log.since(since, EXPRESSION), since
        if cursor.expression == EXPRESSION:
            try:
                page = self._log.follow(cursor.link)
            except Refused as error:
                if error.status != 400:
                    raise
                logger.warning("Okta refuses the stored position", extra={"code": error.code})
            else:
                self._mind_the_edge(cursor.seen_to, page.date)
                return page, cursor.seen_to
        # A refused position, or one that was taken for other event types.
        now = self._log.now()
        self._mind_the_edge(cursor.seen_to, now)
        since = max(cursor.seen_to - OVERLAP, now - RETENTION)
        return self._log.since(since, EXPRESSION), since

    def _mind_the_edge(self, seen_to: datetime, now: datetime) -> None:
        """What Okta dropped before it was read is said, because nobody can read it any more."""
        if seen_to < now - RETENTION:
            logger.error("entries of Okta's log were dropped unread", extra={"read_to": seen_to})
            metrics.add_metric("CursorLost", MetricUnit.Count, 1)

    def _send(self, entries: Sequence[object], done: Counter[str]) -> None:
        messages, counted = messages_of(entries, self._app_ids, self._clock())
        self._queue.send_all(messages)
        done.update(counted)

    def _give_back(self, lease: Lease, rest: timedelta) -> None:
        try:
            self._table.give_back_lease(lease, self._clock() + rest)
        except Transient as error:
            logger.warning("the lease has to run out", extra={"reason": str(error)})

    def _behind(self, going: _Going) -> None:
        """For an alarm, so our own clock will do."""
        if going.seen_to:
            age = max(0.0, (self._clock() - going.seen_to).total_seconds())
            metrics.add_metric("LogBehind", MetricUnit.Seconds, age)


def messages_of(
    entries: Sequence[object], app_ids: tuple[str, ...], now: datetime
) -> tuple[list[CheckMessage], Counter[str]]:
    """Hints of a page, by the rule of receive. What a hook can carry goes apart from the rest, so
    that it can be compared with what the hook brought.
    """
    carried = [entry for entry in entries if _kind(entry) in HOOK_EVENTS]
    others = [entry for entry in entries if _kind(entry) not in HOOK_EVENTS]
    messages: list[CheckMessage] = []
    done: Counter[str] = Counter(events=len(entries))
    for part, road in ((carried, Road.LOG), (others, None)):
        reading = read_events(part, app_ids)
        messages += pack(reading.hints, reading.nameless, now, reading.unnamed, road)
        done["subjects"] += len(reading.hints)
        done["strangers"] += reading.strangers
        done["unreadable"] += len(reading.malformed)
    done["messages"] += len(messages)
    return messages, done


def _kind(entry: object) -> object:
    return entry.get("eventType") if isinstance(entry, dict) else None


def _seen_to(page: LogPage, before: datetime) -> datetime:
    """Never later than what was read: nothing is published after it was persisted, and an empty
    page is the end, at Okta's time.
    """
    if not page.entries:
        return max(before, page.date)
    known = [_published(entry) for entry in page.entries]
    return max([before, *(min(moment, page.date) for moment in known if moment)])


def _published(entry: object) -> datetime | None:
    return from_text_or_none(entry.get("published")) if isinstance(entry, dict) else None
