"""pushproof doctor against the running shape: as it is, one side alone, as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lib.aws import Secret
from lib.errors import Transient
from lib.rules.connector import ConnectorFact
from lib.store import keys
from lib.times import utc_now
from ops import doctor_command, vendors
from ops.connection import Connection
from ops.sandbox_command import write_state
from tests.integration.conftest import Deployed
from tests.integration.doctoring import (
    GRAPH_APP,
    Doctor,
    alarm,
    codes,
    flag,
    permission,
    remove,
    role,
)

ROOT = Path(__file__).resolve().parents[2]
READER, WRITER = "reader", "writer"
# Nobody listens here.
NOWHERE = "https://127.0.0.1:9"
# What the demonstration's world is meant to show; everything else there is well.
DEMONSTRATION = {
    "hook_unfiltered",
    "hook_uncompared",
    "app_attribute_absent",
    "touch_unproved",
    "connector_lacks",
    "flag_unknown",
    "alarms_simulated",
    "okta_is_token",
}


def test_the_demonstration_is_well_but_for_what_it_shows(doctor: Doctor) -> None:
    result = doctor("--json")
    # Whether anything was pushed yet is another test's doing.
    assert set(codes(result)) - {"push_none"} == DEMONSTRATION
    assert result.exit_code == 3  # the tenant's flag is unknown
    seen = codes(result, ok=True)
    assert seen["entra_granted"] == 9
    assert seen["role_none"] == 2
    assert seen["clock_agrees"] == 3
    assert seen["dlq_empty"] == seen["queue_ready"] == 3
    assert seen["secret_present"] == 4
    assert seen["log_read"] == 1
    assert seen["okta_reads"] == 13
    assert seen["okta_role"] == 2


def test_people_get_a_line_each_with_its_remedy(doctor: Doctor) -> None:
    result = doctor()
    lines = result.output.splitlines()
    assert "Entra roles" in lines
    (said,) = [line for line in lines if "does not hold Global Administrator" in line]
    assert said.split()[0] == "warning"
    assert "→" in said
    warnings = sum(line.split()[0] == "warning" for line in lines if line.startswith("  "))
    assert f"{warnings} warning, 1 unknown" in lines[-1]


@pytest.mark.parametrize(
    ("side", "present", "absent"),
    [
        ("okta", "okta_reads", "dlq_empty"),
        ("entra", "entra_granted", "okta_reads"),
        ("aws", "dlq_empty", "entra_granted"),
    ],
)
def test_one_side_alone(
    deployed: Deployed, doctor: Doctor, side: str, present: str, absent: str
) -> None:
    before = {"okta": deployed.org.calls.total(), "entra": deployed.tenant.calls.total()}
    seen = codes(doctor("--only", side, "--json"), ok=True)
    assert present in seen
    assert absent not in seen
    after = {"okta": deployed.org.calls.total(), "entra": deployed.tenant.calls.total()}
    assert {each for each in before if before[each] != after[each]} == {side} - {"aws"}


@pytest.mark.parametrize(
    ("enabled", "days", "code", "exit_code"),
    [(True, 1, "flag_on", 1), (False, 2, "flag_off", 1), (True, 40, "flag_old", 1)],
)
def test_the_recorded_flag(
    deployed: Deployed, doctor: Doctor, enabled: bool, days: int, code: str, exit_code: int
) -> None:
    with flag(deployed, enabled, days):
        result = doctor("--only", "entra", "--json")
    assert codes(result, ok=True)[code] == 1
    assert result.exit_code == exit_code


def test_a_connector_that_outranks(deployed: Deployed, doctor: Doctor) -> None:
    with role(deployed, "connector", "Global Administrator"):
        seen = codes(doctor("--only", "entra", "--json"), ok=True)
    assert seen["connector_outranks"] == 1
    assert "connector_lacks" not in seen


def test_a_connector_that_nobody_configured_is_the_one_the_audit_log_told(
    deployed: Deployed, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = elsewhere(doctor_command.connect(None, None), ConnectorObjectId="")
    monkeypatch.setattr(doctor_command, "connect", lambda *_: found)
    assert codes(doctor("--only", "entra", "--json"))["connector_unknown"] == 1
    connector = deployed.sandbox.world.identity("connector").object_id
    assert connector is not None
    # Two pushes by two actors: nothing is known.
    for learned, code in ((connector, "connector_lacks"), ("", "connector_unknown")):
        fact = ConnectorFact(GRAPH_APP, learned, True, utc_now(), "uuid")
        deployed.table.record_connector(fact)
        try:
            assert codes(doctor("--only", "entra", "--json"))[code] == 1
        finally:
            remove(deployed, keys.fact("connector", GRAPH_APP))


def test_alarms_that_are_quiet(deployed: Deployed, doctor: Doctor) -> None:
    with alarm(deployed, "OK"):
        seen = codes(doctor("--only", "aws", "--json"), ok=True)
    assert seen["alarms_quiet"] == 1


def test_the_writer_is_examined_without_its_secret(
    deployed: Deployed, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operators' policy leaves the writer's secret out, so the directory is asked."""

    class Withheld(Secret):
        def __call__(self) -> str:
            if "writer" in repr(self):
                raise Transient("AWS answered AccessDeniedException")
            return super().__call__()

    monkeypatch.setattr(vendors, "Secret", Withheld)
    seen = codes(doctor("--only", "entra", "--json"), ok=True)
    assert seen["entra_granted"] == 9
    assert seen["entra_signs_in"] == 1
    assert seen["role_none"] == 2
    with role(deployed, WRITER, "Global Administrator"):
        assert codes(doctor("--only", "entra", "--json"))["role_outranks"] == 1
    # Without the right to read applications neither is told, and nothing is guessed.
    with permission(deployed, READER, "Application.Read.All", taken=True):
        blind = codes(doctor("--only", "entra", "--json"))
    assert blind["entra_not_told"] == 1
    assert blind["role_unread"] >= 1


def elsewhere(connection: Connection, **outputs: str) -> Connection:
    """The same stack, with other outputs."""
    return replace(connection, outputs={**connection.outputs, **outputs})


@pytest.mark.parametrize(
    ("side", "unreachable"),
    [
        ("okta", {"EntraAuthority": NOWHERE, "GraphRoot": NOWHERE}),
        ("entra", {"OktaOrgUrl": NOWHERE}),
        ("aws", {"EntraAuthority": NOWHERE, "GraphRoot": NOWHERE, "OktaOrgUrl": NOWHERE}),
    ],
)
def test_one_side_while_the_others_are_out_of_reach(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, side: str, unreachable: dict[str, str]
) -> None:
    everything = codes(doctor("--only", side, "--json"), ok=True)
    found = elsewhere(doctor_command.connect(None, None), **unreachable)
    monkeypatch.setattr(doctor_command, "connect", lambda *_: found)
    assert codes(doctor("--only", side, "--json"), ok=True) == everything


@pytest.mark.parametrize("side", ["okta", "entra"])
def test_a_vendor_out_of_reach_is_unknown_and_no_crash(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    names = {"okta": ("OktaOrgUrl",), "entra": ("EntraAuthority", "GraphRoot")}[side]
    found = elsewhere(doctor_command.connect(None, None), **dict.fromkeys(names, NOWHERE))
    monkeypatch.setattr(doctor_command, "connect", lambda *_: found)
    result = doctor("--only", side, "--json")
    findings = json.loads(result.stdout)["findings"]
    # How far the log was read stands in the table.
    severities = {each["severity"] for each in findings if each["code"] != "log_read"}
    assert severities <= {"unknown", "note"}
    assert result.exit_code == 3
    assert json.loads(result.stdout)["worst"] == "unknown"


# -- as a process


def test_as_a_person_runs_it(deployed: Deployed, tmp_path: Path) -> None:
    write_state(deployed.sandbox, tmp_path)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ops", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "TERM": "dumb"},
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )

    done = run("doctor", "--only", "aws")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the check dead-letter queue is empty" in done.stdout
    assert run("hook", "status").returncode == 0
    assert run("doctor", "--only", "moon").returncode == 2
    assert run("doctor", "--only", "aws", "--prove-touch", "x@corp.example").returncode == 2
    helped = " ".join(run("doctor", "--help").stdout.split())
    assert "0 nothing to do, 1 warning, 3 something could not be told, 2 problem" in helped
