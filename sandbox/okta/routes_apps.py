"""/api/v1/apps: app instances, their features and connection, and who is assigned."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from sandbox.okta import errors
from sandbox.okta.changes import Changes
from sandbox.okta.journal import Cause
from sandbox.okta.scim_filter import FilterError, parse_filter
from sandbox.okta.shapes import app_json, app_user_json
from sandbox.okta.state import App, AppUser, State
from sandbox.okta.web import body_json, linked, whole_number

_FILTERABLE = frozenset({"id", "name", "status", "credentials.signing.kid", "settings.slo.enabled"})
MAX_APPS, MAX_APP_USERS, DEFAULT_APP_USERS = 200, 500, 50


def app_routes(
    state: State,
    changes: Changes,
    cause: Callable[[], Cause],
    base_url: Callable[[], str],
    domain: str,
) -> Blueprint:
    routes = Blueprint("apps", __name__, url_prefix="/api/v1/apps")

    def shown(app_user: AppUser) -> dict[str, object]:
        expand = request.args.get("expand") == "user"
        user = state.user(app_user.user_id) if expand else None
        return app_user_json(app_user, base_url(), user)

    @routes.get("")
    def list_apps() -> Response:
        limit = whole_number("limit", 20, MAX_APPS)
        after = request.args.get("after", "")
        found = [app_json(app, base_url(), domain) for _, app in sorted(state.apps.items())]
        expression = request.args.get("filter")
        if expression:
            try:
                matches = parse_filter(expression, _FILTERABLE)
            except FilterError as error:
                raise errors.invalid_search() from error
            found = [app for app in found if matches(app)]
        rest = [app for app in found if str(app["id"]) > after]
        return linked(rest[:limit], base_url(), _next([str(a["id"]) for a in rest], limit))

    @routes.get("/<app>")
    def read_app(app: str) -> Response:
        return jsonify(app_json(state.app(app), base_url(), domain))

    @routes.get("/<app>/features/USER_PROVISIONING")
    def provisioning(app: str) -> Response:
        return jsonify(_provisioning(state.app(app), base_url()))

    @routes.get("/<app>/connections/default")
    def connection(app: str) -> Response:
        found = state.app(app)
        me = f"{base_url()}/api/v1/apps/{found.id}/connections/default"
        status = "ENABLED" if found.features else "DISABLED"
        return jsonify(
            {
                "status": status,
                "authScheme": "OAUTH2",
                "profile": {"authScheme": "OAUTH2"},
                "_links": {"self": {"href": me}},
            }
        )

    @routes.get("/<app>/users")
    def list_users(app: str) -> Response:
        state.app(app)
        limit = whole_number("limit", DEFAULT_APP_USERS, MAX_APP_USERS)
        after, q = request.args.get("after", ""), request.args.get("q", "").lower()
        rest = [
            each
            for each in state.assigned_to(app)
            if each.user_id > after and _starts(state, each, q)
        ]
        page = [shown(each) for each in rest[:limit]]
        return linked(page, base_url(), _next([each.user_id for each in rest], limit))

    @routes.get("/<app>/users/<user>")
    def read_user(app: str, user: str) -> Response:
        return jsonify(shown(state.app_user(app, user)))

    @routes.post("/<app>/users/<user>")
    def update_user(app: str, user: str) -> Response:
        found = state.app_user(app, user)
        changes.update_app_user(found, body_json(), cause())
        return jsonify(shown(found))

    @routes.delete("/<app>/users/<user>")
    def delete_user(app: str, user: str) -> tuple[str, int]:
        changes.unassign(state.app_user(app, user), cause())
        return "", 204

    return routes


def _next(ids: list[str], limit: int) -> str | None:
    """The next link keeps every argument of this request and moves `after`."""
    if len(ids) <= limit:
        return None
    kept = {key: value for key, value in request.args.items() if key != "after"}
    return urlencode({"after": ids[limit - 1], **kept})


def _starts(state: State, app_user: AppUser, q: str) -> bool:
    """`q` matches the beginning of user name, first name, last name or email."""
    if not q:
        return True
    profile = state.user(app_user.user_id).profile
    values = [app_user.user_name, *(profile.get(n) for n in ("firstName", "lastName", "email"))]
    return any(str(value).lower().startswith(q) for value in values if value)


def _provisioning(app: App, base_url: str) -> dict[str, object]:
    if not app.features:
        raise errors.validation("features", "features: Provisioning is not enabled for this app")

    def status(feature: str) -> dict[str, object]:
        return {"status": "ENABLED" if feature in app.features else "DISABLED"}

    return {
        "name": "USER_PROVISIONING",
        "status": "ENABLED",
        "description": "User provisioning settings from Okta to a downstream application",
        "capabilities": {
            "create": {"lifecycleCreate": status("PUSH_NEW_USERS")},
            "update": {
                "profile": status("PUSH_PROFILE_UPDATES"),
                "lifecycleDeactivate": status("PUSH_USER_DEACTIVATION"),
                "password": status("PUSH_PASSWORD_UPDATES"),
            },
        },
        "_links": {"self": {"href": f"{base_url}/api/v1/apps/{app.id}/features/USER_PROVISIONING"}},
    }
