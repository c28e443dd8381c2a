"""Work that was set aside with its reason: look at it, send it again, or throw it away."""

from __future__ import annotations

import json

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from lib.aws import SqsCheckQueue
from lib.flows.unpark import message_of
from lib.store.parked import ParkedWork
from ops.console.desk import desk
from ops.console.errors import Stop, sentence
from ops.console.shelf import Followed, shelf
from ops.parked_command import about
from ops.replay.names import asks_okta
from ops.replay.parked import again as send_again
from ops.replay.runs import Rules

# Of a list; the oldest first.
MOST = 200
WHY_MOST = 500

pages = Blueprint("parked", __name__, url_prefix="/parked")


@pages.get("")
def page() -> str:
    found = desk().table.parked()
    rows = [(work, about(work)) for work in found[:MOST]]
    command = desk().command_anybody("parked", "list")
    return render_template("parked.html", rows=rows, count=len(found), command=command)


@pages.get("/<string(length=10):work_id>")
def show(work_id: str) -> str:
    work = _known(work_id)
    text = work.body
    known = message_of(work) is not None
    if known:
        text = json.dumps(json.loads(work.body), indent=2)
    return render_template(
        "parked_one.html",
        work=work,
        about=about(work),
        text=text,
        known=known,
        why_most=WHY_MOST,
        commands={
            "retry": desk().command_anybody("parked", "retry", work.id),
            "discard": desk().command_anybody("parked", "discard", work.id, "--why", "TEXT"),
        },
    )


@pages.post("/<string(length=10):work_id>/retry")
def again(work_id: str) -> Response:
    """Safe at any time: coverage and digests make repeats free. What it comes to is followed."""
    here, work = desk(), _known(work_id)
    if not here.connection.is_sandbox and request.form.get("sure") != here.connection.name:
        flash(f"Say that you mean the stack {here.connection.name}.", "failed")
        return redirect(url_for("parked.show", work_id=work_id), 303)
    queue = SqsCheckQueue(here.client("sqs"), here.connection.output("CheckQueueUrl"))
    rules, find = Rules.of(here.connection, here.clock), asks_okta(here.connection)
    delivered = send_again(work, here.table, queue, rules, find, here.clock)
    if not delivered.sent.taken:
        flash(sentence(delivered.sent.answer), "failed")
        return redirect(url_for("parked.show", work_id=work_id), 303)
    flash(f"{work.id} was sent again.", "done")
    return redirect(url_for("sent.page", number=shelf().sent.add(Followed(delivered))), 303)


@pages.post("/<string(length=10):work_id>/discard")
def discard(work_id: str) -> Response:
    here, why = desk(), request.form.get("why", "").strip()
    if not why or len(why) > WHY_MOST or not why.isprintable():
        flash(f"Say why, in one line of at most {WHY_MOST} characters.", "failed")
        return redirect(url_for("parked.show", work_id=work_id), 303)
    work = _known(work_id)
    person = str(here.client("sts").get_caller_identity()["Arn"])
    gone = here.table.discard(work, why, person, here.clock())
    flash(f"{work.id} was {'discarded' if gone else 'gone already'}.", "done")
    return redirect(url_for("parked.page"), 303)


def _known(work_id: str) -> ParkedWork:
    found = [work for work in desk().table.parked() if work.id == work_id]
    if not found:
        raise Stop(404, "That is not parked any more; the list shows what is.")
    return found[0]
