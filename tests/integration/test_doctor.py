"""pushproof doctor against the running shape: worlds each broken in one way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lib.aws import Secret
from lib.errors import Transient
from lib.rules.causes import BypassFact
from lib.store import keys
from lib.times import to_text, utc_now
from ops import doctor_command, vendors
from ops.connection import Connection
from ops.doctor.proof_record import KEY
from ops.doctor.touch_proof import TouchTrial
from ops.doctor.visit import Visit
from ops.sandbox_command import write_state
from sandbox.okta.state import AppMapping
from tests.integration.conftest import GRAPH_APP, SYNC_APP, Deployed
from tests.integration.staff import name

ROOT = Path(__file__).resolve().parents[2]
# What the demonstration's world is meant to show; everything else there is well.
DEMONSTRATION = {
    "hook_unfiltered",
    "app_attribute_absent",
    "touch_unproved",
    "connector_lacks",
    "flag_unknown",
    "alarms_simulated",
}

SIGN_IN = "POST /{tenant}/oauth2/v2.0/token"

Doctor = Callable[..., Result]
Codes = Counter[str]


@pytest.fixture
def doctor(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Runs the command as an operator; every output is looked through for secrets and values."""
    identity = deployed.sandbox.operators["first.operator"]
    for variable, value in deployed.cloud.environment(identity).items():
        monkeypatch.setenv(variable, value)
    found = Connection("sandbox", deployed.cloud.outputs, is_sandbox=True)
    monkeypatch.setattr(doctor_command, "connect", lambda *_: found)

    def run(*arguments: str) -> Result:
        calls = deployed.tenant.calls
        before = calls[SIGN_IN]
        result = CliRunner().invoke(doctor_command.doctor, arguments, catch_exceptions=False)
        # Every run of the command signs in; the functions' own sign-ins are counted elsewhere.
        calls[SIGN_IN] = before
        nothing_private(deployed, result.output)
        return result

    return run


def nothing_private(deployed: Deployed, said: str) -> None:
    sandbox = deployed.sandbox
    secrets = [sandbox.okta_token, deployed.cloud.secret("HookSecret")]
    secrets += [each.secret for each in sandbox.world.identities if each.secret]
    assert [secret for secret in secrets if secret in said] == []
    assert re.findall(r"eyJ[\w-]{8}|Bearer |SSWS ", said) == []
    assert re.findall(r"[\w.]+@[\w.]+|\+1 202|\+44 7700", said) == []


def codes(result: Result, *, ok: bool = False) -> Codes:
    told = json.loads(result.stdout)["findings"]
    return Counter(each["code"] for each in told if ok or each["severity"] != "ok")


@pytest.fixture(autouse=True)
def facts_as_they_were(deployed: Deployed) -> Iterator[None]:
    """The flag's answer and the proofs belong to other tests as well."""
    deployed.settle()
    flag = deployed.table.bypass_fact()
    remove(deployed, keys.fact("bypass"))
    yield
    remove(deployed, keys.fact("bypass"))
    if flag:
        deployed.table.record_bypass(flag)
    for app in (GRAPH_APP, SYNC_APP):
        remove(deployed, {"pk": KEY, "sk": app})
    deployed.settle()


def remove(deployed: Deployed, key: dict[str, str]) -> None:
    typed = {part: {"S": value} for part, value in key.items()}
    table = deployed.cloud.outputs["TableName"]
    deployed.cloud.client("dynamodb").delete_item(TableName=table, Key=typed)


def test_the_demonstration_is_well_but_for_what_it_shows(doctor: Doctor) -> None:
    result = doctor("--json")
    assert set(codes(result)) == DEMONSTRATION
    assert result.exit_code == 3  # the tenant's flag is unknown
    seen = codes(result, ok=True)
    assert seen["entra_granted"] == 8
    assert seen["role_none"] == 2
    assert seen["clock_agrees"] == 3
    assert seen["dlq_empty"] == 2
    assert seen["secret_present"] == 4
    assert seen["okta_reads"] == 13


def test_people_get_a_line_each_with_its_remedy(doctor: Doctor) -> None:
    result = doctor()
    lines = result.output.splitlines()
    assert "Entra roles" in lines
    (said,) = [line for line in lines if "does not hold Global Administrator" in line]
    assert said.split()[0] == "warning"
    assert "→" in said
    assert "3 warning" in lines[-1]


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


# -- worlds that are broken in one way


@contextmanager
def hook_switched_off(deployed: Deployed) -> Iterator[None]:
    hooks = deployed.org.hooks
    (only,) = hooks.all()
    hooks.set_active(only.id, False)
    yield
    hooks.set_active(only.id, True)


@contextmanager
def app(deployed: Deployed, **changes: Any) -> Iterator[None]:
    apps = deployed.org.state.apps
    before = apps[GRAPH_APP]
    apps[GRAPH_APP] = replace(before, **changes)
    yield
    apps[GRAPH_APP] = before


def mapped(deployed: Deployed, attribute: str, mapping: AppMapping | None) -> Any:
    rules = {**deployed.org.state.apps[GRAPH_APP].mappings, attribute: mapping}
    return app(deployed, mappings={name: rule for name, rule in rules.items() if rule})


def without_feature(deployed: Deployed, feature: str) -> Any:
    return app(deployed, features=deployed.org.state.apps[GRAPH_APP].features - {feature})


@contextmanager
def fault(deployed: Deployed, vendor: str, route: str, status: int) -> Iterator[None]:
    faults = {"okta": deployed.org, "entra": deployed.tenant}[vendor].faults
    faults.add(route, status=status, times=9)
    yield
    faults.clear()


@contextmanager
def secret(deployed: Deployed, logical_id: str, value: str) -> Iterator[None]:
    before = deployed.cloud.secret(logical_id)
    deployed.cloud.put_secret(logical_id, value)
    yield
    deployed.cloud.put_secret(logical_id, before)


@contextmanager
def role(deployed: Deployed, who: str, given: str, *, eligible: bool = False) -> Iterator[None]:
    (deployed.tenant.make_eligible if eligible else deployed.tenant.assign_role)(who, given)
    yield
    deployed.tenant.remove_role(who, given)


@contextmanager
def permission(deployed: Deployed, who: str, given: str, *, taken: bool = False) -> Iterator[None]:
    known = deployed.tenant._identities
    before = deployed.sandbox.world.identity(who)
    names = set(before.permissions)
    names = names - {given} if taken else names | {given}
    known[before.client_id] = replace(before, permissions=tuple(sorted(names)))
    yield
    known[before.client_id] = before


@contextmanager
def flag(deployed: Deployed, enabled: bool, days: int) -> Iterator[None]:
    deployed.table.record_bypass(BypassFact(enabled, utc_now() - timedelta(days=days), "a test"))
    yield


@contextmanager
def dead_letter(deployed: Deployed) -> Iterator[None]:
    sqs, url = deployed.cloud.client("sqs"), deployed.cloud.outputs["CheckDeadLetterQueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    yield
    sqs.purge_queue(QueueUrl=url)


@contextmanager
def parked(deployed: Deployed) -> Iterator[None]:
    now = utc_now()
    deployed.table.park("doctor-test", "a test", "{}", now)
    yield
    remove(deployed, keys.parked(to_text(now), "doctor-test"))


@contextmanager
def alarm(deployed: Deployed, state: str) -> Iterator[None]:
    cloudwatch = deployed.cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="pushproof-test",
        AlarmActions=[deployed.cloud.outputs["TopicArn"]],
        Namespace="AWS/SQS",
        MetricName="x",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName="pushproof-test", StateValue=state, StateReason="a test")
    yield
    cloudwatch.delete_alarms(AlarmNames=["pushproof-test"])


CREATE_ONLY = AppMapping("user.mobilePhone", "DONT_PUSH")
EXPRESSION = AppMapping("user.mobilePhone == null ? '' : user.mobilePhone", "PUSH")
DEPARTMENT = AppMapping("user.department", "PUSH")
READER, WRITER = "reader", "writer"
Break = Callable[[Deployed], Any]


@pytest.mark.parametrize(
    ("side", "broken", "gained", "exit_code"),
    [
        ("okta", hook_switched_off, {"hook_inactive"}, 2),
        ("okta", lambda d: mapped(d, "mobilePhone", None), {"app_unmapped"}, 2),
        ("okta", lambda d: mapped(d, "mobilePhone", CREATE_ONLY), {"app_create_only"}, 2),
        ("okta", lambda d: mapped(d, "mobilePhone", EXPRESSION), {"app_expression"}, 1),
        ("okta", lambda d: mapped(d, "department", DEPARTMENT), {"touch_mapped"}, 2),
        ("okta", lambda d: without_feature(d, "PUSH_PROFILE_UPDATES"), {"app_feature_off"}, 2),
        ("okta", lambda d: without_feature(d, "PUSH_USER_DEACTIVATION"), {"app_feature_off"}, 2),
        ("okta", lambda d: fault(d, "okta", "GET /api/v1/logs", 403), {"okta_refused"}, 2),
        ("okta", lambda d: fault(d, "okta", "GET /api/v1/logs", 500), {"okta_not_told"}, 3),
        ("okta", lambda d: fault(d, "okta", "GET /api/v1/eventHooks", 403), {"hook_unread"}, 3),
        (
            "okta",
            lambda d: secret(d, "OktaSecret", "revoked"),
            {"okta_no_token", "hook_unread", "app_unread"},
            2,
        ),
        ("entra", lambda d: secret(d, "EntraWriterSecret", "wrong"), {"entra_no_sign_in"}, 2),
        ("entra", lambda d: permission(d, READER, "Mail.Read"), {"entra_not_needed"}, 3),
        (
            "entra",
            lambda d: permission(d, READER, "Directory.ReadWrite.All"),
            {"entra_reader_writes"},
            2,
        ),
        (
            "entra",
            lambda d: permission(d, WRITER, "User.ReadWrite.All"),
            {"entra_writer_too_broad"},
            2,
        ),
        (
            "entra",
            lambda d: permission(d, READER, "GroupMember.Read.All", taken=True),
            {"entra_missing"},
            2,
        ),
        (
            "entra",
            lambda d: permission(d, WRITER, "User-Mail.ReadWrite.All", taken=True),
            {"entra_unmendable"},
            3,
        ),
        ("entra", lambda d: role(d, WRITER, "Global Administrator"), {"role_outranks"}, 2),
        ("entra", lambda d: role(d, WRITER, "User Administrator"), {"role_outranks"}, 2),
        (
            "entra",
            lambda d: role(d, READER, "Global Administrator", eligible=True),
            {"role_outranks"},
            2,
        ),
        ("entra", lambda d: role(d, WRITER, "Reports Reader"), {"role_held"}, 3),
        ("aws", dead_letter, {"dlq_holds"}, 2),
        ("aws", parked, {"parked_some"}, 1),
        ("aws", lambda d: alarm(d, "ALARM"), {"alarm_raised"}, 2),
    ],
)
def test_a_world_broken_in_one_way(
    deployed: Deployed,
    doctor: Doctor,
    side: str,
    broken: Break,
    gained: set[str],
    exit_code: int,
) -> None:
    before = codes(doctor("--only", side, "--json"))
    with broken(deployed):
        result = doctor("--only", side, "--json")
    assert set(codes(result) - before) - {"role_unread"} == gained
    assert result.exit_code == exit_code
    # And it is not said of a world that is mended again.
    assert codes(doctor("--only", side, "--json")) == before


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
    assert seen["entra_granted"] == 8
    assert seen["entra_signs_in"] == 1
    assert seen["role_none"] == 2
    with role(deployed, WRITER, "Global Administrator"):
        assert codes(doctor("--only", "entra", "--json"))["role_outranks"] == 1
    # Without the right to read applications neither is told, and nothing is guessed.
    with permission(deployed, READER, "Application.Read.All", taken=True):
        blind = codes(doctor("--only", "entra", "--json"))
    assert blind["entra_not_told"] == 1
    assert blind["role_unread"] >= 1


# -- proving the touch


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Visit.trial

    def trial(visit: Visit) -> TouchTrial:
        found = made(visit)
        found._longest, found._pause = 3.0, 0.3
        return found

    monkeypatch.setattr(Visit, "trial", trial)


def prove(doctor: Doctor, person: str) -> Result:
    return doctor("--prove-touch", f"{person}@corp.example", "--yes", "--json")


@pytest.mark.usefixtures("quick")
def test_a_touch_is_proved_and_then_known(deployed: Deployed, doctor: Doctor) -> None:
    person = name(57)
    before = dict(deployed.org.app_user(person, GRAPH_APP).profile)
    values = deployed.tenant.get_user(person)
    result = prove(doctor, person)
    assert codes(result, ok=True) == Counter({"proof_recorded": 1})
    assert result.exit_code == 0
    deployed.settle()
    assert deployed.org.app_user(person, GRAPH_APP).profile == before
    after = deployed.tenant.get_user(person)
    assert (after.mobile_phone, after.other_mails) == (values.mobile_phone, values.other_mails)
    assert not deployed.state(deployed.subject(person)).open
    seen = codes(doctor("--only", "okta", "--json"), ok=True)
    assert seen["touch_ready"] == 1
    assert seen["touch_unproved"] == 1, "the other app was not proved"


@pytest.mark.usefixtures("quick")
def test_a_touch_that_is_not_pushed_is_not_recorded(deployed: Deployed, doctor: Doctor) -> None:
    person = name(58)
    deployed.org.suppress_push(person, "lost")
    result = prove(doctor, person)
    assert "proof_no_push" in codes(result)
    assert result.exit_code == 2
    assert codes(doctor("--only", "okta", "--json"))["touch_unproved"] == 2


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "person", ["global.admin", "eligible.admin", "group.member", "nobody.at.all"]
)
def test_nobody_who_matters_is_touched(deployed: Deployed, doctor: Doctor, person: str) -> None:
    route = "POST /api/v1/apps/{app}/users/{user}"
    before = deployed.org.calls[route]
    result = prove(doctor, person)
    assert codes(result) == Counter({"proof_impossible": 1})
    assert deployed.org.calls[route] == before


def test_it_asks_before_it_touches(deployed: Deployed, doctor: Doctor) -> None:
    route = "POST /api/v1/apps/{app}/users/{user}"
    before = deployed.org.calls[route]
    assert doctor("--prove-touch", f"{name(57)}@corp.example").exit_code == 1
    assert deployed.org.calls[route] == before


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
