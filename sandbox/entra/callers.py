"""Who calls, and what its permissions open.

Source: the vendor's permissions reference and its machine-readable table of permission per path.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.entra.errors import denied

READ_USERS = frozenset(
    {
        "User.Read.All",
        "User.ReadWrite.All",
        "User.ReadUpdate.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    }
)
READ_ME = READ_USERS | {"User.Read", "User.ReadWrite"}
READ_GROUPS = frozenset(
    {
        "GroupMember.Read.All",
        "GroupMember.ReadWrite.All",
        "Group.Read.All",
        "Group.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    }
)
# RoleManagement.Read.All is not among them: it opens role assignments to delegated callers only.
READ_ROLES = frozenset(
    {
        "RoleManagement.Read.Directory",
        "RoleManagement.ReadWrite.Directory",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    }
)
_READ_ROLES_ONLY = frozenset(
    {
        "RoleManagement.Read.Directory",
        "RoleManagement.Read.All",
        "RoleManagement.ReadWrite.Directory",
    }
)
READ_ACTIVE_INSTANCES = _READ_ROLES_ONLY | {
    "RoleAssignmentSchedule.Read.Directory",
    "RoleAssignmentSchedule.ReadWrite.Directory",
}
READ_ELIGIBLE_INSTANCES = _READ_ROLES_ONLY | {
    "RoleEligibilitySchedule.Read.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
}
READ_UNITS = frozenset(
    {
        "AdministrativeUnit.Read.All",
        "AdministrativeUnit.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    }
)
READ_AUDIT = frozenset({"AuditLog.Read.All"})
READ_SYNC = frozenset(
    {"OnPremDirectorySynchronization.Read.All", "OnPremDirectorySynchronization.ReadWrite.All"}
)
WRITE_SYNC = frozenset({"OnPremDirectorySynchronization.ReadWrite.All"})
AS_THE_USER = "Directory.AccessAsUser.All"

_WRITE_ANY = frozenset({"User.ReadWrite.All", "User.ReadUpdate.All", "Directory.ReadWrite.All"})
_WRITE_NARROW = {
    "mobilePhone": "User-Phone.ReadWrite.All",
    "businessPhones": "User-Phone.ReadWrite.All",
    "otherMails": "User-Mail.ReadWrite.All",
    "accountEnabled": "User.EnableDisableAccount.All",
}


@dataclass(frozen=True)
class Caller:
    """An app as itself, or acting for the user who signed in.

    `object_id` is whose directory roles count: the service principal's or the user's.
    """

    client_id: str
    name: str
    object_id: str
    permissions: frozenset[str]
    delegated: bool

    def require(self, any_of: frozenset[str]) -> None:
        if not self.permissions & any_of:
            raise denied()

    def may_write(self, name: str) -> bool:
        """Whether the permissions cover one user property, roles aside."""
        if self.permissions & _WRITE_ANY or (self.delegated and AS_THE_USER in self.permissions):
            return True
        narrow = _WRITE_NARROW.get(name)
        if narrow is None or narrow not in self.permissions:
            return False
        # The least-privileged pair the vendor documents for accountEnabled.
        return name != "accountEnabled" or "User.Read.All" in self.permissions
