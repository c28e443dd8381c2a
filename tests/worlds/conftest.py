"""A simulated org and tenant behind real HTTPS, and the real clients looking at them.

Nothing is queued and nobody waits: a test breaks the world and looks once, as a last look does.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.flows.evidence import Evidence
from lib.graph import Graph
from lib.http import Http
from lib.incident import Cause
from lib.model import Attribute, EntraUser, Subject
from lib.okta import Okta
from lib.rules.case import Case
from lib.rules.causes import name_causes
from lib.rules.drifts import judge
from lib.rules.expected import expectations
from lib.rules.links import lookup_keys, resolve
from sandbox.entra.app import create_tenant
from sandbox.okta.app import create_org
from sandbox.serve import serve
from sandbox.tls import Tls, make_authority
from sandbox.world import load_world
from sandbox.world_model import World
from tests.fakes.clock import FakeClock
from tests.fakes.dynamodb import dynamodb, new_table

GRAPH_APP, SYNC_APP = "0oaGraphAppUnderTest", "0oaDirSyncUnderTest0"
CONNECTOR = "5e1f0000-0000-4000-8000-000000000002"
COLLEAGUE = "a0000000-0000-4000-8000-000000000003"
NUMBER = "+1 202 555 0199"
# Whatever evidence must never show.
PRIVATE = ("202 555", "2025550", "home.example", "corp.example", "ordinary.user", "colleague.user")


class Company:
    """The world of one test. `evidence` may be made anew: another reader, another connector."""

    def __init__(self, world: World, tls: Tls, client: Any) -> None:
        self.clock = FakeClock()
        self.tenant = create_tenant(world, self.clock)
        self.table = new_table(client)
        addresses: list[str] = []
        self.org = create_org(world, self.tenant, self.clock, tls.ca_file, lambda: addresses[0])
        self._servers = [serve(self.org.flask, tls), serve(self.tenant.flask, tls)]
        addresses.extend(server.url for server in self._servers)
        self._okta_url, self._entra_url = addresses
        self.org.start()
        self.okta = Okta(
            Http(
                self._okta_url,
                headers=lambda: {"Authorization": "SSWS test-token"},
                sleep=lambda _: None,
                clock=self.clock,
            )
        )
        self.read_as()

    def read_as(self, reader: str = "reader", connector: str | None = CONNECTOR) -> None:
        root = f"{self._entra_url}/graph"
        self.graph = Graph(
            Http(
                root,
                headers=lambda: {"Authorization": f"Bearer {self.tenant.token(reader)}"},
                sleep=lambda _: None,
                clock=self.clock,
            )
        )
        self.evidence = Evidence(self.okta, self.graph, self.table, connector, self.clock)

    def stop(self) -> None:
        self.org.stop()
        self.tenant.faults.release()
        for server in self._servers:
            server.stop()

    # -- what happens ------------------------------------------------------------------------

    def change(self, person: str = "ordinary", **profile: object) -> None:
        """An administrator changes the profile; whatever Okta does then is done afterwards."""
        self.org.set_user_profile(person, profile or {"mobilePhone": NUMBER})
        assert self.org.wait_idle()
        self.clock.pass_by(60)

    def leave(self, person: str = "ordinary") -> None:
        self.org.deactivate(person)
        assert self.org.wait_idle()
        self.clock.pass_by(60)

    def lose(self, person: str = "ordinary", **values: object) -> None:
        """Entra holds another value, and no log anywhere says why."""
        self.tenant.set_user(person, **(values or {"mobile_phone": "+1 202 555 0177"}))
        self.clock.pass_by(60)

    def meddle(self, person: str = "ordinary", **values: object) -> None:
        """A colleague changes the value in Entra."""
        changes = values or {"mobile_phone": "+1 202 555 0188"}
        self.tenant.set_user(person, actor="colleague", **changes)
        self.clock.pass_by(60)

    # -- what is seen ------------------------------------------------------------------------

    def case(self, attribute: Attribute = Attribute.MOBILE_PHONE, person: str = "ordinary") -> Case:
        """Everything that is read of one drift; fails when the attribute does not differ."""
        app = SYNC_APP if person == "synced" else GRAPH_APP
        subject = Subject(app, self.org.user(person).id)
        reading = self.okta.read_subject(subject)
        configuration = self.evidence.configuration(app) if reading.app_user else None
        expected = expectations(reading, configuration)
        keys = lookup_keys(reading, None)
        found = {
            key: user
            for key, user in self.graph.read_users(keys).items()
            if user is None or isinstance(user, EntraUser)
        }
        link, entra = resolve(keys, found, None)
        drifts = {drift.attribute: drift for drift in judge(expected, entra).drifts}
        assert attribute in drifts, f"{attribute} does not differ"
        of = next(each for each in expected if each.attribute is attribute)
        findings = self.evidence.gather(reading, entra)
        return findings.case(drifts[attribute], of, reading, entra, link, reading.taken_at, "", ())

    def causes(self, *of: Any) -> tuple[Cause, ...]:
        found = name_causes(self.case(*of))
        facts = " | ".join(seen.fact for cause in found for seen in cause.evidence)
        assert [secret for secret in PRIVATE if secret in facts] == []
        return found


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def world() -> World:
    return load_world(Path(__file__).with_name("world.yaml"))


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with dynamodb() as found:
        yield found


@pytest.fixture
def company(
    world: World, tls: Tls, client: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Company]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.ca_file))
    found = Company(world, tls, client)
    yield found
    found.stop()


def facts(cause: Cause) -> str:
    return " | ".join(f"{seen.fact} [{seen.source}]" for seen in cause.evidence)
