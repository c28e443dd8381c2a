"""/servicePrincipals by appId, and which app roles (application permissions) one was granted.

Source: the vendor's servicePrincipal and appRoleAssignment references: Application.Read.All reads
both; an assignment names the role by id, and the resource's appRoles say what it is called.
"""

from __future__ import annotations

import uuid

from flask import Blueprint, Response

from sandbox.entra import web
from sandbox.entra.directory import Directory, ServicePrincipal
from sandbox.entra.errors import not_found
from sandbox.entra.query import page, refuse_unknown, select

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
READ_APPLICATIONS = frozenset(
    {
        "Application.Read.All",
        "Application.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    }
)
_FIELDS = ("id", "appId", "displayName", "appRoles")

Json = dict[str, object]


def application_routes(directory: Directory) -> Blueprint:
    routes = Blueprint("applications", __name__)
    graph_id = str(uuid.uuid5(uuid.UUID(directory.tenant_id), GRAPH_APP_ID))

    @routes.get("/servicePrincipals(appId='<app_id>')")
    def by_app_id(app_id: str) -> Response:
        web.caller().require(READ_APPLICATIONS)
        options = web.options()
        refuse_unknown(options, "$select")
        names = select(options, _FIELDS) or _FIELDS
        shape = _resource() if app_id == GRAPH_APP_ID else _own(directory, app_id)
        values = {name: shape[name] for name in names}
        return web.entity("servicePrincipals/$entity", values)

    @routes.get("/servicePrincipals/<id>/appRoleAssignments")
    def granted(id: str) -> Response:
        web.caller().require(READ_APPLICATIONS)
        found = directory.service_principals.get(id.lower())
        if found is None:
            raise not_found(id)
        shapes = [_assignment(found, name) for name in sorted(found.permissions)]
        options = web.options()
        refuse_unknown(options, "$top", "$skiptoken")
        return web.collection("appRoleAssignments", page(options, shapes, dict))

    def _resource() -> Json:
        """Graph itself: its app roles are all that anybody here was granted."""
        names = {n for each in directory.service_principals.values() for n in each.permissions}
        return {
            "id": graph_id,
            "appId": GRAPH_APP_ID,
            "displayName": "Microsoft Graph",
            "appRoles": [{"id": _role_id(name), "value": name} for name in sorted(names)],
        }

    def _role_id(name: str) -> str:
        return str(uuid.uuid5(uuid.UUID(GRAPH_APP_ID), name))

    def _assignment(principal: ServicePrincipal, name: str) -> Json:
        return {
            "id": uuid.uuid5(uuid.UUID(principal.id), name).hex,
            "appRoleId": _role_id(name),
            "principalId": principal.id,
            "principalType": "ServicePrincipal",
            "resourceId": graph_id,
            "resourceDisplayName": "Microsoft Graph",
        }

    return routes


def _own(directory: Directory, app_id: str) -> Json:
    for each in directory.service_principals.values():
        if each.client_id.lower() == app_id.lower():
            return {
                "id": each.id,
                "appId": each.client_id,
                "displayName": each.name,
                "appRoles": [],
            }
    raise not_found(app_id)
