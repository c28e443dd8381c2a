"""Checks again what Okta's System Log tells of a range, through catch_up's own code."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from lib.aws import SqsCheckQueue, client
from lib.errors import Transient
from lib.flows.catch_up import EXPRESSION, OVERLAP, RETENTION, Sender, messages_of
from lib.log_page import LogPage
from lib.model import Subject
from lib.okta_log import SystemLog
from lib.rate import Budget
from lib.settings import watched_apps
from lib.times import Clock, from_text_or_none, to_text, utc_now
from ops.connection import Connection, Misuse
from ops.vendors import environment, okta_as_administrator

LOGS = ("okta.logs.read",)
# Okta's buckets are a minute long; what asks for more is not waited for.
LONGEST_WAIT = 90.0
_AGO = re.compile(r"(\d{1,5})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

T = TypeVar("T")


@dataclass(frozen=True)
class Replayed:
    """What was read, and what was (or would be) sent."""

    since: str
    until: str | None
    events: int
    strangers: int
    subjects: int
    messages: int
    sent: bool
    note: str = ""

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class Replay:
    def __init__(
        self,
        log: SystemLog,
        queue: Sender,
        app_ids: tuple[str, ...],
        clock: Clock = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._log, self._queue, self._app_ids = log, queue, app_ids
        self._clock, self._sleep = clock, sleep

    def run(
        self,
        since: str,
        until: str | None,
        *,
        dry: bool,
        before: Callable[[Sequence[object]], None] = lambda _: None,
    ) -> Replayed:
        """`before` is told each page's entries before they are sent. Raises Misuse for times that
        make no sense, and what lib/http.py raises.
        """
        now = self._patiently(self._log.now)
        start = moment(since, now, "--since")
        end = moment(until, now, "--until") if until else None
        if start >= (end or now):
            raise Misuse("The range is empty: --since must be before --until, and before now.")
        if start < now - RETENTION:
            raise Misuse(f"Okta's System Log goes back {RETENTION.days} days.")
        found: Counter[str] = Counter()
        subjects: set[Subject] = set()
        page = self._patiently(partial(self._first, start, end))
        while True:
            messages, counted = messages_of(page.entries, self._app_ids, self._clock())
            # By hand is neither of the roads that are compared.
            messages = [replace(message, road=None) for message in messages]
            before(page.entries)
            if not dry:
                self._queue.send_all(messages)
            found += counted
            subjects |= {hint.subject for message in messages for hint in message.hints}
            link = page.link
            if link is None or not page.entries:
                break
            page = self._patiently(partial(self._log.follow, link))
        late = end is not None and end > now - OVERLAP
        return Replayed(
            to_text(start),
            to_text(end) if end else None,
            found["events"],
            found["strangers"],
            len(subjects),
            found["messages"],
            sent=not dry,
            note="What Okta persists late may be missing; leave out --until." if late else "",
        )

    def _first(self, start: datetime, end: datetime | None) -> LogPage:
        if end is None:
            return self._log.since(start, EXPRESSION)
        return self._log.between(start, end, EXPRESSION)

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Waits out Okta's minute as often as it takes: the range ends, and so does this."""
        while True:
            try:
                return ask()
            except Transient as error:
                if error.retry_after is None or error.retry_after > LONGEST_WAIT:
                    raise
                self._sleep(error.retry_after + 1)


def moment(text: str, now: datetime, option: str) -> datetime:
    """`90m`, `2h`, `3d` before now (Okta's), or a time with its zone. Raises Misuse."""
    ago = _AGO.fullmatch(text)
    if ago:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    found = from_text_or_none(text)
    if found is None:
        raise Misuse(f"{option} takes 90m, 2h, 3d or a time such as 2026-01-02T03:04:05Z.")
    return found


def replay_of(connection: Connection) -> Replay:
    env = environment(connection)
    http = okta_as_administrator(env, LOGS).behind(Budget())
    log = SystemLog(http, env.https("OKTA_ORG_URL"))
    queue = SqsCheckQueue(client("sqs"), env.text("CHECK_QUEUE_URL"))
    return Replay(log, queue, watched_apps(env))
