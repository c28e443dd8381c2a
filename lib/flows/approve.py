"""approve: what people decide. Who they are comes from the signed request, never from its body."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from lib.errors import PushproofError
from lib.flows.decide import status_for
from lib.incident import Entry, Incident, Status, StepKind
from lib.messages import RemediationMessage
from lib.ports import RemediationQueue
from lib.rules.policy import Approval, Decision, Verdict, gate, is_excluded
from lib.settings import Mode, PolicySettings
from lib.store.records import IncidentChange
from lib.store.table import Table
from lib.times import Clock

_INCIDENT = re.compile(r"inc-[0-9a-f]{10}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class BadRequest(PushproofError):
    """What was asked makes no sense, or is not allowed; `status` is the HTTP status for it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """What the person is told. `given` of `needed` approvals count now."""

    outcome: str
    status: str
    given: int = 0
    needed: int = 0


def person_of(caller_arn: str) -> str:
    """The person behind a signed request: the session name of a role, or the IAM user's name.

    Two roles with one session name are one person, so nobody approves twice by switching role.
    Raises BadRequest for an identity that names nobody, such as the account's root.
    """
    kind, _, rest = caller_arn.partition(":assumed-role/")
    name = rest.partition("/")[2] if rest else caller_arn.partition(":user/")[2].split("/")[-1]
    if not kind or not name:
        raise BadRequest(403, "Sign the request as a person: a role session or an IAM user.")
    return name.casefold()


class Approve:
    def __init__(
        self,
        policy: PolicySettings,
        table: Table,
        queue: RemediationQueue,
        clock: Clock,
    ) -> None:
        self._policy, self._table, self._queue = policy, table, queue
        self._clock = clock

    def run(self, request: Any, caller_arn: str) -> Answer:
        """Raises BadRequest with one sentence for the person."""
        person = person_of(caller_arn)
        if not isinstance(request, dict):
            raise BadRequest(400, "Send a JSON object with an action.")
        match request.get("action"):
            case "approve":
                return self._approve(*self._incident(request), person)
            case "mode":
                return self._mode(request.get("mode"), person)
        raise BadRequest(400, "The action must be approve or mode.")

    def _incident(self, request: dict[str, Any]) -> tuple[Incident, str]:
        name, digest = request.get("incident"), request.get("digest")
        if not isinstance(name, str) or not _INCIDENT.fullmatch(name):
            raise BadRequest(400, "Name the incident, such as inc-0123456789.")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise BadRequest(400, "Give the digest of the plan you were shown.")
        incident = self._table.incident(name)
        if incident is None:
            raise BadRequest(404, f"There is no incident {name}.")
        if not incident.status.open:
            raise BadRequest(409, f"{name} is {incident.status.value} already.")
        if incident.plan.digest != digest:
            raise BadRequest(409, f"The plan of {name} changed; look at it again and decide anew.")
        return incident, digest

    def _approve(self, incident: Incident, digest: str, person: str) -> Answer:
        plan = incident.plan
        if plan.policy.blocked:
            raise BadRequest(403, f"This can not be approved: {plan.policy.blocked}.")
        if is_excluded(person, plan.policy.excluded):
            raise BadRequest(
                403, "You are the target of this change, or made it in Okta: somebody else decides."
            )
        if not any(step.kind != "manual" for step in plan.steps):
            raise BadRequest(409, "This plan is a person's work; there is nothing to approve.")
        now = self._clock()
        preview = self._table.preview()
        flag = any(step.kind is StepKind.BYPASS_ENABLE for step in plan.steps)
        if flag and (preview is None or preview[0] < incident.opened_at):
            raise BadRequest(
                409, "Look at whom the flag would overwrite first: pushproof bypass preview."
            )
        oldest = now - timedelta(hours=self._policy.approval_hours)
        first = self._table.approve(incident.id, Approval(person, digest, now), oldest)
        decision = gate(
            plan,
            self._table.mode(self._policy.mode),
            self._table.approvals(incident.id),
            now,
            self._policy.approval_hours,
        )
        told = f"{decision.given} of {decision.needed}"
        entries = (Entry(now, person, "approved", told),) if first else ()
        status = status_for(plan, incident.steps_done, decision)
        waiting = incident.status in (
            Status.WAITING_APPROVAL,
            Status.WAITING_PERSON,
            Status.OBSERVED,
        )
        if not waiting or incident.in_flight is not None:
            # A step is being done: its outcome must find the incident as it left it.
            for entry in entries:
                self._table.add_entry(incident.id, entry)
            self._again(incident, decision)
            outcome = "approved" if first else "you had approved this plan already"
            return Answer(outcome, incident.status.value, decision.given, decision.needed)
        run = decision.verdict is Verdict.RUN and status is Status.REMEDIATING
        moved = self._table.commit_incident(
            IncidentChange(
                replace(
                    incident,
                    status=status,
                    updated_at=now,
                    attempt=incident.attempt + 1 if run else incident.attempt,
                ),
                entries,
            )
        )
        self._again(moved, decision)
        outcome = "approved" if first else "you had approved this plan already"
        return Answer(outcome, status.value, decision.given, decision.needed)

    def _again(self, incident: Incident, decision: Decision) -> None:
        """Queues the plan; once more when an approval is repeated whose message a crash lost."""
        if decision.verdict is Verdict.RUN and incident.status is Status.REMEDIATING:
            self._queue.send(
                RemediationMessage(
                    incident.id, incident.plan.digest, incident.attempt, incident.subject.user_id
                )
            )

    def _mode(self, given: object, person: str) -> Answer:
        if not isinstance(given, str) or given not in {mode.value for mode in Mode}:
            raise BadRequest(400, "The mode must be observe, approve or auto.")
        self._table.set_mode(Mode(given), person, self._clock())
        return Answer(f"mode is {given}", "")
