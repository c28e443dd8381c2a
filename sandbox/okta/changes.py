"""Everything that changes users and assignments, with its log entry and the push it causes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sandbox.okta import errors
from sandbox.okta.expressions import InvalidExpressionError, evaluate, referenced
from sandbox.okta.ids import USER_TYPE_ID, mapping_id
from sandbox.okta.journal import BY_SYSTEM, Cause, Journal, Subject
from sandbox.okta.shapes import BUILT_IN, is_collection
from sandbox.okta.state import App, AppUser, State, User

_PUSHED_STATUSES = frozenset({"ACTIVE", "PROVISIONED"})


class Pushes(Protocol):
    """Where changes ask for provisioning work; see sandbox/okta/push.py."""

    def profile_changed(self, subject: Subject) -> None: ...
    def deactivated(self, subject: Subject) -> None: ...
    def assigned(self, subject: Subject) -> None: ...


class Changes:
    """Applies changes under the state's lock, so that a log entry and its cause agree."""

    def __init__(self, state: State, journal: Journal, pushes: Pushes) -> None:
        self._state = state
        self._journal = journal
        self._pushes = pushes

    def update_profile(self, user: User, profile: Mapping[str, object], cause: Cause) -> None:
        """A partial update; attributes left out keep their value, None clears one."""
        unknown = [name for name in profile if name not in self._state.user_attributes]
        if unknown:
            cause_text = f"{unknown[0]}: The attribute is not defined in the user schema"
            raise errors.validation(unknown[0], cause_text)
        with self._state.lock:
            changed = {n for n, value in profile.items() if user.profile.get(n) != value}
            if not changed:
                return
            user.profile.update({name: profile[name] for name in changed})
            user.login = str(user.profile.get("login", user.login))
            user.last_updated = self._state.clock()
            self._journal.about_user(
                "user.account.update_profile",
                "Update user profile for Okta",
                user,
                cause,
                changedAttributes=",".join(sorted(changed)),
            )
            for app_user in self._state.assignments_of(user.id):
                self._apply_mappings(app_user, user, changed)

    def update_app_user(self, app_user: AppUser, body: object, cause: Cause) -> None:
        """POST on an assignment: either a (partial) profile or credentials, never both."""
        if not isinstance(body, Mapping):
            raise errors.malformed()
        if ("profile" in body) == ("credentials" in body):
            raise errors.validation("profile", "profile: either profile or credentials is needed")
        app = self._state.app(app_user.app_id)
        user = self._state.user(app_user.user_id)
        part = body.get("profile", body.get("credentials"))
        if not isinstance(part, Mapping):
            raise errors.malformed()
        with self._state.lock:
            if "credentials" in body:
                self._rename(app_user, app, user, part.get("userName"), cause)
            else:
                self._write_profile(app_user, app, user, part, cause)

    def assign(
        self,
        user: User,
        app_id: str,
        cause: Cause,
        *,
        profile: Mapping[str, object] | None = None,
        external_id: str | None = None,
        scope: str = "USER",
    ) -> AppUser:
        """Assigns and applies all mappings; assigning twice keeps what is there."""
        app = self._state.app(app_id)
        with self._state.lock:
            if known := self._state.app_users.get((app_id, user.id)):
                return known
            now = self._state.clock()
            app_user = AppUser(
                app_id=app_id,
                user_id=user.id,
                external_id=external_id or user.entra_id,
                user_name=user.login,
                status="PROVISIONED" if app.profile_push_on else "ACTIVE",
                scope=scope,
                created=now,
                last_updated=now,
                status_changed=now,
                profile=dict(profile or {}),
            )
            app_user.profile.update(self._mapped(app, user, set(app.mappings)))
            self._state.app_users[(app_id, user.id)] = app_user
            subject = Subject(app, user, app_user.user_name)
            self._journal.about_assignment(
                "application.user_membership.add",
                "Add user to application membership",
                subject,
                cause,
                legacy="app.generic.provision.assign_user_to_app",
            )
            self._pushes.assigned(subject)
        return app_user

    def unassign(self, app_user: AppUser, cause: Cause) -> None:
        """The AppUser is gone afterwards, and with it the only externalId."""
        with self._state.lock:
            app = self._state.app(app_user.app_id)
            user = self._state.user(app_user.user_id)
            self._state.app_users.pop((app.id, user.id), None)
            subject = Subject(app, user, app_user.user_name)
            self._journal.about_assignment(
                "application.user_membership.remove",
                "Remove user's application membership",
                subject,
                cause,
                legacy="app.generic.provision.deassign_user_from_app",
            )
            self._pushes.deactivated(subject)

    def deactivate(self, user: User, cause: Cause) -> None:
        """Deactivating a user ends all assignments."""
        with self._state.lock:
            if user.status == "DEPROVISIONED":
                raise errors.wrong_status()
            user.status = "DEPROVISIONED"
            user.status_changed = user.last_updated = self._state.clock()
            self._journal.about_user(
                "user.lifecycle.deactivate", "Deactivate Okta user", user, cause
            )
            for app_user in self._state.assignments_of(user.id):
                self.unassign(app_user, BY_SYSTEM)

    def _apply_mappings(self, app_user: AppUser, user: User, changed: set[str]) -> None:
        app = self._state.app(app_user.app_id)
        # DONT_PUSH applies when the assignment is created and never again.
        names = {
            name
            for name, mapping in app.mappings.items()
            if mapping.push_status == "PUSH" and referenced(mapping.expression) & changed
        }
        values = self._mapped(app, user, names)
        if any(app_user.profile.get(name) != value for name, value in values.items()):
            app_user.profile.update(values)
            self._changed(app_user, app, user)

    def _mapped(self, app: App, user: User, names: set[str]) -> dict[str, object]:
        values = {}
        for name in sorted(names):
            expression = app.mappings[name].expression
            try:
                values[name] = evaluate(expression, user.profile)
            except InvalidExpressionError:
                self._journal.about_user(
                    "application.appuser.mapping.invalid.expression",
                    "Invalid expression in a profile mapping",
                    user,
                    BY_SYSTEM,
                    mappingId=mapping_id(USER_TYPE_ID, app.id),
                    expression=expression,
                )
        return values

    def _write_profile(
        self, app_user: AppUser, app: App, user: User, profile: Mapping[str, object], cause: Cause
    ) -> None:
        for name, value in profile.items():
            _check_attribute(app, name, value)
            if name in app.mappings and app.profile_push_on:
                try:
                    allowed = evaluate(app.mappings[name].expression, user.profile)
                except InvalidExpressionError:
                    allowed = app_user.profile.get(name)
                if value != allowed:
                    raise errors.mapped_attribute(name)
        if all(app_user.profile.get(name) == value for name, value in profile.items()):
            return
        app_user.profile.update(profile)
        self._journal.about_assignment(
            "application.user_membership.update",
            "Update user's application property",
            Subject(app, user, app_user.user_name),
            cause,
        )
        self._changed(app_user, app, user)

    def _rename(
        self, app_user: AppUser, app: App, user: User, user_name: object, cause: Cause
    ) -> None:
        if not isinstance(user_name, str) or not user_name:
            raise errors.validation("userName", "userName: The field cannot be left blank")
        if user_name == app_user.user_name:
            return
        app_user.user_name = user_name
        self._journal.about_assignment(
            "application.user_membership.change_username",
            "Change user's application username",
            Subject(app, user, user_name),
            cause,
        )
        self._changed(app_user, app, user)

    def _changed(self, app_user: AppUser, app: App, user: User) -> None:
        app_user.last_updated = self._state.clock()
        if app_user.status in _PUSHED_STATUSES:
            self._pushes.profile_changed(Subject(app, user, app_user.user_name))


def _check_attribute(app: App, name: str, value: object) -> None:
    if name not in app.schema and name not in BUILT_IN:
        raise errors.validation(name, f"{name}: The attribute is not defined in the app schema")
    fits = isinstance(value, str)
    if is_collection(app.schema.get(name, name)):
        fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
    if value is not None and not fits:
        raise errors.validation(name, f"{name}: The value does not have the type of the attribute")
