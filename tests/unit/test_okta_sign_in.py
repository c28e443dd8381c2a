"""Okta's sign-in by its rules: what is asked, how often, and what is told of a refusal.

Against an org that checks every proof: tests/sandbox/sign_in.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import jwt
import pytest
import requests

from lib.errors import Permanent, PushproofError, Transient
from lib.http import Reply
from lib.okta_sign_in import PAUSE, READ, TOUCH, OktaSignIn
from tests.fakes.keys import private_pem, rsa_key
from tests.unit.fakes_http import Answer, FakeVendor, Sent, Step, session_of

ORG = "https://org.example"
URL = f"{ORG}/api/v1/users/1"
NOW = datetime(2025, 1, 1, tzinfo=UTC)  # the fake vendor's Date
APP = json.dumps(
    {"client_id": "0oaClient", "private_key": private_pem(rsa_key()), "key_id": "hidden-kid"}
)
SECRETS = ("hidden", "BEGIN", "eyJ")
Steps = Callable[[Sent], Step]


class Time:
    def __init__(self) -> None:
        self.wall, self.monotonic = NOW, 1000.0

    def forward(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.monotonic += seconds


def granted(token: str = "hidden-token", kind: str = "Bearer", **more: object) -> Answer:
    body = {"access_token": token, "token_type": kind, "expires_in": 3600, **more}
    return Answer(json=body)


def refused(status: int, error: str, nonce: str | None = None, **more: object) -> Answer:
    headers = {"dpop-nonce": nonce} if nonce else {}
    body = {"error": error, "error_description": "hidden prose", **more}
    return Answer(status, json=body, headers=headers)


def sign_in_of(
    vendor: FakeVendor, secrets: Iterator[str] | None = None, clock: Time | None = None
) -> OktaSignIn:
    time = clock or Time()
    return OktaSignIn(
        ORG,
        (lambda: next(secrets)) if secrets else (lambda: APP),
        session=session_of(vendor),
        clock=lambda: time.wall,
        monotonic=lambda: time.monotonic,
    )


def seen(sent: Sent) -> dict[str, object]:
    """The claims of the request's proof."""
    claims: dict[str, object] = jwt.decode(
        sent.headers["DPoP"], options={"verify_signature": False}
    )
    return claims


def reply(status: int = 200, **headers: str) -> Reply:
    return Reply(status, {k.replace("_", "-"): v for k, v in headers.items()}, None, NOW)


def test_an_api_token_is_sent_as_it_is_and_asked_for_once() -> None:
    vendor = FakeVendor([])
    sign_in = sign_in_of(vendor, iter(["hidden-1", "hidden-2"]))
    for _ in range(2):
        assert sign_in.sign("GET", URL) == {"Authorization": "SSWS hidden-1"}
    sign_in.refresh()
    assert sign_in.sign("GET", URL) == {"Authorization": "SSWS hidden-2"}
    assert not vendor.sent


def test_a_service_app_asks_as_the_vendor_describes() -> None:
    vendor = FakeVendor([granted()])
    sign_in = sign_in_of(vendor)
    assert not vendor.sent
    for _ in range(2):
        assert sign_in.sign("GET", URL) == {"Authorization": "Bearer hidden-token"}
    (sent,) = vendor.sent
    assert (sent.method, sent.url) == ("POST", f"{ORG}/oauth2/v1/token")
    assert "DPoP" not in sent.headers
    assert sent.timeout == (3.05, 10)
    form = dict(sent.form)
    assertion = form.pop("client_assertion")
    assert form == {
        "grant_type": "client_credentials",
        "scope": " ".join(READ),
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    assert jwt.get_unverified_header(assertion)["kid"] == "hidden-kid"
    claims = jwt.decode(assertion, options={"verify_signature": False})
    assert claims["aud"] == sent.url
    assert claims["iss"] == claims["sub"] == "0oaClient"
    assert 0 < claims["exp"] - NOW.timestamp() <= 3600


def test_only_reading_is_asked_for_unless_said() -> None:
    assert not any(scope.endswith(".manage") for scope in READ)
    vendor = FakeVendor([granted()])
    OktaSignIn(ORG, lambda: APP, (*READ, TOUCH), session=session_of(vendor)).sign("GET", URL)
    assert "okta.apps.manage" in vendor.sent[0].form["scope"].split()


def test_dpop_is_learnt_from_the_answer_and_remembered() -> None:
    vendor = FakeVendor(
        [
            refused(400, "invalid_dpop_proof"),
            refused(400, "use_dpop_nonce", "n1"),
            granted("hidden-1", "DPoP"),
            granted("hidden-2", "DPoP"),
        ]
    )
    sign_in = sign_in_of(vendor)
    headers = sign_in.sign("GET", f"{URL}?expand=user")
    assert headers["Authorization"] == "DPoP hidden-1"
    proof = jwt.decode(headers["DPoP"], options={"verify_signature": False})
    assert (proof["htm"], proof["htu"]) == ("GET", URL)
    assert "ath" in proof
    assert "nonce" not in proof  # it is the token endpoint's
    assert "DPoP" not in vendor.sent[0].headers
    assert "nonce" not in seen(vendor.sent[1])
    assert seen(vendor.sent[2])["nonce"] == "n1"
    assert seen(vendor.sent[2])["htu"] == f"{ORG}/oauth2/v1/token"
    used = jwt.get_unverified_header(headers["DPoP"])["jwk"]["n"]
    assert used == jwt.get_unverified_header(vendor.sent[2].headers["DPoP"])["jwk"]["n"]
    sign_in.refresh()
    assert sign_in.sign("GET", URL)["Authorization"] == "DPoP hidden-2"
    assert len(vendor.sent) == 4
    assert seen(vendor.sent[3])["nonce"] == "n1"


def test_the_proofs_key_is_not_the_clients() -> None:
    vendor = FakeVendor([refused(400, "invalid_dpop_proof"), granted("t", "DPoP")])
    headers = sign_in_of(vendor).sign("GET", URL)
    jwk = jwt.PyJWK(jwt.get_unverified_header(headers["DPoP"])["jwk"], algorithm="RS256")
    assert jwk.key != rsa_key().public_key()


def test_a_token_is_renewed_before_its_end() -> None:
    time = Time()
    vendor = FakeVendor([granted("hidden-1"), granted("hidden-2")])
    sign_in = sign_in_of(vendor, clock=time)
    sign_in.sign("GET", URL)
    time.forward(3539)
    assert sign_in.sign("GET", URL) == {"Authorization": "Bearer hidden-1"}
    time.forward(1)
    assert sign_in.sign("GET", URL) == {"Authorization": "Bearer hidden-2"}


def test_a_clock_that_is_set_in_between_does_not_keep_a_token_alive() -> None:
    time = Time()
    vendor = FakeVendor([granted("hidden-1"), granted("hidden-2")])
    sign_in = sign_in_of(vendor, clock=time)
    sign_in.sign("GET", URL)
    time.monotonic += 3600
    time.wall -= timedelta(days=1)
    assert sign_in.sign("GET", URL) == {"Authorization": "Bearer hidden-2"}


def test_the_orgs_date_ends_a_token_when_our_own_clocks_stood_still() -> None:
    vendor = FakeVendor([granted("hidden-1"), granted("hidden-2")])
    sign_in = sign_in_of(vendor)
    sign_in.sign("GET", URL)
    assert not sign_in.challenged(reply(date="Wed, 01 Jan 2025 00:59:10 GMT"))
    assert sign_in.sign("GET", URL) == {"Authorization": "Bearer hidden-2"}


@pytest.mark.parametrize(
    ("step", "kind", "told"),
    [
        (refused(401, "invalid_client"), Permanent, "invalid_client"),
        (refused(400, "invalid_scope"), Permanent, "invalid_scope"),
        (refused(400, "access_denied"), Permanent, "access_denied"),
        (Answer(401, json={"errorCode": "invalid_client"}), Permanent, "invalid_client"),
        (refused(400, "hidden-Secret"), Permanent, "an unknown error"),
        (Answer(400, json={}), Permanent, "an unknown error"),
        (refused(400, "use_dpop_nonce"), Permanent, "use_dpop_nonce"),
        (refused(400, "temporarily_unavailable"), Transient, "temporarily_unavailable"),
        (Answer(429, headers={"X-Rate-Limit-Reset": "1735689608"}), Transient, "HTTP 429"),
        (Answer(503), Transient, "HTTP 503"),
        (Answer(200, raw=b"<html>hidden"), Transient, "without a JSON object"),
        (Answer(302, headers={"Location": "https://evil.example"}), Permanent, "redirects"),
        (granted("", "Bearer", access_token=7), Permanent, "cannot be used"),
        (granted(kind="DPoP"), Permanent, "type"),
        (granted(kind="mac"), Permanent, "type"),
        (granted(expires_in="soon"), Permanent, "cannot be used"),
        (requests.ConnectionError("hidden"), Transient, "connection failed"),
        (requests.ReadTimeout("hidden"), Transient, "in time"),
    ],
)
def test_every_refusal_is_typed_and_tells_no_secret(
    step: Step, kind: type[PushproofError], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sign_in = sign_in_of(FakeVendor(lambda _: step))
    with pytest.raises(kind, match=told) as caught:
        sign_in.sign("GET", URL)
    shown = f"{caught.value!s} {caught.value!r} {sign_in!r} {caplog.text}"
    assert not [secret for secret in SECRETS if secret in shown]
    assert caught.value.__cause__ is None
    if "429" in told:
        assert isinstance(caught.value, Transient)
        assert caught.value.retry_after == 8.0


def test_an_org_that_only_asks_for_proofs_is_left_after_a_few() -> None:
    nonces = iter(range(100))
    vendor = FakeVendor(lambda _: refused(400, "use_dpop_nonce", f"n{next(nonces)}"))
    with pytest.raises(Transient, match="5 times"):
        sign_in_of(vendor).sign("GET", URL)
    assert len(vendor.sent) == 5


def test_a_refusal_is_not_asked_for_again_at_once_and_then_with_the_secret_of_now() -> None:
    time = Time()
    vendor = FakeVendor([refused(401, "invalid_client"), granted()])
    asked: list[str] = []

    def secrets() -> Iterator[str]:
        while True:
            asked.append("secret")
            yield APP

    sign_in = sign_in_of(vendor, secrets(), time)
    for _ in range(8):
        with pytest.raises(Permanent, match="invalid_client"):
            sign_in.sign("GET", URL)
    assert len(vendor.sent) == 1
    time.forward(PAUSE)
    assert sign_in.sign("GET", URL) == {"Authorization": "Bearer hidden-token"}
    assert len(asked) >= 2


def test_an_outage_is_told_with_its_wait_to_all_who_wait() -> None:
    headers = {"Retry-After": "8"}
    vendor = FakeVendor([Answer(503, headers=headers), granted()])
    sign_in = sign_in_of(vendor)
    for _ in range(3):
        with pytest.raises(Transient) as caught:
            sign_in.sign("GET", URL)
        assert caught.value.retry_after == 8.0
    assert len(vendor.sent) == 1


@pytest.mark.parametrize("minutes", [-10, 70])
def test_a_wrong_clock_is_corrected_by_the_orgs_date_once(minutes: int) -> None:
    time = Time()
    time.wall += timedelta(minutes=minutes)
    vendor = FakeVendor([refused(401, "invalid_client"), granted()])
    assert sign_in_of(vendor, clock=time).sign("GET", URL)
    first, second = (
        jwt.decode(sent.form["client_assertion"], options={"verify_signature": False})["iat"]
        for sent in vendor.sent
    )
    assert first == time.wall.timestamp()
    assert second == NOW.timestamp()


def test_a_refusal_with_the_right_clock_is_final() -> None:
    vendor = FakeVendor(lambda _: refused(401, "invalid_client"))
    with pytest.raises(Permanent):
        sign_in_of(vendor).sign("GET", URL)
    assert len(vendor.sent) == 1


def test_a_clock_is_corrected_once_only() -> None:
    dates = iter(["Wed, 01 Jan 2025 01:00:00 GMT", "Wed, 01 Jan 2025 09:00:00 GMT"])

    def answer(_: Sent) -> Answer:
        return Answer(401, json={"error": "invalid_client"}, date=next(dates))

    vendor = FakeVendor(answer)
    with pytest.raises(Permanent):
        sign_in_of(vendor).sign("GET", URL)
    assert len(vendor.sent) == 2


PROOF = 'DPoP realm="x", error="{}"'


def test_what_is_worth_signing_again() -> None:
    sign_in = sign_in_of(FakeVendor([refused(400, "invalid_dpop_proof"), granted("t", "DPoP")]))
    sign_in.sign("GET", URL)
    wants = PROOF.format("use_dpop_nonce")
    assert sign_in.challenged(reply(401, www_authenticate=wants, dpop_nonce="r1"))
    headers = sign_in.sign("GET", URL)
    assert jwt.decode(headers["DPoP"], options={"verify_signature": False})["nonce"] == "r1"
    # Any answer may bring the next one.
    assert not sign_in.challenged(reply(200, dpop_nonce="r2"))
    headers = sign_in.sign("GET", URL)
    assert jwt.decode(headers["DPoP"], options={"verify_signature": False})["nonce"] == "r2"
    assert not sign_in.challenged(reply(401, www_authenticate=wants))
    assert not sign_in.challenged(reply(400, www_authenticate=PROOF.format("invalid_dpop_proof")))
    assert not sign_in.challenged(reply(403, www_authenticate=wants, dpop_nonce="r3"))
    late = {"date": "Wed, 01 Jan 2025 03:00:00 GMT"}
    refusal = PROOF.format("invalid_dpop_proof")
    assert sign_in.challenged(reply(400, www_authenticate=refusal, **late))
    assert not sign_in.challenged(reply(400, www_authenticate=refusal, **late))
