"""The steps of a sweep: list each app, find who is gone, count who is still wanted, hand over.

What a step found is stored before the step. A step may be repeated, and only the holder of the
lease stores one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools import Logger

from lib.errors import NotFound
from lib.flows.sweep_ahead import Ahead, ahead
from lib.flows.sweep_gone import SweepGone
from lib.flows.sweep_page import Picked, SweepPage
from lib.flows.sweep_rest import SweepRest
from lib.model import AppUserPage
from lib.ports import Backlog, OktaPort, Pager
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
from lib.times import Clock

logger = Logger(child=True)

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
_NOTHING: dict[str, Any] = {"waiting": 0, "next_start": None, "last_start": None}


class Going:
    """How far one message has come; `sweep` as it was last stored."""

    def __init__(self, sweep: Sweep, lease: Lease) -> None:
        self.sweep, self.lease, self.pages = sweep, lease, 0
        # Pages that were listed and not yet worked on.
        self.picked: list[Picked] = []
        self.last: AppUserPage | None = None
        self.listed = 0


class SweepSteps:
    def __init__(
        self,
        okta: OktaPort,
        table: Table,
        page: SweepPage,
        gone: SweepGone,
        rest: SweepRest,
        backlog: Backlog,
        pager: Pager,
        clock: Clock,
        ahead: Ahead = ahead,
    ) -> None:
        self._okta, self._table = okta, table
        self._page, self._gone, self._rest = page, gone, rest
        self._backlog, self._pager = backlog, pager
        self._clock, self._ahead = clock, ahead

    def run(self, going: Going) -> None:
        """Until the message's share is done, the sweep has to wait, or is over."""
        until = self._clock() + timedelta(seconds=SECONDS)
        while going.sweep.phase is not Phase.DONE and self._clock() < until:
            before = going.sweep
            self._one(going, until)
            waits = going.sweep.not_before
            if going.pages >= PAGES or going.sweep is before or (waits and waits > self._clock()):
                return

    def _one(self, going: Going, until: datetime) -> None:
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

    def _list(self, going: Going, until: datetime, *, marked: bool) -> None:
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

    def _listed(self, going: Going, page: AppUserPage, *, marked: bool) -> None:
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

    def _flush(self, going: Going) -> None:
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

    def _linked(self, going: Going) -> None:
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

    def _count(self, going: Going) -> None:
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

    def _hand(self, going: Going) -> None:
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

    def _over(self, going: Going, counted: dict[str, Any]) -> None:
        """It frees the place of the running sweep, and looks once more for marks made meanwhile."""
        sweep, now = going.sweep, self._clock()
        outcome = sweep.outcome or ("without some apps" if sweep.missing else "complete")
        if outcome == "complete" and sweep.kind is not Kind.STORM:
            if sweep.kind is Kind.BASELINE:
                self._pager.page(summary(replace(sweep, **counted), now))
            self._table.record_baseline(sweep.id, now)
        self._store(going, phase=Phase.LAST, outcome=outcome, shard=0, after="", **counted)

    def _store(self, going: Going, **changes: Any) -> None:
        before = going.sweep
        stored = replace(before, step=before.step + 1, updated_at=self._clock(), **changes)
        self._table.advance_sweep(before, stored, going.lease)
        going.sweep = stored


def _next_marks(sweep: Sweep, found: Sequence[Any]) -> dict[str, Any]:
    """Where to go on with the marks; {} after the last of them."""
    if len(found) == MARKS:
        last = found[-1]
        return {"after": f"{last.app_id}#{last.user_id}"}
    if sweep.shard + 1 < SHARDS:
        return {"shard": sweep.shard + 1, "after": ""}
    return {}
