"""Proofs of possession (RFC 9449): a token bound to a key is of no use to whoever only sees it."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from datetime import datetime
from urllib.parse import unquote, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

# The algorithm of Okta's own guide.
_ALGORITHM = "RS256"
_ERROR = re.compile(r'\berror\s*=\s*"([a-z_]{1,60})"')
_SCHEME = re.compile(r"(?:^|,)\s*dpop\b", re.IGNORECASE)


class ProofKey:
    """A key of this process alone. Okta requires it to differ from the client's own."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self._jwk = {name: public[name] for name in ("kty", "e", "n")}

    def proof(
        self,
        method: str,
        url: str,
        now: datetime,
        *,
        token: str | None = None,
        nonce: str | None = None,
    ) -> str:
        """For one request, which must not be sent twice with it: Okta remembers the `jti`."""
        claims = {
            "jti": str(uuid.uuid4()),
            "htm": method,
            "htu": target(url),
            "iat": int(now.timestamp()),
        }
        if token is not None:
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if nonce is not None:
            claims["nonce"] = nonce
        header = {"typ": "dpop+jwt", "jwk": self._jwk}
        return jwt.encode(claims, self._key, _ALGORITHM, header)


def target(url: str) -> str:
    """The `htu`: neither query nor fragment.

    Okta compares with its decoded path and refuses an encoded one (okta-sdk-python issue 541).
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{unquote(parts.path)}"


def challenge(header: str) -> str | None:
    """The error word of a WWW-Authenticate header of the DPoP scheme."""
    found = _ERROR.search(header) if _SCHEME.search(header) else None
    return found[1] if found else None
