"""/api/v1/eventHooks: registration and its lifecycle."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, jsonify

from sandbox.okta import errors
from sandbox.okta.hook_delivery import HookCaller
from sandbox.okta.hook_store import HookStore
from sandbox.okta.web import body_json


def hook_routes(hooks: HookStore, caller: HookCaller, base_url: Callable[[], str]) -> Blueprint:
    routes = Blueprint("hooks", __name__, url_prefix="/api/v1/eventHooks")

    @routes.post("")
    def create() -> Response:
        return jsonify(hooks.create(body_json()).json(base_url()))

    @routes.get("")
    def list_hooks() -> Response:
        return jsonify([hook.json(base_url()) for hook in hooks.all()])

    @routes.get("/<hook>")
    def read(hook: str) -> Response:
        return jsonify(hooks.get(hook).json(base_url()))

    @routes.put("/<hook>")
    def replace(hook: str) -> Response:
        return jsonify(hooks.put(hook, body_json()).json(base_url()))

    @routes.delete("/<hook>")
    def delete(hook: str) -> tuple[str, int]:
        hooks.delete(hook)
        return "", 204

    @routes.post("/<hook>/lifecycle/verify")
    def verify(hook: str) -> Response:
        found = hooks.get(hook)
        if not caller.verify(found):
            raise errors.OktaError(
                400,
                "E0000001",
                f"Unable to verify event hook. Hook {found.name} execution failed",
            )
        return jsonify(hooks.set_verified(hook).json(base_url()))

    @routes.post("/<hook>/lifecycle/activate")
    def activate(hook: str) -> Response:
        return jsonify(hooks.set_active(hook, True).json(base_url()))

    @routes.post("/<hook>/lifecycle/deactivate")
    def deactivate(hook: str) -> Response:
        return jsonify(hooks.set_active(hook, False).json(base_url()))

    return routes
