"""What the demonstration needs of the sandbox: to wait, to approve, to sign in, to show."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import boto3
import requests
from rich.console import Console
from rich.text import Text

from lib.entra_sign_in import DevicePrompt
from lib.errors import NotDone
from lib.incident import Incident, Status
from lib.model import Attribute, Subject
from lib.okta import Okta
from lib.okta_sign_in import READ, TOUCH
from lib.store.records import SubjectState
from lib.store.table import Table
from lib.times import utc_now
from lib.wiring.common import graph, okta_http
from ops import approvals, render, vendors
from ops.bypass_command import run_check, take_preview
from ops.connection import Connection, Refusal
from ops.doctor.proof_record import ProofRecord
from ops.doctor.touch_proof import TouchTrial
from ops.write_command import run_write
from sandbox.run import Sandbox

# Longer than two of Okta's windows of a minute: whoever meets its limit waits for the next.
PATIENCE = 150.0
# Lines, when the story went wrong.
TROUBLES = 20
_WARNS = re.compile(r'"level": ?"(?:WARNING|ERROR|CRITICAL)"|Traceback|Task timed out')

T = TypeVar("T")


class WentWrong(Exception):
    """The story did not go as told; the message says where."""


def patiently(
    command: Callable[[], T],
    tell: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Whoever meets Okta's limit waits for its next window, and gives the command again, once."""
    try:
        return command()
    except NotDone as error:
        wait = error.retry_after or 1.0
        tell(f"{error}: again in {wait:.0f} s")
        sleep(wait + 1)
    try:
        return command()
    except NotDone as error:
        raise WentWrong(str(error)) from None


class Stage:
    def __init__(self, sandbox: Sandbox, console: Console) -> None:
        self.sandbox, self.console = sandbox, console
        self.connection = Connection("sandbox", sandbox.cloud.outputs, is_sandbox=True)
        self.become("first.operator")
        self.table: Table = self.connection.table()
        self._pages_told = 0

    # -- telling ----------------------------------------------------------------------------

    def act(self, title: str, *lines: str) -> None:
        self.console.print()
        self.console.rule(Text(title, "bold"), align="left")
        for line in lines:
            self.say(line)

    def say(self, line: str) -> None:
        self.console.print(line, markup=False)

    def step(self, line: str) -> None:
        self.console.print(Text(f"  ▸ {line}", "cyan"))

    def show(self, incident: Incident, *, reveal: bool = False) -> None:
        timeline = self.table.timeline(incident.id)
        given = self.table.approvals(incident.id)
        self.console.print(render.incident_view(incident, timeline, given, reveal=reveal))

    def troubles(self) -> None:
        """Prints what the functions warned of last, for whoever has to find out why."""
        said = [line for line in self.sandbox.cloud.logs.lines() if _WARNS.search(line)]
        for line in said[-TROUBLES:]:
            self.say(line)

    def pages(self) -> int:
        """Prints what on-call received since the last time; how many pages that was."""
        pages = self.sandbox.cloud.pages()
        new = pages[self._pages_told :]
        self._pages_told = len(pages)
        for page in new:
            self.console.print(render.page_view(page))
        return len(new)

    # -- acting -----------------------------------------------------------------------------

    def prove_touch(self, person: str, app: int = 0) -> None:
        """pushproof doctor --prove-touch, polling as fast as everything is here."""
        env = vendors.environment(self.connection)
        client = boto3.resource("dynamodb").meta.client
        trial = TouchTrial(
            Okta(okta_http(env, (*READ, TOUCH))),
            graph(env, "READER"),
            ProofRecord(client, self.connection.output("TableName")),
            utc_now,
            settle=env.number("SETTLE_SECONDS", 1),
            longest=PATIENCE,
            pause=0.2,
        )
        for finding in trial.run(self.subject(person, app), env.text("TOUCH_ATTRIBUTE")):
            self.step(f"{person}: {finding.seen}")
            self.expect(finding.code == "proof_recorded", f"the touch was not proved on {person}")

    def become(self, operator: str) -> None:
        identity = self.sandbox.operators[operator]
        os.environ.update(self.sandbox.cloud.environment(identity))

    def approve(self, incident: Incident, operator: str) -> str:
        """The answer's outcome; what a refusal said comes back in quotes."""
        self.become(operator)
        request: dict[str, object] = {
            "action": "approve",
            "incident": incident.id,
            "digest": incident.plan.digest,
        }
        try:
            answer = approvals.send(self.connection, request)
        except Refusal as refusal:
            self.step(f"{operator} may not approve: {refusal.message}")
            return refusal.message
        given = f"{answer['given']} of {answer['needed']}"
        self.step(f"{operator}: {answer['outcome']} ({given} approvals)")
        return str(answer["outcome"])

    def set_mode(self, mode: str) -> None:
        approvals.send(self.connection, {"action": "mode", "mode": mode})
        self.step(f"first.operator sets the mode to {mode} (a signed request, no deployment)")

    def ordinary_as(self, account: str) -> int:
        """pushproof bypass check; nothing here tells who Okta's connector is, so a person does."""
        show = self._completing(account)
        check = partial(run_check, self.connection, connector_is_global_admin=True, show=show)
        return patiently(check, self.step)

    def preview_as(self, account: str) -> None:
        """pushproof bypass preview, signed in as `account`."""
        patiently(lambda: take_preview(self.connection, self._completing(account)), self.step)

    def write_as(self, incident: Incident, account: str) -> int:
        """pushproof write, signed in as `account` through the simulator's own page."""
        complete = self._completing(account)
        write = partial(run_write, self.connection, incident, lambda _incident, _step: True)
        return patiently(lambda: write(complete), self.step)

    def _completing(self, account: str) -> Callable[[DevicePrompt], None]:
        def complete(prompt: DevicePrompt) -> None:
            self.step(f"{account} opens {prompt.verification_uri} and enters the code")
            answer = requests.post(
                prompt.verification_uri,
                data={"code": prompt.user_code, "account": account, "answer": "continue"},
                verify=str(self.sandbox.ca_file),
                timeout=10,
            )
            if answer.status_code != 200:
                raise WentWrong(f"{account} could not sign in")

        return complete

    # -- waiting ----------------------------------------------------------------------------

    def subject(self, person: str, app: int = 0) -> Subject:
        world = self.sandbox.world
        okta = world.person(person).okta
        if okta is None:
            raise WentWrong(f"{person} is not in Okta")
        return Subject(world.apps[app].id, okta.id)

    def state(self, subject: Subject) -> SubjectState:
        return self.table.subjects([subject])[subject]

    def found(self, subject: Subject, attribute: Attribute) -> Incident:
        """The subject's open incident about an attribute, once there is one."""

        def look() -> Incident | None:
            identifier = self.state(subject).open.get(attribute)
            return self.table.incident(identifier) if identifier else None

        return self._until(look, f"no incident about {attribute} was opened")

    def again(self, incident_id: str) -> Incident:
        found = self.table.incident(incident_id)
        if found is None:
            raise WentWrong(f"there is no incident {incident_id}")
        return found

    def reached(self, incident: Incident, *statuses: Status) -> Incident:
        def look() -> Incident | None:
            now = self.table.incident(incident.id)
            return now if now and now.status in statuses else None

        wanted = " or ".join(status.value for status in statuses)
        try:
            return self._until(look, f"{incident.id} did not become {wanted}")
        except WentWrong:
            self.show(self.again(incident.id))
            raise

    def covered(self, subject: Subject) -> SubjectState:
        """The subject's state, once everything said of it so far is answered."""
        before = self.state(subject)

        def look() -> SubjectState | None:
            now = self.state(subject)
            fresh = now.version > before.version or before.version > 0
            return now if fresh and now.covered_to and now.chain is None else None

        return self._until(look, "the check did not cover the hint")

    def settle(self) -> None:
        if not self.sandbox.settled(PATIENCE):
            raise WentWrong("the queues did not come to rest")

    def expect(self, true: bool, otherwise: str) -> None:
        if not true:
            raise WentWrong(otherwise)

    def _until(self, look: Callable[[], T | None], otherwise: str) -> T:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = look()
            if found is not None:
                return found
            time.sleep(0.1)
        raise WentWrong(otherwise)
