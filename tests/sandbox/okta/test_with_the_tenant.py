"""The org and the simulated tenant together: pushes that land, and pushes that only say so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.entra.app import Tenant, create_tenant
from sandbox.okta.app import create_org
from sandbox.okta.org import Org
from sandbox.world import load_world
from tests.sandbox.okta.conftest import MovingClock

PUSH = "application.provision.user.push_profile"


@dataclass
class Pair:
    org: Org
    tenant: Tenant

    def change_phone(self, user: str, number: str) -> str:
        """The result Okta logs for the push this causes."""
        self.org.set_user_profile(user, {"mobilePhone": number})
        assert self.org.wait_idle()
        pushes = [each for each in self.org.log.everything() if each["eventType"] == PUSH]
        outcome = pushes[-1]["outcome"]
        assert isinstance(outcome, dict)
        return str(outcome["result"])


@pytest.fixture
def pair() -> Iterator[Pair]:
    clock = MovingClock()
    world = load_world(Path(__file__).with_name("world.yaml"))
    tenant = create_tenant(world, clock)
    org = create_org(world, tenant, clock, None, lambda: "https://127.0.0.1")
    org.start()
    yield Pair(org, tenant)
    org.stop()


def test_an_ordinary_push_lands(pair: Pair) -> None:
    assert pair.change_phone("ordinary", "+1 555 0199") == "SUCCESS"
    assert pair.tenant.get_user("ordinary").mobile_phone == "+1 555 0199"


def test_a_push_at_a_privileged_target_succeeds_without_landing(pair: Pair) -> None:
    pair.tenant.assign_role("ordinary", "Global Administrator")
    assert pair.change_phone("ordinary", "+1 555 0199") == "SUCCESS"
    assert pair.tenant.get_user("ordinary").mobile_phone == "+1 555 0100"


def test_a_number_set_in_the_cloud_outlives_the_push(pair: Pair) -> None:
    pair.tenant.set_user("synced", cloud_set_mobile="+1 555 0177")
    assert pair.change_phone("synced", "+1 555 0199") == "SUCCESS"
    assert pair.tenant.get_user("synced").mobile_phone == "+1 555 0177"
    pair.tenant.set_flag(True)
    assert pair.change_phone("synced", "+1 555 0198") == "SUCCESS"
    assert pair.tenant.get_user("synced").mobile_phone == "+1 555 0198"


def test_a_restricted_target_is_a_failure_in_the_log(pair: Pair) -> None:
    pair.tenant.set_user("ordinary", restricted=True)
    assert pair.change_phone("ordinary", "+1 555 0199") == "FAILURE"
    assert pair.tenant.get_user("ordinary").mobile_phone == "+1 555 0100"


def test_a_leaver_is_disabled(pair: Pair) -> None:
    pair.org.deactivate("ordinary")
    assert pair.org.wait_idle()
    assert not pair.tenant.get_user("ordinary").account_enabled


def test_okta_keeps_quiet_about_a_privileged_leaver(pair: Pair) -> None:
    pair.tenant.assign_role("ordinary", "Global Administrator")
    pair.org.deactivate("ordinary")
    assert pair.org.wait_idle()
    assert pair.tenant.get_user("ordinary").account_enabled
