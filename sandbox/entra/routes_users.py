"""/users and /me."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask import Blueprint, Response

from sandbox.entra import web
from sandbox.entra.callers import READ_ME, READ_USERS
from sandbox.entra.changes import Changes
from sandbox.entra.directory import Directory, User
from sandbox.entra.errors import (
    GraphError,
    bad_request,
    invalid_identifier,
    not_found,
    unsupported_query,
)
from sandbox.entra.properties import DEFAULT, USER
from sandbox.entra.query import Clause, page, parse_filter, refuse_unknown, select

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_FILTERS: Mapping[str, frozenset[str]] = {
    "id": frozenset({"eq", "in"}),
    "userPrincipalName": frozenset({"eq", "in", "startswith"}),
    "onPremisesImmutableId": frozenset({"eq", "in"}),
    "onPremisesSyncEnabled": frozenset({"eq"}),
    "accountEnabled": frozenset({"eq"}),
    "department": frozenset({"eq", "in"}),
}


def user_routes(directory: Directory, changes: Changes) -> Blueprint:
    routes = Blueprint("users", __name__)

    @routes.get("/users")
    def list_users() -> Response:
        options = web.options()
        web.caller().require(READ_USERS)
        refuse_unknown(options, "$select", "$filter", "$top", "$skiptoken", "$count")
        if options.get("$count") == "true" and not web.eventual():
            raise bad_request("$count is not currently supported.")
        names = select(options, USER) or DEFAULT
        seen = [directory.seen_in_lists(user) for user in directory.listed()]
        if "$filter" in options:
            seen = _matching(seen, options["$filter"])
        found = page(options, seen, lambda values: _shape(values, names))
        return web.collection(
            _context("users", names, options), found, len(seen) if web.eventual() else None
        )

    @routes.get("/users/<id>")
    def one_user(id: str) -> Response:
        web.caller().require(READ_USERS)
        return _one(existing(directory, id))

    @routes.get("/me")
    def me() -> Response:
        caller = web.caller()
        if not caller.delegated:
            message = "/me request is only valid with delegated authentication flow."
            raise GraphError(400, "BadRequest", message)
        caller.require(READ_ME)
        return _one(existing(directory, caller.object_id))

    @routes.patch("/users/<id>")
    def update_user(id: str) -> Response:
        # Annotations such as @odata.type, which the vendor's own SDKs send, are no properties.
        given = web.body_json()
        body = {name: given[name] for name in given if not name.startswith("@odata.")}
        changes.patch(web.caller(), existing(directory, id), body)
        return web.no_content()

    def _one(user: User) -> Response:
        options = web.options()
        refuse_unknown(options, "$select")
        names = select(options, USER) or DEFAULT
        values = _shape(directory.seen_singly(user), names)
        return web.entity(f"{_context('users', names, options)}/$entity", values)

    return routes


def existing(directory: Directory, key: str) -> User:
    """By object id or userPrincipalName; 404 for anything else, as Graph looks up a name."""
    found = directory.user(key)
    if found is None:
        raise not_found(key)
    return found


def _shape(values: Mapping[str, object], names: tuple[str, ...]) -> dict[str, object]:
    return {name: values[name] for name in names}


def _context(name: str, names: tuple[str, ...], options: Mapping[str, str]) -> str:
    return f"{name}({','.join(names)})" if "$select" in options else name


def _matching(users: list[dict[str, object]], text: str) -> list[dict[str, object]]:
    wanted = parse_filter(text)
    for clause in wanted.clauses:
        _check(clause)
    combine = any if wanted.any_of else all
    return [user for user in users if combine(_meets(user, clause) for clause in wanted.clauses)]


def _check(clause: Clause) -> None:
    if clause.operator not in _FILTERS.get(clause.name, frozenset()):
        raise unsupported_query(
            "Unsupported or invalid query filter clause specified for property "
            f"'{clause.name}' of resource 'User'."
        )
    for value in clause.values:
        flag = clause.name in {"onPremisesSyncEnabled", "accountEnabled"}
        if isinstance(value, bool) != flag and value is not None:
            raise bad_request("Invalid filter clause")
        if clause.name == "id" and not GUID.fullmatch(str(value)):
            raise invalid_identifier(str(value))


def _meets(user: Mapping[str, object], clause: Clause) -> bool:
    value = user[clause.name]
    if clause.operator == "startswith":
        return str(value).casefold().startswith(str(clause.values[0]).casefold())
    if clause.name in {"id", "userPrincipalName"}:
        return str(value).casefold() in {str(each).casefold() for each in clause.values}
    return value in clause.values
