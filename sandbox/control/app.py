"""The control of a running sandbox over HTTP, on loopback: one reading, a POST for each change.

Opened by a bearer token of this start only. A page of another site can not send one, and another
user of the machine does not know it.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox.control.asked import Asked, Wrong
from sandbox.control.entra_changes import EntraChanges
from sandbox.control.okta_changes import OktaChanges
from sandbox.control.reading import Reading
from sandbox.control.troubles import TROUBLES, Troubles
from sandbox.entra.app import Tenant
from sandbox.okta.org import Org
from sandbox.world_model import Person, World

MOST_BYTES = 64 * 1024
# People of one answer.
MOST = 100


class Control:
    """`flask` is what is served; `token` is what opens it."""

    def __init__(self, world: World, org: Org, tenant: Tenant) -> None:
        self.token = secrets.token_urlsafe(32)
        self._world = world
        self._troubles = Troubles(org, tenant)
        self._reading = Reading(world, org, tenant, self._troubles)
        okta, entra = OktaChanges(world, org), EntraChanges(world, tenant)
        self.flask = self._app(
            {
                "/okta/profile": okta.profile,
                "/okta/lose-push": okta.lose_push,
                "/okta/deactivate": okta.deactivate,
                "/okta/assign": okta.assign,
                "/okta/unassign": okta.unassign,
                "/entra/user": entra.user,
                "/entra/flag": entra.flag,
                "/entra/role": entra.role,
                "/break": self._break,
                "/mend": self._mend,
            }
        )

    def _app(self, changes: dict[str, Callable[[object], str]]) -> Flask:
        app = Flask("sandbox.control", static_folder=None)
        app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
        app.json.sort_keys = False  # type: ignore[attr-defined]
        # A traceback holds what was asked, and that holds values.
        app.log_exception = lambda *_: None  # type: ignore[method-assign]
        app.before_request(self._admit)
        app.register_error_handler(Wrong, lambda wrong: _error(wrong.status, wrong.sentence))
        app.register_error_handler(HTTPException, _http)
        app.add_url_rule("/world", "world", self._world_page, methods=["GET"])
        for path, change in changes.items():
            app.add_url_rule(path, path, _changing(change), methods=["POST"])
        return app

    def _admit(self) -> Response | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        known = hmac.compare_digest(token.encode(), self.token.encode())
        if scheme.lower() == "bearer" and known:
            return None
        return _error(401, "Send the bearer token of this sandbox's start.")

    def _world_page(self) -> Response:
        """`person`: only that one; else `most` people, from number `first` on."""
        return jsonify(self._reading.whole(self._people()))

    def _people(self) -> list[Person]:
        if "person" in request.args:
            return [Asked(self._world, dict(request.args), ["person"]).person()]
        first, most = _number("first", 0), min(_number("most", MOST), MOST)
        return list(self._world.people[first : first + most])

    def _break(self, body: object) -> str:
        asked = Asked(self._world, body, ("part", "trouble"))
        part = asked.one_of("part", list(TROUBLES))
        self._troubles.begin(part, asked.one_of("trouble", TROUBLES[part]))
        return "It is broken until it is mended."

    def _mend(self, body: object) -> str:
        Asked(self._world, body, ())
        self._troubles.mend()
        return "Everything is mended."


def _changing(change: Callable[[object], str]) -> Callable[[], Response]:
    def view() -> Response:
        return jsonify({"done": change(request.get_json(force=True))})

    return view


def _number(name: str, otherwise: int) -> int:
    text = request.args.get(name, str(otherwise))
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise Wrong(f"{name} has to be a whole number.")
    return int(text)


def _http(error: HTTPException) -> Response:
    told = {
        400: "Send a JSON object.",
        404: "There is no such path.",
        405: "That path takes another method.",
        413: f"A change is at most {MOST_BYTES} bytes.",
    }
    code = error.code or 500
    return _error(code, told.get(code, "The control itself failed."))


def _error(status: int, sentence: str) -> Response:
    answer = jsonify({"error": sentence})
    answer.status_code = status
    return answer
