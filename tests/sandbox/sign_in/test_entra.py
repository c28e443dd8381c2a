"""Every way an application signs in to Entra, against an authority that checks each assertion."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from lib.aws_identity import web_identity
from lib.client_assertion import client_assertion, signing_key
from lib.entra_credential import Certificate, entra_credential
from lib.entra_sign_in import AppSignIn
from lib.errors import Permanent, Transient
from lib.settings import Environment
from lib.wiring import common
from sandbox.aws.sts import WebIdentityIssuer
from tests.fakes.keys import certificate_pem, private_pem, rsa_key
from tests.sandbox.entra.conftest import ORDINARY, TENANT
from tests.sandbox.sign_in.conftest import (
    AUDIENCE,
    ISSUER,
    READER,
    ROLE,
    SECRETS,
    EntraSide,
)

METHODS = ("secret", "certificate", "federated")
LOADED = x509.load_pem_x509_certificate(certificate_pem(rsa_key()).encode())


@pytest.mark.parametrize("method", METHODS)
def test_a_user_is_read_with_one_token(entra: EntraSide, method: str) -> None:
    graph = entra.graph(entra.sign_in(method))
    for _ in range(3):
        assert graph.read_user(ORDINARY) is not None
    assert entra.token_calls == 1


@pytest.mark.parametrize("method", METHODS)
def test_a_token_that_expired_or_was_revoked_is_renewed_once(entra: EntraSide, method: str) -> None:
    graph = entra.graph(entra.sign_in(method))
    graph.read_user(ORDINARY)
    entra.clock.forward(3600)
    assert graph.read_user(ORDINARY) is not None
    assert entra.token_calls == 2
    entra.tenant.tokens.revoke_all()
    assert graph.read_user(ORDINARY) is not None
    assert entra.token_calls == 3
    calls = sum(entra.tenant.calls.values())
    (route,) = [name for name in entra.tenant.calls if name.startswith("GET /v1.0/users/")]
    entra.tenant.faults.add(route, 401, times=5)
    with pytest.raises(Permanent, match="credentials"):
        graph.read_user(ORDINARY)
    assert sum(entra.tenant.calls.values()) - calls <= 4  # two reads, discovery, one token
    assert entra.token_calls == 4


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("minutes", [-600, -10, 10, 600])
def test_a_wrong_clock_of_ours_does_not_matter(entra: EntraSide, method: str, minutes: int) -> None:
    entra.offset = minutes * 60.0
    assert entra.graph(entra.sign_in(method)).read_user(ORDINARY) is not None
    assert entra.token_calls == 1


def naming(**given: str) -> str:
    return json.dumps({"private_key": private_pem(rsa_key()), **given})


@pytest.mark.parametrize(
    "secret",
    [
        naming(thumbprint=LOADED.fingerprint(hashes.SHA1()).hex().upper()),
        naming(sha256=LOADED.fingerprint(hashes.SHA256()).hex()),
        naming(public_certificate=certificate_pem(rsa_key())),
    ],
)
def test_a_certificate_by_any_of_its_names(entra: EntraSide, secret: str) -> None:
    assert entra.sign_in_with(secret).headers()


def other_certificate() -> str:
    other = rsa_key("other")
    return json.dumps(
        {"private_key": private_pem(other), "public_certificate": certificate_pem(other)}
    )


@pytest.mark.parametrize(
    "secret",
    [
        other_certificate(),
        json.dumps(
            {  # names the registered certificate and holds another key
                "private_key": private_pem(rsa_key("other")),
                "sha256": LOADED.fingerprint(hashes.SHA256()).hex(),
            }
        ),
    ],
)
def test_another_key_is_refused_and_not_shown(entra: EntraSide, secret: str) -> None:
    with pytest.raises(Permanent, match="AADSTS700027, the application has no such") as caught:
        entra.sign_in_with(secret).headers()
    assert "PRIVATE" not in repr(caught.value)


def test_a_certificate_that_ran_out_is_refused(entra: EntraSide) -> None:
    entra.clock.now = datetime(2040, 1, 1, tzinfo=UTC)
    with pytest.raises(Permanent, match="AADSTS700027"):
        entra.sign_in("certificate").headers()


def endpoint(entra: EntraSide) -> str:
    return f"{entra.url}/{TENANT}/oauth2/v2.0/token"


def registered(entra: EntraSide, *, to: str = "", by: str = READER, late: float = 0.0) -> str:
    certificate = entra_credential(SECRETS["certificate"])
    assert isinstance(certificate, Certificate)
    moment = datetime.fromtimestamp(entra.clock().timestamp() - late, UTC)
    return certificate.assertion(by, to or endpoint(entra), moment)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (lambda e: registered(e, late=700), "AADSTS700024"),
        (lambda e: registered(e, late=-700), "AADSTS700024"),
        (lambda e: registered(e, to="https://login.example/token"), "AADSTS700023"),
        (lambda e: registered(e, by="another"), "AADSTS700021"),
        (lambda e: e.issuer.token("api://AzureADTokenExchangeChina"), "AADSTS700212"),
        (lambda e: e.issuer.token(AUDIENCE.lower()), "AADSTS700212"),
        (lambda e: e.issuer.token(AUDIENCE, -400), "AADSTS700024"),
        (lambda e: e.issuer.token(AUDIENCE, algorithm="PS256"), "AADSTS50027"),
        (lambda e: WebIdentityIssuer(ISSUER, ROLE, e.clock).token(AUDIENCE), "AADSTS50013"),
        (lambda e: other(e, issuer=ISSUER + "x").token(AUDIENCE), "AADSTS700211"),
        (lambda e: other(e, role=ROLE + "x").token(AUDIENCE), "AADSTS700213"),
        (lambda e: other(e, role=ROLE.lower()).token(AUDIENCE), "AADSTS700213"),
        (lambda _: "rubbish", "AADSTS50027"),
    ],
)
def test_a_wrong_assertion_is_named_by_its_code(
    entra: EntraSide, made: Callable[[EntraSide], str], code: str
) -> None:
    sign_in = entra.sign_in_with("", lambda: made(entra))
    with pytest.raises(Permanent, match=code) as caught:
        sign_in.headers()
    for hidden in (ROLE, ISSUER, "eyJ"):
        assert hidden not in str(caught.value)


def other(entra: EntraSide, issuer: str = ISSUER, role: str = ROLE) -> WebIdentityIssuer:
    """The same signing key, another claim."""
    found = WebIdentityIssuer(issuer, role, entra.clock)
    found._key = entra.issuer._key
    return found


def test_a_young_federated_credential_is_waited_for(young: EntraSide) -> None:
    sign_in = young.sign_in("federated")
    with pytest.raises(Transient, match="AADSTS70021"):
        sign_in.headers()
    young.clock.forward(600)
    assert sign_in.headers()


def test_an_app_without_a_credential_is_not_let_in_by_anybodys_token(entra: EntraSide) -> None:
    sign_in = AppSignIn(
        entra.url,
        TENANT,
        "5e1f0000-0000-4000-8000-000000000005",  # the writer
        lambda: "",
        f"{entra.url}/graph",
        federated=lambda: entra.issuer.token(AUDIENCE),
    )
    with pytest.raises(Transient, match="AADSTS70021"):
        sign_in.headers()


def test_a_client_secret_is_not_asked_for_when_an_assertion_is_wrong(entra: EntraSide) -> None:
    """An assertion signed by nobody in particular."""
    key = signing_key(private_pem(rsa_key("other")), "x")
    made = client_assertion(key, READER, endpoint(entra), entra.clock(), {"kid": "1"})
    assert jwt.get_unverified_header(made)["kid"] == "1"
    with pytest.raises(Permanent, match="AADSTS700211"):
        entra.sign_in_with("", lambda: made).headers()


@pytest.fixture
def aws(entra: EntraSide, monkeypatch: pytest.MonkeyPatch) -> EntraSide:
    """boto3 itself, asking the stand-in for STS over HTTP."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", entra.sts_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    return entra


def settings(entra: EntraSide, **more: str) -> Environment:
    given = {
        "ENTRA_SIGN_IN": "federated",
        "ENTRA_AUTHORITY": entra.url,
        "GRAPH_ROOT": f"{entra.url}/graph",
        "ENTRA_TENANT_ID": TENANT,
        "ENTRA_READER_CLIENT_ID": READER,
        "ENTRA_READER_SECRET_ID": "is not read",
        **more,
    }
    return Environment({f"PUSHPROOF_{name}": value for name, value in given.items()})


def test_the_wiring_signs_in_with_the_aws_identity(aws: EntraSide) -> None:
    assert common.graph(settings(aws), "READER").read_user(ORDINARY) is not None


def test_another_cloud_is_another_audience(aws: EntraSide) -> None:
    graph = common.graph(settings(aws, ENTRA_CLOUD="usgov_l4"), "READER")
    with pytest.raises(Permanent, match="AADSTS700212, no federated credential names this"):
        graph.read_user(ORDINARY)


def test_an_account_that_did_not_switch_it_on(aws: EntraSide) -> None:
    aws.issuer.enabled = False
    with pytest.raises(Transient, match="AWS answered OutboundWebIdentityFederationDisabled"):
        common.graph(settings(aws), "READER").read_user(ORDINARY)


def test_the_token_is_the_roles_and_short(aws: EntraSide) -> None:
    claims = jwt.decode(
        web_identity(AUDIENCE)(), aws.issuer.public_key, algorithms=["RS256"], audience=AUDIENCE
    )
    assert (claims["iss"], claims["sub"]) == (ISSUER, ROLE)
    assert claims["exp"] - claims["iat"] == 300
