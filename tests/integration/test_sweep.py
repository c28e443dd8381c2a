"""A storm and a sweep on the deployed shape: many changed at once, and nobody is left out."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from click.testing import CliRunner

from lib.aws_sweep import SqsSweepQueue
from lib.flows.sweep_start import Starting
from lib.model import Attribute
from lib.rules.sweep import Kind, Phase, Sweep
from lib.store.keys import SHARDS
from lib.times import utc_now
from ops.connection import Connection
from ops.sweep_command import sweep as command
from tests.integration.conftest import GRAPH_APP, PATIENCE, SYNC_APP, Deployed
from tests.integration.staff import name

# People whom no other test of this folder touches.
MANY = [name(number) for number in range(10, 40)]
LOST = name(41)


def starting(deployed: Deployed) -> Starting:
    queue = SqsSweepQueue(deployed.cloud.client("sqs"), deployed.cloud.outputs["SweepQueueUrl"])
    return Starting(deployed.table, queue, (GRAPH_APP, SYNC_APP), utc_now)


def ended(deployed: Deployed, sweep: Sweep) -> Sweep:
    until = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < until:
        found = deployed.table.sweep(sweep.id)
        if found and found.phase is Phase.DONE:
            deployed.settle()
            return found
        time.sleep(0.2)
    raise AssertionError(found)


def test_a_storm_covers_everybody_it_was_about(deployed: Deployed) -> None:
    begun = starting(deployed).start(Kind.STORM, after=timedelta(seconds=6))
    published = utc_now()
    deployed.org.suppress_push(MANY[0], "never pushed")
    for person in MANY:
        deployed.org.set_user_profile(person, {"otherMails": [f"{person}.storm@example.net"]})
    done = ended(deployed, begun)
    assert done.outcome == "complete"
    assert done.counts.listed >= len(MANY)
    assert done.counts.read > 0
    assert not [m for number in range(SHARDS) for m in deployed.table.marks(number, "", 10)]
    for person in MANY:
        covered = deployed.state(deployed.subject(person)).covered_to
        assert covered is not None, person
        assert covered > published - timedelta(seconds=2), person
    # What drifted went through its looks, and check decided.
    assert Attribute.OTHER_MAILS in deployed.state(deployed.subject(MANY[0])).open
    assert not any(deployed.state(deployed.subject(person)).open for person in MANY[1:])


def test_a_sweep_finds_what_no_event_told(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.tenant.set_user(LOST, mobile_phone="+1 202 555 0199")
    deployed.settle()
    time.sleep(2 * deployed.tenant.directory.stale_read_seconds)
    connection = Connection("sandbox", deployed.cloud.outputs, is_sandbox=True)
    identity = deployed.sandbox.operators["first.operator"]
    for variable, value in deployed.cloud.environment(identity).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr("ops.sweep_command.connect", lambda *_: connection)

    def said(*arguments: str) -> str:
        result = CliRunner().invoke(command, arguments)
        assert result.exit_code == 0, result.output
        return result.output

    sweep_id = said("start").split()[0]
    begun = deployed.table.sweep(sweep_id)
    assert begun is not None
    ended(deployed, begun)
    told = json.loads(said("status", "--json"))
    assert (told["sweep"], told["outcome"]) == (sweep_id, "complete")
    assert told["counts"]["listed"] == told["counts"]["read"] + told["counts"]["unreadable"]
    incident = deployed.incident(LOST, Attribute.MOBILE_PHONE)
    report = json.loads(said("report", "--json"))
    rows = {row["user"]: row for row in report["found"]}
    assert rows[deployed.subject(LOST).user_id]["incidents"] == incident.id
    for text in (json.dumps(report), said("report"), said("report", "--csv", "-")):
        assert "0199" not in text
        assert "example.net" not in text
    assert "Traceback" not in said("status")
    assert CliRunner().invoke(command, ["stop"]).exit_code == 1
    assert CliRunner().invoke(command, ["start", "--app", "0oaNobody"]).exit_code == 2
