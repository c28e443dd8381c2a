"""Private keys, and the assertion by which a client proves that it holds one (RFC 7523)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from lib.errors import Unauthorized

GRANT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Okta takes at most an hour and Entra advises five to ten minutes; it is used at once.
LIFETIME = timedelta(minutes=5)
# RFC 7518, section 3.3.
_SHORTEST_RSA = 2048
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


@dataclass(frozen=True)
class SigningKey:
    """`algorithm` is the JWT name that fits the key: RS256, or ES256, ES384, ES512."""

    key: RSAPrivateKey | EllipticCurvePrivateKey = field(repr=False)
    algorithm: str


def signing_key(given: object, what: str) -> SigningKey:
    """A private key as PEM text, or as a JWK, object or text.

    Raises Unauthorized, `what` naming the secret: no text of the key is repeated.
    """
    key = _loaded(given)
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return SigningKey(key, _CURVES[key.curve.name])
    if isinstance(key, RSAPrivateKey) and key.key_size >= _SHORTEST_RSA:
        return SigningKey(key, "RS256")
    raise Unauthorized(
        f"{what}: private_key must be an unencrypted RSA key of at least {_SHORTEST_RSA} bits or a "
        "P-256, P-384 or P-521 key, as PEM or as a private JWK"
    )


def _loaded(given: object) -> object:
    # What the libraries say of a key they cannot read may quote it: nothing is chained.
    try:
        if isinstance(given, str) and given.lstrip().startswith("{"):
            given = json.loads(given)
        if isinstance(given, Mapping):
            return jwt.PyJWK(dict(given)).key
        return load_pem_private_key(str(given).encode(), None) if given else None
    except (ValueError, TypeError, KeyError, UnsupportedAlgorithm, jwt.PyJWTError):
        return None


def client_assertion(
    signing: SigningKey,
    client_id: str,
    audience: str,
    now: datetime,
    headers: Mapping[str, object],
    algorithm: str | None = None,
) -> str:
    """`audience`: the token endpoint. `headers` name the key or the certificate."""
    claims = {
        "aud": audience,
        "iss": client_id,
        "sub": client_id,
        "jti": str(uuid.uuid4()),
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
    }
    return jwt.encode(claims, signing.key, algorithm or signing.algorithm, dict(headers))
