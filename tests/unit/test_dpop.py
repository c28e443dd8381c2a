"""Proofs of possession: what they say, and how a refused one is told."""

from __future__ import annotations

from datetime import UTC, datetime

import jwt
import pytest

from lib.dpop import ProofKey, challenge, target

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
URL = "https://org.example/api/v1/logs?since=x#y"
# As reported in the vendor's own SDK's issues.
REPORTED = (
    'DPoP algs="RS256 ES256", authorization_uri="http://org.example/oauth2/v1/authorize", '
    'realm="http://org.example", scope="okta.groups.read", error="invalid_dpop_proof", '
    'error_description="\'htu\' claim in the DPoP proof JWT is invalid.", resource="/api/v1/x"'
)


def read(proof: str) -> tuple[dict[str, object], dict[str, object]]:
    header = jwt.get_unverified_header(proof)
    key = jwt.PyJWK(header["jwk"], algorithm=header["alg"])
    return header, jwt.decode(proof, key, options={"verify_iat": False})


def test_a_proof_is_of_one_request_and_shows_the_public_key_only() -> None:
    header, claims = read(ProofKey().proof("GET", URL, NOW))
    assert (header["typ"], header["alg"]) == ("dpop+jwt", "RS256")
    assert set(header["jwk"]) == {"kty", "e", "n"}  # type: ignore[call-overload]
    jti = claims.pop("jti")
    assert jti
    assert claims == {
        "htm": "GET",
        "htu": "https://org.example/api/v1/logs",
        "iat": int(NOW.timestamp()),
    }


def test_with_token_and_nonce() -> None:
    _, claims = read(ProofKey().proof("POST", URL, NOW, token="token", nonce="n1"))
    assert claims["nonce"] == "n1"
    # base64url(sha256("token")), computed elsewhere.
    assert claims["ath"] == "PEaenWxYddN6Q_NT1PiOYfz4EsZu7jRXRlpAsNpBU-A"


def test_no_two_proofs_and_no_two_keys_are_the_same() -> None:
    one = ProofKey()
    (first, a), (_, b) = (read(one.proof("GET", URL, NOW)) for _ in range(2))
    assert a["jti"] != b["jti"]
    assert read(ProofKey().proof("GET", URL, NOW))[0]["jwk"] != first["jwk"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://o.example:8443/a/b?c=d", "https://o.example:8443/a/b"),
        ("https://o.example/api/v1/users/a%40b", "https://o.example/api/v1/users/a@b"),
        ("https://o.example/a#b", "https://o.example/a"),
    ],
)
def test_the_target_is_compared_decoded_and_without_query(url: str, expected: str) -> None:
    assert target(url) == expected


@pytest.mark.parametrize(
    ("header", "word"),
    [
        (REPORTED, "invalid_dpop_proof"),
        ('Bearer realm="x", dpop error="use_dpop_nonce"', "use_dpop_nonce"),
        ('Bearer error="invalid_token"', None),
        ('Bearer realm="dpop", error="invalid_token"', None),
        ("DPoP", None),
        ("", None),
    ],
)
def test_a_challenge_is_read_by_its_scheme(header: str, word: str | None) -> None:
    assert challenge(header) == word
