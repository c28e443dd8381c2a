"""/auditLogs/directoryAudits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, Response

from sandbox.entra import roles, web
from sandbox.entra.audit import AuditLog
from sandbox.entra.callers import READ_AUDIT, Caller
from sandbox.entra.directory import TENANT_SCOPE, Directory
from sandbox.entra.errors import bad_request, denied, not_modelled
from sandbox.entra.query import Clause, page, parse_filter, refuse_unknown
from sandbox.entra.throttle import Throttle

_TIME = "activityDateTime"
# The documented list, no more.
_FILTERS: Mapping[str, frozenset[str]] = {
    "activityDisplayName": frozenset({"eq", "startswith"}),
    _TIME: frozenset({"eq", "ge", "le"}),
    "loggedByService": frozenset({"eq"}),
    "initiatedBy/user/id": frozenset({"eq"}),
    "initiatedBy/user/displayName": frozenset({"eq"}),
    "initiatedBy/user/userPrincipalName": frozenset({"eq", "startswith"}),
    "initiatedBy/app/appId": frozenset({"eq"}),
    "initiatedBy/app/displayName": frozenset({"eq"}),
    "targetResources/id": frozenset({"eq"}),
    "targetResources/displayName": frozenset({"eq", "startswith"}),
}
# What a signed-in person needs besides the scope.
_MAY_READ = frozenset(
    {
        roles.GLOBAL_ADMINISTRATOR,
        roles.GLOBAL_READER,
        roles.REPORTS_READER,
        roles.SECURITY_ADMINISTRATOR,
        roles.SECURITY_READER,
    }
)

Json = dict[str, object]


def audit_routes(directory: Directory, audit: AuditLog, throttle: Throttle) -> Blueprint:
    routes = Blueprint("audits", __name__)

    @routes.get("/auditLogs/directoryAudits")
    def audits() -> Response:
        caller = web.caller()
        throttle.take_audit(caller.client_id)
        _admit(caller)
        options = web.options()
        refuse_unknown(options, "$filter", "$top", "$skiptoken", "$orderby")
        found = audit.visible()
        if "$filter" in options:
            wanted = parse_filter(options["$filter"])
            if wanted.any_of:
                raise not_modelled("a filter with or here")
            found = [each for each in found if all(_meets(each, c) for c in wanted.clauses)]
        order = options.get("$orderby", f"{_TIME} desc")
        if order not in {_TIME, f"{_TIME} asc", f"{_TIME} desc"}:
            raise bad_request("Invalid $orderby.")
        if not order.endswith("desc"):
            found.reverse()
        return web.collection("auditLogs/directoryAudits", page(options, found, dict, most=1000))

    def _admit(caller: Caller) -> None:
        caller.require(READ_AUDIT)
        held = directory.roles_in_scope(caller.object_id, TENANT_SCOPE)
        if caller.delegated and not held & _MAY_READ:
            raise denied()

    return routes


def _meets(entry: Json, clause: Clause) -> bool:
    if clause.operator not in _FILTERS.get(clause.name, frozenset()):
        raise bad_request(f"Invalid filter clause: '{clause.name}' cannot be filtered so.")
    wanted = clause.values[0]
    if clause.name == _TIME:
        return _in_time(str(entry[_TIME]), clause.operator, str(wanted))
    found = _values(entry, clause.name)
    if clause.operator == "startswith":
        return any(str(value).startswith(str(wanted)) for value in found)
    return wanted in found


def _in_time(at: str, operator: str, wanted: str) -> bool:
    try:
        limit = datetime.fromisoformat(wanted)
    except ValueError:
        raise bad_request("Invalid filter clause") from None
    if limit.tzinfo is None:
        raise bad_request("Invalid filter clause")
    moment = datetime.fromisoformat(at)
    if operator == "ge":
        return moment >= limit
    return moment <= limit if operator == "le" else moment == limit


def _values(entry: Json, path: str) -> list[object]:
    found: list[object] = [entry]
    for step in path.split("/"):
        lists = [each[step] for each in found if isinstance(each, dict) and each.get(step)]
        found = [item for each in lists for item in (each if isinstance(each, list) else [each])]
    return found
