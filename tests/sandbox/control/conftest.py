"""The control over an org and a tenant of the demonstration's world, without AWS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from sandbox.control.app import Control
from sandbox.entra.app import Tenant, create_tenant
from sandbox.okta.app import create_org
from sandbox.okta.org import Org
from sandbox.world import DEMO, World, load_world
from tests.sandbox.okta.conftest import MovingClock

GRAPH_APP = "0oaMicrosoft365Graph"
SYNC_APP = "0oaMicrosoft365Syncd"


@dataclass
class Here:
    """`get` and `post` come with the token."""

    world: World
    org: Org
    tenant: Tenant
    control: Control
    clock: MovingClock

    def get(self, path: str = "/world", token: str | None = None) -> TestResponse:
        return self.control.flask.test_client().get(path, headers=self._headers(token))

    def post(self, path: str, body: object, token: str | None = None) -> TestResponse:
        client = self.control.flask.test_client()
        return client.post(path, json=body, headers=self._headers(token))

    def done(self, path: str, **body: object) -> str:
        answer = self.post(path, body)
        assert answer.status_code == 200, answer.text
        assert self.org.wait_idle()
        return str(answer.get_json()["done"])

    def refused(self, path: str, **body: object) -> tuple[int, str]:
        answer = self.post(path, body)
        assert answer.get_json().keys() == {"error"}
        return answer.status_code, answer.get_json()["error"]

    def read(self) -> dict[str, Any]:
        answer = self.get()
        assert answer.status_code == 200
        return dict(answer.get_json())

    def person(self, name: str) -> dict[str, Any]:
        (found,) = self.get(f"/world?person={name}").get_json()["people"]
        return dict(found)

    def _headers(self, token: str | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.control.token if token is None else token}"}


@pytest.fixture(scope="session")
def world() -> World:
    return load_world(DEMO)


@pytest.fixture
def here(world: World) -> Iterator[Here]:
    clock = MovingClock()
    tenant = create_tenant(world, clock)
    org = create_org(world, tenant, clock, None, lambda: "https://127.0.0.1")
    org.engine.push_seconds = 0.0
    org.start()
    yield Here(world, org, tenant, Control(world, org, tenant), clock)
    org.stop()
