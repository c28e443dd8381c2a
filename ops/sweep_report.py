"""How a sweep is told of, on a screen, on a page and to machines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lib.rules.sweep import Kind, Phase, Sweep, eta, expected_pages
from lib.store.table import Table
from lib.times import to_text
from ops.connection import Trouble

KINDS = {
    Kind.BASELINE: "baseline",
    Kind.NIGHTLY: "nightly",
    Kind.HAND: "by hand",
    Kind.STORM: "storm",
}
PHASES = {
    Phase.LIST: "listing who is assigned",
    Phase.GONE: "looking for leavers",
    Phase.REST: "counting what is still wanted",
    Phase.HAND: "handing the rest to check",
    Phase.LAST: "ending",
    Phase.DONE: "done",
}


def named(table: Table, sweep_id: str | None) -> Sweep:
    """That one; else the running one, else the latest. Raises Trouble."""
    if sweep_id:
        found = table.sweep(sweep_id)
        if found is None:
            raise Trouble(f"There is no sweep {sweep_id}.")
        return found
    # The index may lag: the one that just began is not in it yet.
    running = table.running_sweep()
    latest = table.sweep(running.sweep_id) if running else None
    every = [latest] if latest else table.recent_sweeps(1)
    if not every:
        raise Trouble("No sweep was begun yet: pushproof sweep start.")
    return every[0]


def state(sweep: Sweep) -> str:
    """How it ended, or what it does."""
    return sweep.outcome if sweep.phase is Phase.DONE else PHASES[sweep.phase]


def took(sweep: Sweep) -> str:
    """1:02:03; "" while it has not ended."""
    return str(sweep.ended_at - sweep.started_at).partition(".")[0] if sweep.ended_at else ""


def goes_on(sweep: Sweep, now: datetime) -> datetime | None:
    """When it goes on, while it waits."""
    waits = sweep.not_before if sweep.phase is not Phase.DONE else None
    return waits if waits and waits > now else None


def pages(sweep: Sweep) -> str:
    """Of this round."""
    every = expected_pages(sweep)
    return f"{sweep.page} of about {every}" if every else str(sweep.page)


def lines(sweep: Sweep, now: datetime) -> Iterator[tuple[str, str]]:
    """For a screen."""
    c = sweep.counts
    yield "sweep", f"{sweep.id} ({sweep.kind.value})"
    yield "state", state(sweep)
    yield "began", f"{sweep.started_at:%Y-%m-%d %H:%M:%S} UTC"
    waits = goes_on(sweep, now)
    if sweep.ended_at:
        yield "took", took(sweep)
    elif waits:
        yield "goes on", f"{waits:%H:%M:%S} UTC"
    yield "pages", f"{pages(sweep)} in round {sweep.round}, {c.pages} in all"
    ends = eta(sweep, now)
    if ends:
        yield "listed by", f"{ends:%H:%M:%S} UTC"
    yield "users", f"{c.listed} listed, {c.read} read on both sides, {c.unreadable} unreadable"
    yield "equal", str(c.equal)
    yield "differ", f"{c.handed} at every look so far, {c.known} known already, {c.gone} gone"


def plain(sweep: Sweep, now: datetime) -> dict[str, Any]:
    """For machines."""
    ends = eta(sweep, now)
    return {
        "sweep": sweep.id,
        "kind": sweep.kind.value,
        "phase": sweep.phase.value,
        "outcome": sweep.outcome,
        "apps": list(sweep.apps),
        "round": sweep.round,
        "page": sweep.page,
        "pages_expected": expected_pages(sweep),
        "started_at": to_text(sweep.started_at),
        "ended_at": to_text(sweep.ended_at) if sweep.ended_at else None,
        "listed_by": to_text(ends) if ends else None,
        "counts": {name: getattr(sweep.counts, name) for name in sweep.counts.__annotations__},
    }
