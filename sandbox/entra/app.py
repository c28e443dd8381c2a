"""The simulated tenant: what tests, the demonstration and Okta's push engine hold on to."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from flask import Flask

from sandbox.entra.audit import AuditLog, Json, by_account, by_user, target_ids
from sandbox.entra.authority import Authority
from sandbox.entra.batch import batch_routes
from sandbox.entra.callers import Caller
from sandbox.entra.changes import BYPASS, Changes
from sandbox.entra.device_codes import DeviceCodes
from sandbox.entra.device_page import device_page
from sandbox.entra.directory import TENANT_SCOPE, Directory, User
from sandbox.entra.errors import GraphError
from sandbox.entra.roles import ROLE_NAMES, role_template
from sandbox.entra.routes_applications import application_routes
from sandbox.entra.routes_audit import audit_routes
from sandbox.entra.routes_members import member_routes
from sandbox.entra.routes_roles import beta_role_routes, role_routes
from sandbox.entra.routes_sync import sync_routes
from sandbox.entra.routes_users import user_routes
from sandbox.entra.seed import grant, seeded
from sandbox.entra.snapshots import UserSnapshot, WriteRefusal, snapshot
from sandbox.entra.throttle import Throttle
from sandbox.entra.tokens import Tokens
from sandbox.entra.web import Counts, Gate, failure
from sandbox.faults import Faults
from sandbox.world_model import World

# The route that Okta's pushes through Graph take as well.
PATCH_USER = "PATCH /v1.0/users/{id}"


class Tenant:
    """A user is named by the world's handle, userPrincipalName, object id or immutable id.

    `calls` counts requests per route ("GET /v1.0/users/{id}"), `parts` the parts of a $batch.
    """

    def __init__(self, world: World, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._identities = {identity.client_id: identity for identity in world.identities}
        self.directory: Directory = seeded(world, clock)
        self.audit = AuditLog(self.directory, world.tenant.audit_delay_seconds)
        self.faults = Faults()
        self.throttle = Throttle(world.tenant.id, clock)
        self.tokens = Tokens(clock)
        self.device_codes = DeviceCodes(clock)
        self._changes = Changes(self.directory, self.audit)
        self._authority = Authority(
            self.directory,
            self._identities,
            self.tokens,
            self.device_codes,
            clock,
            world.federated_credentials,
        )
        self._counts = Counts()
        gate = Gate(self.tokens, self.throttle, self.faults, self._counts, clock)
        self.flask: Flask = gate.create_app()
        self._register(app_only_sync=world.tenant.app_only_directory_sync)

    @property
    def id(self) -> str:
        return self.directory.tenant_id

    @property
    def calls(self) -> Counter[str]:
        return self._counts.calls

    @property
    def parts(self) -> Counter[str]:
        return self._counts.parts

    def get_user(self, who: str) -> UserSnapshot:
        """KeyError when nobody is named so."""
        with self.directory.lock:
            user = self._find(who)
            return snapshot(user)

    def set_user(self, who: str, *, actor: str | None = None, **changes: object) -> None:
        """Changes a user past all rules; `actor` names who the audit log says it was: a user, or
        an account that is none of the world's.

        `changes`: names of `UserSnapshot` (mobile_phone, other_mails, account_enabled, synced,
        immutable_id, user_principal_name, restricted, cloud_set_mobile). Graph property names
        such as department are taken as they are.
        """
        with self.directory.lock:
            user = self._find(who)
            if "cloud_set_mobile" in changes:
                number = changes.pop("cloud_set_mobile")
                user.override = number is not None
                changes["mobile_phone"] = user.synced_mobile if number is None else number
            values = {_GRAPH_NAMES.get(name, name): _plain(each) for name, each in changes.items()}
            if unknown := values.keys() - user.values.keys():
                raise ValueError(f"a user has no {', '.join(sorted(unknown))}")
            self._changes.direct(user, values, self._somebody(actor) if actor else None)

    def delete_user(self, who: str) -> None:
        """Soft-deletes: Graph no longer finds the user."""
        self._find(who).deleted = True

    @property
    def bypass_enabled(self) -> bool:
        return self.directory.features[BYPASS]

    def set_flag(self, enabled: bool, *, actor: str = "somebody") -> None:
        """Sets bypassDirSyncOverridesEnabled as an administrator in another tool would."""
        self._changes.set_features({BYPASS: enabled}, self._somebody(actor))

    def assign_role(self, who: str, role: str, scope: str = TENANT_SCOPE) -> None:
        """`who` may also be an app's or a group's name or id; `role` a name or template id.

        `scope` "restricted" is the restricted management administrative unit.
        """
        principal = self._principal(who)
        template = role_template(role)
        actual = self.directory.restricted_scope if scope == "restricted" else scope
        with self.directory.lock:
            self.directory.assigned.append(grant(principal, template, actual))
        self.audit.role_added(principal, ROLE_NAMES[template], self._somebody("somebody"))

    def remove_role(self, who: str, role: str) -> None:
        """Takes the role away in every scope, active and eligible."""
        principal, template = self._principal(who), role_template(role)
        with self.directory.lock:
            for grants in (self.directory.assigned, self.directory.eligible):
                grants[:] = [
                    each
                    for each in grants
                    if (each.principal_id, each.template_id) != (principal, template)
                ]

    def make_eligible(self, who: str, role: str) -> None:
        with self.directory.lock:
            self.directory.eligible.append(grant(self._principal(who), role_template(role)))

    def add_member(self, group: str, who: str, *, owner: bool = False) -> None:
        """Adds a member, or an owner, to a group given by name or id."""
        found = self.directory.groups[self._principal(group)]
        with self.directory.lock:
            (found.owners if owner else found.members).append(self._find(who).id)

    def own_application(self, who: str, application_id: str) -> None:
        with self.directory.lock:
            owned = self.directory.owned_applications
            owned.setdefault(self._find(who).id, []).append(application_id)

    def connector_write(
        self, object_id: str, changes: Mapping[str, object], connector: str = "connector"
    ) -> WriteRefusal | None:
        """A push through Graph by the app identity named `connector`; None means accepted.

        What a privileged target's role forbids is dropped without a word and the push still
        accepted; every other refusal comes back. An outage of Graph is the connector's as well.
        """
        identity = next(each for each in self._identities.values() if each.name == connector)

        def write(user: User) -> None:
            if outage := self.faults.outage(PATCH_USER):
                raise failure(outage)
            self._changes.by_connector(self._authority.caller(identity), user, changes)

        return self._push(object_id, changes, write)

    def sync_write(
        self, object_id: str, changes: Mapping[str, object], app_id: str = "sync"
    ) -> WriteRefusal | None:
        """A push as directory synchronisation by the service account of the Okta app `app_id`.

        Accepted, also where a number set in the cloud keeps the directory from changing.
        """
        name = f"svc_OKTA_sync_{app_id}"
        account = str(uuid.uuid5(uuid.UUID(self.id), name))
        initiated_by = by_account(account, name, name)
        return self._push(
            object_id,
            changes,
            lambda user: self._changes.by_sync(user, changes, initiated_by),
        )

    def token(self, identity: str, user: str | None = None, *, graph_root: str = "") -> str:
        """An access token without the sign-in; `user` for a public client."""
        found = next(each for each in self._identities.values() if each.name == identity)
        caller: Caller = self._authority.caller(found, self._find(user) if user else None)
        return self.tokens.issue(caller, graph_root, self.id)

    def audit_entries(self, who: str | None = None) -> Sequence[Json]:
        """What the audit log shows by now, newest first."""
        entries = self.audit.visible()
        if who is None:
            return entries
        wanted = self._find(who).id
        return [entry for entry in entries if wanted in target_ids(entry)]

    def _push(
        self, object_id: str, changes: Mapping[str, object], write: Callable[[User], None]
    ) -> WriteRefusal | None:
        request_id, client_request_id = str(uuid.uuid4()), str(uuid.uuid4())
        path = f"/users/{object_id}"
        try:
            user = self._find(object_id)
        except KeyError:
            code, message = "Request_ResourceNotFound", f"Resource '{object_id}' does not exist."
            return WriteRefusal(404, code, message, "PATCH", path, request_id, client_request_id)
        if not changes:
            return None
        try:
            write(user)
        except GraphError as error:
            return WriteRefusal(
                error.status,
                error.code,
                error.message,
                "PATCH",
                path,
                request_id,
                client_request_id,
            )
        return None

    def _find(self, who: str) -> User:
        with self.directory.lock:
            for user in self.directory.users.values():
                names = {user.id, user.name, user.values["onPremisesImmutableId"]}
                if who in names or who.casefold() == user.user_principal_name.casefold():
                    return user
        raise KeyError(who)

    def _somebody(self, who: str) -> Json:
        """By whom, as the audit log names it."""
        try:
            return by_user(self._find(who))
        except KeyError:
            return by_account(str(uuid.UUID(int=0)), who, "")

    def _principal(self, who: str) -> str:
        apps = {each.name: each.id for each in self.directory.service_principals.values()}
        groups = {each.name: each.id for each in self.directory.groups.values()}
        known = {**apps, **groups}
        if who in known or who in known.values():
            return known.get(who, who)
        return self._find(who).id

    def _register(self, *, app_only_sync: bool) -> None:
        directory, changes, audit = self.directory, self._changes, self.audit
        v1 = "/graph/v1.0"
        beta = "/graph/beta"
        self.flask.register_blueprint(self._authority.blueprint())
        self.flask.register_blueprint(device_page(directory, self.device_codes, self._identities))
        for routes in (
            user_routes(directory, changes),
            member_routes(directory),
            application_routes(directory),
            role_routes(directory),
            sync_routes(directory, changes, audit, app_only=app_only_sync),
            audit_routes(directory, audit, self.throttle),
        ):
            self.flask.register_blueprint(routes, url_prefix=v1)
        self.flask.register_blueprint(beta_role_routes(directory), url_prefix=beta)
        self.flask.register_blueprint(batch_routes(self.flask), url_prefix=v1)
        self.flask.register_blueprint(batch_routes(self.flask), url_prefix=beta, name="beta_batch")


def create_tenant(world: World, clock: Callable[[], datetime]) -> Tenant:
    """`clock` gives UTC-aware times; stale reads, delays, budgets and expiries go by it."""
    return Tenant(world, clock)


_GRAPH_NAMES = {
    "mobile_phone": "mobilePhone",
    "other_mails": "otherMails",
    "account_enabled": "accountEnabled",
    "synced": "onPremisesSyncEnabled",
    "immutable_id": "onPremisesImmutableId",
    "user_principal_name": "userPrincipalName",
    "display_name": "displayName",
    "restricted": "isManagementRestricted",
}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
