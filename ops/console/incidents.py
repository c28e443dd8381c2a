"""The list of incidents, a page at a time: ten thousand cost no more than fifty."""

from __future__ import annotations

import re

from flask import Blueprint, render_template, request

from lib.incident import CauseName, Severity, Status
from lib.rules.overview import row
from ops.console.desk import desk
from ops.console.errors import Stop

MOST = 50
_AFTER = re.compile(r"([0-9TZ:.\-]{10,30})_([a-z0-9\-~]{1,20})")
_CHOICES = {
    "severity": [severity.value for severity in Severity],
    "cause": [name.value for name in CauseName],
    "status": [status.value for status in Status],
}

pages = Blueprint("incidents", __name__)


@pages.get("/incidents")
def page() -> str:
    wanted = {name: _chosen(name) for name in _CHOICES}
    wanted = {name: value for name, value in wanted.items() if value}
    closed = request.args.get("closed") == "1"
    found = desk().table.listed_page(MOST, closed=closed, after=_after(), wanted=wanted)
    after = "_".join(found.after) if found.after else ""
    more = {**wanted, **({"closed": "1"} if closed else {})}
    return render_template(
        "incidents.html",
        rows=[row(each) for each in found.rows],
        updated={str(each.get("incident")): each.get("updated_at") for each in found.rows},
        choices=_CHOICES,
        wanted=wanted,
        closed=closed,
        after=after,
        more=more,
        begun=bool(request.args.get("after")),
    )


def _chosen(name: str) -> str:
    value = request.args.get(name, "")
    if value and value not in _CHOICES[name]:
        raise Stop(400, f"There is no such {name}; choose one of the list.")
    return value


def _after() -> tuple[str, str] | None:
    given = request.args.get("after", "")
    if not given:
        return None
    found = _AFTER.fullmatch(given)
    if found is None:
        raise Stop(400, "That is no page of this list; begin at its first.")
    return found[1], found[2]
