"""What the console's World page does to a running sandbox, and what the product makes of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from lib.incident import CauseName
from lib.model import Attribute
from ops.connection import Control, connect
from ops.console import control
from ops.sandbox_command import write_state
from tests.integration.conftest import PATIENCE, Deployed

PERSON = "staff.20"


@pytest.fixture
def opened(deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Control:
    """As another process finds it."""
    file = write_state(deployed.sandbox, tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    first = next(iter(deployed.sandbox.operators.values()))
    for name, value in deployed.cloud.environment(first).items():
        monkeypatch.setenv(name, value)  # connect sets them as well, and for good
    found = connect(None, None, tmp_path).control
    assert found is not None
    return found


def met(opened: Control) -> int:
    (broken,) = control.read(opened, most="0")["broken"]
    return int(broken["met"])


def test_an_outage_delays_and_loses_nothing(deployed: Deployed, opened: Control) -> None:
    deployed.settle()
    parked, before = deployed.table.parked(), deployed.state(deployed.subject(PERSON))
    assert not before.open
    control.change(opened, "/break", {"part": "graph", "trouble": "out"})
    try:
        body: dict[str, Any] = {"person": PERSON, "mobilePhone": "+1 202 555 0164"}
        control.change(opened, "/okta/profile", body)
        until = time.monotonic() + PATIENCE
        while met(opened) == 0 and time.monotonic() < until:
            time.sleep(0.1)
        assert met(opened) > 0
        # Okta's own push failed, too: the page looks from behind and sees both sides.
        (person,) = control.read(opened, person=PERSON)["people"]
        assert person["okta"]["profile"]["mobilePhone"] == "+1 202 555 0164"
        assert person["entra"]["mobilePhone"] == "+1 202 555 0160"
        assert deployed.state(deployed.subject(PERSON)).covered_to == before.covered_to
        assert sum(deployed.cloud.backlog().values()) > 0
    finally:
        control.change(opened, "/mend", {})
    incident = deployed.incident(PERSON, Attribute.MOBILE_PHONE)
    assert incident.lead.name is CauseName.PUSH_FAILED
    assert deployed.pages(incident) == ["opened"]
    assert deployed.state(deployed.subject(PERSON)).covered_to != before.covered_to
    assert deployed.table.parked() == parked
