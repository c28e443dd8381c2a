"""One incident: whose, what, why, what would be done; and deciding it, as a signed request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from lib.errors import Transient
from lib.flows.asked import WHY_LEAST, WHY_MOST
from lib.incident import Incident, Status, StepKind
from lib.model import Attribute, Subject, Value
from lib.rules.cause_table import CAUSES, Reach
from lib.rules.mask import mask, printable, show
from lib.rules.pages import headline, next_command
from lib.rules.until import snooze_end
from lib.store.records import Member
from ops import approvals
from ops.connection import Trouble
from ops.console.desk import desk
from ops.console.errors import Stop

# Members of a shared cause on one page.
MOST = 50
NOTE = "revealed"
_ID = "/incidents/<string(length=14):name>"
_DECIDED = (Status.REMEDIATING, Status.PROVING, Status.SHARED)

pages = Blueprint("incident", __name__)


@pages.get(_ID)
def page(name: str) -> str:
    return _shown(_known(name), reveal=False)


@pages.get(f"{_ID}/reveal")
def again(name: str) -> Response:
    """The address that revealed values leave in the browser: opening it shows none."""
    return _back(_known(name).id)


@pages.get(f"{_ID}/live")
def live(name: str) -> str:
    """What changes by itself: status, steps done, approvals, timeline."""
    return render_template("incident_live.html", **_moving(_known(name)))


@pages.get(f"{_ID}/members")
def members(name: str) -> str:
    incident = _known(name)
    after = _member()
    found = desk().table.members(incident.id, MOST + 1, after)
    more = found[MOST - 1] if len(found) > MOST else None
    return render_template(
        "members.html", incident=incident, members=found[:MOST], more=more, begun=after is not None
    )


@pages.post(f"{_ID}/reveal")
def reveal(name: str) -> str | Response:
    """The values, once it is in the audit trail who saw them; in this answer only."""
    incident = _known(name)
    try:
        approvals.send(desk().connection, {"action": "note", "what": NOTE, "incident": incident.id})
    except Trouble as trouble:
        flash(f"Nothing is shown, because it could not be recorded: {trouble.message}", "failed")
        return _back(name)
    return _shown(incident, reveal=True)


@pages.post(f"{_ID}/approve")
def approve(name: str) -> Response:
    def told(answer: dict[str, Any]) -> str:
        count = f"{answer['given']} of {answer['needed']} approvals"
        return f"{answer['outcome']}: {count}; the incident is {answer['status']}."

    return _decided(name, {"action": "approve", "digest": _field("digest")}, told)


@pages.post(f"{_ID}/dismiss")
def dismiss(name: str) -> Response:
    body = {"action": "dismiss", "digest": _field("digest"), "why": _field("why")}
    return _decided(name, body, lambda answer: f"The incident is {answer['status']}.")


@pages.post(f"{_ID}/snooze")
def snooze(name: str) -> Response:
    until = _field("until")
    try:
        snooze_end(until, desk().clock())
    except ValueError as error:
        flash(str(error), "failed")
        return _back(name)
    body = {"action": "snooze", "until": until}
    return _decided(name, body, lambda answer: f"{answer['outcome']}.")


# -- within --------------------------------------------------------------------------------


def _known(name: str) -> Incident:
    found = desk().table.incident(name) if printable(name) == name else None
    if found is None:
        raise Stop(404, "There is no such incident; the list shows those there are.")
    return found


def _shown(incident: Incident, *, reveal: bool) -> str:
    plan = incident.plan
    reader: Callable[[Value], str] = show if reveal else mask
    tenant = CAUSES[incident.lead.name].reach is Reach.TENANT
    listed = desk().table.members(incident.id, MOST) if incident.everyone else []
    name, why = incident.id, "TEXT"
    return render_template(
        "incident.html",
        **_moving(incident),
        title=headline(incident),
        plan=plan,
        texts=CAUSES,
        read=reader,
        reveal=reveal,
        whose=f"tenant {plan.tenant_id}" if tenant else f"app {plan.subject.app_id}",
        members=listed,
        count=desk().table.member_count(incident) if incident.everyone else 0,
        may=_may(incident, reveal),
        why_least=WHY_LEAST,
        why_most=WHY_MOST,
        commands={
            "show": desk().command("show", name, "--reveal"),
            "approve": desk().command("approve", name, "--digest", plan.digest),
            "dismiss": desk().command("dismiss", name, "--digest", plan.digest, "--why", why),
            "snooze": desk().command("snooze", name, "--until", "2h"),
            "check": desk().command_anybody("check", name),
        },
    )


def _moving(incident: Incident) -> dict[str, Any]:
    table = desk().table
    return {
        "incident": incident,
        "timeline": table.timeline(incident.id),
        "approvals": table.approvals(incident.id),
        "digest": incident.plan.digest,
        # What the forms of a page were offered for.
        "version": f"{incident.plan.digest} {incident.status.value}",
        "next": next_command(incident),
    }


def _may(incident: Incident, reveal: bool) -> dict[str, bool]:
    """Which forms are offered; the approve function decides what is allowed.

    Whoever decides has seen the values: those of everyone's incident hold nobody's.
    """
    policy, steps = incident.plan.policy, incident.plan.steps
    is_open = incident.status.open and not desk().read_only
    seen = reveal or incident.everyone
    decidable = is_open and incident.status not in _DECIDED
    work = any(step.kind is not StepKind.MANUAL for step in steps) and not policy.blocked
    return {
        "reveal": not reveal and not incident.everyone and not desk().read_only,
        "decide": seen,
        "approve": decidable and seen and work,
        "dismiss": is_open and seen and (decidable or incident.status is Status.SHARED),
        "snooze": is_open and incident.status is not Status.SHARED,
    }


def _decided(
    name: str, body: Mapping[str, object], told: Callable[[dict[str, Any]], str]
) -> Response:
    """Asked for as the person the credentials are; a refusal is told where it was asked."""
    incident = _known(name)
    try:
        answer = approvals.send(desk().connection, {**body, "incident": incident.id})
        flash(told(answer)[:500], "done")
    except Trouble as trouble:
        flash(trouble.message[:500], "failed")
    except Transient as error:
        flash(f"{error}; try again."[:500], "failed")
    return _back(name)


def _back(name: str) -> Response:
    return redirect(url_for("incident.page", name=name), 303)


def _field(name: str) -> str:
    return request.form.get(name, "").strip()


def _member() -> Member | None:
    """Where a page of members begins: ids only."""
    given = [request.args.get(name, "") for name in ("app", "user", "attribute")]
    if not any(given):
        return None
    app, user, attribute = given
    if attribute not in {each.value for each in Attribute} or "#" in app + user:
        raise Stop(400, "That is no page of this list; begin at its first.")
    return Member(Subject(app, user), Attribute(attribute), "")
