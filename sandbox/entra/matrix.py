"""Who can perform sensitive actions on whom.

Source: the vendor's "Who can perform sensitive actions" (Graph users resource) and "Who can reset
passwords" tables; the right to reset a password includes the three contact properties.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from sandbox.entra import roles

SENSITIVE = frozenset(
    {
        "accountEnabled",
        "businessPhones",
        "mobilePhone",
        "onPremisesImmutableId",
        "otherMails",
        "passwordProfile",
        "userPrincipalName",
    }
)
_CONTACT = frozenset({"businessPhones", "mobilePhone", "otherMails"})


class Protection(StrEnum):
    """Rows of the table that are not a role."""

    ROLE_ASSIGNABLE_GROUP = "member or owner of a role-assignable group"
    RESTRICTED_SCOPE = "role scoped to a restricted management administrative unit"


_GLOBAL = roles.GLOBAL_ADMINISTRATOR
_PRIVILEGED = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
_USER = roles.USER_ADMINISTRATOR
_AUTHENTICATION = roles.AUTHENTICATION_ADMINISTRATOR
_HIGHEST = frozenset({_PRIVILEGED, _GLOBAL})
_ANY_OF_FOUR = _HIGHEST | {_USER, _AUTHENTICATION}

# Target role -> callers' roles that may. Every role not named here needs one of _HIGHEST.
_ACTIONS: dict[str, frozenset[str]] = {
    roles.AUTHENTICATION_ADMINISTRATOR: _HIGHEST | {_AUTHENTICATION},
    roles.DIRECTORY_READERS: _ANY_OF_FOUR,
    roles.GLOBAL_ADMINISTRATOR: _HIGHEST,
    roles.GROUPS_ADMINISTRATOR: _HIGHEST | {_USER},
    roles.GUEST_INVITER: _ANY_OF_FOUR,
    roles.HELPDESK_ADMINISTRATOR: _HIGHEST | {_USER},
    roles.MESSAGE_CENTER_READER: _ANY_OF_FOUR,
    roles.PASSWORD_ADMINISTRATOR: _ANY_OF_FOUR,
    roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: _HIGHEST,
    roles.PRIVILEGED_ROLE_ADMINISTRATOR: _HIGHEST,
    roles.REPORTS_READER: _ANY_OF_FOUR,
    roles.USER_ADMINISTRATOR: _HIGHEST | {_USER},
    roles.USER_EXPERIENCE_SUCCESS_MANAGER: _ANY_OF_FOUR,
    roles.USAGE_SUMMARY_REPORTS_READER: _ANY_OF_FOUR,
}

# Target roles whose password the caller may reset; None stands for a user without any role.
_PASSWORD_TARGETS = frozenset(
    {roles.DIRECTORY_READERS, roles.GUEST_INVITER, roles.PASSWORD_ADMINISTRATOR}
)
_RESETS: dict[str, frozenset[str]] = {
    roles.PASSWORD_ADMINISTRATOR: _PASSWORD_TARGETS,
    roles.HELPDESK_ADMINISTRATOR: _PASSWORD_TARGETS
    | {
        roles.HELPDESK_ADMINISTRATOR,
        roles.MESSAGE_CENTER_READER,
        roles.REPORTS_READER,
        roles.USAGE_SUMMARY_REPORTS_READER,
        roles.USER_EXPERIENCE_SUCCESS_MANAGER,
    },
}


def may_act(caller_roles: Collection[str], target_rows: Collection[str], name: str) -> bool:
    """Whether somebody holding `caller_roles` may write the sensitive property `name`.

    `target_rows`: the target's role template ids and Protections; every one has to allow it.
    """
    if any(_allowed(caller, target_rows) for caller in caller_roles):
        return True
    return name in _CONTACT and any(
        caller in _RESETS and _RESETS[caller].issuperset(target_rows) for caller in caller_roles
    )


def _allowed(caller: str, target_rows: Collection[str]) -> bool:
    if not target_rows:
        return caller in _ANY_OF_FOUR
    return all(caller in _ACTIONS.get(row, _HIGHEST) for row in target_rows)
