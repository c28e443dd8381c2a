"""The sandbox's world: both directories side by side, changed and broken by whoever looks.

Its people are simulated, so their values are shown. There is no such page for a stack.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from lib.settings import Environment, watched_apps
from ops.connection import Control, Refusal, Trouble
from ops.console import control
from ops.console.desk import desk
from ops.console.directories import Directories
from ops.console.errors import Stop

# People of one page: with two apps, one request to the table.
MOST = 50
PARTS = {"okta": "Okta's API", "graph": "Microsoft Graph", "hook": "Event hook"}
TROUBLES = {
    "throttled": "throttled, saying until when",
    "throttled_silently": "throttled, not saying until when",
    "out": "out (503)",
    "hanging": "hanging, no answer",
    "losing": "losing deliveries",
}
# What Okta's own pushes have of a trouble.
PUSHES = {"graph out": "Okta's pushes through Graph fail too, and are not repeated by themselves."}
HELD = {"active": "holds it", "eligible": "may activate it", "none": "has it no more"}
_NAME = "/world/<name>"

pages = Blueprint("world", __name__)


@pages.get("/world")
def page() -> str:
    return render_template("world.html", **_people())


@pages.get("/world-people")
def live() -> str:
    return render_template("world_people.html", **_people())


@pages.get("/world-broken")
def broken() -> str:
    return render_template("world_broken.html", **_moving(control.read(_control(), most="0")))


@pages.get(_NAME)
def person(name: str) -> str:
    return render_template("world_person.html", **_person(name), held=HELD)


@pages.get(f"{_NAME}/live")
def person_live(name: str) -> str:
    return render_template("world_person_live.html", **_person(name))


# -- what is broken ------------------------------------------------------------------------


@pages.post("/world/break")
def break_it() -> Response:
    body: dict[str, object] = {"part": _field("part"), "trouble": _field("trouble")}
    return _changed("/break", body, url_for("world.page"))


@pages.post("/world/mend")
def mend() -> Response:
    return _changed("/mend", {}, url_for("world.page"))


@pages.post("/world/flag")
def flag() -> Response:
    return _changed("/entra/flag", {"enabled": _on("enabled")}, url_for("world.page"))


# -- a person ------------------------------------------------------------------------------


@pages.post(f"{_NAME}/okta")
def okta(name: str) -> Response:
    return _of(name, "/okta/profile", _value("mobilePhone", "otherMails"))


@pages.post(f"{_NAME}/entra")
def entra(name: str) -> Response:
    return _of(name, "/entra/user", _value("mobilePhone", "otherMails", "accountEnabled"))


@pages.post(f"{_NAME}/lose-push")
def lose_push(name: str) -> Response:
    return _of(name, "/okta/lose-push", {})


@pages.post(f"{_NAME}/deactivate")
def deactivate(name: str) -> Response:
    return _of(name, "/okta/deactivate", {})


@pages.post(f"{_NAME}/assign")
def assign(name: str) -> Response:
    return _of(name, "/okta/assign", {"app": _field("app")})


@pages.post(f"{_NAME}/unassign")
def unassign(name: str) -> Response:
    return _of(name, "/okta/unassign", {"app": _field("app")})


@pages.post(f"{_NAME}/role")
def role(name: str) -> Response:
    return _of(name, "/entra/role", {"role": _field("role"), "held": _field("held")})


# -- within --------------------------------------------------------------------------------


def _control() -> Control:
    found = desk().connection.control
    assert found is not None  # noqa: S101 - without one there are no such pages
    return found


def _people() -> dict[str, Any]:
    first = request.args.get("first", "0")
    if not (first.isascii() and first.isdecimal() and len(first) <= 9):
        raise Stop(400, "That is no page of this list; begin at its first.")
    told = control.read(_control(), first=first, most=str(MOST))
    number = int(first)
    return {
        **_moving(told),
        "first": number,
        "before": max(0, number - MOST) if number else None,
        "after": number + MOST if number + MOST < told["count"] else None,
    }


def _person(name: str) -> dict[str, Any]:
    try:
        told = control.read(_control(), person=name)
    except Refusal:
        raise Stop(404, "There is nobody of that name; the World page shows everybody.") from None
    found = _moving(told)
    return {**found, "person": found["people"][0]}


def _moving(told: dict[str, Any]) -> dict[str, Any]:
    """With one read of the table for everybody told."""
    here = desk()
    watched = watched_apps(Environment(here.connection.settings()))
    both = Directories(told, watched, here.clock())
    return {
        "told": told,
        "people": both.people(here.table.subjects(both.subjects())),
        "parts": PARTS,
        "troubles": TROUBLES,
        "pushes": PUSHES,
    }


def _of(name: str, path: str, body: dict[str, object]) -> Response:
    return _changed(path, {"person": name, **body}, url_for("world.person", name=name))


def _changed(path: str, body: dict[str, object], back: str) -> Response:
    try:
        flash(control.change(_control(), path, body), "done")
    except Trouble as trouble:
        flash(trouble.message, "failed")
    return redirect(back, 303)


def _field(name: str) -> str:
    return request.form.get(name, "").strip()


def _on(name: str) -> bool:
    if _field(name) not in ("on", "off"):
        raise Stop(400, "Say on or off.")
    return _field(name) == "on"


def _value(*known: str) -> dict[str, object]:
    """One attribute with its new value; nothing given is none."""
    attribute, given = _field("attribute"), _field("value")
    if attribute not in known:
        raise Stop(400, "There is no such attribute here; use the forms of the page.")
    match attribute:
        case "mobilePhone":
            return {attribute: given or None}
        case "otherMails":
            return {attribute: given.replace(",", " ").split()}
    return {attribute: _on("value")}
