"""The tenant flag's one incident, moved by whoever signed in to set the flag.

Checks list drifts in it at the same time, so every move reads it again when somebody was faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lib.errors import Conflict, Permanent, Transient
from lib.flows import concerned
from lib.flows.decide import status_for
from lib.flows.errands import Errands
from lib.flows.shared import TRIES, Shared
from lib.incident import (
    Cause,
    CauseName,
    Certainty,
    Drift,
    Entry,
    Evidence,
    Incident,
    News,
    Severity,
    Status,
    StepKind,
)
from lib.messages import pack
from lib.model import Attribute, Receipt
from lib.ports import CheckQueue
from lib.rules.case import BypassFact
from lib.rules.flag import NAME
from lib.rules.hints import Hint
from lib.rules.pages import page
from lib.rules.policy import gate
from lib.rules.shared import flag_subject, shared_plan
from lib.settings import PolicySettings
from lib.store.records import Errand, IncidentChange
from lib.store.table import Table
from lib.times import Clock, to_text

STEP = StepKind.BYPASS_ENABLE.value


@dataclass(frozen=True)
class Moved:
    """`voided`: approvals were given for a plan that is no longer this one."""

    incident: Incident
    changed: bool
    voided: bool = False


def open_incident(table: Table, tenant_id: str) -> Incident | None:
    whose = flag_subject(tenant_id)
    for incident_id in table.subjects([whose])[whose].open.values():
        found = table.incident(incident_id)
        if found is not None and found.status.open:
            return found
    return None


def last_incident(table: Table, tenant_id: str) -> str:
    """The open one's id, or that of the one closed last; "" when there never was any."""
    found = open_incident(table, tenant_id)
    if found is not None:
        return found.id
    whose = flag_subject(tenant_id)
    of = f"{whose.app_id}/{whose.user_id}"
    closed = (str(r["incident"]) for r in table.summaries(closed=True) if r["subject"] == of)
    return next(closed, "")


class FlagIncident:
    def __init__(
        self,
        table: Table,
        policy: PolicySettings,
        tenant_id: str,
        errands: Errands,
        shared: Shared,
        checks: CheckQueue,
        actor: str,
        new_id: Callable[[], str],
        clock: Clock,
    ) -> None:
        self._table, self._policy, self._tenant_id = table, policy, tenant_id
        self._errands, self._shared, self._checks = errands, shared, checks
        self._actor, self._new_id, self._clock = actor, new_id, clock

    def found(self) -> Incident | None:
        return open_incident(self._table, self._tenant_id)

    def opened(self) -> Incident:
        """The open one, or one opened by hand: it lists nobody, and its plan is the same."""
        found = self.found()
        if found is not None:
            return found
        now, whose = self._clock(), flag_subject(self._tenant_id)
        seen = Evidence("graph GET onPremisesSynchronization", now, f"{NAME} is false")
        cause = Cause(CauseName.DIRSYNC_OVERRIDE, Certainty.CONFIRMED, (seen,))
        drift, fact = Drift(Attribute.MOBILE_PHONE, None, None), BypassFact(False, now, seen.source)
        incident_id = self._new_id()
        plan = shared_plan(incident_id, whose, drift, cause, self._tenant_id, fact)
        incident = Incident(
            id=incident_id,
            subject=whose,
            attribute=drift.attribute,
            status=Status.WAITING_APPROVAL,
            severity=Severity.WARNING,
            causes=(cause,),
            plan=plan,
            opened_at=now,
            updated_at=now,
            drift_read_at=now,
        )
        told = page(incident, News.OPENED, "Opened by hand. " + plan.steps[0].note)
        entry = Entry(now, self._actor, "opened", "by hand, to set the tenant's flag")
        state = self._table.subjects([whose])[whose]
        stored = self._table.commit_subject(
            replace(
                state,
                open={drift.attribute: incident_id},
                errands=(*state.errands, Errand(incident_id, page_key=told.key)),
            ),
            [IncidentChange(incident, (entry,), (told,))],
        )
        self._errands.run(stored)
        return replace(incident, version=incident.version + 1)

    def previewed(self, incident: Incident, digest: str, told: str) -> Moved:
        """The plan is for exactly this preview; what was approved before counts no more."""
        if incident.plan.watched == digest or incident.next_step is None:
            return Moved(incident, changed=False)
        approvals = concerned.approvals(self._table, incident)
        people = concerned.people_needed(self._table, incident)
        voided = any(each.digest == incident.plan.digest for each in approvals)
        mode = self._table.mode(self._policy.mode)

        def change(known: Incident) -> IncidentChange:
            now = self._clock()
            plan = replace(known.plan, watched=digest)
            hours = self._policy.approval_hours
            decision = gate(plan, mode, approvals, now, hours, people)
            status = status_for(plan, known.steps_done, decision)
            moved = replace(known, plan=plan, status=status, approved_until=None, updated_at=now)
            detail = f"The preview changed ({told}), so approvals count anew."
            news = page(moved, News.NEEDS_YOU, detail, f"preview-{known.version}")
            what = "preview changed" if known.plan.watched else "previewed"
            pages = (news,) if voided and status is Status.WAITING_APPROVAL else ()
            return IncidentChange(moved, (Entry(now, self._actor, what, told),), pages)

        return Moved(self._move(incident.id, change), changed=True, voided=voided)

    def begins(self, incident: Incident) -> Incident:
        """Records the intent. Raises Permanent when the plan is not the one that was gated."""

        def change(known: Incident) -> IncidentChange:
            same = known.status.open and known.plan.digest == incident.plan.digest
            if not same or known.next_step is None:
                raise Permanent(f"{known.id} changed meanwhile; look at it again")
            intended = replace(known, in_flight=STEP, updated_at=self._clock())
            return IncidentChange(intended, (self._entry(f"{STEP} begins", NAME),))

        return self._move(incident.id, change)

    def refused(
        self, incident: Incident, why: str, request_id: str | None, *, begun: bool
    ) -> Incident:
        """`begun`: an earlier try may have happened, so its intent stays."""

        def change(known: Incident) -> IncidentChange:
            now = self._clock()
            waiting = replace(known, in_flight=STEP if begun else None, updated_at=now)
            told = page(waiting, News.REFUSED, f"{STEP} refused.", f"refused-{known.version}")
            entry = self._entry(f"{STEP} refused", why, request_id)
            return IncidentChange(waiting, (entry,), (told,))

        return self._move(incident.id, change)

    def not_done(self, incident: Incident, why: str, *, begun: bool) -> Incident:
        """Our own credentials were refused, or nobody was asked: nothing is said of the plan.
        `begun` as in refused.
        """
        left = STEP if begun else None
        return self._move(
            incident.id,
            lambda known: IncidentChange(
                replace(known, in_flight=left, updated_at=self._clock()),
                (self._entry(f"{STEP} not done", why),),
            ),
        )

    def unknown(self, incident: Incident, why: str) -> None:
        """The intent stays: whoever comes next reads the flag before anything else."""
        self._table.add_entry(incident.id, self._entry(f"{STEP} outcome unknown", why))

    def done(self, incident: Incident, what: str, receipt: Receipt | None) -> Incident:
        """Asks check to prove every drift it lists; nothing here may call one resolved."""
        # Asked for first: a crash between the two costs checks, not the proof.
        self.ask(incident)
        detail = f"HTTP {receipt.status}" if receipt else "read, not written"

        def change(known: Incident) -> IncidentChange:
            now = self._clock()
            moved = replace(
                known,
                status=Status.PROVING,
                in_flight=None,
                steps_done=len(known.plan.steps),
                last_step_at=receipt.at if receipt else now,
                approved_until=None,
                updated_at=now,
            )
            ids = receipt.request_id if receipt else None
            return IncidentChange(moved, (self._entry(what, detail, ids),))

        moved = self._move(incident.id, change)
        self._end_if_empty(moved.id)
        return moved

    def off_again(self, incident: Incident, why: str) -> Incident:
        """The flag was on and is not any more: the plan waits anew, and for new approvals.

        The reason becomes part of the plan, so that those given before are for another one.
        """

        def change(known: Incident) -> IncidentChange:
            now = self._clock()
            reason = f"it was switched off again ({to_text(now)})"
            policy = replace(known.plan.policy, reasons=(*known.plan.policy.reasons, reason))
            plan = replace(known.plan, policy=policy)
            moved = replace(
                known,
                plan=plan,
                status=Status.WAITING_APPROVAL,
                in_flight=None,
                steps_done=0,
                approved_until=None,
                updated_at=now,
            )
            return IncidentChange(moved, (self._entry("flag off again", why),))

        return self._move(incident.id, change)

    def ask(self, incident: Incident) -> None:
        """A check of everyone it lists, many to a message."""
        members = dict.fromkeys(each.subject for each in self._table.members(incident.id))
        hints = [Hint(subject, None) for subject in members]
        for message in pack(hints, (), self._clock()):
            self._checks.send(replace(message, look=True))

    def add(self, incident_id: str, what: str, detail: str, receipt: Receipt | None = None) -> None:
        ids = receipt.request_id if receipt else None
        self._table.add_entry(incident_id, self._entry(what, detail, ids))

    def _entry(self, what: str, detail: str, request_id: str | None = None) -> Entry:
        ids = f", request-id {request_id}" if request_id else ""
        return Entry(self._clock(), self._actor, what, detail + ids)

    def _end_if_empty(self, incident_id: str) -> None:
        """One opened by hand lists nobody, and one whose drifts were cured otherwise neither."""
        for _ in range(TRIES):
            try:
                self._shared.end_if_empty(incident_id)
            except Conflict:
                continue
            return

    def _move(self, incident_id: str, change: Callable[[Incident], IncidentChange]) -> Incident:
        for _ in range(TRIES):
            known = self._table.incident(incident_id)
            if known is None:
                raise Permanent(f"incident {incident_id} does not exist")
            made = change(known)
            try:
                stored = self._table.commit_incident(made)
            except Conflict:
                continue
            if made.pages:
                # What was recorded stays recorded, whether or not a page goes out now.
                self._errands.try_pages(incident_id)
            return stored
        raise Transient(f"{incident_id} keeps moving; try again", retry_after=1)
