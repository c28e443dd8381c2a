"""A tenant behind real HTTPS on loopback, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.entra.app import Tenant, create_tenant
from sandbox.serve import Server, serve
from sandbox.tls import Tls, make_authority
from sandbox.world import World, load_world

ORDINARY = "a0000000-0000-4000-8000-000000000001"
GLOBAL = "a0000000-0000-4000-8000-000000000002"
OVERRIDE = "a0000000-0000-4000-8000-000000000005"
SOURCELESS = "a0000000-0000-4000-8000-000000000006"
SYNCED = "a0000000-0000-4000-8000-000000000007"
RESTRICTED = "a0000000-0000-4000-8000-000000000008"
HOLDER = "a0000000-0000-4000-8000-000000000009"
OWNER = "a0000000-0000-4000-8000-00000000000a"
ROLE_HOLDERS = "b0000000-0000-4000-8000-000000000001"
EVERYBODY = "b0000000-0000-4000-8000-000000000002"
TENANT = "12cce4b4-4ab8-40b7-be4d-f5d7742ec185"
NOBODY = "a0000000-0000-4000-8000-0000000000ff"
DENIED = "Insufficient privileges to complete the operation."


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime(2026, 9, 1, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Entra:
    """The served tenant; `get`, `patch` and `post` call Graph as somebody named in the world."""

    tenant: Tenant
    clock: Clock
    url: str
    ca_file: str
    session: requests.Session = field(default_factory=requests.Session)

    def call(
        self,
        method: str,
        path: str,
        who: str = "reader",
        *,
        user: str | None = None,
        json: object = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        token = self.tenant.token(who, user)
        return self.session.request(
            method,
            f"{self.url}/graph{path}",
            json=json,
            params=params,
            headers={"Authorization": f"Bearer {token}", **(headers or {})},
            verify=self.ca_file,
            timeout=5,
        )

    def get(self, path: str, who: str = "reader", **options: Any) -> requests.Response:
        return self.call("GET", path, who, **options)

    def patch(
        self, user_id: str, changes: object, who: str = "writer", **options: Any
    ) -> requests.Response:
        return self.call("PATCH", f"/v1.0/users/{user_id}", who, json=changes, **options)

    def batch(self, *parts: Mapping[str, object], who: str = "reader") -> requests.Response:
        return self.call("POST", "/v1.0/$batch", who, json={"requests": list(parts)})


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def world() -> World:
    return load_world(Path(__file__).with_name("world.yaml"))


@pytest.fixture(autouse=True)
def trust(tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle of the machine's own would win over what a session is told to trust."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.ca_file))


@pytest.fixture
def entra(world: World, tls: Tls) -> Iterator[Entra]:
    clock = Clock()
    tenant = create_tenant(world, clock)
    server: Server = serve(tenant.flask, tls)
    with requests.Session() as session:
        yield Entra(tenant, clock, server.url, str(tls.ca_file), session)
    tenant.faults.release()
    server.stop()


def error(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def denied(answer: requests.Response) -> bool:
    return answer.status_code == 403 and bool(answer.json()["error"]["message"] == DENIED)
