"""What callers may do, as the org tells it: grants of service apps, admin roles, a token's owner.

Source: the vendor's OpenAPI description of OAuth2ScopeConsentGrant and of role assignments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, g, jsonify

from sandbox.okta import errors
from sandbox.okta.admin_roles import LABELS
from sandbox.okta.ids import stable_id
from sandbox.okta.shapes import user_json
from sandbox.okta.state import State, User
from sandbox.okta.times import iso
from sandbox.world_model import OktaClient

Json = dict[str, object]


@dataclass(frozen=True)
class Owner:
    """The administrator who made an API token, and the roles it therefore has."""

    user: User
    roles: tuple[str, ...]


def access_routes(
    state: State,
    clients: Mapping[str, OktaClient],
    owners: Mapping[str, Owner],
    base_url: Callable[[], str],
) -> Blueprint:
    """`clients` by client id, `owners` by the id of their token."""
    routes = Blueprint("access", __name__)

    def client(client_id: str, kind: str) -> OktaClient:
        found = clients.get(client_id)
        if found is None:
            raise errors.not_found(client_id, kind)
        return found

    @routes.get("/api/v1/users/me")
    def me() -> Response:
        """The owner of the token; a service app is no user."""
        owner = owners.get(g.token_id)
        if owner is None:
            raise errors.not_found("me", "User")
        return jsonify(user_json(owner.user, base_url()))

    @routes.get("/api/v1/users/<user>/roles")
    def roles_of_user(user: str) -> Response:
        owner = next((each for each in owners.values() if each.user.id == user), None)
        roles = owner.roles if owner else ()
        since = owner.user.created if owner else state.user(user).created
        return jsonify(_roles(roles, "USER", since))

    @routes.get("/oauth2/v1/clients/<client_id>/roles")
    def roles_of_client(client_id: str) -> Response:
        return jsonify(_roles(client(client_id, "Client").roles, "CLIENT", state.clock()))

    @routes.get("/api/v1/apps/<app>/grants")
    def grants(app: str) -> Response:
        if app in state.apps:
            return jsonify([])
        found = client(app, "AppInstance")
        return jsonify([_grant(found, scope, base_url(), state.clock()) for scope in found.scopes])

    return routes


def _roles(roles: Sequence[str], assigned_to: str, since: datetime) -> list[Json]:
    return [
        {
            "id": stable_id("ra1", f"{assigned_to} {role}"),
            "label": LABELS[role],
            "type": role,
            "status": "ACTIVE",
            "created": iso(since),
            "lastUpdated": iso(since),
            "assignmentType": assigned_to,
        }
        for role in roles
    ]


def _grant(client: OktaClient, scope: str, base_url: str, since: datetime) -> Json:
    return {
        "id": stable_id("oag", f"{client.client_id} {scope}"),
        "status": "ACTIVE",
        "created": iso(since),
        "lastUpdated": iso(since),
        "issuer": base_url,
        "clientId": client.client_id,
        "scopeId": scope,
        "source": "ADMIN",
    }
