"""How far a sweep is, as a bar and in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lib.rules.sweep import Phase, Sweep, eta, expected_pages
from lib.store.keys import SHARDS
from lib.store.sweeps import Running
from ops import sweep_report
from ops.console.words import span


@dataclass(frozen=True)
class Progress:
    """`bar`: how much of how much, None where the end is not known. `ends` and `goes_on` are told
    as a time and as how long until then. `late`: nothing was heard of it for too long.
    """

    sweep: Sweep
    state: str
    told: str
    bar: tuple[int, int] | None
    ends: datetime | None
    ends_in: str
    goes_on: datetime | None
    goes_on_in: str
    late: bool
    stopping: bool

    @property
    def done(self) -> bool:
        return self.sweep.phase is Phase.DONE

    @property
    def may_stop(self) -> bool:
        """It has its place still, and does not end already."""
        ends = self.sweep.outcome or self.sweep.phase in (Phase.HAND, Phase.LAST, Phase.DONE)
        return not self.stopping and not ends

    @property
    def version(self) -> str:
        """Changes where the page around it does not fit any more."""
        return f"{self.sweep.id} {'ended' if self.done else 'goes on'}"


def progress(sweep: Sweep, running: Running | None, now: datetime) -> Progress:
    mine = running is not None and running.sweep_id == sweep.id
    ends, waits = eta(sweep, now), sweep_report.goes_on(sweep, now)
    return Progress(
        sweep=sweep,
        state=sweep_report.state(sweep),
        told=_told(sweep),
        bar=_bar(sweep),
        ends=ends,
        ends_in=_until(ends, now),
        goes_on=waits,
        goes_on_in=_until(waits, now),
        late=sweep.due_at is not None and now > sweep.due_at,
        stopping=bool(mine and running and running.stopping),
    )


def _bar(sweep: Sweep) -> tuple[int, int] | None:
    match sweep.phase:
        case Phase.LIST:
            every = expected_pages(sweep)
            # There may be more than the last sweep counted.
            return (min(sweep.page, every), every) if every else None
        case Phase.GONE:
            return sweep.app * SHARDS + sweep.shard, len(sweep.apps) * SHARDS
        case Phase.DONE:
            return 1, 1
        case _:
            return sweep.shard, SHARDS


def _told(sweep: Sweep) -> str:
    bar = _bar(sweep)
    if sweep.phase is Phase.LIST:
        told = f"round {sweep.round}, page {sweep_report.pages(sweep)}"
        return told if bar else f"{told}; how many there are is not known yet"
    if sweep.phase is Phase.DONE or bar is None:
        return f"{sweep.round} rounds, {sweep.counts.pages} pages in all"
    return f"round {sweep.round}, part {bar[0] + 1} of {bar[1]}"


def _until(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return ""
    return f"in {span(moment - now)}" if (moment - now).total_seconds() >= 1 else "any moment"
