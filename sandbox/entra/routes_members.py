"""What a user belongs to and owns: memberOf, transitiveMemberOf, ownedObjects; and groups."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from flask import Blueprint, Response, request

from sandbox.entra import web
from sandbox.entra.callers import READ_GROUPS, READ_ROLES, READ_UNITS, READ_USERS
from sandbox.entra.directory import TENANT_SCOPE, Directory, Group, HeldRole
from sandbox.entra.errors import not_found, unsupported_query
from sandbox.entra.query import page, parse_filter, refuse_unknown, select
from sandbox.entra.roles import ROLE_NAMES
from sandbox.entra.routes_users import existing

_PREFIX = "microsoft.graph."
# Properties that may be selected from a collection of directory objects.
_KNOWN: Mapping[str, tuple[str, ...]] = {
    "directoryRole": ("id", "description", "displayName", "roleTemplateId"),
    "group": (
        "id",
        "description",
        "displayName",
        "groupTypes",
        "isAssignableToRole",
        "mailEnabled",
        "securityEnabled",
    ),
    "administrativeUnit": ("id", "displayName", "isMemberManagementRestricted"),
    "application": ("id", "appId", "displayName"),
    "user": ("id", "displayName", "userPrincipalName"),
}
_ANY = frozenset(name for names in _KNOWN.values() for name in names)
_READ_APPLICATIONS = frozenset(
    {"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"}
)
_READ = {
    "directoryRole": READ_ROLES,
    "group": READ_GROUPS,
    "administrativeUnit": READ_UNITS,
    "application": _READ_APPLICATIONS,
    "user": READ_USERS,
}

Json = dict[str, object]


def member_routes(directory: Directory) -> Blueprint:
    routes = Blueprint("members", __name__)

    @routes.get("/users/<id>/memberOf")
    @routes.get("/servicePrincipals/<id>/memberOf")
    def member_of(id: str) -> Response:
        return _answer(_member_of(directory, _principal(directory, id), transitive=False))

    @routes.get("/users/<id>/memberOf/<cast>")
    @routes.get("/servicePrincipals/<id>/memberOf/<cast>")
    def member_of_kind(id: str, cast: str) -> Response:
        return _cast(_member_of(directory, _principal(directory, id), transitive=False), cast)

    @routes.get("/users/<id>/transitiveMemberOf")
    @routes.get("/servicePrincipals/<id>/transitiveMemberOf")
    def transitive_member_of(id: str) -> Response:
        return _answer(_member_of(directory, _principal(directory, id), transitive=True))

    @routes.get("/users/<id>/transitiveMemberOf/<cast>")
    @routes.get("/servicePrincipals/<id>/transitiveMemberOf/<cast>")
    def transitive_member_of_kind(id: str, cast: str) -> Response:
        return _cast(_member_of(directory, _principal(directory, id), transitive=True), cast)

    @routes.get("/users/<id>/ownedObjects")
    @routes.get("/servicePrincipals/<id>/ownedObjects")
    def owned_objects(id: str) -> Response:
        return _answer(_owned(directory, _principal(directory, id)))

    @routes.get("/users/<id>/ownedObjects/<cast>")
    @routes.get("/servicePrincipals/<id>/ownedObjects/<cast>")
    def owned_objects_kind(id: str, cast: str) -> Response:
        kind = cast.removeprefix(_PREFIX)
        owned = _owned(directory, _principal(directory, id))
        return _answer([each for each in owned if each["kind"] == kind])

    @routes.get("/groups")
    def list_groups() -> Response:
        web.caller().require(READ_GROUPS)
        options = web.options()
        shapes = [_group(group) for group in directory.groups.values()]
        if "$filter" in options:
            (clause,) = parse_filter(options["$filter"]).clauses
            if clause.name not in {"id", "displayName", "isAssignableToRole"}:
                raise unsupported_query("Unsupported Query.")
            shapes = [each for each in shapes if each[clause.name] in clause.values]
        return _answer(shapes)

    @routes.get("/groups/<id>")
    def one_group(id: str) -> Response:
        web.caller().require(READ_GROUPS)
        options = web.options()
        refuse_unknown(options, "$select")
        names = select(options, _KNOWN["group"]) or _KNOWN["group"]
        shape = _group(_existing_group(directory, id))
        return web.entity("groups/$entity", {name: shape[name] for name in names})

    @routes.get("/groups/<id>/members")
    def members(id: str) -> Response:
        web.caller().require(READ_GROUPS)
        return _answer(_users(directory, _existing_group(directory, id).members))

    @routes.get("/groups/<id>/owners")
    def owners(id: str) -> Response:
        web.caller().require(READ_GROUPS)
        return _answer(_users(directory, _existing_group(directory, id).owners))

    return routes


def _answer(shapes: list[Json]) -> Response:
    caller = web.caller()
    options = web.options()
    refuse_unknown(options, "$select", "$top", "$skiptoken", "$count", "$filter")
    names = select(options, _ANY)

    def shape(found: Json) -> Json:
        kind = str(found["kind"])
        wanted = names or _KNOWN[kind]
        # Without the right to read the type, "limited information": its type and id alone.
        limited = not caller.permissions & _READ[kind]
        values = {
            name: None if limited and name != "id" else found.get(name)
            for name in wanted
            if name in _KNOWN[kind]
        }
        if limited:
            values["id"] = found["id"]
        return {"@odata.type": f"#{_PREFIX}{kind}", **values}

    return web.collection("directoryObjects", page(options, shapes, shape))


def _cast(shapes: list[Json], cast: str) -> Response:
    """An OData cast is an advanced query: it needs the header and $count=true."""
    if not web.eventual():
        raise unsupported_query("Unsupported Query.")
    kind = cast.removeprefix(_PREFIX)
    return _answer([each for each in shapes if each["kind"] == kind])


def _principal(directory: Directory, key: str) -> str:
    """The object id of the user or service principal the path names."""
    if request.path.split("/")[3] == "users":
        web.caller().require(READ_USERS)
        return existing(directory, key).id
    web.caller().require(_READ_APPLICATIONS)
    if key.lower() not in directory.service_principals:
        raise not_found(key)
    return key.lower()


def _member_of(directory: Directory, principal_id: str, *, transitive: bool) -> list[Json]:
    held = directory.held(principal_id)
    roles = [each for each in held if transitive or each.group_id is None]
    groups = directory.groups_of(principal_id)
    shapes = _roles(directory, roles) + [_group(each) for each in groups]
    user = directory.users.get(principal_id)
    if user is not None and user.restricted:
        shapes.append(
            {
                "kind": "administrativeUnit",
                "id": directory.restricted_unit,
                "displayName": "Restricted management",
                "isMemberManagementRestricted": True,
            }
        )
    return shapes


def _owned(directory: Directory, principal_id: str) -> list[Json]:
    applications: list[Json] = [
        {"kind": "application", "id": each, "appId": each, "displayName": "An application"}
        for each in directory.owned_applications.get(principal_id, [])
    ]
    return [_group(group) for group in directory.groups_owned(principal_id)] + applications


def _roles(directory: Directory, held: Iterable[HeldRole]) -> list[Json]:
    """Only tenant-scoped roles are memberships of a directoryRole."""
    templates = sorted(
        {each.grant.template_id for each in held if each.grant.scope == TENANT_SCOPE}
    )
    return [
        {
            "kind": "directoryRole",
            "id": str(uuid.uuid5(uuid.UUID(directory.tenant_id), template)),
            "description": None,
            "displayName": ROLE_NAMES[template],
            "roleTemplateId": template,
        }
        for template in templates
    ]


def _group(group: Group) -> Json:
    return {
        "kind": "group",
        "id": group.id,
        "description": None,
        "displayName": group.name,
        "groupTypes": [],
        # Graph answers null, not false, for a group that was never made role-assignable.
        "isAssignableToRole": True if group.role_assignable else None,
        "mailEnabled": False,
        "securityEnabled": True,
    }


def _users(directory: Directory, ids: Iterable[str]) -> list[Json]:
    found = [user for user in (directory.user(each) for each in ids) if user]
    return [{"kind": "user", **directory.seen_in_lists(user)} for user in found]


def _existing_group(directory: Directory, group_id: str) -> Group:
    found = directory.groups.get(group_id.lower())
    if found is None:
        raise not_found(group_id)
    return found
