"""Who decided what, also what was refused; the newest first."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, render_template, request

from ops.console.desk import desk
from ops.console.errors import Stop

SPANS = {"1": "a day", "7": "7 days", "30": "30 days", "90": "90 days", "365": "a year"}
# What a page shows; the command has them all.
MOST = 300

pages = Blueprint("audit", __name__)


@pages.get("/audit")
def page() -> str:
    days = request.args.get("days", "30")
    if days not in SPANS:
        raise Stop(400, "Choose one of the spans of the list.")
    now = desk().clock()
    records = desk().table.audit(now - timedelta(days=int(days)), now)
    command = desk().command("audit", "--since", f"{days}d")
    return render_template(
        "audit.html",
        records=records[:MOST],
        count=len(records),
        days=days,
        spans=SPANS,
        command=command,
    )
