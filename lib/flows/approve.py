"""approve: what people decide. Every decision, and every attempt that is refused, leaves a record.

A decision, its record and the incident's new state are one transaction on the incident that was
read; whoever loses reads again. So two people at once both count, and one of them starts the run.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from lib.errors import Conflict, Transient
from lib.flows import concerned
from lib.flows.asked import Answer, Asked, BadRequest, Caller, same_person
from lib.flows.decide import status_for
from lib.flows.errands import Errands
from lib.flows.rulings import Rulings, shown_plan, somebody_else
from lib.incident import Entry, Incident, Status, StepKind
from lib.messages import RemediationMessage
from lib.ports import RemediationQueue
from lib.rules.policy import Approval, Decision, Verdict, gate
from lib.settings import Mode, PolicySettings
from lib.store.decisions import Also, Beside
from lib.store.records import IncidentChange
from lib.store.table import Table
from lib.times import Clock

# Reads and writes, when others decide at the same time.
TRIES = 5
# What operators did that the table does not see otherwise. They say so: it is not proved.
NOTES = (
    "bypass_enabled",
    "bypass_disabled",
    "hook_installed",
    "hook_removed",
    "hook_rotated",
    "revealed",
)
_WAITING = (Status.WAITING_APPROVAL, Status.WAITING_PERSON, Status.OBSERVED)


class Approve:
    def __init__(
        self,
        policy: PolicySettings,
        table: Table,
        queue: RemediationQueue,
        errands: Errands,
        clock: Clock,
    ) -> None:
        self._policy, self._table, self._queue = policy, table, queue
        self._clock = clock
        rulings = Rulings(table, errands, clock)
        self._acts = {
            "approve": self._approve,
            "dismiss": rulings.dismiss,
            "snooze": rulings.snooze,
            "mode": self._mode,
            "note": self._note,
        }

    def run(self, body: Any, caller: Caller) -> Answer:
        """Raises BadRequest with one sentence for the person; Transient: try again."""
        asked = Asked.of(body, caller)
        try:
            return self._decide(asked)
        except BadRequest as refusal:
            self._table.decided(asked.record(self._clock(), "refused", str(refusal)))
            raise

    def _decide(self, asked: Asked) -> Answer:
        act = self._acts[asked.action]
        for _ in range(TRIES):
            try:
                return act(asked)
            except Conflict:
                continue
        raise Transient("others keep deciding at the same time")

    # -- approving a plan -------------------------------------------------------------------

    def _approve(self, asked: Asked) -> Answer:
        incident = shown_plan(self._table, asked)
        self._may_be_approved(incident)
        somebody_else(self._table, asked, incident)
        now, plan, hours = self._clock(), incident.plan, self._policy.approval_hours
        oldest = now - timedelta(hours=hours)
        mine = Approval(asked.person, plan.digest, now)
        counting = [
            approval
            for approval in concerned.approvals(self._table, incident)
            if approval.digest == plan.digest and approval.at >= oldest
        ]
        again = any(same_person(approval.person, mine.person) for approval in counting)
        counting += [] if again else [mine]
        mode, people = self._table.mode(self._policy.mode), concerned.people_needed
        decision = gate(plan, mode, counting, now, hours, people(self._table, incident))
        told = f"{decision.given} of {decision.needed}"
        entry = Entry(now, asked.person, "approved", told)
        also: list[Also] = [asked.record(now, "repeated" if again else "approved", told)]
        moved = incident
        if incident.status not in _WAITING or incident.in_flight is not None:
            if not again:
                # A step is done or proved: its outcome must find the incident as it left it.
                also.append(Beside(incident, entry, as_read=incident.in_flight is None))
        else:
            runs_out = min(approval.at for approval in counting) + timedelta(hours=hours)
            moved = self._moved(incident, decision, runs_out, now)
            if not again or moved.status is not incident.status:
                also.append(IncidentChange(moved, () if again else (entry,)))
        if again:
            self._table.decided(*also)
        else:
            self._table.approve(incident.id, mine, oldest, *also)
        self._start(moved, decision)
        outcome = "you had approved this plan already" if again else "approved"
        return Answer(outcome, moved.status.value, decision.given, decision.needed)

    def _may_be_approved(self, incident: Incident) -> None:
        plan = incident.plan
        if incident.status is Status.SHARED:
            raise BadRequest(409, f"Approve the incident of the shared cause: {incident.parent}.")
        if plan.policy.blocked:
            raise BadRequest(403, f"This can not be approved: {plan.policy.blocked}.")
        if not any(step.kind is not StepKind.MANUAL for step in plan.steps):
            raise BadRequest(409, "This plan is a person's work; there is nothing to approve.")
        preview = self._table.preview()
        flag = any(step.kind is StepKind.BYPASS_ENABLE for step in plan.steps)
        if flag and (preview is None or preview[0] < incident.opened_at):
            raise BadRequest(
                409, "Look at whom the flag would overwrite first: pushproof bypass preview."
            )

    @staticmethod
    def _moved(
        incident: Incident, decision: Decision, runs_out: datetime, now: datetime
    ) -> Incident:
        status = status_for(incident.plan, incident.steps_done, decision)
        run = decision.verdict is Verdict.RUN and status is Status.REMEDIATING
        return replace(
            incident,
            status=status,
            updated_at=now,
            attempt=incident.attempt + 1 if run else incident.attempt,
            approved_until=runs_out,
            snoozed_until=None,
        )

    def _start(self, incident: Incident, decision: Decision) -> None:
        """Queues the plan; once more when an approval is repeated whose message a crash lost."""
        if decision.verdict is Verdict.RUN and incident.status is Status.REMEDIATING:
            self._queue.send(
                RemediationMessage(
                    incident.id, incident.plan.digest, incident.attempt, incident.subject.user_id
                )
            )

    # -- what is no incident's --------------------------------------------------------------

    def _mode(self, asked: Asked) -> Answer:
        given = asked.text("mode")
        if given not in {mode.value for mode in Mode}:
            raise BadRequest(400, "The mode must be observe, approve or auto.")
        known, now = self._table.mode_set(), self._clock()
        before = known.mode if known else self._policy.mode
        record = asked.record(now, "changed", f"{before.value} → {given}")
        self._table.set_mode(Mode(given), asked.person, now, record, known=known)
        return Answer(f"mode is {given}", "")

    def _note(self, asked: Asked) -> Answer:
        what = asked.text("what")
        if what not in NOTES:
            raise BadRequest(400, f"What is noted is one of {', '.join(NOTES)}.")
        self._table.decided(asked.record(self._clock(), "noted", what))
        return Answer("noted", "")
