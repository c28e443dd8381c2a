"""Which Entra user is a subject's? Ids pin; a user principal name only reads."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lib.model import EntraUser, KeyKind, Link, LinkSource, OktaReading, UserKey

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def lookup_keys(reading: OktaReading, stored: Link | None) -> tuple[UserKey, ...]:
    """How to ask Graph for this subject's user, best first.

    externalId is an object id or an immutable id (Okta documents neither). The stored link
    names leavers, whose AppUser is gone. The name is asked only where nothing else is known.
    """
    external = reading.app_user.external_id if reading.app_user else None
    if external:
        kind = KeyKind.OBJECT_ID if _GUID.fullmatch(external) else KeyKind.IMMUTABLE_ID
        return (UserKey(kind, external),)
    if stored:
        return (UserKey(KeyKind.OBJECT_ID, stored.object_id),)
    name = reading.app_user.user_name if reading.app_user else None
    name = name or (reading.user.login if reading.user else None)
    return (UserKey(KeyKind.USER_PRINCIPAL_NAME, name),) if name else ()


def resolve(
    asked: tuple[UserKey, ...], found: Mapping[UserKey, EntraUser | None], stored: Link | None
) -> tuple[Link | None, EntraUser | None]:
    """The link and the user it leads to; a link to an absent user stays a link."""
    for key in asked:
        user = found.get(key)
        match key.kind:
            case KeyKind.OBJECT_ID:
                known = stored is not None and stored.object_id == key.value
                source = stored.source if known and stored else LinkSource.EXTERNAL_ID
                return Link(key.value, source), user
            case KeyKind.IMMUTABLE_ID if user:
                return Link(user.object_id, LinkSource.IMMUTABLE_ID), user
            case KeyKind.IMMUTABLE_ID if stored:
                # Not found by an index that may lag: the stored link is asked by id.
                return stored, None
            case KeyKind.USER_PRINCIPAL_NAME if user:
                return Link(user.object_id, LinkSource.USER_PRINCIPAL_NAME), user
    return None, None
