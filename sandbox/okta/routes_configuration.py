"""/api/v1/meta/schemas/apps/…/default and /api/v1/mappings, both read-only here."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from sandbox.okta import errors
from sandbox.okta.ids import USER_TYPE_ID, mapping_id
from sandbox.okta.shapes import schema_json
from sandbox.okta.state import App, State
from sandbox.okta.web import linked, whole_number

Json = dict[str, object]
MAX_MAPPINGS = 200


def configuration_routes(state: State, base_url: Callable[[], str]) -> Blueprint:
    routes = Blueprint("configuration", __name__, url_prefix="/api/v1")

    @routes.get("/meta/schemas/apps/<app>/default")
    def schema(app: str) -> Response:
        return jsonify(schema_json(state.app(app), base_url()))

    @routes.get("/mappings")
    def list_mappings() -> Response:
        """The list leaves `properties` out: each mapping has to be read on its own."""
        limit = whole_number("limit", 20, MAX_MAPPINGS)
        source, target = request.args.get("sourceId"), request.args.get("targetId")
        after = request.args.get("after", "")
        found = [
            {key: value for key, value in mapping.items() if key != "properties"}
            for identifier, mapping in sorted(_mappings(state, base_url()).items())
            if identifier > after and _between(mapping, source, target)
        ]
        next_query = None
        if len(found) > limit:
            kept = {key: value for key, value in request.args.items() if key != "after"}
            next_query = urlencode({"after": found[limit - 1]["id"], **kept})
        return linked(found[:limit], base_url(), next_query)

    @routes.get("/mappings/<mapping>")
    def read_mapping(mapping: str) -> Response:
        found = _mappings(state, base_url()).get(mapping)
        if found is None:
            raise errors.not_found(mapping, "ProfileMapping")
        return jsonify(found)

    return routes


def _mappings(state: State, base_url: str) -> dict[str, Json]:
    """One mapping each way per app; only the way towards the app has properties in a world."""
    found: dict[str, Json] = {}
    for app in list(state.apps.values()):
        user, instance = _user_end(base_url), _app_end(app, base_url)
        properties: Json = {
            name: {"expression": mapping.expression, "pushStatus": mapping.push_status}
            for name, mapping in app.mappings.items()
        }
        for source, target, content in ((user, instance, properties), (instance, user, {})):
            identifier = mapping_id(str(source["id"]), str(target["id"]))
            found[identifier] = {
                "id": identifier,
                "source": source,
                "target": target,
                "properties": content,
                "_links": {"self": {"href": f"{base_url}/api/v1/mappings/{identifier}"}},
            }
    return found


def _user_end(base_url: str) -> Json:
    schema = f"{base_url}/api/v1/meta/schemas/user/default"
    return {
        "id": USER_TYPE_ID,
        "name": "user",
        "type": "user",
        "_links": {"schema": {"href": schema}},
    }


def _app_end(app: App, base_url: str) -> Json:
    schema = f"{base_url}/api/v1/meta/schemas/apps/{app.id}/default"
    return {
        "id": app.id,
        "name": "office365",
        "type": "appuser",
        "_links": {"schema": {"href": schema}},
    }


def _between(mapping: Json, source: str | None, target: str | None) -> bool:
    def end(name: str) -> object:
        value = mapping[name]
        return value.get("id") if isinstance(value, dict) else None

    return source in {None, end("source")} and target in {None, end("target")}
