"""/api/v1/users: one user, a partial profile update, deactivation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, jsonify

from sandbox.okta import errors
from sandbox.okta.changes import Changes
from sandbox.okta.journal import Cause
from sandbox.okta.shapes import user_json
from sandbox.okta.state import State
from sandbox.okta.web import body_json


def user_routes(
    state: State, changes: Changes, cause: Callable[[], Cause], base_url: Callable[[], str]
) -> Blueprint:
    routes = Blueprint("users", __name__, url_prefix="/api/v1/users")

    @routes.get("/<user>")
    def read(user: str) -> Response:
        return jsonify(user_json(state.user(user), base_url()))

    @routes.post("/<user>")
    def update(user: str) -> Response:
        found = state.user(user)
        body = body_json()
        profile = body.get("profile") if isinstance(body, Mapping) else None
        if not isinstance(profile, Mapping):
            raise errors.validation("profile", "profile: The field cannot be left blank")
        changes.update_profile(found, profile, cause())
        return jsonify(user_json(found, base_url()))

    @routes.post("/<user>/lifecycle/deactivate")
    def deactivate(user: str) -> Response:
        changes.deactivate(state.user(user), cause())
        return jsonify({})

    return routes
