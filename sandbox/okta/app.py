"""Builds the org a world describes and connects its push engine to the tenant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from sandbox.okta.expressions import referenced
from sandbox.okta.ids import stable_id
from sandbox.okta.journal import Subject
from sandbox.okta.org import Org
from sandbox.okta.push import Outlet
from sandbox.okta.reasons import GraphRefusal
from sandbox.okta.routes_access import Owner
from sandbox.okta.state import App, AppMapping, AppUser, State, User
from sandbox.world import Person, World

# The standard attributes of an Okta user; a world's own profile attributes come on top.
STANDARD_ATTRIBUTES = frozenset(
    {
        "city",
        "countryCode",
        "department",
        "displayName",
        "email",
        "employeeNumber",
        "firstName",
        "lastName",
        "login",
        "mobilePhone",
        "organization",
        "primaryPhone",
        "secondEmail",
        "title",
        "userType",
    }
)

# Seeded users and assignments are older than anything that happens afterwards.
_AGE = timedelta(days=30)


class Refusal(Protocol):
    """A refused write as the tenant reports it; `path` follows the Graph root and version."""

    @property
    def status(self) -> int: ...
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def request_id(self) -> str: ...
    @property
    def client_request_id(self) -> str: ...


class Tenant(Protocol):
    """The two ways Okta writes into a tenant: as the connector through Graph, and as directory
    synchronisation on behalf of an app. None means the write was accepted, which does not say
    that a value changed."""

    def connector_write(
        self, object_id: str, attributes: Mapping[str, object], /
    ) -> Refusal | None: ...

    def sync_write(
        self, object_id: str, attributes: Mapping[str, object], app_id: str, /
    ) -> Refusal | None: ...


def create_org(
    world: World,
    tenant: Tenant,
    clock: Callable[[], datetime],
    ca_file: Path | None,
    base_url: Callable[[], str],
) -> Org:
    """The org of a world, with its threads not yet started.

    `ca_file` is what event-hook endpoints must be vouched for by; `base_url` gives the org's own
    address, known only once it is served.
    """
    state = State(clock)
    then = clock() - _AGE
    for app in world.apps:
        state.apps[app.id] = App(
            id=app.id,
            label=app.label,
            features=frozenset(app.features),
            path=app.path,
            schema=dict(app.schema),
            mappings={
                name: AppMapping(mapping.expression, mapping.push_status)
                for name, mapping in app.mappings.items()
            },
            pushes=tuple(app.pushes),
        )
    for person in world.people:
        _add_person(state, person, then)
    state.user_attributes = _user_attributes(state)
    administrator = _administrator(world.okta.org, then)
    return Org(
        state,
        _outlet(state, tenant),
        names={person.name: person.okta.id for person in world.people if person.okta},
        tokens={token.token: stable_id("00T", token.name) for token in world.okta_tokens},
        owners=_owners(world, administrator),
        clients=world.okta_clients,
        rate_limits=dict(world.okta.rate_limits),
        push_seconds=world.okta.push_seconds,
        log_delay_seconds=world.okta.log_delay_seconds,
        domain=f"{world.okta.org}.example",
        administrator=administrator,
        ca_file=ca_file,
        base_url=base_url,
    )


def _add_person(state: State, person: Person, then: datetime) -> None:
    if person.okta is None:
        return
    parts = person.okta.login.partition("@")[0].title().split(".")
    names: dict[str, object] = {
        "firstName": parts[0],
        "lastName": parts[-1],
        "email": person.okta.login,
    }
    user = User(
        id=person.okta.id,
        login=person.okta.login,
        status=person.okta.status,
        profile={**names, "login": person.okta.login, **person.okta.profile},
        created=then,
        last_updated=then,
        status_changed=then,
        entra_id=person.entra.id if person.entra else None,
        immutable_id=person.entra.immutable_id if person.entra else None,
    )
    state.users[user.id] = user
    if person.assigned is None:
        return
    external = {"object": user.entra_id, "immutable": user.immutable_id, "none": None}
    state.app_users[person.assigned.app, user.id] = AppUser(
        app_id=person.assigned.app,
        user_id=user.id,
        external_id=external[person.assigned.external_id],
        user_name=user.login,
        status=person.assigned.status,
        scope=person.assigned.scope,
        created=then,
        last_updated=then,
        status_changed=then,
        profile=dict(person.assigned.profile),
        last_sync=then,
    )


def _user_attributes(state: State) -> set[str]:
    known = set(STANDARD_ATTRIBUTES)
    for user in state.users.values():
        known |= set(user.profile)
    for app in state.apps.values():
        for mapping in app.mappings.values():
            known |= referenced(mapping.expression)
    return known


def _administrator(org: str, then: datetime) -> User:
    """Who owns the API tokens and does what nobody else is named for; not a user of the world."""
    login = f"okta.admin@{org}.example"
    return User(
        id=stable_id("00u", login),
        login=login,
        status="ACTIVE",
        profile={"login": login},
        created=then,
        last_updated=then,
        status_changed=then,
    )


def _owners(world: World, administrator: User) -> dict[str, Owner]:
    """By token id. The first token is the administrator's; every other one has its own maker."""
    owners = {}
    for number, token in enumerate(world.okta_tokens):
        user = administrator
        if number:
            user = replace(administrator, id=stable_id("00u", "maker", token.name))
        owners[stable_id("00T", token.name)] = Owner(user, token.roles)
    return owners


def _outlet(state: State, tenant: Tenant) -> Outlet:
    def write(subject: Subject, values: Mapping[str, object]) -> GraphRefusal | None:
        user = state.users.get(subject.user.id, subject.user)
        account = user.entra_id or user.login
        if subject.app.path == "dirsync":
            refusal = tenant.sync_write(account, values, subject.app.id)
        else:
            refusal = tenant.connector_write(account, values)
        if refusal is None:
            return None
        return GraphRefusal(
            status=refusal.status,
            code=refusal.code,
            message=refusal.message,
            method=refusal.method,
            path=refusal.path,
            request_id=refusal.request_id,
            client_request_id=refusal.client_request_id,
        )

    return write
