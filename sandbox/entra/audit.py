"""The directory audit log.

Source: the vendor's directoryAudit resource and published samples: old and new values are JSON
inside a string, and `Included Updated Properties` names what changed.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.entra.callers import Caller
from sandbox.entra.directory import Directory, User
from sandbox.entra.properties import audit_name

Json = dict[str, object]


@dataclass(frozen=True)
class Entry:
    at: datetime
    body: Json


class AuditLog:
    """Entries show `delay_seconds` after what they tell of."""

    def __init__(self, directory: Directory, delay_seconds: float) -> None:
        self._directory = directory
        self._clock: Callable[[], datetime] = directory.clock
        self.delay_seconds = delay_seconds
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def visible(self) -> list[Json]:
        """Newest first, as the API lists them."""
        until = self._clock() - timedelta(seconds=self.delay_seconds)
        with self._lock:
            return [entry.body for entry in reversed(self._entries) if entry.at <= until]

    def user_updated(
        self,
        user: User,
        changed: Mapping[str, tuple[object, object]],
        initiated_by: Json,
        *,
        by_sync: bool = False,
    ) -> None:
        """`changed`: property to its old and new value; may be empty, the write still succeeded."""
        modified = [
            _modified(audit_name(name), _many(old), _many(new))
            for name, (old, new) in changed.items()
        ]
        names = ", ".join(audit_name(name) for name in changed)
        modified.append(_modified("Included Updated Properties", None, names))
        if by_sync:
            modified.append(_modified("Action Client Name", None, "DirectorySync"))
        modified.append(_modified("TargetId.UserType", None, "Member"))
        self._add("Update user", "UserManagement", "Update", initiated_by, _target(user, modified))

    def role_added(self, principal_id: str, role_name: str, initiated_by: Json) -> None:
        modified = [_modified("Role.DisplayName", None, role_name)]
        user = self._directory.users.get(principal_id)
        target = _target(user, modified) if user else _thing(principal_id, "Other", modified)
        self._add("Add member to role", "RoleManagement", "Assign", initiated_by, target)

    def feature_set(self, changed: Mapping[str, tuple[bool, bool]], initiated_by: Json) -> None:
        modified = [_modified(name, old, new) for name, (old, new) in changed.items()]
        target = _thing(self._directory.tenant_id, "Directory", modified)
        self._add("Set DirSync feature", "DirectoryManagement", "Update", initiated_by, target)

    def by(self, caller: Caller) -> Json:
        if not caller.delegated:
            return by_app(caller.client_id, caller.name, caller.object_id)
        return by_user(self._directory.users[caller.object_id])

    def _add(
        self, activity: str, category: str, operation: str, initiated_by: Json, target: Json
    ) -> None:
        now = self._clock()
        correlation = str(uuid.uuid4())
        with self._lock:
            body: Json = {
                "id": f"Directory_{correlation}_{len(self._entries):08d}",
                "category": category,
                "correlationId": correlation,
                "result": "success",
                "resultReason": "",
                "activityDisplayName": activity,
                # Seven decimals, as the vendor's samples have.
                "activityDateTime": now.strftime("%Y-%m-%dT%H:%M:%S.%f0Z"),
                "loggedByService": "Core Directory",
                "operationType": operation,
                "userAgent": None,
                "initiatedBy": initiated_by,
                "targetResources": [target],
                "additionalDetails": [{"key": "UserType", "value": "Member"}],
            }
            self._entries.append(Entry(now, body))


def target_ids(entry: Json) -> list[object]:
    targets = entry["targetResources"]
    return [each["id"] for each in targets] if isinstance(targets, list) else []


def by_app(client_id: str, name: str, object_id: str) -> Json:
    return {
        "user": None,
        "app": {
            "appId": client_id,
            "displayName": name,
            "servicePrincipalId": object_id,
            "servicePrincipalName": None,
        },
    }


def by_user(user: User) -> Json:
    return by_account(user.id, str(user.values["displayName"]), user.user_principal_name)


def by_account(object_id: str, display_name: str, user_principal_name: str) -> Json:
    return {
        "app": None,
        "user": {
            "id": object_id,
            "displayName": display_name,
            "userPrincipalName": user_principal_name,
            "ipAddress": "",
            "userType": "Member",
            "homeTenantId": None,
            "homeTenantName": None,
        },
    }


def _modified(name: str, old: object, new: object) -> Json:
    return {
        "displayName": name,
        "oldValue": None if old is None else json.dumps(old),
        "newValue": None if new is None else json.dumps(new),
    }


def _many(value: object) -> list[object]:
    """The directory keeps every property as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _target(user: User, modified: list[Json]) -> Json:
    return {
        "id": user.id,
        "displayName": user.values["displayName"],
        "type": "User",
        "userPrincipalName": user.user_principal_name,
        "groupType": None,
        "modifiedProperties": modified,
    }


def _thing(object_id: str, kind: str, modified: list[Json]) -> Json:
    return {
        "id": object_id,
        "displayName": None,
        "type": kind,
        "userPrincipalName": None,
        "groupType": None,
        "modifiedProperties": modified,
    }
