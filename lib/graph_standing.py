"""How privileged a directory object is, in one $batch.

Sources: the v1.0 references of transitiveMemberOf (active roles at tenant scope, also through
groups), roleAssignments (direct ones of every scope), roleEligibilityScheduleInstances (PIM) and
ownedObjects. An application without the right to read roles gets members with only type and id,
which says nothing: such a part is None, as is one that is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lib.errors import NotFound, Permanent, Refused, Transient
from lib.graph_batch import Part, literal, read_parts
from lib.graph_parse import Json, mapping, members, next_link
from lib.http import Http, segment
from lib.http_answers import error_for
from lib.model import RoleGrant, Standing

MAX_PAGES = 20
_ASSIGNMENTS = "/roleManagement/directory/roleAssignments"
_ELIGIBILITIES = "/roleManagement/directory/roleEligibilityScheduleInstances"
# Without Entra ID P2 there is no PIM, so nobody is eligible for anything.
_NO_PIM = "AadPremiumLicenseRequired"
_APPLICATIONS = frozenset({"#microsoft.graph.application", "#microsoft.graph.servicePrincipal"})

Members = list[Json] | None


def read_standing(http: Http, object_id: str, *, applications: bool = True) -> Standing:
    """One round trip for a user; a second when the object turns out to be a service principal.

    `applications` False: whoever signed in may not read those, so none is asked for. Raises
    NotFound when it is neither, Transient when a part failed for now.
    """
    principal = f"?$filter=principalId eq {literal(object_id)}".replace(" ", "%20")
    parts = read_parts(
        http,
        [*_of("users", object_id), _ASSIGNMENTS + principal, _ELIGIBILITIES + principal],
    )
    own: Sequence[Part] = parts[:2]
    service_principal = _absent(own[0])
    if service_principal and not applications:
        raise NotFound("Entra knows no such user, and applications are not asked for")
    if service_principal:
        own = read_parts(http, _of("servicePrincipals", object_id))
        if _absent(own[0]):
            raise NotFound("Entra knows no such user or service principal")
    belongs, owned = (_members(http, part) for part in own)
    assigned, eligible = (_members(http, part) for part in parts[2:])
    names = _role_names(belongs)
    groups = _assignable_groups(belongs, owned)
    return Standing(
        object_id=object_id,
        active_roles=_active(belongs, assigned, names),
        eligible_roles=_grants(eligible, "eligible", names),
        role_assignable_groups=groups,
        owns_applications=None
        if owned is None
        else any(each.get("@odata.type") in _APPLICATIONS for each in owned),
        service_principal=service_principal,
    )


def _of(collection: str, object_id: str) -> list[str]:
    base = f"/{collection}/{segment(object_id)}"
    return [
        f"{base}/transitiveMemberOf?$select=id,displayName,roleTemplateId,isAssignableToRole&$top=999",
        f"{base}/ownedObjects?$select=id,displayName,isAssignableToRole&$top=999",
    ]


def _absent(part: Part) -> bool:
    return not isinstance(part, Transient) and part.status == 404


def _members(http: Http, part: Part) -> Members:
    """Everything the part lists, page by page; None when the vendor refuses to say."""
    if isinstance(part, Transient):
        raise part
    body: object = part.body
    if part.status != 200:
        error = error_for(part, "a part of GET /$batch")
        if isinstance(error, Refused) and error.code == _NO_PIM:
            return []
        if isinstance(error, Permanent | Refused):
            return None
        raise error
    found = [mapping(each) for each in members(body)]
    for _ in range(MAX_PAGES):
        link = next_link(body)
        if link is None:
            return found
        try:
            body = http.request("GET", link).body
        except Refused:
            return None
        found += [mapping(each) for each in members(body)]
    return None


def _role_names(belongs: Members) -> dict[str, str]:
    roles = (each for each in belongs or [] if _kind(each) == "directoryRole")
    return {str(r.get("roleTemplateId")): str(r.get("displayName") or "") for r in roles}


def _active(
    belongs: Members, assigned: Members, names: dict[str, str]
) -> tuple[RoleGrant, ...] | None:
    """Direct assignments of every scope, and tenant-wide roles that came through a group."""
    direct = _grants(assigned, "direct", names)
    if belongs is None or direct is None:
        return None
    roles = [each for each in belongs if _kind(each) == "directoryRole"]
    if any(not isinstance(role.get("roleTemplateId"), str) for role in roles):
        return None
    groups = [str(each.get("id")) for each in belongs if each.get("isAssignableToRole") is True]
    via = f"group:{','.join(groups)}" if groups else "direct"
    held = {grant.template_id.lower() for grant in direct if grant.scope == "/"}
    inherited = [
        RoleGrant(template, names[template], via=via)
        for template in (str(role["roleTemplateId"]) for role in roles)
        if template.lower() not in held
    ]
    return (*direct, *inherited)


def _grants(listed: Members, via: str, names: dict[str, str]) -> tuple[RoleGrant, ...] | None:
    """A built-in role's definition id is its template id; a custom one has only its own."""
    if listed is None:
        return None
    grants = []
    for each in listed:
        template = each.get("roleDefinitionId")
        if not isinstance(template, str):
            return None
        grant = RoleGrant(template, names.get(template) or template, via=via)
        scope = each.get("directoryScopeId")
        # A missing scope is taken for the widest one.
        grants.append(replace(grant, scope=scope) if isinstance(scope, str) and scope else grant)
    return tuple(grants)


def _assignable_groups(belongs: Members, owned: Members) -> tuple[str, ...] | None:
    """Ids of the role-assignable groups the object is in or owns."""
    if belongs is None or owned is None:
        return None
    groups = [each for each in (*belongs, *owned) if _kind(each) == "group"]
    # isAssignableToRole is null for ordinary groups; without a name either, nothing was told.
    if any(g.get("isAssignableToRole") is None and not g.get("displayName") for g in groups):
        return None
    found = (str(g.get("id")) for g in groups if g.get("isAssignableToRole") is True)
    return tuple(dict.fromkeys(found))


def _kind(each: Json) -> str:
    return str(each.get("@odata.type", "")).removeprefix("#microsoft.graph.")
