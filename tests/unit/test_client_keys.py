"""What the secrets may hold, and that a wrong one is named without being shown."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from lib.client_assertion import client_assertion, signing_key
from lib.entra_credential import Certificate, entra_credential
from lib.errors import Unauthorized
from lib.okta_credential import ApiToken, ServiceApp, okta_credential
from tests.fakes.keys import certificate_pem, ec_key, private_pem, rsa_key

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PEM = private_pem(rsa_key())
JWK = RSAAlgorithm.to_jwk(rsa_key(), as_dict=True)
EC_JWK = ECAlgorithm.to_jwk(ec_key(), as_dict=True)
PUBLIC_JWK = RSAAlgorithm.to_jwk(rsa_key().public_key(), as_dict=True)
SHORT = private_pem(rsa.generate_private_key(public_exponent=65537, key_size=1024))
ODD_CURVE = private_pem(ec.generate_private_key(ec.SECP256K1()))


def app(**more: object) -> str:
    return json.dumps({"client_id": "0oaClient", "key_id": "k1", "private_key": PEM} | more)


@pytest.mark.parametrize("text", ["hidden-token", "  hidden-token\n", '{"token": "hidden-token"}'])
def test_an_api_token(text: str) -> None:
    assert okta_credential(text) == ApiToken("hidden-token")
    assert "hidden" not in repr(okta_credential(text))


@pytest.mark.parametrize(
    ("text", "algorithm", "key_id"),
    [
        (app(), "RS256", "k1"),
        (app(private_key=private_pem(ec_key())), "ES256", "k1"),
        (app(private_key=JWK), "RS256", "k1"),
        (app(private_key=json.dumps(EC_JWK)), "ES256", "k1"),
        (app(private_key={**JWK, "kid": "k2"}, key_id=None), "RS256", "k2"),
    ],
)
def test_a_service_app(text: str, algorithm: str, key_id: str) -> None:
    found = okta_credential(text)
    assert isinstance(found, ServiceApp)
    assert (found.client_id, found.key_id, found.key.algorithm) == ("0oaClient", key_id, algorithm)
    assert "RSA" not in repr(found)
    assert "key=" not in repr(found.key)


@pytest.mark.parametrize(
    "text",
    [
        "{not json hidden",
        "{}",
        '{"token": ""}',
        app(client_id=None),
        app(key_id=""),
        app(private_key=""),
        app(private_key=None),
        app(private_key="hidden"),
        app(private_key="{hidden"),
        app(private_key=PUBLIC_JWK),
        app(private_key={"kty": "RSA", "n": "hidden"}),
        app(private_key={"kty": "oct", "k": "aGlkZGVu"}),
        app(private_key=SHORT),
        app(private_key=ODD_CURVE),
    ],
)
def test_a_wrong_okta_secret_is_named_and_not_shown(text: str) -> None:
    with pytest.raises(Unauthorized, match="the Okta secret") as caught:
        okta_credential(text)
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_other_kinds_of_keys_are_not_taken() -> None:
    other: Any = ed25519.Ed25519PrivateKey.generate()
    with pytest.raises(Unauthorized):
        signing_key(private_pem(other), "the Okta secret")


def test_an_assertion_says_who_for_whom_and_for_how_long() -> None:
    key = signing_key(private_pem(ec_key()), "x")
    texts = [client_assertion(key, "me", "https://a/token", NOW, {"kid": "k1"}) for _ in range(2)]
    assert jwt.get_unverified_header(texts[0]) == {"alg": "ES256", "kid": "k1", "typ": "JWT"}
    first, second = (
        jwt.decode(
            text,
            ec_key().public_key(),
            algorithms=["ES256"],
            audience="https://a/token",
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
        for text in texts
    )
    assert (first["iss"], first["sub"]) == ("me", "me")
    assert first["iat"] == first["nbf"] == NOW.timestamp()
    assert first["exp"] == NOW.timestamp() + 300
    assert first["jti"] != second["jti"]


CERTIFICATE = certificate_pem(rsa_key())
LOADED = x509.load_pem_x509_certificate(CERTIFICATE.encode())
SHA1, SHA256 = (LOADED.fingerprint(kind) for kind in (hashes.SHA1(), hashes.SHA256()))

BOTH = {"public_certificate": CERTIFICATE, "thumbprint": SHA1.hex()}


def url64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("more", "algorithm", "header", "digest"),
    [
        ({"public_certificate": CERTIFICATE}, "PS256", "x5t#S256", SHA256),
        (
            {"public_certificate": CERTIFICATE, "thumbprint": SHA1.hex()},
            "PS256",
            "x5t#S256",
            SHA256,
        ),
        ({"sha256": SHA256.hex(":")}, "PS256", "x5t#S256", SHA256),
        ({"thumbprint": SHA256.hex().upper()}, "PS256", "x5t#S256", SHA256),
        ({"thumbprint": SHA1.hex().upper()}, "RS256", "x5t", SHA1),
    ],
    ids=["public", "public and SHA-1", "SHA-256", "SHA-256 as thumbprint", "SHA-1"],
)
def test_a_certificate_is_named_as_entra_wants_it(
    more: dict[str, str], algorithm: str, header: str, digest: bytes
) -> None:
    found = entra_credential(json.dumps({"private_key": PEM, **more}))
    assert isinstance(found, Certificate)
    assert "PRIVATE" not in repr(found)
    told = jwt.get_unverified_header(found.assertion("me", "https://a/token", NOW))
    assert (told["alg"], told[header]) == (algorithm, url64(digest))
    assert ("x5c" in told) == ("public_certificate" in more)


@pytest.mark.parametrize("text", ["hidden", " hidden\n", '{"client_secret": "hidden"}'])
def test_a_client_secret(text: str) -> None:
    assert entra_credential(text) == "hidden"


def test_an_entra_secret_that_only_looks_like_json() -> None:
    with pytest.raises(Unauthorized, match="the Entra secret looks like JSON and is not") as caught:
        entra_credential("{hidden")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "must hold client_secret"),
        ({"private_key": PEM}, "must name its certificate"),
        ({"private_key": PEM, "thumbprint": "not hexadecimal"}, "must name its certificate"),
        ({"private_key": PEM, "thumbprint": "abcd"}, "must name its certificate"),
        ({"private_key": PEM, "public_certificate": "no pem"}, "no PEM certificate"),
        ({"private_key": "hidden", "thumbprint": SHA1.hex()}, "private_key must be"),
        ({"private_key": private_pem(ec_key()), "thumbprint": SHA1.hex()}, "RSA"),
        (
            {"private_key": private_pem(rsa_key("other")), "public_certificate": CERTIFICATE},
            "another private_key",
        ),
    ],
)
def test_a_wrong_entra_secret_is_named_and_not_shown(given: dict[str, str], told: str) -> None:
    with pytest.raises(Unauthorized, match=told) as caught:
        entra_credential(json.dumps(given))
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None
