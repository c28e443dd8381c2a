"""sweep: everybody assigned to the apps and everybody linked, page by page.

A message says which step is next; the table says what it is. What a step found is stored before
the step, and the step before the next message: a crash repeats a step and loses nothing. Only the
holder of the lease stores a step, so a worker that was paused and replaced changes nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from lib.errors import Conflict, NotFound, Permanent, Refused, Transient
from lib.flows.sweep_gone import SweepGone
from lib.flows.sweep_page import Picked, SweepPage
from lib.flows.sweep_rest import SweepRest
from lib.flows.tasks import LOCKED_OUT
from lib.model import AppUserPage
from lib.ports import Backlog, OktaPort, Pager, SweepQueue
from lib.rules.backoff import delay
from lib.rules.storm import ASSUMED
from lib.rules.sweep import (
    Kind,
    Phase,
    Sweep,
    expected_pages,
    next_round_at,
    pages_of,
    summary,
)
from lib.store.cursors import Lease
from lib.store.keys import SHARDS
from lib.store.table import Table
from lib.sweep_message import SweepMessage
from lib.times import Clock

logger = Logger(child=True)
metrics = Metrics()

LEASE = "sweep"
# Longer than the function may run.
HELD = timedelta(seconds=180)
# Of one message: enough to hide the queue's own time, and it ends well before the function does.
PAGES = 15
SECONDS = 60.0
# Graph's round trip takes 300.
FULL = 300
# Linked users and marks are taken so many at a time: this bounds memory.
LINKED, MARKS = 5_000, 1_000
# A storm begins when the hints have stopped pouring in, or after so long.
GATHER, GATHER_MOST = timedelta(seconds=15), timedelta(minutes=15)
FEW_MESSAGES = 10


class Ahead(Protocol):
    """Pages one after the other; the next is fetched while the last one is worked on."""

    def __call__(
        self, fetch: Callable[[str], AppUserPage], link: str, most: int
    ) -> Iterator[AppUserPage]: ...


def ahead(fetch: Callable[[str], AppUserPage], link: str, most: int) -> Iterator[AppUserPage]:
    """At most `most` pages, and no call beyond them."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(fetch, link)
        for number in range(1, most + 1):
            page = coming.result()
            if page.next and number < most:
                coming = pool.submit(fetch, page.next)
            yield page
            if not page.next:
                return


class Sweeping:
    def __init__(
        self,
        okta: OktaPort,
        table: Table,
        page: SweepPage,
        gone: SweepGone,
        rest: SweepRest,
        queue: SweepQueue,
        backlog: Backlog,
        pager: Pager,
        clock: Clock,
        chance: Callable[[], float],
        ahead: Ahead = ahead,
    ) -> None:
        self._okta, self._table, self._queue = okta, table, queue
        self._page, self._gone, self._rest = page, gone, rest
        self._backlog, self._pager = backlog, pager
        self._clock, self._chance, self._ahead = clock, chance, ahead

    def run(self, message_id: str, body: str) -> None:
        """One message. Raises Transient only when it must stay in the queue."""
        try:
            message = SweepMessage.parse(body)
        except Permanent as error:
            logger.error("parked", extra={"id": message_id, "reason": str(error)})
            metrics.add_metric("Parked", MetricUnit.Count, 1)
            self._table.park(message_id, str(error), body, self._clock())
            return
        sweep, now = self._table.sweep(message.sweep_id), self._clock()
        if sweep is None or sweep.phase is Phase.DONE:
            return
        if message.step != sweep.step:
            # Somebody went on. Or crashed before telling: then this is all that is left.
            if now > max(sweep.updated_at, sweep.not_before or now - HELD * 2) + HELD:
                self._send(sweep)
            return
        if sweep.not_before and sweep.not_before > now:
            self._send(sweep)
            return
        try:
            lease = self._table.take_lease(LEASE, now, now + HELD)
        except Conflict:
            # Whoever holds it may be another sweep's, or dead.
            self._queue.send(message, delay=60)
            return
        self._work(_Going(sweep, lease), message)

    def _work(self, going: _Going, message: SweepMessage) -> None:
        wait: float | None = None
        try:
            self._steps(going)
        except Conflict:
            # Most likely another worker took over; then this message is stale when it comes back.
            logger.warning("a step was not stored", extra={"sweep": message.sweep_id})
            self._queue.send(SweepMessage(message.sweep_id, going.sweep.step), delay=60)
            return
        except Transient as error:
            wait = self._again(going, message, str(error), error.retry_after)
        except (Permanent, Refused) as error:
            # Our credentials or rights: nobody on the page is at fault.
            wait = self._again(going, message, str(error), LOCKED_OUT)
        self._table.give_back_lease(going.lease, self._clock())
        sweep = going.sweep
        where = {"phase": sweep.phase.value, "round": sweep.round, "page": sweep.page}
        logger.info("went on", extra={"sweep": sweep.id, **where})
        if sweep.phase is Phase.DONE:
            return
        if wait is None:
            self._send(sweep)
        else:
            attempt = message.attempt + 1 if sweep.step == message.step else 1
            self._queue.send(SweepMessage(sweep.id, sweep.step, attempt), delay=wait)

    def _again(
        self, going: _Going, message: SweepMessage, reason: str, named: float | None
    ) -> float:
        logger.warning("a step is tried again", extra={"sweep": message.sweep_id, "why": reason})
        attempt = message.attempt + 1 if going.sweep.step == message.step else 1
        return delay(attempt, named, self._chance)

    def _send(self, sweep: Sweep) -> None:
        left = sweep.not_before - self._clock() if sweep.not_before else timedelta()
        wait = max(0.0, left.total_seconds())
        self._queue.send(SweepMessage(sweep.id, sweep.step), delay=wait)

    # -- steps ------------------------------------------------------------------------------

    def _steps(self, going: _Going) -> None:
        """Until the message's share is done, the sweep has to wait, or is over."""
        until = self._clock() + timedelta(seconds=SECONDS)
        while going.sweep.phase is not Phase.DONE and self._clock() < until:
            before = going.sweep
            self._one(going, until)
            waits = going.sweep.not_before
            if going.pages >= PAGES or going.sweep is before or (waits and waits > self._clock()):
                return

    def _one(self, going: _Going, until: datetime) -> None:
        sweep = going.sweep
        running = self._table.running_sweep()
        mine = running is not None and running.sweep_id == sweep.id
        ends = sweep.outcome or sweep.phase in (Phase.HAND, Phase.LAST)
        if mine and running and running.stopping and not ends:
            self._store(going, phase=Phase.HAND, shard=0, after="", outcome="stopped")
            return
        match sweep.phase:
            case Phase.LIST:
                self._list(going, until, marked=bool(mine and running and running.storm))
            case Phase.GONE:
                self._linked(going)
            case Phase.REST:
                self._count(going)
            case _:
                self._hand(going)

    def _list(self, going: _Going, until: datetime, *, marked: bool) -> None:
        sweep = going.sweep
        if self._gathers(sweep):
            self._store(going, not_before=self._clock() + GATHER)
            return
        app_id = sweep.apps[sweep.app]

        def fetch(link: str) -> AppUserPage:
            return self._okta.app_user_page(app_id, link)

        try:
            try:
                for page in self._ahead(fetch, sweep.after, PAGES - going.pages):
                    self._listed(going, page, marked=marked)
                    if self._clock() >= until:
                        break
            finally:
                # A page that could not be had takes those before it along no more.
                self._flush(going)
        except NotFound as error:
            logger.error("an app is left out", extra={"app": app_id, "reason": str(error)})
            missing = (*going.sweep.missing, app_id)
            self._store(going, missing=missing, **self._next_app(going.sweep))

    def _gathers(self, sweep: Sweep) -> bool:
        if sweep.kind is not Kind.STORM or sweep.round > 1 or sweep.page:
            return False
        if self._clock() - sweep.started_at > GATHER_MOST:
            return False
        return self._backlog() > FEW_MESSAGES

    def _listed(self, going: _Going, page: AppUserPage, *, marked: bool) -> None:
        """Pages of few who matter are gathered, so that Graph's round trips are full."""
        sweep = going.sweep
        if not sweep.page and not going.picked:
            began = replace(sweep, round_began=self._clock(), first_read=page.taken_at)
            going.sweep = sweep = began
        number = sweep.page + len(going.picked)
        going.picked.append(self._page.pick(sweep, number, page, marked=marked))
        going.last = page
        going.listed += len(page.readings) + len(page.unreadable)
        going.pages += 1
        if not page.next or sum(len(picked.readings) for picked in going.picked) >= FULL:
            self._flush(going)

    def _flush(self, going: _Going) -> None:
        """What was gathered is worked on, then the sweep goes on behind it."""
        picked, page, listed = going.picked, going.last, going.listed
        going.picked, going.last, going.listed = [], None, 0
        if page is None:
            return
        sweep = going.sweep
        counts = sweep.counts + self._page.run(sweep, picked)
        app_id = sweep.apps[sweep.app]
        sizes, so_far = dict(sweep.sizes), 0
        if sweep.round == 1:
            # A sweep that an earlier version began counted in `sizes`.
            before = sizes.get(app_id, 0) if sweep.so_far is None else sweep.so_far
            so_far = listed + (before if sweep.after else 0)
            # Before its end, what the last sweep counted tells more of when that will be.
            if not page.next or so_far > sizes.get(app_id, so_far):
                sizes[app_id] = so_far
        changes: dict[str, Any] = {
            "counts": counts,
            "sizes": sizes,
            "so_far": so_far,
            "page": sweep.page + len(picked),
            "after": page.next,
            "last_read": page.taken_at,
        }
        if not page.next:
            if sweep.round == 1:
                self._table.record_app_size(app_id, sizes[app_id], self._clock())
            changes |= self._next_app(sweep)
        self._store(going, **changes)

    def _next_app(self, sweep: Sweep) -> dict[str, Any]:
        if sweep.app + 1 < len(sweep.apps):
            return {"app": sweep.app + 1, "after": ""}
        phase = Phase.GONE if sweep.everybody else Phase.REST
        return {"phase": phase, "app": 0, "shard": 0, "after": "", **_NOTHING}

    def _linked(self, going: _Going) -> None:
        sweep = going.sweep
        # An app that could not be listed makes no leavers.
        found = []
        if not sweep.missing:
            app_id = sweep.apps[sweep.app]
            found = self._table.linked(app_id, sweep.shard, sweep.after, LINKED)
        counts = sweep.counts + self._gone.run(sweep.id, found)
        changes: dict[str, Any] = {"counts": counts}
        if len(found) == LINKED:
            changes["after"] = found[-1].user_id
        elif sweep.shard + 1 < SHARDS:
            changes |= {"shard": sweep.shard + 1, "after": ""}
        elif sweep.app + 1 < len(sweep.apps):
            changes |= {"app": sweep.app + 1, "shard": 0, "after": ""}
        else:
            changes |= {"phase": Phase.REST, "app": 0, "shard": 0, "after": "", **_NOTHING}
        self._store(going, **changes)

    def _count(self, going: _Going) -> None:
        sweep = going.sweep
        marks = self._table.marks(sweep.shard, sweep.after, MARKS)
        waiting, starts, counts = self._rest.count(sweep, marks)
        starts += [moment for moment in (sweep.next_start, sweep.last_start) if moment]
        sweep = replace(
            sweep,
            waiting=sweep.waiting + waiting,
            next_start=min(starts, default=None),
            last_start=max(starts, default=None),
            counts=sweep.counts + counts,
        )
        counted: dict[str, Any] = {
            "counts": sweep.counts,
            "waiting": sweep.waiting,
            "next_start": sweep.next_start,
            "last_start": sweep.last_start,
        }
        if more := _next_marks(sweep, [mark.subject for mark in marks]):
            self._store(going, **counted, **more)
            return
        pages = expected_pages(sweep) or pages_of(ASSUMED)
        restart = {"shard": 0, "after": "", "app": 0}
        if not sweep.waiting:
            self._over(going, counted)
        elif sweep.waiting <= pages:
            self._store(going, phase=Phase.HAND, **counted, **restart)
        else:
            at = next_round_at(sweep, self._clock())
            changes = {**counted, **restart, "phase": Phase.LIST, "page": 0, "not_before": at}
            self._store(going, round=sweep.round + 1, **changes)

    def _hand(self, going: _Going) -> None:
        """In HAND everybody's marks; in LAST those that were made for this sweep as it ended."""
        sweep = going.sweep
        found = self._table.marks(sweep.shard, sweep.after, MARKS)
        stopped = sweep.outcome == "stopped"
        last = sweep.phase is Phase.LAST
        mine = [mark for mark in found if not last or mark.sweep_id == sweep.id]
        # As hints: should a storm have begun again, it marks them for itself.
        handed = self._rest.hand(mine, looks=not (stopped or last))
        counts = {"counts": sweep.counts + handed}
        if more := _next_marks(sweep, [mark.subject for mark in found]):
            self._store(going, **counts, **more)
        elif last:
            self._store(going, phase=Phase.DONE, ended_at=self._clock(), **counts)
        else:
            self._over(going, counts)

    def _over(self, going: _Going, counted: dict[str, Any]) -> None:
        """It frees the place of the running sweep, and looks once more for marks made meanwhile."""
        sweep, now = going.sweep, self._clock()
        outcome = sweep.outcome or ("without some apps" if sweep.missing else "complete")
        if outcome == "complete" and sweep.kind is not Kind.STORM:
            if sweep.kind is Kind.BASELINE:
                self._pager.page(summary(replace(sweep, **counted), now))
            self._table.record_baseline(sweep.id, now)
        self._store(going, phase=Phase.LAST, outcome=outcome, shard=0, after="", **counted)

    def _store(self, going: _Going, **changes: Any) -> None:
        before = going.sweep
        stored = replace(before, step=before.step + 1, updated_at=self._clock(), **changes)
        self._table.advance_sweep(before, stored, going.lease)
        going.sweep = stored


_NOTHING: dict[str, Any] = {"waiting": 0, "next_start": None, "last_start": None}


class _Going:
    """How far one message has come."""

    def __init__(self, sweep: Sweep, lease: Lease) -> None:
        self.sweep, self.lease, self.pages = sweep, lease, 0
        # Pages that were listed and not yet worked on.
        self.picked: list[Picked] = []
        self.last: AppUserPage | None = None
        self.listed = 0


def _next_marks(sweep: Sweep, found: Sequence[Any]) -> dict[str, Any]:
    """Where to go on with the marks; {} after the last of them."""
    if len(found) == MARKS:
        last = found[-1]
        return {"after": f"{last.app_id}#{last.user_id}"}
    if sweep.shard + 1 < SHARDS:
        return {"shard": sweep.shard + 1, "after": ""}
    return {}


class Starting:
    """Begins sweeps: nightly, by hand, in a storm."""

    def __init__(
        self, table: Table, queue: SweepQueue, apps: tuple[str, ...], clock: Clock
    ) -> None:
        self._table, self._queue, self._apps, self._clock = table, queue, apps, clock

    def start(
        self, kind: Kind, apps: tuple[str, ...] = (), after: timedelta = timedelta()
    ) -> Sweep:
        """Raises Conflict while another one runs. The first of everybody becomes the baseline."""
        now = self._clock()
        everybody = not apps or set(apps) == set(self._apps)
        if kind is not Kind.STORM and everybody and not self._table.had_baseline():
            kind = Kind.BASELINE
        sizes = {app: self._table.app_size(app) for app in apps or self._apps}
        sweep = Sweep(
            id=f"sw-{secrets.token_hex(5)}",
            kind=kind,
            apps=apps or self._apps,
            started_at=now,
            updated_at=now,
            sizes={app: size for app, size in sizes.items() if size is not None},
            not_before=now + after if after else None,
        )
        self._table.begin_sweep(sweep, storm=kind is Kind.STORM, everywhere=everybody)
        # A crash before this is found by tick.
        self._queue.send(SweepMessage(sweep.id, sweep.step), delay=after.total_seconds())
        return sweep
