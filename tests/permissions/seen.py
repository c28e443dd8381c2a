"""Who called what in a whole run of the sandbox, to be looked up in the page afterwards."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, g, request

from sandbox.entra import web as entra_web
from sandbox.okta import web as okta_web
from sandbox.run import Sandbox
from tests.permissions import page

# What a person opens in a browser is no call of ours.
_BY_HAND = ("GET /device", "POST /device")
# Refused before anybody looked who calls (wrong credentials, faults that tests inject), or a
# service app that a test made up with scopes of its own.
_NOBODY = ""


class Seen:
    """Begins with its making, which has to come before the sandbox's start.

    `calls`: who called, the route, and of a written user the property. `beyond`: what a caller
    had that the page does not list; tests that grant something on purpose are left out.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.calls: set[tuple[str, str, str]] = set()
        self.beyond: set[tuple[str, str]] = set()
        self._world = {each.name: {*each.permissions} for each in sandbox.world.identities}
        self._tokens = {
            f"SSWS {sandbox.okta_token}": "stack",
            f"SSWS {sandbox.administrator_token}": "administrator",
        }
        self._watch(sandbox.tenant.flask, self._graph_caller, entra_web.route_name)
        self._watch(sandbox.org.flask, self._okta_caller, okta_web.route_name)

    def unlisted(self) -> set[tuple[str, str, str]]:
        """The calls that no row of the page has for that caller."""
        return {call for call in self.calls if not _listed(*call)}

    def _watch(self, app: Flask, who: Callable[[], str], route: Callable[[], str]) -> None:
        @app.after_request
        def note(response: Response) -> Response:
            name = route()
            if name not in _BY_HAND:
                attributes = [""]
                if name == "PATCH /v1.0/users/{id}":
                    attributes = sorted(request.get_json(force=True))
                self.calls |= {(who(), name, attribute) for attribute in attributes}
            return response

    def _graph_caller(self) -> str:
        caller = g.get("caller")
        if caller is None:
            return _NOBODY
        if caller.permissions == self._world[caller.name]:
            more = caller.permissions - page.granted(caller.name)
            self.beyond |= {(caller.name, each) for each in more}
        return str(caller.name)

    def _okta_caller(self) -> str:
        known = g.get("token_id") is not None
        return self._tokens.get(request.headers["Authorization"], _NOBODY) if known else _NOBODY


def _listed(who: str, route: str, attribute: str) -> bool:
    return any(
        call.route == route
        and who in {*call.who, _NOBODY}
        and (not attribute or call.attribute in ("", attribute))
        for call in page.calls()
    )
