"""/roleManagement/directory: who holds which role, now, through a group, or on activation."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response

from sandbox.entra import web
from sandbox.entra.callers import READ_ACTIVE_INSTANCES, READ_ELIGIBLE_INSTANCES, READ_ROLES
from sandbox.entra.directory import Directory, HeldRole
from sandbox.entra.errors import GraphError, bad_request, not_found, unsupported_query
from sandbox.entra.query import page, parse_filter, refuse_unknown
from sandbox.entra.roles import ROLE_NAMES

_ROOT = "/roleManagement/directory"

Json = dict[str, object]


def role_routes(directory: Directory) -> Blueprint:
    """v1.0."""
    routes = Blueprint("roles", __name__)

    @routes.get(f"{_ROOT}/roleAssignments")
    def assignments() -> Response:
        """Direct assignments only, of every scope; a filter is required."""
        web.caller().require(READ_ROLES)
        return _answer("roleAssignments", _assigned(directory), _assignment)

    @routes.get(f"{_ROOT}/roleAssignmentScheduleInstances")
    def active_instances() -> Response:
        web.caller().require(READ_ACTIVE_INSTANCES)
        held = _instances(directory.held, directory)
        return _answer("roleAssignmentScheduleInstances", held, _active_instance)

    @routes.get(f"{_ROOT}/roleEligibilityScheduleInstances")
    def eligible_instances() -> Response:
        web.caller().require(READ_ELIGIBLE_INSTANCES)
        held = _instances(directory.may_activate, directory)
        return _answer("roleEligibilityScheduleInstances", held, _instance)

    @routes.get(f"{_ROOT}/roleDefinitions/<id>")
    def definition(id: str) -> Response:
        web.caller().require(READ_ROLES)
        if id not in ROLE_NAMES:
            raise not_found(id)
        values: Json = {
            "id": id,
            "displayName": ROLE_NAMES[id],
            "templateId": id,
            "isBuiltIn": True,
            "isEnabled": True,
        }
        return web.entity(f"{_ROOT[1:]}/roleDefinitions/$entity", values)

    return routes


def beta_role_routes(directory: Directory) -> Blueprint:
    """transitiveRoleAssignments exists in beta only, and only as an advanced query."""
    routes = Blueprint("beta_roles", __name__)

    @routes.get(f"{_ROOT}/transitiveRoleAssignments")
    def transitive() -> Response:
        web.caller().require(READ_ROLES)
        if not web.eventual():
            raise GraphError(404, "Request_ResourceNotFound", "Resource not found.")
        held = directory.held(_principal())
        return _answer("transitiveRoleAssignments", held, _assignment)

    return routes


def _principal() -> str:
    text = web.options().get("$filter", "")
    clauses = parse_filter(text).clauses if text else ()
    if len(clauses) != 1 or clauses[0].name != "principalId" or clauses[0].operator != "eq":
        raise bad_request("A filter on principalId is required.")
    return str(clauses[0].values[0]).lower()


def _assigned(directory: Directory) -> list[HeldRole]:
    text = web.options().get("$filter", "")
    clauses = parse_filter(text).clauses if text else ()
    wanted = {clause.name: str(clause.values[0]).lower() for clause in clauses}
    if not wanted:
        raise bad_request("A filter on principalId or roleDefinitionId is required.")
    if wanted.keys() - {"principalId", "roleDefinitionId"} or any(
        clause.operator != "eq" for clause in clauses
    ):
        raise unsupported_query("Unsupported Query.")
    return [
        HeldRole(grant)
        for grant in list(directory.assigned)
        if wanted.get("principalId", grant.principal_id) == grant.principal_id
        and wanted.get("roleDefinitionId", grant.template_id) == grant.template_id
    ]


def _instances(held: Callable[[str], list[HeldRole]], directory: Directory) -> list[HeldRole]:
    if "$filter" in web.options():
        return held(_principal())
    people = [*directory.users, *directory.groups, *directory.service_principals]
    return [each for person in people for each in held(person)]


def _answer(name: str, held: list[HeldRole], shape: Callable[[HeldRole], Json]) -> Response:
    options = web.options()
    refuse_unknown(options, "$filter", "$top", "$skiptoken", "$count")
    return web.collection(f"{_ROOT[1:]}/{name}", page(options, held, shape))


def _assignment(held: HeldRole) -> Json:
    return {
        "id": held.grant.id,
        "principalId": held.grant.principal_id,
        "roleDefinitionId": held.grant.template_id,
        "directoryScopeId": held.grant.scope,
    }


def _instance(held: HeldRole) -> Json:
    return {
        "id": f"{held.grant.id}-e",
        "principalId": held.grant.principal_id,
        "roleDefinitionId": held.grant.template_id,
        "directoryScopeId": held.grant.scope,
        "appScopeId": None,
        "startDateTime": None,
        "endDateTime": None,
        "memberType": "Direct" if held.group_id is None else "Group",
    }


def _active_instance(held: HeldRole) -> Json:
    return {**_instance(held), "assignmentType": "Assigned"}
