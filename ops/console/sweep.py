"""Sweeps: the one that runs, those that were, whom they found; starting and stopping one."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from lib.errors import Conflict
from lib.rules.sweep import Phase, Sweep
from lib.times import to_text
from ops import sweep_report
from ops.console import sweep_asked as asked
from ops.console.bars import bars
from ops.console.desk import desk
from ops.console.download import csv_file
from ops.console.errors import Stop
from ops.console.sweep_progress import Progress, progress
from ops.console.tally import Tallies, Tally
from ops.sweep_rows import WHATS, csv_lines, page_of, rows
from ops.sweep_start import begin, watched

# Sweeps of a list, and people of a page of the report.
SWEEPS, PEOPLE = 25, 50
_ID = re.compile(r"sw-[0-9a-f]{10}")

pages = Blueprint("sweep", __name__, url_prefix="/sweep")


@pages.get("")
def page() -> str:
    before, moving = asked.before(), _offer()
    running = moving["progress"]
    listed = desk().table.recent_sweeps(SWEEPS, before)
    return render_template(
        "sweep.html",
        sweeps=[one for one in listed if running is None or one.id != running.sweep.id],
        begun=before is not None,
        older=to_text(listed[-1].started_at) if len(listed) == SWEEPS else "",
        **moving,
        **_words(),
    )


@pages.get("/offer")
def offer() -> str:
    """Stopping the one that runs, else starting one: never what is no longer so."""
    return render_template("sweep_offer.html", **_offer())


@pages.post("")
def start() -> Response:
    here, apps = desk(), request.form.getlist("app")
    back = redirect(url_for("sweep.page"), 303)
    known = watched(here.connection)
    if not set(apps) <= set(known):
        raise Stop(400, "An app of the form is not watched; reload the page and choose again.")
    if not apps:
        flash("Choose at least one app.", "failed")
        return back
    if not here.connection.is_sandbox and request.form.get("sure") != here.connection.name:
        flash(f"Say that you mean the stack {here.connection.name}.", "failed")
        return back
    some = () if set(apps) == set(known) else apps
    try:
        begun = begin(here.connection, here.table, here.client("sqs"), some, here.clock)
    except Conflict:
        flash("A sweep runs already; another one can begin when it has ended.", "failed")
        return back
    flash(begun.told(), "failed" if begun.unsent else "done")
    return back


@pages.get("/<sweep_id>")
def show(sweep_id: str) -> str:
    here, sweep = desk(), _known(sweep_id)
    narrowed = asked.wanted(sweep)
    after = asked.after(narrowed)
    listed = page_of(here.table, sweep.id, narrowed, PEOPLE, after)
    command = here.command_anybody("sweep", "report", sweep.id, *narrowed.options())
    return render_template(
        "sweep_one.html",
        progress=_progress(sweep),
        sweep=sweep,
        choices=asked.choices(sweep),
        meanings=WHATS,
        wanted=narrowed.given,
        listed=listed,
        begun=after is not None,
        after=f"{listed.after.app_id}.{listed.after.user_id}" if listed.after else "",
        report_command=command,
        **_words(sweep.id),
        **_drawn(sweep),
    )


@pages.get("/<sweep_id>/live")
def live(sweep_id: str) -> str:
    return render_template("sweep_live.html", progress=_progress(_known(sweep_id)), **_words())


@pages.get("/<sweep_id>/tally")
def tally(sweep_id: str) -> str:
    sweep = _known(sweep_id)
    return render_template("sweep_tally.html", sweep=sweep, **_drawn(sweep))


@pages.get("/<sweep_id>/report.csv")
def report(sweep_id: str) -> Response:
    sweep = _known(sweep_id)
    lines = csv_lines(rows(desk().table, sweep.id, asked.wanted(sweep)))
    return csv_file(f"{sweep.id}.csv", lines)


@pages.post("/<sweep_id>/stop")
def stop(sweep_id: str) -> Response:
    table, sweep = desk().table, _known(sweep_id)
    running, now = table.running_sweep(), _progress(sweep)
    if running is None or running.sweep_id != sweep.id:
        flash(f"{sweep.id} does not run any more: nothing is left to stop.", "failed")
    elif now.stopping:
        flash(f"Somebody asked {sweep.id} to stop already.", "done")
    elif not now.may_stop:
        flash(f"{sweep.id} is ending already: nothing is left to stop.", "done")
    elif table.ask_to_stop(sweep.id):
        flash(f"{sweep.id} ends after the pages it is at.", "done")
    else:
        flash(f"{sweep.id} ended meanwhile: nothing was left to stop.", "failed")
    return redirect(url_for("sweep.page"), 303)


def _known(sweep_id: str) -> Sweep:
    found = desk().table.sweep(sweep_id) if _ID.fullmatch(sweep_id) else None
    if found is None:
        raise Stop(404, "There is no such sweep; the list shows those that are kept.")
    return found


def _progress(sweep: Sweep) -> Progress:
    return progress(sweep, desk().table.running_sweep(), desk().clock())


def _offer() -> dict[str, Any]:
    here = desk()
    running = here.table.running_sweep()
    sweep = here.table.sweep(running.sweep_id) if running else None
    return {
        "progress": progress(sweep, running, here.clock()) if sweep else None,
        "apps": watched(here.connection),
        "had_baseline": here.table.had_baseline(),
        "start_command": here.command_anybody("sweep", "start"),
        "stop_command": here.command_anybody("sweep", "stop"),
    }


def _words(*of: str) -> dict[str, Any]:
    """`of`: the sweep's id, on its own page."""
    return {
        "kinds": sweep_report.KINDS,
        "state": sweep_report.state,
        "took": sweep_report.took,
        "status_command": desk().command_anybody("sweep", "status", *of),
    }


def _drawn(sweep: Sweep) -> dict[str, Any]:
    """What was counted so far; a sweep that goes on finds more, so only one that ended is."""
    here = desk()
    if sweep.phase is not Phase.DONE:
        return {"tally": None, "drawn": []}
    with here.making:
        tallies = here.clients.setdefault("sweeps' tallies", Tallies())
    assert isinstance(tallies, Tallies)  # noqa: S101
    counted: Tally = tallies.of(sweep.id)
    counted.go_on(here.table)
    drawn = [bars("by what was found", counted.whats), bars("by attribute", counted.attributes)]
    return {"tally": counted, "drawn": drawn}
