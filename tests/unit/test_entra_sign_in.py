"""Signing in: tokens are kept, refusals are typed, and nothing secret is ever told."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import jwt
import pytest
import requests

from lib.entra_sign_in import BYPASS, AppSignIn, DevicePrompt, DeviceSignIn
from lib.errors import Permanent, PushproofError, Transient
from tests.fakes.keys import certificate_pem, private_pem, rsa_key
from tests.unit.fakes_http import Answer, FakeVendor, Sent, Step, session_of

AUTHORITY = "https://login.example"
TENANT = "11111111-1111-1111-1111-111111111111"
CLIENT = "22222222-2222-2222-2222-222222222222"
GRAPH = "https://graph.example/graph"
TOKEN_PATH = f"/{TENANT}/oauth2/v2.0/token"
DEVICE_PATH = f"/{TENANT}/oauth2/v2.0/devicecode"
DISCOVERY = {
    "issuer": f"{AUTHORITY}/{TENANT}/v2.0",
    "authorization_endpoint": f"{AUTHORITY}/{TENANT}/oauth2/v2.0/authorize",
    "token_endpoint": AUTHORITY + TOKEN_PATH,
    "device_authorization_endpoint": AUTHORITY + DEVICE_PATH,
}
SECRETS = ("hidden-secret", "hidden-token", "hidden-device", "corp.example")
Steps = Callable[[Sent], Step]


def authority(token: Steps, device: Steps | None = None) -> FakeVendor:
    def handle(sent: Sent) -> Step:
        if sent.path.endswith("/.well-known/openid-configuration"):
            return Answer(json=DISCOVERY)
        if sent.path == DEVICE_PATH and device:
            return device(sent)
        assert sent.path == TOKEN_PATH
        return token(sent)

    return FakeVendor(handle)


def token_of(*names: str, expires_in: int = 3600) -> Steps:
    given = iter(names)
    return lambda _: Answer(
        json={"token_type": "Bearer", "expires_in": expires_in, "access_token": next(given)}
    )


def refusal(status: int, error: str, description: str = "", **headers: str) -> Answer:
    body = {"error": error, "error_description": description, "error_codes": [1]}
    return Answer(status, json=body, headers=headers)


def app_of(vendor: FakeVendor, secrets: list[str] | None = None) -> AppSignIn:
    given = secrets if secrets is not None else ["hidden-secret"]
    return AppSignIn(
        AUTHORITY + "/",
        TENANT,
        CLIENT,
        lambda: given.pop(0) if len(given) > 1 else given[0],
        GRAPH + "/",
        http_client=session_of(vendor),
    )


def test_a_token_is_asked_for_once_and_kept() -> None:
    vendor = authority(token_of("hidden-token-1", "hidden-token-2"))
    sign_in = app_of(vendor)
    for _ in range(3):
        assert sign_in.headers() == {"Authorization": "Bearer hidden-token-1"}
    asked = [sent for sent in vendor.sent if sent.path == TOKEN_PATH]
    assert len(asked) == 1
    assert asked[0].form["scope"] == f"{GRAPH}/.default"
    assert asked[0].form["grant_type"] == "client_credentials"
    assert asked[0].form["client_secret"] == "hidden-secret"
    assert all(sent.timeout == (3.05, 10) for sent in vendor.sent)
    assert not any("common/discovery" in sent.path for sent in vendor.sent)


def test_nothing_is_asked_before_the_first_call() -> None:
    vendor = authority(token_of())
    app_of(vendor)
    assert not vendor.sent


def test_a_refresh_gets_another_token_with_the_secret_of_now() -> None:
    vendor = authority(token_of("hidden-token-1", "hidden-token-2"))
    sign_in = app_of(vendor, ["old", "new"])
    sign_in.headers()
    sign_in.refresh()
    assert sign_in.headers() == {"Authorization": "Bearer hidden-token-2"}
    used = [sent.form["client_secret"] for sent in vendor.sent if sent.form]
    assert used == ["old", "new"]


def test_after_a_refusal_the_secret_is_read_again() -> None:
    def token(sent: Sent) -> Answer:
        if sent.form["client_secret"] == "old":
            return refusal(401, "invalid_client", "AADSTS7000222: expired")
        return Answer(json={"token_type": "Bearer", "expires_in": 60, "access_token": "x"})

    sign_in = app_of(authority(token), ["old", "new"])
    with pytest.raises(Permanent):
        sign_in.headers()
    assert sign_in.headers() == {"Authorization": "Bearer x"}


@pytest.mark.parametrize(
    ("step", "kind", "told"),
    [
        (refusal(401, "invalid_client", "AADSTS7000215: Invalid."), Permanent, "AADSTS7000215"),
        (refusal(401, "invalid_client", "AADSTS7000222: Expired."), Permanent, "AADSTS7000222"),
        (refusal(400, "unauthorized_client", "AADSTS700016: x"), Permanent, "AADSTS700016"),
        (
            refusal(400, "invalid_grant", "AADSTS50079: user hidden@corp.example"),
            Permanent,
            "50079",
        ),
        (refusal(400, "invalid_scope", "no code here"), Permanent, "invalid_scope"),
        (refusal(400, "ordinary.user@corp.example"), Permanent, "an unknown error"),
        (Answer(400, json=["odd"]), Transient, "without a JSON object"),
        (Answer(200, json={}), Permanent, "an unknown error"),
        (refusal(400, "invalid_client", "AADSTS70021: young credential"), Transient, "70021"),
        (refusal(400, "x", "AADSTS90033: temporary"), Transient, "AADSTS90033"),
        (refusal(400, "temporarily_unavailable"), Transient, "temporarily_unavailable"),
        (refusal(429, "x", **{"Retry-After": "8"}), Transient, "HTTP 429"),
        (Answer(500), Transient, "HTTP 500"),
        (Answer(503, raw=b"<html>"), Transient, "HTTP 503"),
        (Answer(200, raw=b"<html>hidden-secret</html>"), Transient, "without a JSON object"),
        (Answer(302, headers={"Location": "https://evil.example"}), Permanent, "redirects"),
        (requests.ConnectionError("hidden-secret"), Transient, "connection failed"),
        (requests.ReadTimeout("hidden-secret"), Transient, "in time"),
        (Answer(200, raw=b'"' + b"a" * 2_000_000 + b'"'), Permanent, "larger than"),
    ],
)
def test_every_refusal_is_typed_and_tells_no_secret(
    step: Step, kind: type[PushproofError], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sign_in = app_of(authority(lambda _: step))
    with pytest.raises(kind, match=told) as caught:
        sign_in.headers()
    shown = f"{caught.value!s} {caught.value!r} {sign_in!r} {caplog.text}"
    assert not [secret for secret in SECRETS if secret in shown]
    assert caught.value.__cause__ is None
    if kind is Transient and "429" in told:
        assert isinstance(caught.value, Transient)
        assert caught.value.retry_after == 8.0


def test_a_throttled_sign_in_is_not_answered_from_memory_afterwards() -> None:
    answers = iter([Answer(429), Answer(json={"token_type": "Bearer", "access_token": "x"})])
    sign_in = app_of(authority(lambda _: next(answers)))
    with pytest.raises(Transient):
        sign_in.headers()
    assert sign_in.headers() == {"Authorization": "Bearer x"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(400, json={"error": "invalid_tenant"}), Permanent),
        (Answer(200, json={"issuer": "x"}), Permanent),
        (Answer(503), Transient),
        (Answer(200, raw=b"<html>"), Transient),
    ],
)
def test_an_authority_that_does_not_know_the_tenant(
    answer: Answer, kind: type[PushproofError]
) -> None:
    vendor = FakeVendor(lambda _: answer)
    with pytest.raises(kind):
        app_of(vendor).headers()


def test_an_authority_without_tls_is_refused_without_a_call() -> None:
    vendor = authority(token_of("x"))
    sign_in = AppSignIn("http://login.example", TENANT, CLIENT, lambda: "s", GRAPH)
    with pytest.raises(Permanent):
        sign_in.headers()
    assert not vendor.sent


CERTIFICATE = json.dumps(
    {"private_key": private_pem(rsa_key()), "public_certificate": certificate_pem(rsa_key())}
)
WRONG_TIME = refusal(401, "invalid_client", "AADSTS700024: not within its valid time range")


def assertions(vendor: FakeVendor) -> list[dict[str, object]]:
    return [
        jwt.decode(sent.form["client_assertion"], options={"verify_signature": False})
        for sent in vendor.sent
        if sent.path == TOKEN_PATH
    ]


def test_a_certificate_signs_for_the_token_endpoint_with_entras_time() -> None:
    vendor = authority(token_of("hidden-token"))
    sign_in = app_of(vendor, [CERTIFICATE])
    assert sign_in.headers() == {"Authorization": "Bearer hidden-token"}
    (claims,) = assertions(vendor)
    assert claims["aud"] == AUTHORITY + TOKEN_PATH
    assert claims["iss"] == claims["sub"] == CLIENT
    # Discovery came first and told the time, which is far from the machine's.
    assert claims["iat"] == datetime(2025, 1, 1, tzinfo=UTC).timestamp()
    assert "client_secret" not in vendor.sent[-1].form


def late_authority(*answers: Answer) -> FakeVendor:
    """Discovery tells no time."""
    given = iter(answers)

    def handle(sent: Sent) -> Step:
        if sent.path.endswith("/.well-known/openid-configuration"):
            return Answer(json=DISCOVERY, date=None)
        return next(given)

    return FakeVendor(handle)


def test_an_assertion_refused_for_its_time_is_made_anew_once() -> None:
    token = Answer(json={"token_type": "Bearer", "expires_in": 3600, "access_token": "x"})
    vendor = late_authority(WRONG_TIME, token)
    assert app_of(vendor, [CERTIFICATE]).headers() == {"Authorization": "Bearer x"}
    first, second = assertions(vendor)
    assert first["iat"] != second["iat"] == datetime(2025, 1, 1, tzinfo=UTC).timestamp()
    vendor = late_authority(WRONG_TIME, WRONG_TIME)
    with pytest.raises(Permanent, match="AADSTS700024, the assertion's time is not Entra's"):
        app_of(vendor, [CERTIFICATE]).headers()
    assert len(assertions(vendor)) == 2


def test_without_a_secret_the_issuers_token_is_sent_fresh_each_time() -> None:
    tokens = iter(["hidden-jwt-1", "hidden-jwt-2"])

    def never() -> str:
        raise AssertionError("no secret is read")

    vendor = authority(token_of("a", "b"))
    sign_in = AppSignIn(
        AUTHORITY,
        TENANT,
        CLIENT,
        never,
        GRAPH,
        http_client=session_of(vendor),
        federated=lambda: next(tokens),
    )
    for _ in range(3):
        assert sign_in.headers() == {"Authorization": "Bearer a"}
    sign_in.refresh()
    assert sign_in.headers() == {"Authorization": "Bearer b"}
    sent = [one.form["client_assertion"] for one in vendor.sent if one.path == TOKEN_PATH]
    assert sent == ["hidden-jwt-1", "hidden-jwt-2"]


def test_trouble_at_the_issuer_keeps_its_kind() -> None:
    def down() -> str:
        raise Transient("AWS answered AccessDenied")

    sign_in = AppSignIn(
        AUTHORITY,
        TENANT,
        CLIENT,
        lambda: "",
        GRAPH,
        http_client=session_of(authority(token_of())),
        federated=down,
    )
    with pytest.raises(Transient, match="AccessDenied"):
        sign_in.headers()


def test_a_certificate_that_cannot_be_read_is_told_without_a_call() -> None:
    vendor = authority(token_of())
    with pytest.raises(Permanent, match="the Entra secret") as caught:
        app_of(vendor, ['{"private_key": "hidden-secret"}']).headers()
    assert "hidden" not in str(caught.value)
    assert not vendor.sent


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def signed_in(token: str, refresh: str | None = None) -> Answer:
    claims = {"sub": "s", "oid": "o", "tid": TENANT, "preferred_username": "admin@corp.example"}
    claims |= {"iss": DISCOVERY["issuer"], "aud": CLIENT}
    id_token = f"{encoded({'alg': 'none'})}.{encoded(claims | {'exp': 9999999999, 'iat': 1})}.x"
    body: dict[str, object] = {
        "token_type": "Bearer",
        "expires_in": 3600,
        "access_token": token,
        "id_token": id_token,
        "client_info": encoded({"uid": "o", "utid": TENANT}),
    }
    if refresh:
        body["refresh_token"] = refresh
    return Answer(json=body)


def device_code(interval: int = 0, expires_in: int = 900) -> Steps:
    return lambda _: Answer(
        json={
            "user_code": "ABCD-EFGH",
            "device_code": "hidden-device",
            "verification_uri": "https://login.example/device",
            "expires_in": expires_in,
            "interval": interval,
            "message": "go there",
        }
    )


PENDING = refusal(400, "authorization_pending", "AADSTS70016: waiting")


def device_of(
    vendor: FakeVendor,
    shown: list[DevicePrompt] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> DeviceSignIn:
    return DeviceSignIn(
        AUTHORITY,
        TENANT,
        CLIENT,
        GRAPH,
        (shown if shown is not None else []).append,
        permissions=BYPASS,
        cancelled=cancelled,
        http_client=session_of(vendor),
    )


def test_an_administrator_is_shown_the_code_and_signs_in_once() -> None:
    answers = iter([PENDING, PENDING, signed_in("hidden-token")])
    vendor = authority(lambda _: next(answers), device_code())
    shown: list[DevicePrompt] = []
    sign_in = device_of(vendor, shown)
    assert not vendor.sent
    for _ in range(2):
        assert sign_in.headers() == {"Authorization": "Bearer hidden-token"}
    assert [(p.user_code, p.verification_uri, p.expires_in) for p in shown] == [
        ("ABCD-EFGH", "https://login.example/device", 900)
    ]
    assert "ABCD" not in repr(shown[0])
    asked = next(sent for sent in vendor.sent if sent.path == DEVICE_PATH)
    scopes = asked.form["scope"].split()
    assert {f"{GRAPH}/{name}" for name in BYPASS} <= set(scopes)
    polled = [sent for sent in vendor.sent if sent.path == TOKEN_PATH]
    assert polled[-1].form["device_code"] == "hidden-device"


def test_a_refresh_renews_without_asking_the_administrator_again() -> None:
    answers = iter([signed_in("hidden-token", "refresh-1"), signed_in("hidden-token-2")])
    vendor = authority(lambda _: next(answers), device_code())
    shown: list[DevicePrompt] = []
    sign_in = device_of(vendor, shown)
    sign_in.headers()
    sign_in.refresh()
    assert sign_in.headers() == {"Authorization": "Bearer hidden-token-2"}
    assert len(shown) == 1


def test_an_outage_while_the_administrator_signs_in_does_not_end_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lib.entra_sign_in.time.sleep", lambda _: None)
    outage: list[Step] = [Answer(503), requests.ConnectionError()]
    answers = iter([PENDING, *outage, signed_in("hidden-token")])
    vendor = authority(lambda _: next(answers), device_code())
    assert device_of(vendor).headers() == {"Authorization": "Bearer hidden-token"}


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (refusal(400, "authorization_declined"), "The sign-in was declined."),
        (refusal(400, "access_denied"), "The sign-in was declined."),
        (refusal(400, "expired_token", "AADSTS70019"), "ran out before it was used"),
        (refusal(400, "bad_verification_code", "AADSTS70018: x"), "AADSTS70018"),
    ],
)
def test_a_sign_in_that_did_not_happen_is_one_sentence(step: Step, told: str) -> None:
    with pytest.raises(Permanent, match=told) as caught:
        device_of(authority(lambda _: step, device_code())).headers()
    assert str(caught.value).count(".") <= 1
    assert "hidden-device" not in str(caught.value)


def test_a_code_that_runs_out_while_waiting() -> None:
    vendor = authority(lambda _: PENDING, device_code(interval=1, expires_in=0))
    with pytest.raises(Permanent, match="ran out"):
        device_of(vendor).headers()


def test_a_sign_in_can_be_cancelled() -> None:
    vendor = authority(lambda _: PENDING, device_code(interval=5))
    with pytest.raises(Permanent, match=r"^The sign-in was cancelled\.$"):
        device_of(vendor, cancelled=lambda: True).headers()
    assert sum(sent.path == TOKEN_PATH for sent in vendor.sent) == 1


def test_a_device_code_that_is_not_given_out() -> None:
    step = refusal(400, "unauthorized_client", "AADSTS700016: x")
    shown: list[DevicePrompt] = []
    with pytest.raises(Permanent, match="AADSTS700016"):
        device_of(authority(token_of(), lambda _: step), shown).headers()
    assert not shown
