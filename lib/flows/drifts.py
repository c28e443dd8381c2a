"""From the drifts of a last look to what becomes of their incidents."""

from __future__ import annotations

import secrets
from datetime import timedelta

from lib.errors import Transient
from lib.flows import decide
from lib.flows.decide import Circumstances, Outcome
from lib.flows.evidence import Evidence, Findings
from lib.flows.shared import Shared
from lib.flows.sight import Sight
from lib.incident import Cause, Drift, Plan, Severity, values_digest
from lib.rules.attempts import failures_after, under_way
from lib.rules.causes import Case, name_causes
from lib.rules.drifts import Verdict, watched_digest
from lib.rules.expected import Expectation
from lib.rules.plans import PlanRules, build_plan
from lib.rules.policy import severity
from lib.rules.shared import shared_subject
from lib.settings import Mode, PolicySettings
from lib.store.records import Member
from lib.store.table import Table
from lib.times import Clock

# A touch is tried at most once a drift a day.
TOUCH_PAUSE = timedelta(days=1)
# A drift that was mended and is back within this time is not mended again by itself.
FLAPPING = timedelta(days=1)


class Drifts:
    def __init__(
        self,
        policy: PolicySettings,
        tenant_id: str,
        table: Table,
        evidence: Evidence,
        shared: Shared,
        clock: Clock,
    ) -> None:
        self._policy, self._table, self._evidence = policy, table, evidence
        self._shared, self._clock = shared, clock
        self._tenant_id = tenant_id
        self._rules = PlanRules(tenant_id, policy.touch_attribute, policy.break_glass)

    def outcomes(
        self, sight: Sight, expected: tuple[Expectation, ...], verdict: Verdict
    ) -> list[Outcome]:
        """One for each drift that nobody dismissed, or that is closed by it. Raises Transient."""
        findings = self._evidence.gather(sight.reading, sight.entra)
        by_attribute = {e.attribute: e for e in expected}
        watched = watched_digest(expected, sight.entra)
        mode = self._table.mode(self._policy.mode)
        found = [
            self._one(sight, drift, by_attribute[drift.attribute], findings, watched, mode)
            for drift in verdict.drifts
        ]
        return [outcome for outcome in found if outcome is not None]

    def _one(
        self,
        sight: Sight,
        drift: Drift,
        expectation: Expectation,
        findings: Findings,
        watched: str,
        mode: Mode,
    ) -> Outcome | None:
        known = sight.incidents.get(drift.attribute)
        if known and under_way(known, self._clock()):
            raise Transient("a step of this incident is under way", retry_after=5)
        read_at = sight.reading.taken_at
        case = findings.case(
            drift,
            expectation,
            sight.reading,
            sight.entra,
            sight.link,
            read_at,
            watched,
            known.plan.policy.excluded if known else (),
            known.causes if known else (),
        )
        causes = name_causes(case)
        incident_id = known.id if known else new_incident_id()
        touched = known.touched_at if known else None
        touched = touched or sight.state.touched_at.get(drift.attribute)
        plan = build_plan(
            case,
            causes,
            self._rules,
            incident_id,
            attempt=failures_after(known) if known else 0,
            touched_lately=touched is not None and read_at - touched < TOUCH_PAUSE,
        )
        if self._dismissed(plan):
            return decide.ruled(known, self._clock()) if known else None
        now = Circumstances(
            mode,
            tuple(self._table.approvals(incident_id)) if known else (),
            self._clock(),
            self._policy.approval_hours,
        )
        how_bad = severity(drift, findings.standing, causes[0].name)
        parent = self._parent(case, causes, how_bad, incident_id)
        if known:
            return decide.seen_again(known, plan, causes, how_bad, read_at, now, parent)
        back = self._back(sight, plan)
        return decide.opened(plan, causes, how_bad, read_at, now, parent, back)

    def _parent(
        self, case: Case, causes: tuple[Cause, ...], how_bad: Severity, incident_id: str
    ) -> str:
        """The incident of the shared cause that lists this drift from now on; "" for none."""
        lead, subject = causes[0], case.reading.subject
        whose = shared_subject(lead, case.drift, subject, self._tenant_id, case.bypass)
        if whose is None:
            return ""
        member = Member(subject, case.attribute, incident_id)
        return self._shared.join(whose, member, case.drift, lead, how_bad, case.bypass).id

    def _dismissed(self, plan: Plan) -> bool:
        """Somebody decided that exactly this difference stays."""
        ruling = self._table.ruling(plan.subject, plan.attribute)
        return ruling is not None and ruling.values == plan.values_digest

    def _back(self, sight: Sight, plan: Plan) -> str:
        mended = sight.state.mended.get(plan.attribute)
        if mended is None or sight.reading.taken_at - mended.at >= FLAPPING:
            return ""
        if mended.expected != expected_digest(plan):
            return ""
        return "the same drift came back within a day of being mended"


def expected_digest(plan: Plan) -> str:
    """Whose value should be what: the same drift has the same, whatever replaced the value."""
    return values_digest([Drift(plan.attribute, plan.expected, None)], plan.link)


def new_incident_id() -> str:
    """Short enough to type, long enough never to meet again."""
    return f"inc-{secrets.token_hex(5)}"
