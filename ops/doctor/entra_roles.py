"""The directory roles of our applications and of Okta's connector, against Microsoft's matrix."""

from __future__ import annotations

from collections.abc import Iterator

from lib.errors import Permanent, Refused, Transient
from lib.graph import Graph
from lib.model import RoleGrant
from lib.rules.matrix import CALLER_NAMES, GLOBAL_ADMINISTRATOR, ROWS
from ops.doctor.finding import Finding
from ops.doctor.hook import reason
from ops.doctor.identity import Identity
from ops.doctor.texts import finding


def of_identity(reader: Graph, identity: Identity) -> list[Finding]:
    """Eligible roles count too: they are one activation away."""
    if identity.object_id is None:
        why = identity.refused or identity.unread or "its object id is not known"
        return [finding("role_unread", who=identity.who, why=why)]
    try:
        standing = reader.standing(identity.object_id)
    except (Refused, Permanent, Transient) as error:
        return [finding("role_unread", who=identity.who, why=reason(error))]
    if standing.active_roles is None:
        return [finding("role_unread", who=identity.who, why="Graph does not say")]
    held = (*standing.active_roles, *(standing.eligible_roles or ()))
    found = list(_held(identity, held))
    if standing.eligible_roles is None:
        found.append(
            finding("role_unread", who=identity.who, why="Graph hides which it may activate")
        )
    return found or [finding("role_none", who=identity.who)]


def of_connector(reader: Graph, object_id: str | None) -> list[Finding]:
    if object_id is None:
        return [
            finding(
                "connector_unknown", why="ConnectorObjectId is not set, and no audit entry told it"
            )
        ]
    try:
        roles = reader.standing(object_id).active_roles
    except (Refused, Permanent, Transient) as error:
        return [finding("connector_unknown", why=reason(error))]
    if roles is None:
        return [finding("connector_unknown", why="Graph does not say")]
    tenant_wide = [role for role in roles if role.scope == "/"]
    if any(role.template_id.lower() == GLOBAL_ADMINISTRATOR for role in tenant_wide):
        return [finding("connector_outranks")]
    names = ", ".join(sorted(role_name(role) for role in tenant_wide)) or "no role"
    return [finding("connector_lacks", roles=names)]


def role_name(role: RoleGrant) -> str:
    """The matrix's name where Graph told only the id."""
    row = ROWS.get(role.template_id.lower())
    return row[0] if row else role.name


def _held(identity: Identity, roles: tuple[RoleGrant, ...]) -> Iterator[Finding]:
    for role in roles:
        template = role.template_id.lower()
        name = role_name(role) + (" (eligible)" if role.via == "eligible" else "")
        if template in CALLER_NAMES:
            rows = sum(template in callers for _, callers in ROWS.values())
            matrix = f"{rows} of {len(ROWS)} rows of Microsoft's table of sensitive actions"
            who = identity.who.upper()
            yield finding("role_outranks", who=who, role=name, matrix=matrix)
        else:
            yield finding("role_held", who=identity.who, role=name)
