"""What the Okta secret holds decides how we sign in: an API token, or the key of a service app."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from lib.client_assertion import SigningKey, signing_key
from lib.errors import Unauthorized

_WHAT = "the Okta secret"


@dataclass(frozen=True)
class ApiToken:
    """Carries all rights of the administrator who made it."""

    token: str = field(repr=False)


@dataclass(frozen=True)
class ServiceApp:
    """`key_id` is the `kid` that Okta shows beside the public key."""

    client_id: str
    key_id: str
    key: SigningKey


def okta_credential(text: str) -> ApiToken | ServiceApp:
    """Plain text or {"token"}: an API token. {"client_id", "private_key", "key_id"}: a service app.

    `private_key` is PEM or a JWK, whose own `kid` does for `key_id`. Raises Unauthorized.
    """
    if not text.lstrip().startswith("{"):
        return ApiToken(text.strip())
    try:
        found = json.loads(text)
    except ValueError:
        raise Unauthorized(f"{_WHAT} looks like JSON and is not") from None
    token = found.get("token")
    if isinstance(token, str) and token:
        return ApiToken(token)
    client_id, private_key = found.get("client_id"), found.get("private_key")
    key_id = found.get("key_id") or (private_key.get("kid") if _is_jwk(private_key) else None)
    if not (isinstance(client_id, str) and client_id and isinstance(key_id, str) and key_id):
        raise Unauthorized(f"{_WHAT} must hold token, or client_id, private_key and key_id")
    return ServiceApp(client_id, key_id, signing_key(private_key, _WHAT))


def _is_jwk(private_key: object) -> bool:
    return isinstance(private_key, dict)
