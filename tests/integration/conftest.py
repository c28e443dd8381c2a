"""The deployed shape, started once for this folder: hook over HTTP, queues, functions.

The functions run in processes of their own; moto keeps one state per process, so the shape ends
where the folder ends.

Every test takes people of its own from the world, so that none depends on another's leftovers.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

from lib.incident import Incident, Status
from lib.model import Attribute, Subject, TouchProof
from lib.store.records import SubjectState
from lib.store.table import Table
from lib.times import utc_now
from sandbox.run import Sandbox
from sandbox.world import DEMO, load_world
from tests.integration.doctoring import doctor, facts_as_they_were
from tests.integration.staff import staff
from tests.permissions.seen import Seen

__all__ = ["doctor", "facts_as_they_were"]

PATIENCE = 90.0
GRAPH_APP = "0oaMicrosoft365Graph"
SYNC_APP = "0oaMicrosoft365Syncd"


class Deployed:
    """What tests do with the running shape."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.cloud, self.org, self.tenant = sandbox.cloud, sandbox.org, sandbox.tenant
        resource = boto3.resource(
            "dynamodb",
            endpoint_url=self.cloud.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.table = Table(resource.meta.client, self.cloud.outputs["TableName"])

    def subject(self, person: str, app: str = GRAPH_APP) -> Subject:
        okta = self.sandbox.world.person(person).okta
        assert okta is not None
        return Subject(app, okta.id)

    def state(self, subject: Subject) -> SubjectState:
        return self.table.subjects([subject])[subject]

    def settle(self) -> None:
        assert self.sandbox.settled(PATIENCE), self.cloud.backlog()

    def incident(self, person: str, attribute: Attribute, app: str = GRAPH_APP) -> Incident:
        """The open incident, after everything came to rest."""
        self.settle()
        state = self.state(self.subject(person, app))
        assert attribute in state.open, f"{person} has no incident about {attribute}"
        found = self.table.incident(state.open[attribute])
        assert found is not None
        return found

    def again(self, incident: Incident) -> Incident:
        found = self.table.incident(incident.id)
        assert found is not None
        return found

    def becomes(self, incident: Incident, status: Status) -> Incident:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            now = self.again(incident)
            if now.status is status:
                return now
            time.sleep(0.1)
        raise AssertionError(f"{now.status} instead of {status}")

    def pages(self, incident: Incident) -> list[str]:
        """The kinds of news that on-call got of an incident, in order.

        A page is sent at least once; what receivers drop by its key is dropped here.
        """
        told: dict[str, str] = {}
        for page in self.cloud.pages():
            attributes = page["MessageAttributes"]
            if attributes["incident"]["Value"] == incident.id:
                told.setdefault(attributes["dedup_key"]["Value"], attributes["news"]["Value"])
        return list(told.values())


@pytest.fixture(scope="package")
def deployed(request: pytest.FixtureRequest) -> Iterator[Deployed]:
    text = DEMO.read_text()
    # Bucket sizes of an org that bought more: these tests do in minutes what takes a day.
    text = re.sub(
        r"rate_limits: \{.*\}",
        "rate_limits: {apps: 3000, users: 3000, logs: 3000, other: 3000}",
        text,
    )
    text = text.replace("\ngroups:\n", staff() + "\ngroups:\n")
    # Tests count calls, so what runs by itself is run by the test that is about it.
    sandbox = Sandbox(load_world(text), every={"CatchUpFunction": 0, "TickFunction": 0})
    seen = Seen(sandbox)
    with sandbox:
        found = Deployed(sandbox)
        for app in (GRAPH_APP, SYNC_APP):
            # As doctor leaves it; test_doctor_touch.py proves one for real.
            proof = TouchProof(app, "department", "00uProvedByTheDoctor", utc_now(), "uuid", 0.2)
            found.table.record_touch_proof(proof)
        yield found
        if has_every_file(request.session):
            # Else what follows would hold of nothing.
            assert len(sandbox.cloud.logs.lines()) > 20
            assert len(seen.calls) > 10
        secrets_and_values_stay_out_of_logs(sandbox)
        tokens_are_reused(sandbox)
        every_call_is_one_of_the_pages(seen)


def has_every_file(session: pytest.Session) -> bool:
    """Whether all of this folder's files run, and not only what somebody is at work on."""
    folder = Path(__file__).parent
    return set(folder.glob("test_*.py")) <= {item.path for item in session.items}


def every_call_is_one_of_the_pages(seen: Seen) -> None:
    """docs/permissions.md, over everything that every test of this folder made anybody call."""
    assert seen.unlisted() == set()
    assert seen.beyond == set()


def tokens_are_reused(sandbox: Sandbox) -> None:
    """At most one sign-in for each process and application, however many invocations there were.

    Device sign-ins of people are counted by their own route and their polls end the same way.
    """
    signed_in = sandbox.tenant.calls["POST /{tenant}/oauth2/v2.0/token"]
    polls = sandbox.tenant.calls["POST /{tenant}/oauth2/v2.0/devicecode"]
    assert signed_in - polls <= 2 * len(sandbox.cloud.process_ids())


def secrets_and_values_stay_out_of_logs(sandbox: Sandbox) -> None:
    """Over everything that every test of this folder made the functions say."""
    text = sandbox.cloud.logs.text()
    found = {
        "phone": re.findall(r"\+1 202 555|\+44 7700|20255501\d\d", text),
        "mail": re.findall(r"[\w.]+@(?:corp|example)\.\w+", text),
        "secret": [
            secret
            for secret in (
                sandbox.okta_token,
                sandbox.administrator_token,
                sandbox.cloud.secret("HookSecret"),
                *(identity.secret for identity in sandbox.world.identities if identity.secret),
            )
            if secret in text
        ],
    }
    assert found == {"phone": [], "mail": [], "secret": []}


@pytest.fixture
def approve(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict]:
    """Signs as one of the sandbox's operators; the answer, or the refusal's sentence."""
    from ops import approvals
    from ops.connection import Connection, Refusal

    def send(who: str, **body: object) -> dict:
        identity = deployed.sandbox.operators[who]
        for name, value in deployed.cloud.environment(identity).items():
            monkeypatch.setenv(name, value)
        connection = Connection("sandbox", deployed.cloud.outputs, is_sandbox=True)
        try:
            return approvals.send(connection, body)
        except Refusal as refusal:
            return {"refused": refusal.message}

    return send
