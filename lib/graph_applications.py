"""What an Entra application was granted towards Graph, as the directory tells it.

Sources: the v1.0 references of servicePrincipal (which may be named by appId) and of its
appRoleAssignments; both need Application.Read.All. An assignment names an app role by id; what
the role is called stands in the resource's own appRoles.
"""

from __future__ import annotations

from dataclasses import dataclass

from lib.errors import Transient
from lib.graph_parse import mapping, members, next_link
from lib.http import Http, segment

# Microsoft Graph's own application id, the same in every tenant and cloud.
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
MAX_PAGES = 20


@dataclass(frozen=True)
class Application:
    """A service principal and the names of its application permissions for Graph."""

    object_id: str
    permissions: frozenset[str]


def read_application(http: Http, client_id: str) -> Application:
    """Raises NotFound when the tenant has none, Refused when the caller may not read it."""
    object_id = _identifier(http, client_id)
    resource = http.request("GET", _named(GRAPH_APP_ID), params={"$select": "id,appRoles"}).body
    graph_id = mapping(resource).get("id")
    roles = mapping(resource).get("appRoles")
    names = {
        mapping(role).get("id"): mapping(role).get("value")
        for role in (roles if isinstance(roles, list) else [])
    }
    granted: set[str] = set()
    link: str | None = f"/v1.0/servicePrincipals/{segment(object_id)}/appRoleAssignments"
    for _ in range(MAX_PAGES):
        if link is None:
            return Application(object_id, frozenset(granted))
        body = http.request("GET", link).body
        for each in members(body):
            given = mapping(each)
            if given.get("resourceId") == graph_id:
                # A role that Graph no longer lists is told by its id rather than left out.
                granted.add(str(names.get(given.get("appRoleId")) or given.get("appRoleId")))
        link = next_link(body)
    raise Transient("Graph pages appRoleAssignments without end")


def _identifier(http: Http, client_id: str) -> str:
    found = mapping(http.request("GET", _named(client_id), params={"$select": "id"}).body).get("id")
    if not isinstance(found, str) or not found:
        raise Transient("Graph's service principal has no id field")
    return found


def _named(client_id: str) -> str:
    return f"/v1.0/servicePrincipals(appId='{segment(client_id)}')"
