"""What the doctor tests share: the command as an operator runs it, and ways to break a world."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from lib.okta_sign_in import READ, TOUCH
from lib.rules.causes import BypassFact
from lib.store import keys
from lib.times import to_text, utc_now
from ops import doctor_command
from ops.connection import Connection
from ops.doctor.proof_record import KEY
from ops.doctor.visit import Visit
from ops.vendors import ADMIN_TOKEN
from sandbox.okta.state import AppMapping
from sandbox.world_model import OktaClient
from tests.fakes.keys import private_pem, public_pem, rsa_key

if TYPE_CHECKING:
    from tests.integration.conftest import Deployed

CLIENT = "0oaPushproofService00"
READER_ROLES = ("READ_ONLY_ADMIN", "APP_ADMIN")
GRAPH_APP = "0oaMicrosoft365Graph"
SYNC_APP = "0oaMicrosoft365Syncd"
SIGN_IN = "POST /{tenant}/oauth2/v2.0/token"

Doctor = Callable[..., Result]
Codes = Counter[str]


@pytest.fixture
def doctor(deployed: Deployed, facts_as_they_were: None, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Runs the command as an operator; every output is looked through for secrets and values."""
    identity = deployed.sandbox.operators["first.operator"]
    for variable, value in deployed.cloud.environment(identity).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv(ADMIN_TOKEN, deployed.sandbox.administrator_token)
    # No schedule runs here.
    assert deployed.cloud.invoke("CatchUpFunction", {}).error is None
    deployed.settle()
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
    secrets = [sandbox.okta_token, sandbox.administrator_token, deployed.cloud.secret("HookSecret")]
    secrets += [each.secret for each in sandbox.world.identities if each.secret]
    assert [secret for secret in secrets if secret in said] == []
    assert re.findall(r"eyJ[\w-]{8}|Bearer |SSWS ", said) == []
    assert re.findall(r"[\w.]+@[\w.]+|\+1 202|\+44 7700", said) == []


def codes(result: Result, *, ok: bool = False) -> Codes:
    told = json.loads(result.stdout)["findings"]
    return Counter(each["code"] for each in told if ok or each["severity"] != "ok")


@pytest.fixture
def facts_as_they_were(deployed: Deployed) -> Iterator[None]:
    """The flag's answer and the proofs belong to other tests as well."""
    deployed.settle()
    flag = deployed.table.bypass_fact()
    proofs = {app: deployed.table.touch_proof(app) for app in (GRAPH_APP, SYNC_APP)}
    forget(deployed)
    yield
    forget(deployed)
    if flag:
        deployed.table.record_bypass(flag)
    for proof in proofs.values():
        if proof:
            deployed.table.record_touch_proof(proof)
    deployed.settle()


def forget(deployed: Deployed) -> None:
    remove(deployed, keys.fact("bypass"))
    for app in (GRAPH_APP, SYNC_APP):
        remove(deployed, {"pk": KEY, "sk": app})


def remove(deployed: Deployed, key: dict[str, str]) -> None:
    typed = {part: {"S": value} for part, value in key.items()}
    table = deployed.cloud.outputs["TableName"]
    deployed.cloud.client("dynamodb").delete_item(TableName=table, Key=typed)


@contextmanager
def hook_switched_off(deployed: Deployed) -> Iterator[None]:
    hooks = deployed.org.hooks
    (only,) = hooks.all()
    hooks.set_active(only.id, False)
    try:
        yield
    finally:
        hooks.set_active(only.id, True)


@contextmanager
def app(deployed: Deployed, **changes: Any) -> Iterator[None]:
    apps = deployed.org.state.apps
    before = apps[GRAPH_APP]
    apps[GRAPH_APP] = replace(before, **changes)
    try:
        yield
    finally:
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
    try:
        yield
    finally:
        faults.clear()


@contextmanager
def secret(deployed: Deployed, logical_id: str, value: str) -> Iterator[None]:
    before = deployed.cloud.secret(logical_id)
    deployed.cloud.put_secret(logical_id, value)
    try:
        yield
    finally:
        deployed.cloud.put_secret(logical_id, before)


@contextmanager
def role(deployed: Deployed, who: str, given: str, *, eligible: bool = False) -> Iterator[None]:
    (deployed.tenant.make_eligible if eligible else deployed.tenant.assign_role)(who, given)
    try:
        yield
    finally:
        deployed.tenant.remove_role(who, given)


@contextmanager
def permission(deployed: Deployed, who: str, given: str, *, taken: bool = False) -> Iterator[None]:
    known = deployed.tenant._identities
    before = deployed.sandbox.world.identity(who)
    names = set(before.permissions)
    names = names - {given} if taken else names | {given}
    known[before.client_id] = replace(before, permissions=tuple(sorted(names)))
    try:
        yield
    finally:
        known[before.client_id] = before


@contextmanager
def flag(deployed: Deployed, enabled: bool, days: int) -> Iterator[None]:
    deployed.table.record_bypass(BypassFact(enabled, utc_now() - timedelta(days=days), "a test"))
    yield


@contextmanager
def dead_letter(deployed: Deployed) -> Iterator[None]:
    sqs, url = deployed.cloud.client("sqs"), deployed.cloud.outputs["CheckDeadLetterQueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    try:
        yield
    finally:
        sqs.purge_queue(QueueUrl=url)


@contextmanager
def parked(deployed: Deployed) -> Iterator[None]:
    now = utc_now()
    deployed.table.park("doctor-test", "a test", "{}", now)
    try:
        yield
    finally:
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
    try:
        yield
    finally:
        cloudwatch.delete_alarms(AlarmNames=["pushproof-test"])


@contextmanager
def hook_without(deployed: Deployed) -> Iterator[None]:
    """Somebody took an event type out by hand."""
    hooks = deployed.org.hooks
    (only,) = hooks.all()
    body = only.json("")
    body["events"] = {"items": only.json("")["events"]["items"][1:], "filter": None}
    hooks.put(only.id, body)
    try:
        yield
    finally:
        hooks.set_active(only.id, False)
        hooks.delete(only.id)
        deployed.sandbox.register_hook()


@contextmanager
def token_roles(deployed: Deployed, *roles: str) -> Iterator[None]:
    """Of the administrator who made the stack's API token."""
    owners = deployed.org.owners
    token_id = next(iter(owners))
    before = owners[token_id]
    owners[token_id] = replace(before, roles=roles)
    try:
        yield
    finally:
        owners[token_id] = before


@contextmanager
def skewed(_: Deployed, seconds: float) -> Iterator[None]:
    """This machine's clock is so much ahead."""
    with pytest.MonkeyPatch.context() as patch:
        ahead = partial(Visit, clock=lambda: utc_now() + timedelta(seconds=seconds))
        patch.setattr(doctor_command, "Visit", ahead)
        yield


@contextmanager
def service_app(
    deployed: Deployed,
    scopes: tuple[str, ...] = (*READ, TOUCH),
    *,
    dpop: bool = True,
    roles: tuple[str, ...] = READER_ROLES,
) -> Iterator[None]:
    """The stack signs in to Okta as this."""
    clients = deployed.org.oauth.clients
    clients[CLIENT] = OktaClient("x", CLIENT, public_pem(rsa_key()), scopes, dpop, roles)
    given = {"client_id": CLIENT, "private_key": private_pem(rsa_key()), "key_id": "k1"}
    try:
        with secret(deployed, "OktaSecret", json.dumps(given)):
            yield
    finally:
        del clients[CLIENT]
