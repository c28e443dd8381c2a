"""What the org holds: users, app instances and who is assigned to them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.okta import errors
from sandbox.okta.ids import app_user_id

PROFILE_PUSH = frozenset({"PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES"})


@dataclass(frozen=True)
class AppMapping:
    """`push_status`: PUSH on create and update, DONT_PUSH on create only."""

    expression: str
    push_status: str


@dataclass(frozen=True)
class App:
    """One app instance. `pushes` is what the engine sends; `path` is graph or dirsync."""

    id: str
    label: str
    features: frozenset[str]
    path: str
    schema: Mapping[str, str]
    mappings: Mapping[str, AppMapping]
    pushes: tuple[str, ...]

    @property
    def profile_push_on(self) -> bool:
        return bool(self.features & PROFILE_PUSH)


@dataclass
class User:
    """One Okta user; `entra_id` and `immutable_id` are the engine's own knowledge of the account
    it provisions, whatever an AppUser's externalId says."""

    id: str
    login: str
    status: str
    profile: dict[str, object]
    created: datetime
    last_updated: datetime
    status_changed: datetime
    entra_id: str | None = None
    immutable_id: str | None = None

    @property
    def display_name(self) -> str:
        names = [str(self.profile.get(part, "")) for part in ("firstName", "lastName")]
        return " ".join(name for name in names if name) or self.login.partition("@")[0]


@dataclass
class AppUser:
    """One assignment."""

    app_id: str
    user_id: str
    external_id: str | None
    user_name: str
    status: str
    scope: str
    created: datetime
    last_updated: datetime
    status_changed: datetime
    profile: dict[str, object] = field(default_factory=dict)
    last_sync: datetime | None = None

    @property
    def id(self) -> str:
        return app_user_id(self.app_id, self.user_id)


class State:
    """Everything mutable, behind one lock. Take `lock` for anything that reads and then writes."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.users: dict[str, User] = {}
        self.apps: dict[str, App] = {}
        self.app_users: dict[tuple[str, str], AppUser] = {}
        self.user_attributes: set[str] = set()

    def user(self, id_or_login: str) -> User:
        """By id, by login, or by the part of the login before the @ (Okta's short login)."""
        with self.lock:
            if found := self.users.get(id_or_login):
                return found
            for user in self.users.values():
                if id_or_login in {user.login, user.login.partition("@")[0]}:
                    return user
        raise errors.not_found(id_or_login, "User")

    def app(self, app_id: str) -> App:
        with self.lock:
            if app_id not in self.apps:
                raise errors.not_found(app_id, "AppInstance")
            return self.apps[app_id]

    def app_user(self, app_id: str, user_id: str) -> AppUser:
        """404 names the AppUser, as Okta does for a user who exists and is not assigned."""
        self.app(app_id)
        with self.lock:
            found = self.app_users.get((app_id, user_id))
        if found is None:
            raise errors.not_found(user_id, "AppUser")
        return found

    def assigned_to(self, app_id: str) -> list[AppUser]:
        """Everyone assigned, in a stable order for paging."""
        with self.lock:
            found = [each for each in self.app_users.values() if each.app_id == app_id]
        return sorted(found, key=lambda each: each.user_id)

    def assignments_of(self, user_id: str) -> list[AppUser]:
        with self.lock:
            return [each for each in self.app_users.values() if each.user_id == user_id]
