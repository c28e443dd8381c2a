"""What was sent from here, on its way: receive, check, remediate, proof."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from ops.console.shelf import Followed, shelf
from ops.replay.stations import stations

# Events that one page tells one by one; the command tells all of them.
MOST = 100

pages = Blueprint("sent", __name__, url_prefix="/replay/sent")


@pages.get("/<int:number>")
def page(number: int) -> str:
    return render_template("sent.html", number=number, **_moving(shelf().sent.get(number)))


@pages.get("/<int:number>/live")
def live(number: int) -> str:
    return render_template("sent_live.html", **_moving(shelf().sent.get(number)))


def _moving(followed: Followed) -> dict[str, Any]:
    with followed.looking:
        delivered = followed.delivered
        rows = delivered.look()
        lanes = {lane.subject: lane for lane in delivered.lanes}
    return {
        "sent": delivered.sent,
        "rows": rows[:MOST],
        "left": max(0, len(rows) - MOST),
        "lanes": [(lane, stations(delivered.sent, lane)) for lane in list(lanes.values())[:MOST]],
        "ended": all(row.ended for row in rows),
        # A person may still move what has ended by itself.
        "final": all(row.ended for row in rows)
        and all(lane.outcome.final for lane in lanes.values()),
    }
