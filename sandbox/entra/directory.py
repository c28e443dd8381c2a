"""What the tenant holds: users, groups, service principals and who holds which role."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sandbox.entra.matrix import Protection

TENANT_SCOPE = "/"
_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass
class User:
    """One user. `values` are Graph properties by name, as they are now.

    `synced_mobile` is what the source last synced in, `override` whether the directory shows a
    number set in the cloud instead. `versions` keeps what stale reads still answer.
    """

    name: str
    values: dict[str, object]
    synced_mobile: str | None = None
    override: bool = False
    deleted: bool = False
    versions: list[tuple[datetime, dict[str, object]]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.values["id"])

    @property
    def user_principal_name(self) -> str:
        return str(self.values["userPrincipalName"])

    @property
    def synced(self) -> bool:
        return self.values["onPremisesSyncEnabled"] is True

    @property
    def restricted(self) -> bool:
        return self.values["isManagementRestricted"] is True

    def write(self, changes: Mapping[str, object], at: datetime, keep: timedelta) -> None:
        """Changes values; earlier versions are kept as long as a read may still answer them."""
        self.values = {**self.values, **changes}
        self.versions.append((at, self.values))
        while len(self.versions) > 1 and self.versions[1][0] <= at - keep:
            del self.versions[0]

    def as_of(self, moment: datetime) -> dict[str, object]:
        for at, values in reversed(self.versions):
            if at <= moment:
                return values
        return self.versions[0][1]


@dataclass
class Group:
    id: str
    name: str
    role_assignable: bool
    members: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ServicePrincipal:
    """An app in this tenant. `permissions`: its Graph application permissions."""

    id: str
    client_id: str
    name: str
    permissions: frozenset[str]


@dataclass(frozen=True)
class Grant:
    """A role held (or, in `eligible`, that may be activated). `scope` is a directoryScopeId."""

    id: str
    principal_id: str
    template_id: str
    scope: str = TENANT_SCOPE


@dataclass(frozen=True)
class HeldRole:
    """A role somebody has; `group_id` names the role-assignable group it comes through."""

    grant: Grant
    group_id: str | None = None


class Directory:
    """Everything mutable, behind one lock. Take `lock` for anything that reads and then writes."""

    def __init__(
        self, tenant_id: str, clock: Callable[[], datetime], stale_read_seconds: float
    ) -> None:
        self.tenant_id = tenant_id
        self.clock = clock
        self.stale_read_seconds = stale_read_seconds
        self.lock = threading.RLock()
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.service_principals: dict[str, ServicePrincipal] = {}
        self.assigned: list[Grant] = []
        self.eligible: list[Grant] = []
        self.owned_applications: dict[str, list[str]] = {}
        self.features: dict[str, bool] = {}
        self.restricted_unit = str(uuid.uuid5(uuid.UUID(tenant_id), "restricted unit"))

    @property
    def restricted_scope(self) -> str:
        return f"/administrativeUnits/{self.restricted_unit}"

    def write(self, user: User, changes: Mapping[str, object]) -> None:
        user.write(changes, self.clock(), timedelta(seconds=self.stale_read_seconds))

    def seen_singly(self, user: User) -> dict[str, object]:
        """What GET /users/{id} answers: a write shows after half the stale time."""
        return user.as_of(self._before(self.stale_read_seconds / 2))

    def seen_in_lists(self, user: User) -> dict[str, object]:
        """What a list or $filter answers: index-backed, so a write shows only after all of it."""
        return user.as_of(self._before(self.stale_read_seconds))

    def user(self, key: str) -> User | None:
        """By object id or userPrincipalName; deleted users are not there."""
        with self.lock:
            found = self.users.get(key.lower())
            if found is None:
                wanted = key.casefold()
                found = next(
                    (u for u in self.users.values() if u.user_principal_name.casefold() == wanted),
                    None,
                )
        return None if found is None or found.deleted else found

    def listed(self) -> list[User]:
        with self.lock:
            users = [user for user in self.users.values() if not user.deleted]
        return sorted(users, key=lambda user: user.id)

    def groups_of(self, principal_id: str) -> list[Group]:
        with self.lock:
            return [group for group in self.groups.values() if principal_id in group.members]

    def groups_owned(self, principal_id: str) -> list[Group]:
        with self.lock:
            return [group for group in self.groups.values() if principal_id in group.owners]

    def held(self, principal_id: str) -> list[HeldRole]:
        """Active roles, direct and through role-assignable groups."""
        with self.lock:
            return list(self._held(principal_id, self.assigned))

    def may_activate(self, principal_id: str) -> list[HeldRole]:
        with self.lock:
            return list(self._held(principal_id, self.eligible))

    def roles_in_scope(self, principal_id: str, scope: str) -> set[str]:
        return {
            each.grant.template_id for each in self.held(principal_id) if each.grant.scope == scope
        }

    def protections(self, principal_id: str) -> set[str]:
        """The rows of the sensitive-actions table somebody stands in as a target."""
        rows: set[str] = set()
        for each in self.held(principal_id):
            rows.add(each.grant.template_id)
            if each.grant.scope == self.restricted_scope:
                rows.add(Protection.RESTRICTED_SCOPE)
        around = self.groups_of(principal_id) + self.groups_owned(principal_id)
        if any(group.role_assignable for group in around):
            rows.add(Protection.ROLE_ASSIGNABLE_GROUP)
        return rows

    def _held(self, principal_id: str, grants: list[Grant]) -> Iterator[HeldRole]:
        through = {group.id for group in self.groups_of(principal_id) if group.role_assignable}
        for grant in grants:
            if grant.principal_id == principal_id:
                yield HeldRole(grant)
            elif grant.principal_id in through:
                yield HeldRole(grant, grant.principal_id)

    def _before(self, seconds: float) -> datetime:
        return self.clock() - timedelta(seconds=seconds)


def first_version(values: dict[str, object]) -> list[tuple[datetime, dict[str, object]]]:
    """A user that has always been so."""
    return [(_BEGINNING, values)]
