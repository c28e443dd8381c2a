"""Choose what to send: a sample, pasted text, or an entry of Okta's log; see it; send it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from lib.errors import PushproofError, Refused
from ops import samples
from ops.connection import Misuse, Trouble
from ops.console.desk import desk
from ops.console.errors import Stop, sentence
from ops.console.guard import takes
from ops.console.shelf import Followed, shelf
from ops.replay import deliveries, log_events
from ops.replay.names import asks_okta
from ops.replay.readings import Verdict, read_each
from ops.replay.runs import Rules, deliver
from ops.replay.send import Post, target_of
from ops.samples import Sample

# Events that one page tells one by one.
MOST = 100
LATER = ("new-ids", "now")

T = TypeVar("T")

pages = Blueprint("replay", __name__, url_prefix="/replay")


@pages.get("")
def page() -> str:
    shown = samples.shown()
    return render_template(
        "replay.html",
        samples=[(name, shown.get(name, "")) for name in samples.names()],
        sent=[(number, each.delivered.sent) for number, each in shelf().sent.newest_first()],
        command=desk().command_anybody("replay", "FILE"),
    )


@pages.get("/sample/<name>")
def sample(name: str) -> str:
    return _shown(_sample(name), url_for("replay.send_sample", name=name), named=True)


@pages.post("/sample/<name>")
def send_sample(name: str) -> Response:
    return _sent(_sample(name), url_for("replay.sample", name=name))


@pages.post("/paste")
@takes(deliveries.LONGEST)
def paste() -> Response:
    try:
        draft = deliveries.of_text(request.form.get("text", ""), "pasted")
    except Misuse as error:
        flash(error.message, "failed")
        return redirect(url_for("replay.page"), 303)
    return redirect(url_for("replay.draft", number=shelf().drafts.add(draft)), 303)


@pages.get("/draft/<int:number>")
def draft(number: int) -> str:
    return _shown(shelf().drafts.get(number), url_for("replay.send_draft", number=number))


@pages.post("/draft/<int:number>")
def send_draft(number: int) -> Response:
    return _sent(shelf().drafts.get(number), url_for("replay.draft", number=number))


@pages.get("/log")
def log() -> str:
    entries = _of_log(lambda: log_events.recent(log_events.log_of(desk().connection), desk().clock))
    rules = Rules.of(desk().connection)
    return render_template(
        "replay_log.html",
        events=[e for e in read_each(entries, rules.app_ids) if e.verdict is not Verdict.STRANGER],
        command=desk().command_anybody("replay", "--event", "UUID"),
    )


@pages.post("/log")
def take() -> Response:
    uuid = request.form.get("uuid", "").strip()
    here = desk()

    def entry() -> list[object]:
        return log_events.by_id(log_events.log_of(here.connection), [uuid], here.clock)

    try:
        found = deliveries.of_entries(_of_log(entry), "system-log")
    except Trouble as error:
        flash(error.message, "failed")
        return redirect(url_for("replay.log"), 303)
    return redirect(url_for("replay.draft", number=shelf().drafts.add(found)), 303)


# -- within --------------------------------------------------------------------------------


def _sample(name: str) -> Sample:
    # deliveries.of_name takes any file: here only what events/ holds.
    if name not in samples.names():
        raise Stop(404, "There is no such sample; the list shows those there are.")
    return deliveries.of_name(name)


def _shown(found: Sample, send: str, *, named: bool = False) -> str:
    here = desk()
    events = read_each(deliveries.events_of(found), Rules.of(here.connection).app_ids)
    return render_template(
        "replay_one.html",
        sample=found,
        body=deliveries.pretty(found),
        events=events[:MOST],
        count=len(events),
        subjects=len({hint.subject for event in events for hint in event.hints}),
        send=send,
        address=here.connection.output("HookUrl"),
        command=here.command_anybody("replay", found.name if named else "FILE", "--follow"),
    )


def _sent(found: Sample, back: str) -> Response:
    """Raises Trouble and Transient."""
    here = desk()
    if not here.connection.is_sandbox and request.form.get("sure") != here.connection.name:
        flash(f"Say that you mean the stack {here.connection.name}.", "failed")
        return redirect(back, 303)
    wanted = {name: bool(request.form.get(name)) for name in LATER}
    now = here.clock() if wanted["now"] else None
    made = deliveries.rewritten(found, new_ids=wanted["new-ids"], now=now)
    rules, find = Rules.of(here.connection, here.clock), asks_okta(here.connection)
    with Post(target_of(here.connection), here.clock) as post:
        delivered = deliver(post, made, here.table, rules, find)
    return redirect(url_for("sent.page", number=shelf().sent.add(Followed(delivered))), 303)


def _of_log(ask: Callable[[], T]) -> T:
    """Raises Stop with what the person can do."""
    try:
        return ask()
    except Refused as error:
        raise Stop(409, f"Okta's log may not be read ({error.status} {error.code}).") from None
    except PushproofError as error:
        raise Stop(502, f"Okta's log can not be read: {sentence(str(error))}") from None
