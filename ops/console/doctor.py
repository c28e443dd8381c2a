"""Doctor in the browser: it takes a while, so it runs beside and the page fills up."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError
from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from lib.errors import PushproofError
from ops.connection import Trouble
from ops.console.desk import Desk, desk
from ops.console.errors import Stop, sentence
from ops.doctor.finding import Severity
from ops.doctor.visit import Area, Side, Visit

pages = Blueprint("doctor", __name__, url_prefix="/doctor")


@dataclass
class Examination:
    """The last one of this console. `failed`: why it ended before its end."""

    started_at: datetime
    only: str
    areas: list[Area] = field(default_factory=list)
    running: bool = True
    failed: str = ""

    def run(self, desk: Desk) -> None:
        try:
            for area in Visit(desk.connection, desk.clock).areas(
                Side(self.only) if self.only else None
            ):
                self.areas.append(area)
        except Trouble as trouble:
            self.failed = trouble.message
        except PushproofError as error:
            self.failed = sentence(str(error))
        except (ClientError, BotoCoreError) as error:
            self.failed = f"AWS could not be asked ({type(error).__name__})."
        finally:
            self.running = False


class Room:
    """One examination at a time."""

    def __init__(self) -> None:
        self._one = threading.Lock()
        self.last: Examination | None = None

    def begin(self, desk: Desk, only: str) -> bool:
        """False: one is running."""
        with self._one:
            if self.last and self.last.running:
                return False
            self.last = Examination(desk.clock(), only)
            threading.Thread(target=self.last.run, args=(desk,), daemon=True).start()
            return True


def room() -> Room:
    clients = desk().clients
    with desk().making:
        found = clients.setdefault("doctor's room", Room())
    assert isinstance(found, Room)  # noqa: S101
    return found


@pages.get("")
def page() -> str:
    return render_template(
        "doctor.html",
        **_moving(),
        sides=[side.value for side in Side],
        command=desk().command("doctor"),
    )


@pages.get("/live")
def live() -> str:
    return render_template("doctor_live.html", **_moving())


@pages.post("")
def run() -> Response:
    only = request.form.get("only", "")
    if only and only not in {side.value for side in Side}:
        raise Stop(400, "Choose one of the sides of the list.")
    if not room().begin(desk(), only):
        flash("An examination is running already.", "failed")
    return redirect(url_for("doctor.page"), 303)


def _moving() -> dict[str, object]:
    last = room().last
    areas = list(last.areas) if last else []
    counts = {
        severity.value: sum(f.severity is severity for area in areas for f in area.findings)
        for severity in reversed(Severity)
    }
    return {"last": last, "areas": areas, "counts": {n: c for n, c in counts.items() if c}}
