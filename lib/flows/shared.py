"""Drifts of one shared cause: one incident lists them, tells on-call once, and ends with the last.

A drift is listed before its own incident is committed and taken off after it: a crash between the
two leaves one too many on the list, never one too few. Joining and ending race without a lock:
ending is refused when somebody joined since the list was seen empty, and whoever joins looks
afterwards whether the list has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from lib.errors import Conflict, Transient
from lib.flows.errands import Errands
from lib.incident import Cause, Drift, Entry, Incident, News, Page, Severity, Status, StepKind
from lib.model import Subject
from lib.rules.causes import BypassFact
from lib.rules.pages import page, worth_telling
from lib.rules.policy import worse
from lib.rules.shared import shared_plan
from lib.settings import Mode
from lib.store.records import Errand, IncidentChange, Member, SubjectState
from lib.store.table import Table
from lib.times import Clock

ACTOR = "check"
# An empty list stays open this long, unless its cure was done.
GRACE = timedelta(hours=1)
# A part of a list is looked through in some twenty requests, and one tick does so many parts.
TIDIED, PARTS = 1000, 20
# Several checks open, feed and end one list at the same time.
TRIES = 5


class Shared:
    def __init__(
        self,
        table: Table,
        errands: Errands,
        tenant_id: str,
        default_mode: Mode,
        new_id: Callable[[], str],
        clock: Clock,
    ) -> None:
        self._table, self._errands = table, errands
        self._tenant_id, self._mode = tenant_id, default_mode
        self._new_id, self._clock = new_id, clock

    def join(
        self,
        whose: Subject,
        member: Member,
        drift: Drift,
        lead: Cause,
        severity: Severity,
        bypass: BypassFact | None,
    ) -> Incident:
        """The incident that lists this drift now. Raises Transient when others keep moving it."""
        grown: int | None = None
        for _ in range(TRIES):
            try:
                parent = self._open(whose, drift, lead, severity, bypass)
                joined = self._list(parent.id, member)
            except Conflict:
                continue
            grown = grown or joined
            now = self._table.incident(parent.id)
            if now is None or not now.status.open:
                grown = None
                continue
            try:
                self._tell_growth(now, grown, severity)
            except Conflict:
                continue
            return now
        raise Transient("the incident of the shared cause keeps moving", retry_after=1)

    def _list(self, parent_id: str, member: Member) -> int | None:
        """Never in the place of an open incident: another check of the same drift was faster, and
        its member would be on no list. Raises Conflict.
        """
        listed = self._table.listed_for(parent_id, member)
        if listed not in ("", member.incident_id):
            other = self._table.incident(listed)
            if other is not None and other.status.open and other.parent == parent_id:
                raise Conflict("another check listed this drift")
        return self._table.join(parent_id, member, listed)

    def leave(self, parent_id: str, member: Member) -> None:
        """Takes the drift off the list. The last one ends it: at once where the cure was done,
        else after a while, since a cause that comes and goes would throw approvals away and page
        each time.
        """
        self._table.leave(parent_id, member.subject, member.attribute, member.incident_id)
        parent = self._table.incident(parent_id)
        if parent is None or not parent.status.open or self._table.members(parent_id, 1):
            return
        if parent.status is not Status.PROVING:
            self._table.put_off(parent_id, self._clock() + GRACE)
            return
        for _ in range(TRIES):
            try:
                self.end_if_empty(parent_id)
            except Conflict:
                continue
            return
        raise Transient("the incident of the shared cause keeps moving", retry_after=1)

    def tidy(self, parent_id: str) -> None:
        """Takes off the list what is closed or listed elsewhere by now, then ends it if empty.

        A crash between listing a drift and committing it leaves one too many. Whoever is just
        joining is put on the list again: its own commit is refused without. Raises Conflict.
        """
        last: Member | None = None
        for _ in range(PARTS):
            listed = self._table.members(parent_id, TIDIED, last)
            found = self._table.incidents([member.incident_id for member in listed])
            for member in listed:
                incident = found.get(member.incident_id)
                if incident is None or not incident.status.open or incident.parent != parent_id:
                    self._table.leave(
                        parent_id, member.subject, member.attribute, member.incident_id
                    )
            if len(listed) < TIDIED:
                break
            last = listed[-1]
        self.end_if_empty(parent_id)

    def end_if_empty(self, parent_id: str) -> None:
        """Resolved: every drift it listed was proved, or left it for a cause of its own.

        Raises Conflict when somebody joined or moved it meanwhile.
        """
        joined = self._table.joined(parent_id)
        parent = self._table.incident(parent_id)
        if parent is None or not parent.status.open or parent.in_flight is not None:
            return  # whoever does the step in flight asks again
        if self._table.members(parent_id, 1):
            return
        now = self._clock()
        resolved = replace(parent, status=Status.RESOLVED, in_flight=None, updated_at=now)
        told = page(resolved, News.MENDED, "It lists nobody any more.", str(parent.version))
        entry = Entry(now, ACTOR, "resolved", "every drift it listed was proved or left it")
        since = self._table.nobody_joined(parent_id, joined)
        self._commit(self._state(parent.subject), resolved, entry, (told,), since)

    # -- opening ----------------------------------------------------------------------------

    def _open(
        self,
        whose: Subject,
        drift: Drift,
        lead: Cause,
        severity: Severity,
        bypass: BypassFact | None,
    ) -> Incident:
        state = self._state(whose)
        for incident_id in state.open.values():
            known = self._table.incident(incident_id)
            if known is not None and known.status.open:
                return known
        now, incident_id = self._clock(), self._new_id()
        plan = shared_plan(incident_id, whose, drift, lead, self._tenant_id, bypass)
        incident = Incident(
            id=incident_id,
            subject=whose,
            attribute=drift.attribute,
            status=self._status(plan.steps[0].kind),
            severity=severity,
            causes=(lead,),
            plan=plan,
            opened_at=now,
            updated_at=now,
            drift_read_at=now,
        )
        entry = Entry(now, ACTOR, "opened", f"{lead.name.value} ({lead.certainty.value})")
        told = page(incident, News.OPENED, plan.steps[0].note, members=1)
        return self._commit(replace(state, open={}), incident, entry, (told,))

    def _status(self, kind: StepKind) -> Status:
        if self._table.mode(self._mode) is Mode.OBSERVE:
            return Status.OBSERVED
        return Status.WAITING_PERSON if kind is StepKind.MANUAL else Status.WAITING_APPROVAL

    def _tell_growth(self, parent: Incident, joined: int | None, severity: Severity) -> None:
        grown = joined is not None and worth_telling(joined - 1, joined)
        worst = worse(parent.severity, severity)
        if not grown and worst is parent.severity:
            return
        changed = replace(parent, severity=worst, updated_at=self._clock())
        count = self._table.member_count(parent)
        detail = f"It touches {count} by now." if grown else "It is more severe now."
        once = f"grown-{joined}-{worst.value}"
        told = page(changed, News.CHANGED, detail, once, members=count)
        entry = Entry(changed.updated_at, ACTOR, "grown", detail)
        self._table.commit_incident(IncidentChange(changed, (entry,), (told,)))
        self._errands.try_pages(parent.id)

    # -- storing ----------------------------------------------------------------------------

    def _state(self, whose: Subject) -> SubjectState:
        state = self._table.subjects([whose])[whose]
        return self._errands.run(state) if state.errands else state

    def _commit(
        self,
        state: SubjectState,
        incident: Incident,
        entry: Entry,
        pages: tuple[Page, ...],
        *conditions: Mapping[str, Any],
    ) -> Incident:
        is_open = {incident.attribute: incident.id} if incident.status.open else {}
        stored = self._table.commit_subject(
            replace(
                state,
                open=is_open,
                errands=tuple(Errand(incident.id, page_key=p.key) for p in pages),
            ),
            [IncidentChange(incident, (entry,), pages)],
            conditions,
        )
        self._errands.run(stored)
        return replace(incident, version=incident.version + 1)
