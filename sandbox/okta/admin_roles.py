"""What an admin role lets its holder do: a scope says which action, the role on which resource.

After what Okta's standard administrator roles are for, cut down to what is served here; the exact
table could not be confirmed. Where it is open (who may list role assignments and grants) only a
super administrator may.
"""

from __future__ import annotations

from collections.abc import Collection

SUPER_ADMIN = "SUPER_ADMIN"
_READS = {
    "APP_ADMIN": {"apps", "profileMappings", "schemas", "users"},
    "HELP_DESK_ADMIN": {"users"},
    "ORG_ADMIN": {"apps", "logs", "profileMappings", "schemas", "users"},
    "READ_ONLY_ADMIN": {"apps", "logs", "profileMappings", "schemas", "users"},
    "REPORT_ADMIN": {"logs"},
}
_MANAGES = {"APP_ADMIN": {"apps"}, "ORG_ADMIN": {"users"}}
ROLES = frozenset({SUPER_ADMIN, *_READS})
LABELS = {
    "APP_ADMIN": "Application Administrator",
    "HELP_DESK_ADMIN": "Help Desk Administrator",
    "ORG_ADMIN": "Organization Administrator",
    "READ_ONLY_ADMIN": "Read Only Administrator",
    "REPORT_ADMIN": "Report Administrator",
    "SUPER_ADMIN": "Super Organization Administrator",
}


def resource_of(path: str) -> str:
    """The name that scopes and roles have for what a path serves; "nothing" for any other."""
    parts = path.strip("/").split("/")
    kind = parts[2] if len(parts) > 2 else ""
    below = parts[4] if len(parts) > 4 else ""
    match kind, below:
        case "clients" | "users", "roles":
            return "roles"
        case "apps", "grants":
            return "appGrants"
        case "apps" | "eventHooks" | "logs" | "users", _:
            return kind
        case "mappings", _:
            return "profileMappings"
        case "meta", _:
            return "schemas"
    return "nothing"


def allowed(roles: Collection[str], resource: str, *, reading: bool) -> bool:
    if SUPER_ADMIN in roles:
        return True
    given = [_MANAGES.get(role, set()) | (_READS[role] if reading else set()) for role in roles]
    return any(resource in each for each in given)
