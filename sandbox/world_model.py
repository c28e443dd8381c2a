"""What a world holds before anything happens in it: one tenant, one org, their people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TenantSettings:
    """`stale_read_seconds`: how long reads may answer the value before a write."""

    id: str
    bypass_dir_sync_overrides: bool = False
    stale_read_seconds: float = 0.0
    audit_delay_seconds: float = 0.0
    app_only_directory_sync: bool = False


@dataclass(frozen=True)
class OktaSettings:
    """`rate_limits`: requests per minute for one token, by bucket."""

    org: str
    push_seconds: float
    log_delay_seconds: float
    rate_limits: Mapping[str, int]


@dataclass(frozen=True)
class WorldMapping:
    """`push_status`: PUSH on create and update, DONT_PUSH on create only."""

    expression: str
    push_status: str


@dataclass(frozen=True)
class WorldApp:
    """One office365 app instance. `path`: graph or dirsync. `schema`: variable to externalName."""

    id: str
    label: str
    features: tuple[str, ...]
    path: str
    schema: Mapping[str, str]
    mappings: Mapping[str, WorldMapping]
    pushes: tuple[str, ...]


@dataclass(frozen=True)
class Identity:
    """Who can call Graph. `kind`: app (its own permissions) or public_client (delegated ones).

    `certificate`: the PEM certificate registered at an app.
    """

    name: str
    kind: str
    client_id: str
    object_id: str | None
    secret: str | None = field(repr=False)
    permissions: tuple[str, ...]
    roles: tuple[str, ...]
    certificate: str | None = None


@dataclass(frozen=True)
class FederatedCredential:
    """Whose tokens an app identity (`app`, by name) may sign in with.

    `public_key` (PEM) stands for what the issuer publishes. A credential is found only
    `found_after_seconds` after the start, as one that was just created.
    """

    app: str
    issuer: str
    subject: str
    audience: str
    public_key: str
    found_after_seconds: float


@dataclass(frozen=True)
class OktaToken:
    """`roles`: of the administrator who made it, by Okta's types such as READ_ONLY_ADMIN."""

    name: str
    token: str = field(repr=False)
    roles: tuple[str, ...] = ("SUPER_ADMIN",)


@dataclass(frozen=True)
class OktaClient:
    """A service app that signs in with the private key of `public_key` (PEM).

    Scopes say which actions it may ask for, `roles` on what: without one it is refused everything.
    """

    name: str
    client_id: str
    public_key: str
    scopes: tuple[str, ...]
    require_dpop: bool
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class OktaPerson:
    id: str
    login: str
    status: str
    profile: Mapping[str, object]


@dataclass(frozen=True)
class Assignment:
    """`external_id`: which of the Entra user's ids Okta kept: object, immutable or none."""

    app: str
    external_id: str
    status: str
    scope: str
    profile: Mapping[str, object]


@dataclass(frozen=True)
class EntraPerson:
    """`roles` and `eligible_roles` are template ids.

    For a synced user `mobile_phone` is what the source last synced in; `cloud_set_mobile`, when
    there is one, is what the directory shows instead as long as overrides are not bypassed.
    """

    id: str
    user_principal_name: str
    display_name: str
    mobile_phone: str | None
    other_mails: tuple[str, ...]
    account_enabled: bool
    synced: bool | None
    immutable_id: str | None
    roles: tuple[str, ...]
    eligible_roles: tuple[str, ...]
    restricted: bool
    cloud_set_mobile: str | None


@dataclass(frozen=True)
class Person:
    """`name` is the handle that samples and tests use."""

    name: str
    okta: OktaPerson | None
    assigned: Assignment | None
    entra: EntraPerson | None


@dataclass(frozen=True)
class WorldGroup:
    """`members` and `owners` are names of people with an Entra user; `roles` template ids."""

    id: str
    name: str
    role_assignable: bool
    roles: tuple[str, ...]
    members: tuple[str, ...]
    owners: tuple[str, ...]


@dataclass(frozen=True)
class World:
    tenant: TenantSettings
    okta: OktaSettings
    apps: tuple[WorldApp, ...]
    identities: tuple[Identity, ...]
    okta_tokens: tuple[OktaToken, ...]
    people: tuple[Person, ...]
    groups: tuple[WorldGroup, ...]
    okta_clients: tuple[OktaClient, ...] = ()
    federated_credentials: tuple[FederatedCredential, ...] = ()

    def person(self, name: str) -> Person:
        """KeyError when nobody has that name."""
        for person in self.people:
            if person.name == name:
                return person
        raise KeyError(name)

    def identity(self, name: str) -> Identity:
        for identity in self.identities:
            if identity.name == name:
                return identity
        raise KeyError(name)
