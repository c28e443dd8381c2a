"""Fills the directory from a world."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from sandbox.entra.changes import BYPASS
from sandbox.entra.directory import (
    Directory,
    Grant,
    Group,
    ServicePrincipal,
    User,
    first_version,
)
from sandbox.entra.properties import USER
from sandbox.entra.routes_sync import FEATURES
from sandbox.world_model import EntraPerson, Person, World


def seeded(world: World, clock: Callable[[], datetime]) -> Directory:
    settings = world.tenant
    directory = Directory(settings.id, clock, settings.stale_read_seconds)
    directory.features = {**FEATURES, BYPASS: settings.bypass_dir_sync_overrides}
    ids = {person.name: person.entra.id for person in world.people if person.entra}
    for person in world.people:
        if person.entra:
            _add_user(directory, person, person.entra)
    for group in world.groups:
        members, owners = ([ids[name] for name in names] for names in (group.members, group.owners))
        directory.groups[group.id] = Group(
            group.id, group.name, group.role_assignable, members, owners
        )
        directory.assigned += [grant(group.id, role) for role in group.roles]
    for identity in world.identities:
        if identity.object_id:
            directory.service_principals[identity.object_id] = ServicePrincipal(
                identity.object_id,
                identity.client_id,
                identity.name,
                frozenset(identity.permissions),
            )
            directory.assigned += [grant(identity.object_id, role) for role in identity.roles]
    return directory


def grant(principal_id: str, template_id: str, scope: str = "/") -> Grant:
    """The same grant has the same id in every run."""
    name = f"{principal_id} {template_id} {scope}"
    return Grant(uuid.uuid5(uuid.NAMESPACE_OID, name).hex, principal_id, template_id, scope)


def _add_user(directory: Directory, person: Person, entra: EntraPerson) -> None:
    # An override equal to the synced value is none that anybody could see.
    override = entra.cloud_set_mobile not in {None, entra.mobile_phone}
    values: dict[str, object] = dict.fromkeys(USER)
    values |= {
        "id": entra.id,
        "userPrincipalName": entra.user_principal_name,
        "displayName": entra.display_name,
        "mail": entra.user_principal_name,
        "mobilePhone": entra.cloud_set_mobile if override else entra.mobile_phone,
        "otherMails": list(entra.other_mails),
        "businessPhones": [],
        "accountEnabled": entra.account_enabled,
        "userType": "Member",
        "createdDateTime": "2024-01-01T00:00:00Z",
        "isManagementRestricted": entra.restricted,
        "onPremisesImmutableId": entra.immutable_id,
        "onPremisesProvisioningErrors": [],
        "onPremisesSyncEnabled": entra.synced,
    }
    directory.users[entra.id] = User(
        person.name,
        values,
        synced_mobile=entra.mobile_phone if entra.synced else None,
        override=override,
        versions=first_version(values),
    )
    directory.assigned += [grant(entra.id, role) for role in entra.roles]
    directory.eligible += [grant(entra.id, role) for role in entra.eligible_roles]
