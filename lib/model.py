"""The domain: what every part of Pushproof talks about.

Nothing here does I/O. All times are UTC-aware datetimes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Attribute(StrEnum):
    """The watched attributes, by their Microsoft Graph names. Nothing else is ever written."""

    MOBILE_PHONE = "mobilePhone"
    OTHER_MAILS = "otherMails"
    ACCOUNT_ENABLED = "accountEnabled"


# mobilePhone: str; otherMails: tuple of str; accountEnabled: bool; None: no value.
Value = str | tuple[str, ...] | bool | None


@dataclass(frozen=True, order=True)
class Subject:
    """One user of one app instance; everything is keyed by it."""

    app_id: str
    user_id: str


class LinkSource(StrEnum):
    EXTERNAL_ID = "external_id"
    IMMUTABLE_ID = "immutable_id"
    STORED = "stored"
    USER_PRINCIPAL_NAME = "user_principal_name"


@dataclass(frozen=True)
class Link:
    """Subject -> Entra object id."""

    object_id: str
    source: LinkSource

    @property
    def pinned(self) -> bool:
        """A match by user principal name may be read and reported, never written through."""
        return self.source is not LinkSource.USER_PRINCIPAL_NAME


@dataclass(frozen=True)
class OktaUser:
    """GET /api/v1/users/{id}, the parts used. `status` is Okta's own word."""

    id: str
    login: str
    status: str
    type_id: str | None
    profile: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class AppUser:
    """GET /api/v1/apps/{app}/users/{user}, the parts used."""

    user_id: str
    external_id: str | None
    user_name: str | None
    status: str
    scope: str
    last_updated: datetime
    profile: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class OktaReading:
    """What Okta says of one subject.

    `taken_at` is the Date header of the AppUser answer (one-second resolution, Okta's clock).
    `app_user` is None when the user is not assigned to the app; `user` is None when Okta no
    longer knows the user. `assigned_elsewhere`: assigned to another watched app.
    """

    subject: Subject
    taken_at: datetime
    app_user: AppUser | None
    user: OktaUser | None
    assigned_elsewhere: bool = False


@dataclass(frozen=True)
class AppUserPage:
    """One page of everybody assigned to an app, read at once: `taken_at` is its Date header.

    `unreadable`: ids of entries that lack what a reading needs. `next` is Okta's link to the next
    page, "" after the last.
    """

    taken_at: datetime
    readings: tuple[OktaReading, ...]
    unreadable: tuple[str, ...] = ()
    next: str = field(default="", repr=False)


@dataclass(frozen=True)
class EntraUser:
    """GET /v1.0/users/{id} with the $select of lib/graph.py."""

    object_id: str
    user_principal_name: str
    mobile_phone: str | None
    other_mails: tuple[str, ...]
    account_enabled: bool | None
    synced: bool | None
    immutable_id: str | None
    restricted: bool | None

    def value(self, attribute: Attribute) -> Value:
        match attribute:
            case Attribute.MOBILE_PHONE:
                return self.mobile_phone
            case Attribute.OTHER_MAILS:
                return self.other_mails
            case Attribute.ACCOUNT_ENABLED:
                return self.account_enabled


class KeyKind(StrEnum):
    OBJECT_ID = "id"
    IMMUTABLE_ID = "onPremisesImmutableId"
    USER_PRINCIPAL_NAME = "userPrincipalName"


@dataclass(frozen=True, order=True)
class UserKey:
    """How one Entra user is asked for; `kind` is the Graph property it is matched on."""

    kind: KeyKind
    value: str


@dataclass(frozen=True)
class RoleGrant:
    """One directory role somebody holds or may activate."""

    template_id: str
    name: str
    scope: str = "/"  # directoryScopeId; "/" is the tenant
    via: str = "direct"  # "direct", "group:<object id>" or "eligible"


@dataclass(frozen=True)
class Standing:
    """How privileged one directory object is. A part that could not be read is None."""

    object_id: str
    active_roles: tuple[RoleGrant, ...] | None
    eligible_roles: tuple[RoleGrant, ...] | None
    role_assignable_groups: tuple[str, ...] | None  # member or owner
    owns_applications: bool | None = None
    service_principal: bool = False


@dataclass(frozen=True)
class PushEvent:
    """One System Log entry about pushing a subject's profile."""

    uuid: str
    published: datetime
    event_type: str
    legacy_event_type: str | None
    result: str
    reason: str | None
    display_message: str = ""

    @property
    def started(self) -> bool:
        """The same eventType covers start, success and failure; only legacyEventType tells."""
        return self.legacy_event_type == "app.user_management.push_profile_update"


@dataclass(frozen=True)
class PushLog:
    """Pushes of one subject since `since`. `complete` is False when the read stopped early."""

    events: tuple[PushEvent, ...]
    since: datetime
    taken_at: datetime
    complete: bool


@dataclass(frozen=True)
class ProfileChange:
    """Who changed an Okta user, or the user's assignment to a watched app.

    `actor_login` None: no person, or nobody Okta names.
    """

    actor_id: str
    actor_login: str | None
    published: datetime


@dataclass(frozen=True)
class MappingRule:
    """One attribute's mapping. push_status: PUSH (create and update) or DONT_PUSH (create only)."""

    expression: str
    push_status: str


@dataclass(frozen=True)
class AppConfiguration:
    """What changes rarely about one app: features, schema, mappings per user type id."""

    app_id: str
    features: frozenset[str]
    schema_attributes: Mapping[str, str | None]  # AppUser variable name -> externalName
    mappings: Mapping[str, Mapping[str, MappingRule]]  # user type id -> attribute -> rule
    read_at: datetime


@dataclass(frozen=True)
class DirectorySync:
    """GET /directory/onPremisesSynchronization. The id is the tenant id."""

    id: str
    bypass_enabled: bool


@dataclass(frozen=True)
class AuditActor:
    """Who did what an audit entry tells of, by id and never by name.

    `principal_id` is the object id of the user or service principal: whose roles count.
    """

    principal_id: str | None
    app_id: str | None = None

    @property
    def application(self) -> bool:
        return self.app_id is not None

    def __str__(self) -> str:
        if self.app_id is None:
            return f"user {self.principal_id}" if self.principal_id else "an actor without an id"
        if self.principal_id is None:
            return f"app {self.app_id}"
        return f"service principal {self.principal_id} (app {self.app_id})"


@dataclass(frozen=True)
class AuditEntry:
    """One "Update user" of Microsoft's directory audit log, about one user.

    `names` None: the entry does not say which properties it changed. `written` holds what it
    wrote where that could be read; values stay out of every text.
    """

    at: datetime
    succeeded: bool
    actor: AuditActor
    names: frozenset[Attribute] | None
    correlation_id: str | None = None
    by_sync: bool = False
    written: Mapping[Attribute, Value] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class AuditLog:
    """The entries about one user since `since`. `complete` False: there were more, or others."""

    entries: tuple[AuditEntry, ...]
    since: datetime
    taken_at: datetime
    complete: bool
    request_id: str | None = None
    client_request_id: str | None = None


@dataclass(frozen=True)
class TouchProof:
    """On a test user, touching `attribute` made Okta push and changed nothing else.

    `push_uuid` is the System Log entry of the push; `seconds` from the touch to that entry.
    """

    app_id: str
    attribute: str
    user_id: str
    proved_at: datetime
    push_uuid: str
    seconds: float


@dataclass(frozen=True)
class Receipt:
    """A write a vendor accepted: when (vendor's Date header) and the ids that join its logs."""

    at: datetime
    status: int
    request_id: str | None = None
    client_request_id: str | None = None
