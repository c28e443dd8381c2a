"""Okta's article, line by line, with our commands and functions instead of its manual steps.

The article: *Unable To Sync Sensitive Attributes From Okta To Microsoft Office 365*.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests

from lib.entra_sign_in import DevicePrompt
from lib.errors import Refused
from lib.incident import CauseName, Certainty, Incident, Status, StepKind
from lib.model import Attribute
from lib.times import utc_now
from lib.wiring.common import graph
from ops.bypass_command import run_check, take_preview
from ops.bypass_run import run_disable, run_enable, what_is_known
from ops.connection import Connection
from ops.vendors import environment
from ops.write_command import run_write
from tests.integration.conftest import SYNC_APP, Deployed

MOBILE, MAILS, _ENABLED = Attribute
MESSAGE = "Insufficient privileges to complete the operation."
OUTRANKS = "privileged.auth.admin@corp.example"
GLOBAL_ADMIN = "tenant.admin@corp.example"
USER_ADMIN = "user.admin@corp.example"

Approve = Callable[..., dict[str, Any]]


@pytest.fixture
def connection(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Connection:
    identity = deployed.sandbox.operators["first.operator"]
    for variable, value in deployed.cloud.environment(identity).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(deployed.sandbox.ca_file))
    return Connection("sandbox", deployed.cloud.outputs, is_sandbox=True)


def signing_in(deployed: Deployed, account: str) -> Callable[[DevicePrompt], None]:
    """What a person does with the code that a command shows."""

    def show(prompt: DevicePrompt) -> None:
        answer = requests.post(
            prompt.verification_uri,
            data={"code": prompt.user_code, "account": account, "answer": "continue"},
            verify=str(deployed.sandbox.ca_file),
            timeout=10,
        )
        assert answer.status_code == 200

    return show


def agree(approve: Approve, incident: Incident, *people: str) -> list[dict[str, Any]]:
    asked = {"action": "approve", "incident": incident.id, "digest": incident.plan.digest}
    return [approve(who, **asked) for who in people]


def test_one_the_symptom_success_without_a_change_and_a_refused_patch(
    deployed: Deployed, connection: Connection, approve: Approve
) -> None:
    """An administrator's value differs although the push says success; a direct PATCH is refused;
    whoever outranks the target writes it.
    """
    deployed.org.set_user_profile("global.admin", {"otherMails": ["runbook@example.net"]})
    found = deployed.incident("global.admin", MAILS)
    pushed = [e.fact for cause in found.causes for e in cause.evidence]
    assert found.lead.name is CauseName.PRIVILEGED_TARGET
    assert found.lead.certainty is Certainty.CONFIRMED
    assert found.plan.link is not None
    with pytest.raises(Refused, match=MESSAGE):
        graph(environment(connection), "WRITER").patch_user(
            found.plan.link.object_id, {MAILS: ("runbook@example.net",)}
        )
    assert pushed
    agree(approve, found, "first.operator", "second.operator")
    always = lambda _incident, _step: True  # noqa: E731
    waiting = deployed.becomes(found, Status.WAITING_PERSON)
    assert run_write(connection, waiting, always, signing_in(deployed, USER_ADMIN)) == 3
    said = [entry.detail for entry in deployed.table.timeline(found.id)]
    assert any(MESSAGE in detail for detail in said)
    waiting = deployed.again(found)
    assert run_write(connection, waiting, always, signing_in(deployed, OUTRANKS)) == 0
    deployed.becomes(found, Status.RESOLVED)


def test_two_to_four_rule_out_the_ordinary_set_the_flag_push_again_and_prove(
    deployed: Deployed, connection: Connection, approve: Approve
) -> None:
    deployed.org.set_user_profile("synced.override", {"mobilePhone": "+1 202 555 0179"})
    member = deployed.incident("synced.override", MOBILE, SYNC_APP)
    assert member.lead.name is CauseName.DIRSYNC_OVERRIDE
    flag = deployed.table.incident(member.parent)
    assert flag is not None
    as_admin = signing_in(deployed, GLOBAL_ADMIN)

    # 3. The mapping, the app's administrator, the System Log: checked and recorded.
    assert run_enable(connection, lambda _: True, as_admin) == 3
    assert not deployed.tenant.bypass_enabled
    assert run_check(connection, connector_is_global_admin=True, show=as_admin) == 0
    checks = what_is_known(connection).checks
    assert checks is not None
    assert checks.passed

    # 4. GET, PATCH, GET, after a preview that somebody else approved.
    take_preview(connection, as_admin)
    assert run_enable(connection, lambda _: True, as_admin) == 3
    flag = deployed.again(flag)
    (given,) = agree(approve, flag, "second.operator")
    assert given["outcome"] == "approved"
    before = dict(deployed.tenant.calls)
    assert run_enable(connection, lambda _: True, signing_in(deployed, USER_ADMIN)) == 3
    assert not deployed.tenant.bypass_enabled
    assert run_enable(connection, lambda _: True, as_admin) == 0
    assert deployed.tenant.bypass_enabled
    patches = [name for name in deployed.tenant.calls if name.startswith("PATCH /v1.0/directory")]
    assert patches
    assert any(deployed.tenant.calls[name] > before.get(name, 0) for name in patches)

    # The flag alone changes nothing: the assignment is changed, so that Okta pushes.
    deployed.settle()
    alone = deployed.becomes(member, Status.WAITING_APPROVAL)
    assert [step.kind for step in alone.plan.steps] == [StepKind.OKTA_TOUCH]
    agree(approve, alone, "first.operator")
    deployed.becomes(member, Status.RESOLVED)
    assert deployed.tenant.get_user("synced.override").mobile_phone == "+1 202 555 0179"

    # And the way back.
    assert run_disable(connection, lambda _: True, as_admin) == 0
    assert not deployed.tenant.bypass_enabled
    now = utc_now()
    told = deployed.table.audit(now - timedelta(hours=1), now + timedelta(minutes=1))
    actions = [record.detail for record in told]
    assert {"bypass_enabled", "bypass_disabled"} <= set(actions)
