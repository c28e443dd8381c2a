"""Every way to sign in to Okta, against an org that checks each assertion and each proof."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
import pytest
import requests
from jwt.algorithms import RSAAlgorithm

from lib.dpop import ProofKey
from lib.errors import Permanent, Refused
from lib.model import Subject
from lib.okta_sign_in import READ, TOUCH
from tests.fakes.keys import rsa_key
from tests.sandbox.okta.conftest import APP, ORDINARY
from tests.sandbox.sign_in.conftest import OktaSide, okta_secret

SUBJECT = Subject(APP, ORDINARY)
JWK = RSAAlgorithm.to_jwk(rsa_key(), as_dict=True)
SERVICE_APPS = ("plain", "bound", "elliptic")
# Token requests of a process's first sign-in: DPoP costs a refusal and a nonce before.
FIRST = {"plain": 1, "bound": 3, "elliptic": 3}


@pytest.mark.parametrize(
    "secret", ["test-token", '{"token": "test-token"}', *map(okta_secret, SERVICE_APPS)]
)
def test_every_kind_of_read_works(okta: OktaSide, secret: str) -> None:
    client = okta.client(secret)
    assert client.read_subject(SUBJECT).app_user is not None
    assert client.configuration(APP).mappings
    assert list(client.app_users(APP))
    assert client.push_log(SUBJECT, okta.clock() - timedelta(days=1)).complete
    assert client.find_subject(APP, "nobody@corp.example") is None


@pytest.mark.parametrize("name", SERVICE_APPS)
def test_one_token_serves_many_calls_side_by_side(okta: OktaSide, name: str) -> None:
    http = okta.http(okta_secret(name))
    with ThreadPoolExecutor(8) as pool:
        replies = pool.map(lambda _: http.request("GET", f"/api/v1/users/{ORDINARY}"), range(40))
        assert {reply.status for reply in replies} == {200}
    assert okta.token_calls == FIRST[name]


def test_a_jwk_does_as_well_as_pem(okta: OktaSide) -> None:
    okta.client(okta_secret("bound", private_key=JWK)).read_subject(SUBJECT)


@pytest.mark.parametrize("name", ["plain", "bound"])
def test_a_touch_needs_the_scope_and_has_it_when_asked_for(okta: OktaSide, name: str) -> None:
    secret = okta_secret(name)
    with pytest.raises(Refused, match="E0000006"):
        okta.client(secret).touch(SUBJECT, "department", "x")
    assert okta.client(secret, *READ, TOUCH).touch(SUBJECT, "department", "x").status == 200


def test_a_scope_that_is_not_granted_is_named_by_its_word(okta: OktaSide) -> None:
    with pytest.raises(Permanent, match=r"^Okta sign-in: invalid_scope$"):
        okta.client(okta_secret("narrow")).read_subject(SUBJECT)


@pytest.mark.parametrize("name", SERVICE_APPS)
def test_an_expired_token_is_renewed(okta: OktaSide, name: str) -> None:
    client = okta.client(okta_secret(name))
    client.read_subject(SUBJECT)
    okta.clock.forward(3601)
    client.read_subject(SUBJECT)
    assert okta.token_calls == FIRST[name] + 1


def test_a_token_about_to_expire_is_renewed_before_it_is_refused(okta: OktaSide) -> None:
    http, path = okta.http(okta_secret("plain")), f"/api/v1/users/{ORDINARY}"
    http.request("GET", path)
    okta.clock.forward(3545)
    http.request("GET", path)  # still good, and its answer tells the time
    assert okta.token_calls == 1
    http.request("GET", path)
    assert okta.token_calls == 2
    assert okta.org.calls["GET /api/v1/users/{user}"] == 3  # none was refused


@pytest.mark.parametrize("name", SERVICE_APPS)
def test_a_revoked_token_is_renewed_by_one_of_the_threads(okta: OktaSide, name: str) -> None:
    http = okta.http(okta_secret(name))
    with ThreadPoolExecutor(8) as pool:
        for _ in range(2):
            okta.org.oauth.revoke_all()
            list(pool.map(lambda _: http.request("GET", f"/api/v1/users/{ORDINARY}"), range(8)))
    assert okta.token_calls == FIRST[name] + 1


@pytest.mark.parametrize("secret", ["test-token", okta_secret("plain"), okta_secret("bound")])
def test_a_token_that_stays_refused_is_renewed_once(okta: OktaSide, secret: str) -> None:
    client = okta.client(secret)
    client.read_subject(SUBJECT)
    before = okta.token_calls
    (route,) = [name for name in okta.org.calls if name.startswith("GET /api/v1/apps/")]
    calls = okta.org.calls[route]
    okta.org.faults.add(route, 401, times=5)
    with pytest.raises(Permanent, match="credentials"):
        client.read_subject(SUBJECT)
    assert okta.org.calls[route] - calls == 2
    assert okta.token_calls - before <= 1


def test_a_rotated_api_token_is_read_again(okta: OktaSide) -> None:
    client = okta.client("old-token")
    okta.secrets.append("test-token")
    client.read_subject(SUBJECT)
    okta.secrets.append("not yet known")
    client.read_subject(SUBJECT)  # what works is kept


def test_an_api_token_is_replaced_by_a_service_app(okta: OktaSide) -> None:
    http = okta.http("revoked-token")
    with pytest.raises(Permanent, match="401 E0000011"):
        http.request("GET", f"/api/v1/users/{ORDINARY}")
    okta.secrets.append(okta_secret("bound"))
    assert http.request("GET", f"/api/v1/users/{ORDINARY}").status == 200


@pytest.mark.parametrize("name", SERVICE_APPS)
@pytest.mark.parametrize("minutes", [-600, -10, 10, 70, 600])
def test_a_wrong_clock_of_ours_does_not_matter(okta: OktaSide, name: str, minutes: int) -> None:
    okta.offset = minutes * 60.0
    okta.client(okta_secret(name)).read_subject(SUBJECT)
    assert okta.token_calls <= FIRST[name] + 1


@pytest.mark.parametrize("minutes", [-10, 70])
def test_a_wrong_clock_is_what_the_org_refuses(okta: OktaSide, minutes: int) -> None:
    """So the test above does show something."""
    okta.offset = minutes * 60.0
    okta.client(okta_secret("plain")).read_subject(SUBJECT)
    assert okta.token_calls == 2


def test_the_orgs_time_is_learnt_again_after_a_long_sleep(okta: OktaSide) -> None:
    client = okta.client(okta_secret("bound"))
    client.read_subject(SUBJECT)
    okta.clock.forward(1800)  # our monotonic clock did not move: the next proof is too old
    client.read_subject(SUBJECT)
    assert okta.token_calls == 3


@pytest.mark.parametrize("name", ["plain", "bound"])
def test_another_key_is_refused_and_not_shown(okta: OktaSide, name: str) -> None:
    with pytest.raises(Permanent, match=r"^Okta sign-in: invalid_client$") as caught:
        okta.client(okta_secret(name, "another")).read_subject(SUBJECT)
    assert "PRIVATE" not in repr(caught.value)


def test_an_unknown_client_is_refused(okta: OktaSide) -> None:
    with pytest.raises(Permanent, match=r"^Okta sign-in: invalid_client$"):
        okta.client(okta_secret("nobody")).read_subject(SUBJECT)


def test_an_assertion_for_another_address_is_refused(okta: OktaSide) -> None:
    """The same org by another name: the audience is not its token endpoint."""
    elsewhere = okta.url.replace("127.0.0.1", "localhost")
    with pytest.raises(Permanent, match=r"^Okta sign-in: invalid_client$"):
        okta.client(okta_secret("plain"), url=elsewhere).read_subject(SUBJECT)


def test_a_nonce_that_was_replaced_is_met_with_the_new_one(okta: OktaSide) -> None:
    client = okta.client(okta_secret("bound"))
    client.read_subject(SUBJECT)
    okta.clock.forward(86401)  # replaced, the old one still good
    client.read_subject(SUBJECT)
    assert okta.token_calls == 4
    okta.clock.forward(3 * 86400)  # no longer good
    client.read_subject(SUBJECT)
    assert okta.token_calls == 6
    okta.org.oauth.proofs.rotate()
    okta.org.oauth.revoke_all()
    client.read_subject(SUBJECT)
    assert okta.token_calls == 8


def test_an_api_that_wants_nonces_gets_them(okta: OktaSide) -> None:
    http = okta.http(okta_secret("bound"))
    okta.org.oauth.proofs.api_wants_nonce = True
    path = f"/api/v1/users/{ORDINARY}"
    route = "GET /api/v1/users/{user}"
    http.request("GET", path)
    assert okta.org.calls[route] == 2
    http.request("GET", path)
    assert okta.org.calls[route] == 3
    okta.org.oauth.proofs.rotate()
    http.request("GET", path)
    assert okta.org.calls[route] == 5


def test_a_quick_repeat_has_a_proof_of_its_own(okta: OktaSide) -> None:
    http = okta.http(okta_secret("bound"))
    okta.org.faults.add("GET /api/v1/users/{user}", 503, times=2)
    assert http.request("GET", f"/api/v1/users/{ORDINARY}").status == 200


def test_an_address_with_an_encoded_part_is_proved_as_the_org_reads_it(okta: OktaSide) -> None:
    login = okta.org.user(ORDINARY).login.replace("@", "%40")
    http = okta.http(okta_secret("bound"))
    assert http.request("GET", f"/api/v1/users/{login}").status == 200


# --- the org itself, which has to refuse what the product never sends -------------------------


def bound_token(okta: OktaSide) -> tuple[str, ProofKey]:
    sign_in = okta.sign_in(okta_secret("bound"))
    value = sign_in.sign("GET", okta.url)["Authorization"].removeprefix("DPoP ")
    assert sign_in._proof is not None
    return value, sign_in._proof


def call(okta: OktaSide, **headers: str) -> requests.Response:
    return requests.get(f"{okta.url}/api/v1/users/{ORDINARY}", headers=headers, timeout=5)


def test_a_proof_is_good_once(okta: OktaSide) -> None:
    token, key = bound_token(okta)
    url = f"{okta.url}/api/v1/users/{ORDINARY}"
    headers = {
        "Authorization": f"DPoP {token}",
        "DPoP": key.proof("GET", url, okta.clock(), token=token),
    }
    assert call(okta, **headers).status_code == 200
    again = call(okta, **headers)
    assert (again.status_code, again.content) == (400, b"")
    told = again.headers["WWW-Authenticate"]
    assert told.startswith('DPoP algs="RS256')
    assert 'error="invalid_dpop_proof"' in told
    assert "The DPoP proof JWT has already been used." in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"method": "POST"}, "'htm'"),
        ({"url": "/api/v1/logs"}, "'htu'"),
        ({"query": "?a=b"}, ""),
        ({"token": "another"}, "'ath'"),
        ({"ago": 600}, "'iat'"),
        ({"ago": -600}, "'iat'"),
        ({"key": ProofKey()}, "another key"),
    ],
)
def test_a_proof_of_something_else_is_refused(
    okta: OktaSide, change: dict[str, object], told: str
) -> None:
    token, key = bound_token(okta)
    given = change.get("key", key)
    assert isinstance(given, ProofKey)
    proof = given.proof(
        str(change.get("method", "GET")),
        okta.url
        + str(change.get("url", f"/api/v1/users/{ORDINARY}"))
        + str(change.get("query", "")),
        okta.clock() - timedelta(seconds=float(str(change.get("ago", 0)))),
        token=str(change.get("token", token)),
    )
    answer = call(okta, Authorization=f"DPoP {token}", DPoP=proof)
    assert answer.status_code == (400 if told else 200)
    assert told in answer.headers.get("WWW-Authenticate", "")


def test_a_bound_token_alone_is_of_no_use(okta: OktaSide) -> None:
    token, _ = bound_token(okta)
    for scheme in ("DPoP", "Bearer"):
        answer = call(okta, Authorization=f"{scheme} {token}")
        assert answer.status_code == 400
        assert "proof JWT header is missing" in answer.headers["WWW-Authenticate"]
    assert call(okta, Authorization=f"SSWS {token}").status_code == 401


def test_a_bearer_token_is_not_taken_as_a_bound_one(okta: OktaSide) -> None:
    value = okta.sign_in(okta_secret("plain")).sign("GET", okta.url)["Authorization"]
    assert call(okta, Authorization=value).status_code == 200
    assert call(okta, Authorization=value.replace("Bearer", "DPoP")).status_code == 401


def test_expired_and_revoked_tokens_are_told_apart_by_text(okta: OktaSide) -> None:
    value = okta.sign_in(okta_secret("plain")).sign("GET", okta.url)["Authorization"]
    okta.clock.forward(3600)
    expired = call(okta, Authorization=value)
    okta.org.oauth.revoke_all()
    revoked = call(okta, Authorization=value)
    for answer, text in ((expired, "The token has expired."), (revoked, "is invalid")):
        assert answer.status_code == 401
        assert answer.json()["errorCode"] == "E0000011"
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        assert text in answer.headers["WWW-Authenticate"]


def ask(okta: OktaSide, assertion: str, **headers: str) -> requests.Response:
    form = {
        "grant_type": "client_credentials",
        "scope": "okta.users.read",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }
    return requests.post(f"{okta.url}/oauth2/v1/token", data=form, headers=headers, timeout=5)


def assertion(okta: OktaSide, client: str = "plain", **changed: object) -> str:
    now = int(okta.clock().timestamp())
    claims = {"aud": f"{okta.url}/oauth2/v1/token", "iss": client, "sub": client}
    return jwt.encode({**claims, "exp": now + 300, **changed}, rsa_key(), "RS256")


def test_the_orgs_own_words(okta: OktaSide) -> None:
    now = int(okta.clock().timestamp())
    assert ask(okta, assertion(okta)).json()["token_type"] == "Bearer"
    for given, text in (
        (assertion(okta, exp=now), "The client_assertion token is expired."),
        (assertion(okta, exp=now + 3700), "has an expiration too far into the future."),
        (assertion(okta, aud=okta.url), "audience"),
        (assertion(okta, iss="another"), "issuer"),
        ("rubbish", "malformed"),
    ):
        answer = ask(okta, given)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert text in answer.json()["error_description"]
    twice = assertion(okta, jti="1")
    assert [ask(okta, twice).status_code for _ in range(2)] == [200, 401]


def test_dpop_at_the_token_endpoint(okta: OktaSide) -> None:
    url, proofs = f"{okta.url}/oauth2/v1/token", okta.org.oauth.proofs
    missing = ask(okta, assertion(okta, "bound"))
    assert (missing.status_code, missing.json()) == (
        400,
        {
            "error": "invalid_dpop_proof",
            "error_description": "The DPoP proof JWT header is missing.",
        },
    )
    key = ProofKey()
    wanted = ask(okta, assertion(okta, "bound"), DPoP=key.proof("POST", url, okta.clock()))
    assert (wanted.status_code, wanted.json()["error"]) == (400, "use_dpop_nonce")
    nonce = wanted.headers["dpop-nonce"]
    assert nonce == proofs.nonce
    proof = key.proof("POST", url, okta.clock(), nonce=nonce)
    good = ask(okta, assertion(okta, "bound"), DPoP=proof)
    assert good.json()["token_type"] == "DPoP"
    replayed = ask(okta, assertion(okta, "bound"), DPoP=proof)
    assert (replayed.status_code, replayed.json()["error"]) == (400, "invalid_dpop_proof")
    proofs.rotate()
    old = key.proof("POST", url, okta.clock(), nonce=nonce)
    assert ask(okta, assertion(okta, "bound"), DPoP=old).json()["error"] == "use_dpop_nonce"


def test_the_clients_own_key_makes_no_proof(okta: OktaSide) -> None:
    url = f"{okta.url}/oauth2/v1/token"
    public = RSAAlgorithm.to_jwk(rsa_key().public_key(), as_dict=True)
    claims = {
        "htm": "POST",
        "htu": url,
        "iat": int(okta.clock().timestamp()),
        "jti": "1",
        "nonce": okta.org.oauth.proofs.nonce,
    }
    proof = jwt.encode(claims, rsa_key(), "RS256", {"typ": "dpop+jwt", "jwk": public})
    answer = ask(okta, assertion(okta, "bound"), DPoP=proof)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert json.dumps(answer.json()).count("own") == 1
