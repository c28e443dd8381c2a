"""A tenant that says what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from lib.errors import NotFound, Permanent, Refused, Transient
from lib.model import (
    Attribute,
    AuditLog,
    DirectorySync,
    EntraUser,
    KeyKind,
    Receipt,
    Standing,
    UserKey,
    Value,
)
from tests.fakes.clock import FakeClock
from tests.fakes.make import CONNECTOR, OBJECT, TENANT, entra_user, standing

FIELDS = {
    Attribute.MOBILE_PHONE: "mobile_phone",
    Attribute.OTHER_MAILS: "other_mails",
    Attribute.ACCOUNT_ENABLED: "account_enabled",
}


class FakeGraph:
    """`trouble` by UserKey, object id, "patch", "standing", "audit_log", "directory_sync".

    `replica` holds what filtered reads say where they lag behind single ones.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.users: dict[str, EntraUser] = {OBJECT: entra_user()}
        self.replica: dict[str, EntraUser | None] = {}
        self.standings: dict[str, Standing] = {}
        self.missing: set[str] = set()
        self.audits: dict[str, AuditLog] = {}
        self.sync: DirectorySync = DirectorySync(TENANT, False)
        self.trouble: dict[object, Transient | Permanent | Refused] = {}
        self.calls: list[str] = []
        self.patches: list[tuple[str, Mapping[Attribute, Value]]] = []
        self.bypass_writes: list[tuple[str, bool]] = []
        self.after_patch: Callable[[], None] = lambda: None

    def set(self, object_id: str = OBJECT, **changes: Any) -> None:
        self.users[object_id] = replace(self.users[object_id], **changes)

    def read_users(
        self, keys: Sequence[UserKey]
    ) -> dict[UserKey, EntraUser | Transient | Refused | None]:
        self.calls.append("read_users")
        found: dict[UserKey, EntraUser | Transient | Refused | None] = {}
        for key in keys:
            error = self.trouble.get(key)
            if isinstance(error, Transient | Refused):
                found[key] = error
            else:
                found[key] = self._by(key)
        return found

    def read_user(self, object_id: str) -> EntraUser | None:
        self.calls.append("read_user")
        self._fail(object_id)
        return self.users.get(object_id)

    def standing(self, object_id: str) -> Standing:
        self.calls.append("standing")
        self._fail("standing")
        if object_id in self.missing:
            raise NotFound("Entra knows no such user or service principal")
        # Okta's connector is an application, unless a test says otherwise.
        usual = standing(object_id=object_id, service_principal=object_id == CONNECTOR)
        return self.standings.get(object_id, usual)

    def audit_log(self, object_id: str, since: datetime) -> AuditLog:
        self.calls.append("audit_log")
        self._fail("audit_log")
        nothing = AuditLog((), since, self.clock.date(), complete=True)
        return self.audits.get(object_id, nothing)

    def directory_sync(self) -> DirectorySync:
        self.calls.append("directory_sync")
        self._fail("directory_sync")
        return self.sync

    def set_bypass(self, directory_sync_id: str, enabled: bool) -> Receipt:
        self.bypass_writes.append((directory_sync_id, enabled))
        self._fail("set_bypass")
        self.sync = DirectorySync(directory_sync_id, enabled)
        return Receipt(self.clock.date(), 204, "graph-request")

    def patch_user(self, object_id: str, changes: Mapping[Attribute, Value]) -> Receipt:
        self.patches.append((object_id, dict(changes)))
        self._fail("patch")
        self.set(object_id, **{FIELDS[name]: value for name, value in changes.items()})
        self.after_patch()
        return Receipt(self.clock.date(), 204, "graph-request", "client-request")

    def synced_users(self) -> Iterator[EntraUser]:
        return (user for user in self.users.values() if user.synced)

    def signed_in_user(self) -> str:
        return OBJECT

    def _by(self, key: UserKey) -> EntraUser | None:
        for object_id, held in self.users.items():
            user = self.replica.get(object_id, held)
            if user is None:
                continue
            names = {
                KeyKind.OBJECT_ID: user.object_id,
                KeyKind.IMMUTABLE_ID: user.immutable_id,
                KeyKind.USER_PRINCIPAL_NAME: user.user_principal_name,
            }
            if names[key.kind] == key.value:
                return user
        return None

    def _fail(self, what: object) -> None:
        if what in self.trouble:
            raise self.trouble[what]
