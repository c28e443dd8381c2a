"""The demonstration's world behind real HTTPS, each caller granted just what a test says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from lib.entra_sign_in import AppSignIn, DevicePrompt, DeviceSignIn
from lib.errors import Permanent, Refused
from lib.graph import Graph
from lib.http import Http
from lib.okta_sign_in import OktaSignIn
from sandbox.entra.app import Tenant, create_tenant
from sandbox.okta.app import create_org
from sandbox.okta.org import Org
from sandbox.serve import serve
from sandbox.tls import Tls, make_authority
from sandbox.world import DEMO, load_world
from sandbox.world_model import OktaClient, OktaToken, World
from tests.fakes.keys import private_pem, public_pem, rsa_key

Feature = Callable[[], bool]
SERVICE_APP = "0oaPushproofServiceApp"


@dataclass
class Entra:
    tenant: Tenant
    world: World
    url: str

    def application(self, name: str) -> Graph:
        """Signed in with the secret of the world's identity of that name."""
        identity = self.world.identity(name)
        sign_in = AppSignIn(
            self.url,
            self.tenant.id,
            identity.client_id,
            lambda: identity.secret or "",
            f"{self.url}/graph",
        )
        return self._graph(sign_in)

    def administrator(self, login: str, permissions: Iterable[str]) -> Graph:
        """As `login`, who enters the code; when that is refused they give up."""
        gave_up: list[str] = []

        def at_the_page(prompt: DevicePrompt) -> None:
            answer = requests.post(
                prompt.verification_uri,
                data={"code": prompt.user_code, "account": login, "answer": "continue"},
                timeout=5,
            )
            if answer.status_code != 200:
                gave_up.append(answer.text)

        sign_in = DeviceSignIn(
            self.url,
            self.tenant.id,
            self.world.identity("operator").client_id,
            f"{self.url}/graph",
            at_the_page,
            permissions=tuple(permissions),
            cancelled=lambda: bool(gave_up),
        )
        return self._graph(sign_in)

    def _graph(self, sign_in: AppSignIn | DeviceSignIn) -> Graph:
        return Graph(Http(f"{self.url}/graph", headers=sign_in.headers, sleep=lambda _: None))


@dataclass
class Okta:
    org: Org
    url: str

    def service_app(self, scopes: Iterable[str]) -> Http:
        key = {
            "client_id": SERVICE_APP,
            "private_key": private_pem(rsa_key()),
            "key_id": "k1",
        }
        return self._http(json.dumps(key), scopes)

    def token(self) -> Http:
        return self._http("a-token", ())

    def _http(self, secret: str, scopes: Iterable[str]) -> Http:
        sign_in = OktaSignIn(self.url, lambda: secret, tuple(scopes))
        return Http(
            self.url,
            sign=sign_in.sign,
            on_challenge=sign_in.challenged,
            sleep=lambda _: None,
        )


def works(feature: Feature) -> bool:
    """Whether a feature works. Without a permission it is refused or unknown; all else, such as
    an outage or a crash, is a failure of the test."""
    try:
        return feature()
    except Refused as refused:
        if refused.status != 403:
            raise
    except Permanent as error:
        if "sign-in" not in str(error):  # one that was refused, or given up
            raise
    return False


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(autouse=True)
def trust(tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.ca_file))


@pytest.fixture(scope="session")
def demo() -> World:
    return load_world(DEMO)


Grants = Callable[..., Entra]


@pytest.fixture
def entra(demo: World, tls: Tls) -> Iterator[Grants]:
    """entra(reader={…}): the tenant, where these identities have these permissions instead."""
    running: list[Callable[[], None]] = []

    def start(**permissions: Iterable[str]) -> Entra:
        identities = tuple(
            replace(each, permissions=tuple(permissions.get(each.name, each.permissions)))
            for each in demo.identities
        )
        world = replace(
            demo,
            identities=identities,
            tenant=replace(demo.tenant, stale_read_seconds=0, audit_delay_seconds=0),
        )
        tenant = create_tenant(world, _now)
        tenant.device_codes.interval_seconds = 1
        server = serve(tenant.flask, tls)
        running.append(server.stop)
        return Entra(tenant, world, server.url)

    yield start
    for stop in running:
        stop()


@contextmanager
def serving_okta(
    demo: World, tls: Tls, scopes: Iterable[str], roles: Iterable[str]
) -> Iterator[Okta]:
    """One service app, and one token, whose holder has these roles."""
    client = OktaClient(
        SERVICE_APP, SERVICE_APP, public_pem(rsa_key()), tuple(scopes), False, tuple(roles)
    )
    world = replace(
        demo,
        okta=replace(demo.okta, push_seconds=0.0, log_delay_seconds=0.0),
        okta_clients=(client,),
        okta_tokens=(OktaToken("a", "a-token", tuple(roles)),),
    )
    address: list[str] = []
    org = create_org(world, create_tenant(world, _now), _now, Path(tls.ca_file), lambda: address[0])
    server = serve(org.flask, tls)
    address.append(server.url)
    org.start()
    try:
        yield Okta(org, server.url)
    finally:
        org.stop()
        server.stop()


def _now() -> datetime:
    return datetime.now(UTC)
