"""The product's clients against the simulators over real HTTPS, each with a clock of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lib.entra_sign_in import AppSignIn
from lib.graph import Graph
from lib.http import Http
from lib.okta import Okta
from lib.okta_sign_in import READ, TOUCH, OktaSignIn
from sandbox.aws.sts import WebIdentityIssuer
from sandbox.entra.app import Tenant, create_tenant
from sandbox.okta.app import create_org
from sandbox.okta.org import Org
from sandbox.serve import serve
from sandbox.tls import Tls, make_authority
from sandbox.world import World, load_world
from sandbox.world_model import FederatedCredential, OktaClient
from tests.fakes.keys import certificate_pem, ec_key, private_pem, public_pem, rsa_key
from tests.sandbox.entra.conftest import TENANT, Clock

READER = "5e1f0000-0000-4000-8000-000000000003"
ROLE = "arn:aws:iam::123456789012:role/pushproof-CheckRole"
ISSUER = "https://11111111-2222-4333-8444-555555555555.tokens.sts.global.api.aws"
AUDIENCE = "api://AzureADTokenExchange"
SANDBOX = Path(__file__).parents[1]


def okta_secret(client_id: str, key: str | None = None, **more: object) -> str:
    pem = private_pem(ec_key() if client_id == "elliptic" else rsa_key(key or "client"))
    return json.dumps({"client_id": client_id, "private_key": pem, "key_id": "k1", **more})


@dataclass
class OktaSide:
    """`offset` is how far the client's clock is ahead (seconds)."""

    org: Org
    clock: Clock
    url: str
    secrets: list[str] = field(default_factory=list, repr=False)
    offset: float = 0.0

    def sign_in(self, secret: str, *scopes: str, url: str | None = None) -> OktaSignIn:
        self.secrets.append(secret)
        return OktaSignIn(
            url or self.url, lambda: self.secrets[-1], scopes or READ, clock=self._client_clock
        )

    def http(self, secret: str, *scopes: str, url: str | None = None) -> Http:
        sign_in = self.sign_in(secret, *scopes, url=url)
        return Http(
            url or self.url,
            sign=sign_in.sign,
            on_unauthorized=sign_in.refresh,
            on_challenge=sign_in.challenged,
            sleep=lambda _: None,
        )

    def client(self, secret: str, *scopes: str, url: str | None = None) -> Okta:
        return Okta(self.http(secret, *scopes, url=url))

    @property
    def token_calls(self) -> int:
        return self.org.calls["POST /oauth2/v1/token"]

    def _client_clock(self) -> datetime:
        return self.clock() + timedelta(seconds=self.offset)


def okta_world() -> World:
    world = load_world(SANDBOX / "okta" / "world.yaml")
    scopes = (*READ, TOUCH)

    def client(name: str, key: str, scopes: tuple[str, ...], dpop: bool, *roles: str) -> OktaClient:
        return OktaClient(name, name, key, scopes, dpop, roles)

    rsa, both = public_pem(rsa_key()), ("READ_ONLY_ADMIN", "APP_ADMIN")
    return replace(
        world,
        okta_clients=(
            client("plain", rsa, scopes, False, *both),
            client("bound", rsa, scopes, True, *both),
            client("elliptic", public_pem(ec_key()), scopes, True, *both),
            client("narrow", rsa, ("okta.logs.read",), False, "REPORT_ADMIN"),
            client("roleless", rsa, READ, False),
            client("reader", rsa, (*READ, TOUCH), False, "READ_ONLY_ADMIN"),
        ),
    )


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(autouse=True)
def trust(tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.ca_file))


@pytest.fixture
def okta(tls: Tls) -> Iterator[OktaSide]:
    world, clock = okta_world(), Clock(datetime.now(UTC))
    address: list[str] = []
    org = create_org(world, create_tenant(world, clock), clock, tls.ca_file, lambda: address[0])
    server = serve(org.flask, tls)
    address.append(server.url)
    yield OktaSide(org, clock, server.url)
    org.faults.release()
    server.stop()


@dataclass
class EntraSide:
    tenant: Tenant
    clock: Clock
    url: str
    issuer: WebIdentityIssuer
    sts_url: str
    offset: float = 0.0

    def sign_in(self, method: str) -> AppSignIn:
        """`method`: secret, certificate or federated."""
        federated = None
        if method == "federated":

            def federated() -> str:
                return self.issuer.token(AUDIENCE)

        return self.sign_in_with(SECRETS.get(method, ""), federated)

    def sign_in_with(self, secret: str, federated: object = None) -> AppSignIn:
        return AppSignIn(
            self.url,
            TENANT,
            READER,
            lambda: secret,
            f"{self.url}/graph",
            federated=federated,  # type: ignore[arg-type]
            clock=lambda: self.clock() + timedelta(seconds=self.offset),
        )

    def graph(self, sign_in: AppSignIn) -> Graph:
        return Graph(
            Http(
                f"{self.url}/graph",
                headers=sign_in.headers,
                on_unauthorized=sign_in.refresh,
                sleep=lambda _: None,
            )
        )

    @property
    def token_calls(self) -> int:
        return self.tenant.calls["POST /{tenant}/oauth2/v2.0/token"]


SECRETS = {
    "secret": "reader-secret",
    "certificate": json.dumps(
        {"private_key": private_pem(rsa_key()), "public_certificate": certificate_pem(rsa_key())}
    ),
}


def entra_world(issuer: WebIdentityIssuer, found_after: float = 0.0) -> World:
    world = load_world(SANDBOX / "entra" / "world.yaml")
    return replace(
        world,
        identities=tuple(
            replace(each, certificate=certificate_pem(rsa_key())) if each.name == "reader" else each
            for each in world.identities
        ),
        federated_credentials=(
            FederatedCredential("reader", ISSUER, ROLE, AUDIENCE, issuer.public_key, found_after),
        ),
    )


def start_entra(tls: Tls, found_after: float = 0.0) -> Iterator[EntraSide]:
    clock = Clock(datetime.now(UTC))
    issuer = WebIdentityIssuer(ISSUER, ROLE, clock)
    tenant = create_tenant(entra_world(issuer, found_after), clock)
    served, sts = serve(tenant.flask, tls), serve(issuer.flask, None)
    yield EntraSide(tenant, clock, served.url, issuer, sts.url)
    tenant.faults.release()
    served.stop()
    sts.stop()


@pytest.fixture
def entra(tls: Tls) -> Iterator[EntraSide]:
    yield from start_entra(tls)


@pytest.fixture
def young(tls: Tls) -> Iterator[EntraSide]:
    """Its federated credential is found only after ten minutes."""
    yield from start_entra(tls, 600)
