"""Who may change a privileged user's sensitive properties: Microsoft's matrix as data.

Source: Microsoft Graph "users resource: who can perform sensitive actions" and Entra
"privileged roles and permissions", with the role template ids of "Entra built-in roles".
Rows are the target's role; the set names the callers' roles that outrank it. The matrix covers
active roles only: eligibility does not change what Graph refuses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lib.model import Standing

AUTHENTICATION_ADMINISTRATOR = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
PRIVILEGED_AUTHENTICATION_ADMINISTRATOR = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"

_TOP = frozenset({PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, GLOBAL_ADMINISTRATOR})
_USER = _TOP | {USER_ADMINISTRATOR}
_AUTHENTICATION = _TOP | {AUTHENTICATION_ADMINISTRATOR}
_ANY = _USER | _AUTHENTICATION

CALLER_NAMES = {
    AUTHENTICATION_ADMINISTRATOR: "Authentication Administrator",
    USER_ADMINISTRATOR: "User Administrator",
    PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: "Privileged Authentication Administrator",
    GLOBAL_ADMINISTRATOR: "Global Administrator",
}

# target role template id -> (name, callers that outrank it)
ROWS: dict[str, tuple[str, frozenset[str]]] = {
    AUTHENTICATION_ADMINISTRATOR: ("Authentication Administrator", _AUTHENTICATION),
    "88d8e3e3-8f55-4a1e-953a-9b9898b8876b": ("Directory Readers", _ANY),
    GLOBAL_ADMINISTRATOR: ("Global Administrator", _TOP),
    "fdd7a751-b60b-444a-984c-02652fe8fa1c": ("Groups Administrator", _USER),
    "95e79109-95c0-4d8e-aee3-d01accf2d47b": ("Guest Inviter", _ANY),
    "729827e3-9c14-49f7-bb1b-9608f156bbb8": ("Helpdesk Administrator", _USER),
    "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b": ("Message Center Reader", _ANY),
    "966707d0-3269-4727-9be2-8c3a10f19b9d": ("Password Administrator", _ANY),
    PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: ("Privileged Authentication Administrator", _TOP),
    "e8611ab8-c189-46e8-94e1-60213ab1f814": ("Privileged Role Administrator", _TOP),
    "4a5d8f65-41da-4de4-8968-e035b65339cf": ("Reports Reader", _ANY),
    USER_ADMINISTRATOR: ("User Administrator", _USER),
    "27460883-1df1-4691-b032-3b79643e5e63": ("User Experience Success Manager", _ANY),
    "75934031-6c7e-415a-99d7-48dbd49e875e": ("Usage Summary Reports Reader", _ANY),
}

NO_ROLE = "User (no admin role)"
ROLE_ASSIGNABLE_GROUP = "User (no admin role, but member or owner of a role-assignable group)"
RESTRICTED_SCOPE = "User with a role scoped to a restricted management administrative unit"
ALL_OTHER = "All other built-in and custom roles"
# directoryScopeId of a role that is scoped to an administrative unit.
_UNIT = "/administrativeUnits/"


@dataclass(frozen=True)
class Row:
    """One row of the matrix that applies to a target, and why it applies."""

    name: str
    callers: frozenset[str]
    because: str

    @property
    def caller_names(self) -> tuple[str, ...]:
        return tuple(sorted(CALLER_NAMES[caller] for caller in self.callers))


@dataclass(frozen=True)
class Protection:
    """All rows that apply to a target; a caller must outrank every one of them."""

    rows: tuple[Row, ...]

    @property
    def privileged(self) -> bool:
        return bool(self.rows)

    @property
    def callers(self) -> frozenset[str]:
        return frozenset.intersection(_ANY, *(row.callers for row in self.rows))

    @property
    def strictest(self) -> Row | None:
        return min(self.rows, key=lambda row: len(row.callers)) if self.rows else None

    @property
    def needs_top(self) -> bool:
        """Only Privileged Authentication or Global Administrator will do."""
        return self.privileged and self.callers <= _TOP

    def outranked_by(self, roles: Iterable[str]) -> bool:
        """`roles` are the caller's active tenant-wide role template ids, lower case."""
        return not self.rows or bool(self.callers & frozenset(roles))


def protection(standing: Standing) -> Protection:
    """The rows for what could be read of a target's standing (an unread part adds no row)."""
    rows = []
    for role in standing.active_roles or ():
        name, callers = ROWS.get(role.template_id.lower(), (ALL_OTHER, _TOP))
        if role.scope.startswith(_UNIT):
            # Whether the unit is restricted is not read, so it may be.
            name, callers = RESTRICTED_SCOPE, _TOP
        rows.append(Row(name, callers, f"holds {role.name} ({role.template_id}), {role.via}"))
    rows.extend(
        Row(ROLE_ASSIGNABLE_GROUP, _TOP, f"member or owner of role-assignable group {group}")
        for group in standing.role_assignable_groups or ()
    )
    return Protection(tuple(rows))


def fully_read(standing: Standing) -> bool:
    """A guard that cannot be read fails closed: anything unread means 'maybe privileged'."""
    return None not in (
        standing.active_roles,
        standing.eligible_roles,
        standing.role_assignable_groups,
        standing.owns_applications,
    )
