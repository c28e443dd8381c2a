"""The simulators over real HTTP, for the vendors' own SDKs to talk to.

The SDKs live in an environment of their own (requirements/referee.txt); anywhere else there is
nothing to collect here, which pytest reports as a failure when this folder was asked for.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.entra.app import Tenant, create_tenant
from sandbox.okta.app import create_org
from sandbox.okta.org import Org
from sandbox.serve import serve
from sandbox.tls import Tls, make_authority
from sandbox.world import load_world
from sandbox.world_model import World

collect_ignore_glob = [] if importlib.util.find_spec("okta") else ["test_*.py"]


@dataclass(frozen=True)
class Vendors:
    """Both simulators, freshly seeded. Addresses have no trailing slash."""

    world: World
    tls: Tls
    tenant: Tenant
    org: Org
    entra_url: str
    okta_url: str

    @property
    def graph_root(self) -> str:
        return f"{self.entra_url}/graph"

    def settle(self) -> None:
        assert self.org.wait_idle(timeout=20)


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def vendors(tls: Tls, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendors]:
    # azure-identity's transport trusts what requests trusts.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.ca_file))
    world = load_world(Path(__file__).with_name("world.yaml"))
    tenant = create_tenant(world, _now)
    entra = serve(tenant.flask, tls)
    address: list[str] = []
    org = create_org(world, tenant, _now, tls.ca_file, lambda: address[0])
    okta = serve(org.flask, tls)
    address.append(okta.url)
    org.start()
    yield Vendors(world, tls, tenant, org, entra.url, okta.url)
    tenant.faults.release()
    org.stop()
    okta.stop()
    entra.stop()


def _now() -> datetime:
    return datetime.now(UTC)


def pytest_configure(config: pytest.Config) -> None:
    """The SDKs warn about their own insides."""
    for module in ("kiota_abstractions", "msgraph", "msgraph_core", "okta"):
        config.addinivalue_line("filterwarnings", f"ignore::DeprecationWarning:{module}.*")
