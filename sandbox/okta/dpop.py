"""Checks proofs of possession as the org does, at its token endpoint and at its API.

Source: the vendor's DPoP guide and RFC 9449; the texts of a wrong htu and of a used proof are as
reported by users of the vendor's own SDKs, the other texts and the five minutes are not confirmed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]
_SKEW_SECONDS = 300
# The vendor: a nonce is replaced every 24 hours and good for three days.
_NONCE_CHANGES = timedelta(hours=24)
_NONCE_GOOD = timedelta(days=3)
# RFC 7638: the members a key's thumbprint is made of.
_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}


@dataclass
class DpopError(Exception):
    error: str
    text: str


class Proofs:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._nonces: list[tuple[str, datetime]] = []
        self._used: set[str] = set()
        self._lock = threading.Lock()
        # The vendor's API asks for none; a test can make it ask, as the RFC allows.
        self.api_wants_nonce = False

    @property
    def nonce(self) -> str:
        """The one to be used from now on."""
        now = self._clock()
        with self._lock:
            if not self._nonces or now - self._nonces[-1][1] >= _NONCE_CHANGES:
                self._nonces.append((secrets.token_urlsafe(24), now))
            return self._nonces[-1][0]

    def rotate(self) -> None:
        """The nonces given so far are no longer good."""
        with self._lock:
            self._nonces.clear()

    def of_token_request(self, proof: str, method: str, url: str, client_key: str) -> str:
        """The thumbprint of the proof's key. The nonce is asked for before the rest is looked at,
        and `jti` becomes necessary with it.
        """
        key, thumbprint, claims = _read(proof)
        if not self._good_nonce(claims.get("nonce")):
            raise DpopError("use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")
        if key == load_pem_public_key(client_key.encode()):
            raise _wrong("The DPoP key must not be the client's own.")
        self._check(claims, method, url)
        return thumbprint

    def of_api_call(self, proof: str, method: str, url: str, token: str, thumbprint: str) -> None:
        _, own, claims = _read(proof)
        if self.api_wants_nonce and not self._good_nonce(claims.get("nonce")):
            raise DpopError("use_dpop_nonce", "Resource server requires nonce in DPoP proof.")
        if claims.get("ath") != _base64url(hashlib.sha256(token.encode()).digest()):
            raise _wrong("'ath' claim in the DPoP proof JWT is invalid.")
        if own != thumbprint:
            raise _wrong("The DPoP proof JWT is of another key than the access token.")
        self._check(claims, method, url)

    def _check(self, claims: Mapping[str, Any], method: str, url: str) -> None:
        if claims.get("htm") != method:
            raise _wrong("'htm' claim in the DPoP proof JWT is invalid.")
        if claims.get("htu") != url:
            raise _wrong("'htu' claim in the DPoP proof JWT is invalid.")
        issued = claims.get("iat")
        if not isinstance(issued, int) or abs(self._clock().timestamp() - issued) > _SKEW_SECONDS:
            raise _wrong("'iat' claim in the DPoP proof JWT is invalid.")
        used = claims.get("jti")
        if not isinstance(used, str) or not used:
            raise _wrong("'jti' claim in the DPoP proof JWT is missing.")
        with self._lock:
            if used in self._used:
                raise _wrong("The DPoP proof JWT has already been used.")
            self._used.add(used)

    def _good_nonce(self, given: object) -> bool:
        now = self._clock()
        with self._lock:
            return any(given == nonce and now - at < _NONCE_GOOD for nonce, at in self._nonces)


def _read(proof: str) -> tuple[object, str, Mapping[str, Any]]:
    """Key, its thumbprint and the claims of a proof whose signature is right."""
    try:
        header = jwt.get_unverified_header(proof)
        given = header.get("jwk")
        if header.get("typ") != "dpop+jwt" or not isinstance(given, dict) or "d" in given:
            raise _wrong("The DPoP proof JWT header is invalid.")
        jwk = jwt.PyJWK(given, algorithm=str(header.get("alg")))
        claims = jwt.decode(proof, jwk.key, _ALGORITHMS, {"verify_iat": False, "verify_exp": False})
    except (jwt.PyJWTError, ValueError, TypeError):
        raise _wrong("The DPoP proof JWT is invalid.") from None
    return jwk.key, thumbprint_of(given), claims


def thumbprint_of(given: Mapping[str, Any]) -> str:
    members = {name: given[name] for name in _MEMBERS[given["kty"]]}
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return _base64url(hashlib.sha256(text.encode()).digest())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _wrong(text: str) -> DpopError:
    return DpopError("invalid_dpop_proof", text)
