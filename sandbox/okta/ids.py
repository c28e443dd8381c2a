"""Okta's identifiers: a three-character kind and seventeen letters and digits."""

from __future__ import annotations

import hashlib
import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
_BODY = 17


def new_id(kind: str) -> str:
    """A fresh 20-character id, for example `who` for an event hook."""
    return kind + "".join(secrets.choice(_ALPHABET) for _ in range(_BODY))


def stable_id(kind: str, *parts: str) -> str:
    """The same 20-character id for the same parts, so that a world reads alike on every run."""
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest())
    letters = []
    for _ in range(_BODY):
        number, index = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[index])
    return kind + "".join(letters)


def app_user_id(app_id: str, user_id: str) -> str:
    """The `0ua…` id of System Log targets; the Apps API takes the Okta user id instead."""
    return stable_id("0ua", app_id, user_id)


def mapping_id(source: str, target: str) -> str:
    return stable_id("prm", source, target)


# A world has one user type; a real org may have several, with one mapping each.
USER_TYPE_ID = stable_id("oty", "default user type")
