"""Who our two Entra applications are, from their own access token or from the directory.

An operator need not be able to read the writer's secret, and should not: whoever has it writes
without an approval. Then the reader asks the directory what the writer was granted.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from lib.errors import NotFound, Permanent, Refused, Transient
from lib.graph import Graph
from ops.doctor.hook import reason

Headers = Callable[[], Mapping[str, str]]


class Who(StrEnum):
    READER = "reader"
    WRITER = "writer"


@dataclass(frozen=True)
class Identity:
    """`permissions` None: not told. `refused`: Entra said no; `unread`: nobody could be asked.

    `trusts`: the AWS roles it signs in as, where it has no secret.
    """

    who: Who
    object_id: str | None = None
    permissions: frozenset[str] | None = None
    signed_in: bool = False
    refused: str = ""
    unread: str = ""
    trusts: str = ""


def from_sign_in(who: Who, headers: Headers) -> Identity:
    """By its own token. Entra's access tokens for Graph are JWTs today and documented as opaque,
    so one that can not be read says nothing."""
    try:
        token = headers()["Authorization"].removeprefix("Bearer ")
    except Permanent as error:
        return Identity(who, refused=str(error))
    except Transient as error:
        return Identity(who, unread=str(error))
    claims = claims_of(token)
    object_id, roles = claims.get("oid"), claims.get("roles")
    return Identity(
        who,
        object_id if isinstance(object_id, str) else None,
        # A token without any permission has no roles claim; then it must be a JWT to tell so.
        frozenset(str(each) for each in roles)
        if isinstance(roles, list)
        else (frozenset() if object_id else None),
        signed_in=True,
    )


def from_directory(who: Who, reader: Graph, client_id: str) -> Identity:
    """By what the directory says of it; the reader needs Application.Read.All."""
    try:
        found = reader.application(client_id)
    except (Refused, Transient) as error:
        return Identity(who, unread=reason(error))
    except NotFound:
        return Identity(who, refused="the tenant does not know this application")
    except Permanent as error:
        return Identity(who, unread=str(error))
    return Identity(who, found.object_id, found.permissions)


def claims_of(token: str) -> Mapping[str, object]:
    """The middle part of a JWT; empty for anything else. Nothing is verified or kept."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        found = json.loads(base64.urlsafe_b64decode(padded))
    except (binascii.Error, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
