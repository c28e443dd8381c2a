"""A sample as Okta would send it, sent, and what became of the people it names."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from lib.model import Subject
from lib.rules.hints import Reading, read_events
from lib.settings import Environment, watched_apps
from ops import replay as sending
from ops import samples
from ops.console.desk import desk
from ops.console.errors import Stop

# Deliveries that are remembered, and people followed of one.
REMEMBERED, FOLLOWED = 50, 100

pages = Blueprint("replay", __name__, url_prefix="/replay")


@dataclass(frozen=True)
class Delivery:
    """What was sent and answered, and whom it names."""

    sent: sending.Sent
    at: datetime
    subjects: tuple[Subject, ...]


class Log:
    """Of this console, since its start."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.deliveries: OrderedDict[int, Delivery] = OrderedDict()

    def add(self, delivery: Delivery) -> int:
        number = next(self._numbers)
        self.deliveries[number] = delivery
        while len(self.deliveries) > REMEMBERED:
            self.deliveries.popitem(last=False)
        return number


def log() -> Log:
    clients = desk().clients
    with desk().making:
        found = clients.setdefault("deliveries", Log())
    assert isinstance(found, Log)  # noqa: S101
    return found


@pages.get("")
def page() -> str:
    sent = list(log().deliveries.items())[::-1]
    return render_template("replay.html", names=samples.names(), sent=sent)


@pages.get("/sample/<name>")
def show(name: str) -> str:
    sample = _sample(name)
    reading = _reading(sample)
    body = sample.body
    if body is not None:
        with contextlib.suppress(ValueError):  # shown as it is
            body = json.dumps(json.loads(body), indent=2)
    return render_template(
        "replay_one.html",
        sample=sample,
        body=body,
        reading=reading,
        address=desk().connection.output("HookUrl"),
        command=desk().command("replay", sample.name),
    )


@pages.post("/sample/<name>")
def send(name: str) -> Response:
    here, sample = desk(), _sample(name)
    if not here.connection.is_sandbox and request.form.get("sure") != here.connection.name:
        flash(f"Say that you mean the stack {here.connection.name}.", "failed")
        return redirect(url_for("replay.show", name=name), 303)
    reading = _reading(sample)
    at = here.clock()
    (sent,) = sending.send_all(here.connection, [sample.name])
    subjects = tuple(hint.subject for hint in reading.hints) if reading else ()
    number = log().add(Delivery(sent, at, subjects))
    return redirect(url_for("replay.sent", number=number), 303)


@pages.get("/sent/<int:number>")
def sent(number: int) -> str:
    return render_template("replay_sent.html", number=number, **_moving(number))


@pages.get("/sent/<int:number>/live")
def live(number: int) -> str:
    return render_template("replay_live.html", **_moving(number))


def _sample(name: str) -> samples.Sample:
    # samples.load takes any file: here only what events/ holds.
    if name not in samples.names():
        raise Stop(404, "There is no such sample; the list shows those there are.")
    return samples.load(name)


def _reading(sample: samples.Sample) -> Reading | None:
    """As receive reads it; None when it answers by itself."""
    try:
        events = json.loads(sample.body or "")["data"]["events"]
    except (ValueError, KeyError, TypeError):
        return None
    apps = watched_apps(Environment(desk().connection.settings()))
    return read_events(events, apps) if isinstance(events, list) else None


def _moving(number: int) -> dict[str, object]:
    delivery = log().deliveries.get(number)
    if delivery is None:
        raise Stop(404, "That delivery is not remembered; send the sample again.")
    table, followed = desk().table, delivery.subjects[:FOLLOWED]
    states = table.subjects(followed)
    wanted = [name for state in states.values() for name in state.open.values()]
    return {
        "delivery": delivery,
        "states": [states[subject] for subject in followed],
        "incidents": table.incidents(wanted),
        "left": len(delivery.subjects) - len(followed),
    }
