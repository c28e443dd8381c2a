"""tick: every minute, whatever is due. Nothing waits for luck.

It reads no vendor: what must be seen again is sent to check, which decides as ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from aws_lambda_powertools import Logger

from lib.errors import Conflict, PushproofError
from lib.flows.decide import status_for
from lib.flows.errands import Errands
from lib.flows.shared import Shared
from lib.incident import Entry, Incident, News, Page, Status
from lib.messages import CheckMessage
from lib.ports import CheckQueue, SweepQueue
from lib.rules.attempts import under_way
from lib.rules.due import LATE_LOOK, LATE_MEND
from lib.rules.pages import page
from lib.rules.policy import approvals_end, gate
from lib.rules.sweep import LATE
from lib.settings import PolicySettings
from lib.store.due import DueItem, DueKind
from lib.store.records import IncidentChange, Member
from lib.store.table import Table
from lib.sweep_message import SweepMessage
from lib.times import Clock

logger = Logger(child=True)

ACTOR = "tick"
# Of each shard and run: what is left is the oldest of the next minute.
MOST = 50
# Nothing of it runs: a decision may move it.
_WAITING = (Status.OBSERVED, Status.WAITING_APPROVAL, Status.WAITING_PERSON)
# A page that could not be sent, or work whose tick crashed.
AGAIN = timedelta(minutes=5)


class Tick:
    def __init__(
        self,
        policy: PolicySettings,
        table: Table,
        checks: CheckQueue,
        errands: Errands,
        shared: Shared,
        clock: Clock,
        sweeps: SweepQueue | None = None,
    ) -> None:
        self._policy, self._table = policy, table
        self._checks, self._errands, self._shared = checks, errands, shared
        self._clock, self._sweeps = clock, sweeps

    def run(self) -> Mapping[str, int]:
        """How many of each kind were done; `failed` come back. Raises Transient when the table
        can not be read.
        """
        done: Counter[str] = Counter()
        for item in self._table.due(self._clock(), MOST):
            try:
                if self._one(item):
                    done[item.kind.value] += 1
            except Conflict:
                done["moved"] += 1  # somebody is at it
            except (PushproofError, ValueError) as error:
                logger.warning("due work failed", extra={"pk": item.pk, "reason": str(error)})
                done["failed"] += 1
        return done

    def _one(self, item: DueItem) -> bool:
        now = self._clock()
        match item.kind:
            case DueKind.PAGE:
                if not self._table.claim(item, now + AGAIN):
                    return False
                self._errands.send_pages(item.incident_id)
            case DueKind.SUBJECT:
                if not self._table.claim(item, now + LATE_LOOK):
                    return False
                self._checks.send(CheckMessage.look_at(item.subject, now), delay=0)
            case DueKind.INCIDENT:
                if not self._table.claim(item, now + LATE_MEND):
                    return False
                self._incident(item.incident_id, now)
            case DueKind.SWEEP:
                sweep = self._table.sweep(item.sweep_id)
                if sweep is None or not self._sweeps or not self._table.claim(item, now + LATE):
                    return False
                # Whoever is at it after all goes on undisturbed: the step is another one by then.
                self._sweeps.send(SweepMessage(sweep.id, sweep.step))
        return True

    def _incident(self, incident_id: str, now: datetime) -> None:
        incident = self._table.incident(incident_id)
        if incident is None:
            return
        if not incident.status.open:
            self._off_its_list(incident, now)
            return
        if under_way(incident, now):
            return  # its outcome must find the incident as it left it
        changed, entries, pages = self._ran_out(incident, now)
        if entries:
            changed = replace(changed, updated_at=now)
            self._table.commit_incident(IncidentChange(changed, entries, pages))
            self._errands.try_pages(incident_id)
        if incident.everyone:
            self._shared.tidy(incident_id)
        else:
            # A lost message, a crash between intent and outcome, or a cure by other hands.
            self._checks.send(CheckMessage.look_at(incident.subject, now), delay=0)

    def _off_its_list(self, incident: Incident, now: datetime) -> None:
        """A dismissal leaves this to us: whoever decides may not take anything off a list."""
        if not incident.parent:
            return
        member = Member(incident.subject, incident.attribute, incident.id)
        self._shared.leave(incident.parent, member)
        left = Entry(now, ACTOR, "off the list", incident.parent)
        gone = replace(incident, parent="", updated_at=now)
        self._table.commit_incident(IncidentChange(gone, (left,)))

    def _ran_out(
        self, incident: Incident, now: datetime
    ) -> tuple[Incident, tuple[Entry, ...], tuple[Page, ...]]:
        """Snoozes and approvals whose time is over, and for everyone's incident a changed mode."""
        entries: list[Entry] = []
        pages: list[Page] = []
        if incident.snoozed_until and incident.snoozed_until <= now:
            incident = replace(incident, snoozed_until=None)
            entries.append(Entry(now, ACTOR, "snooze over"))
            once = f"snooze-{incident.version}"
            pages.append(page(incident, News.NEEDS_YOU, "Its snooze is over.", once))
        ran_out = incident.approved_until is not None and incident.approved_until <= now
        if not ran_out and not incident.everyone:
            return incident, tuple(entries), tuple(pages)
        approvals = self._table.approvals(incident.id)
        mode, hours = self._table.mode(self._policy.mode), self._policy.approval_hours
        decision = gate(incident.plan, mode, approvals, now, hours)
        why = ""
        if ran_out:
            left = approvals_end(incident.plan, approvals, now, hours)
            incident = replace(incident, approved_until=left)
            why = "approval ran out"
        status = status_for(incident.plan, incident.steps_done, decision)
        if incident.status in _WAITING and status is not incident.status:
            incident = replace(incident, status=status)
            why = why or f"mode is {mode.value}"
            asleep = incident.snoozed_until is not None
            if status in (Status.WAITING_APPROVAL, Status.WAITING_PERSON) and not asleep:
                once = f"decided-{incident.version}"
                pages.append(page(incident, News.NEEDS_YOU, f"{why}: {decision.reason}.", once))
        elif ran_out and incident.status is Status.WAITING_APPROVAL and not incident.snoozed_until:
            once = f"approval-{incident.version}"
            detail = f"An approval ran out: {decision.reason}."
            pages.append(page(incident, News.NEEDS_YOU, detail, once))
        if why:
            entries.append(Entry(now, ACTOR, why, decision.reason))
        return incident, tuple(entries), tuple(pages)
