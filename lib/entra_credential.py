"""What an Entra application signs in with: a client secret or a certificate, as its secret holds.

Source of the assertion: the vendor's "application authentication certificate credentials".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from lib.client_assertion import SigningKey, client_assertion, signing_key
from lib.errors import Unauthorized

_WHAT = "the Entra secret"
_SHA1, _SHA256 = 20, 32  # bytes of a thumbprint


@dataclass(frozen=True)
class Certificate:
    """A private key whose certificate is registered at the application."""

    key: SigningKey
    headers: Mapping[str, object] = field(repr=False)
    algorithm: str

    def assertion(self, client_id: str, token_endpoint: str, now: datetime) -> str:
        return client_assertion(
            self.key, client_id, token_endpoint, now, self.headers, self.algorithm
        )


def entra_credential(text: str) -> str | Certificate:
    """Plain text or {"client_secret"}: a secret. {"private_key", …}: a certificate.

    The certificate is named by `public_certificate` (PEM), by `sha256`, or by `thumbprint` (SHA-1
    or SHA-256, as the portal shows it: hexadecimal). Raises Unauthorized.
    """
    if not text.lstrip().startswith("{"):
        return text.strip()
    try:
        found = json.loads(text)
    except ValueError:
        raise Unauthorized(f"{_WHAT} looks like JSON and is not") from None
    secret = found.get("client_secret")
    if isinstance(secret, str) and secret:
        return secret
    if "private_key" not in found:
        raise Unauthorized(f"{_WHAT} must hold client_secret, or private_key and its certificate")
    key = signing_key(found["private_key"], _WHAT)
    if not isinstance(key.key, RSAPrivateKey):
        raise Unauthorized(f"{_WHAT}: Entra takes RSA certificates only")
    return _certificate(key, found)


def _certificate(key: SigningKey, found: Mapping[str, object]) -> Certificate:
    headers: dict[str, object] = {}
    given = found.get("public_certificate")
    digest = _thumbprint(found.get("sha256") or found.get("thumbprint"))
    if isinstance(given, str) and given:
        certificate = _loaded(given)
        if certificate.public_key() != key.key.public_key():
            raise Unauthorized(f"{_WHAT}: public_certificate belongs to another private_key")
        # Entra wants the chain for "subject name and issuer" trust and otherwise ignores it.
        headers["x5c"] = [base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()]
        digest = certificate.fingerprint(hashes.SHA256())
    if len(digest) not in (_SHA1, _SHA256):
        raise Unauthorized(f"{_WHAT} must name its certificate: public_certificate or thumbprint")
    # With SHA-256 the vendor asks for PS256; RS256 goes with the older thumbprint.
    name, algorithm = ("x5t#S256", "PS256") if len(digest) == _SHA256 else ("x5t", "RS256")
    headers[name] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return Certificate(key, headers, algorithm)


def _thumbprint(given: object) -> bytes:
    try:
        return bytes.fromhex(str(given or "").replace(":", ""))
    except ValueError:
        return b""


def _loaded(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise Unauthorized(f"{_WHAT}: public_certificate is no PEM certificate") from None
