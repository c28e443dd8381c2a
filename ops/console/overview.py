"""The first page: what needs a person now, and how everything stands. One read of the table."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from lib.flows.overview import DrawOverview
from lib.incident import Severity
from lib.rules.hook_health import HookHealth
from lib.rules.overview import Overview
from lib.settings import Environment, PolicySettings
from ops.console import queues
from ops.console.desk import desk
from ops.console.plot import Plot, plot

# tick draws every minute; a picture this old means that it does not.
STALE = timedelta(minutes=5)
# Moments in a row without a delivery, as the alarm HookSilent counts them.
SILENT = 3
# As remediate and bypass name them.
CAPS = ("disables", "writes", "tenant-wide")

pages = Blueprint("overview", __name__)


@pages.get("/")
def page() -> str:
    return render_template("overview.html", **_moving())


@pages.get("/live")
def live() -> str:
    return render_template("overview_live.html", **_moving())


@pages.post("/draw")
def draw() -> Response:
    """Counts now, where tick has not yet or does not."""
    DrawOverview(desk().table, desk().clock).run()
    flash("Counted anew.", "done")
    return redirect(url_for("overview.page"), 303)


def _moving() -> dict[str, Any]:
    """One read of the table, however much is open, and a question to each queue."""
    here = desk()
    now = here.clock()
    policy = PolicySettings.load(Environment(here.connection.settings()))
    limits = {
        "disables": policy.disables_per_hour,
        "writes": policy.writes_per_hour,
        "tenant-wide": policy.tenant_steps_per_hour,
    }
    glance = here.table.glance(CAPS, now)
    drawn = glance.overview
    return {
        "drawn": drawn,
        "stale": drawn is not None and now - drawn.taken_at > STALE,
        "grid": _grid(drawn),
        "severities": [severity.value for severity in Severity],
        "plots": _plots(drawn),
        "mode": glance.mode.mode.value if glance.mode else policy.mode.value,
        "mode_set": glance.mode,
        "hook": _hook(glance.hook),
        "health": glance.hook,
        "caps": [(name, glance.used[name], limits[name]) for name in CAPS],
        "queues": queues.depths(here),
    }


def _grid(drawn: Overview | None) -> list[tuple[str, dict[str, int], int]]:
    """Causes with their counts by severity, the most first."""
    rows: dict[str, dict[str, int]] = {}
    for each in drawn.counts if drawn else ():
        rows.setdefault(each.cause, {})[each.severity] = each.count
    found = [(cause, by, sum(by.values())) for cause, by in rows.items()]
    return sorted(found, key=lambda row: (-row[2], row[0]))


def _plots(drawn: Overview | None) -> list[Plot]:
    if drawn is None:
        return []
    days = drawn.history.days
    series = {
        "found": [(each.day, each.found) for each in days],
        "mended": [(each.day, each.mended) for each in days],
        "proved": [(each.day, each.proved) for each in days],
    }
    top = max((count for counts in series.values() for _, count in counts), default=0)
    return [plot(name, counts, max(1, top)) for name, counts in series.items()]


def _hook(health: HookHealth | None) -> tuple[str, str]:
    """A word, and how bad it is."""
    if health is None:
        return "unknown", "warning"
    if health.silent >= SILENT:
        return "seems dead", "critical"
    if health.silent:
        return "missed deliveries", "warning"
    return ("delivers", "ok") if health.delivered else ("nothing to compare yet", "note")
