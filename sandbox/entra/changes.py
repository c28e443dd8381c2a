"""Writes to users: the rules a caller meets, and the two ways Okta's connector writes.

Source: the vendor's "Update user", "Restricted management administrative units" and
"How to use the BypassDirSyncOverridesEnabled feature" pages.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.entra import roles
from sandbox.entra.audit import AuditLog, Json
from sandbox.entra.callers import AS_THE_USER, Caller
from sandbox.entra.directory import TENANT_SCOPE, Directory, User
from sandbox.entra.errors import denied, on_premises_mastered
from sandbox.entra.matrix import SENSITIVE, may_act
from sandbox.entra.properties import USER, check_values

BYPASS = "bypassDirSyncOverridesEnabled"
# Roles that let a signed-in person write properties that are not sensitive.
_MAY_UPDATE_PROFILES = frozenset(
    {roles.GLOBAL_ADMINISTRATOR, roles.USER_ADMINISTRATOR, roles.DIRECTORY_WRITERS}
)


class Changes:
    def __init__(self, directory: Directory, audit: AuditLog) -> None:
        self._directory = directory
        self._audit = audit

    def patch(self, caller: Caller, user: User, changes: Mapping[str, object]) -> None:
        """PATCH /users/{id}. GraphError when any part is refused; then nothing is written."""
        with self._directory.lock:
            check_values(changes)
            self._check_permissions(caller, changes)
            self._check_restriction(caller, user)
            if self._beyond(caller, user, changes):
                raise denied()
            _check_mastering(user, changes)
            self._write(user, changes, self._audit.by(caller))

    def by_connector(self, caller: Caller, user: User, values: Mapping[str, object]) -> None:
        """Okta's push through Graph: like `patch`, except that what the target's role forbids is
        left out without a word and the push still succeeds (the symptom in the vendor's article
        on sensitive attributes)."""
        with self._directory.lock:
            check_values(values)
            self._check_permissions(caller, values)
            self._check_restriction(caller, user)
            silent = self._beyond(caller, user, values)
            kept = {name: value for name, value in values.items() if name not in silent}
            _check_mastering(user, kept)
            self._write(user, kept, self._audit.by(caller))

    def by_sync(self, user: User, values: Mapping[str, object], initiated_by: Json) -> None:
        """Okta's push as directory synchronisation: always accepted.

        A number set in the cloud stays as long as overrides are not bypassed. Once they are, the
        next sync of anybody overwrites every one of them, tenant-wide.
        """
        with self._directory.lock:
            check_values(values)
            applied = dict(values)
            if "mobilePhone" in applied:
                mobile = applied["mobilePhone"]
                user.synced_mobile = None if mobile is None else str(mobile)
                if self._directory.features[BYPASS]:
                    user.override = False
                elif user.override:
                    del applied["mobilePhone"]
            self._write(user, applied, initiated_by, by_sync=True)
            synced_at = self._directory.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
            self._directory.write(user, {"onPremisesLastSyncDateTime": synced_at})
            if self._directory.features[BYPASS]:
                self._void_overrides(initiated_by)

    def set_features(self, changes: Mapping[str, bool], initiated_by: Json) -> None:
        with self._directory.lock:
            features = self._directory.features
            changed = {
                name: (features[name], value)
                for name, value in changes.items()
                if features[name] != value
            }
            features.update(changes)
            if changed:
                self._audit.feature_set(changed, initiated_by)

    def direct(self, user: User, changes: Mapping[str, object], initiated_by: Json | None) -> None:
        """A write past all rules, for tests; in the audit log when somebody is named."""
        with self._directory.lock:
            if initiated_by is None:
                self._directory.write(user, changes)
            else:
                self._write(user, changes, initiated_by)

    def _void_overrides(self, initiated_by: Json) -> None:
        for user in self._directory.listed():
            if user.override:
                user.override = False
                self._write(user, {"mobilePhone": user.synced_mobile}, initiated_by, by_sync=True)

    def _write(
        self,
        user: User,
        changes: Mapping[str, object],
        initiated_by: Json,
        *,
        by_sync: bool = False,
    ) -> None:
        changed = {
            name: (user.values.get(name), value)
            for name, value in changes.items()
            if user.values.get(name) != value
        }
        self._directory.write(user, changes)
        self._audit.user_updated(user, changed, initiated_by, by_sync=by_sync)

    def _check_permissions(self, caller: Caller, changes: Mapping[str, object]) -> None:
        if not all(caller.may_write(name) for name in changes):
            raise denied()

    def _check_restriction(self, caller: Caller, user: User) -> None:
        """Inside a restricted unit only roles scoped to that unit count, whoever calls."""
        if user.restricted and not self._directory.roles_in_scope(
            caller.object_id, self._directory.restricted_scope
        ):
            raise denied()

    def _beyond(self, caller: Caller, user: User, changes: Mapping[str, object]) -> set[str]:
        """The properties whose change the target's standing forbids this caller."""
        directory = self._directory
        scope = directory.restricted_scope if user.restricted else TENANT_SCOPE
        held = directory.roles_in_scope(caller.object_id, scope)
        rows = directory.protections(user.id)
        sensitive = SENSITIVE & changes.keys()
        if not caller.delegated:
            # For an ordinary target the application permission is enough.
            return {name for name in sensitive if rows and not may_act(held, rows, name)}
        beyond = {name for name in sensitive if not may_act(held, rows, name)}
        if rows and AS_THE_USER not in caller.permissions:
            beyond |= sensitive
        if not held & _MAY_UPDATE_PROFILES:
            beyond |= changes.keys() - sensitive
        return beyond


def _check_mastering(user: User, changes: Mapping[str, object]) -> None:
    if user.synced and not all(USER[name].cloud for name in changes):
        raise on_premises_mastered()
