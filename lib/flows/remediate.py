"""remediate: run one plan, one step at a time, each with its intent before and outcome after.

The same runner serves the function (graph_write, okta_touch) and a signed-in administrator
(privileged_write): who may do which step is the `Hands` given to it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from lib.errors import Permanent, Refused, Transient, Unauthorized
from lib.flows.decide import status_for
from lib.flows.errands import Errands
from lib.flows.evidence import Evidence
from lib.flows.guards import Guards, Stop
from lib.flows.runs import Ended, Hands, Run, Scene
from lib.incident import Entry, Incident, News, Page, Status, Step, StepKind
from lib.messages import CheckMessage, RemediationMessage
from lib.model import Attribute
from lib.ports import CheckQueue, GraphPort, OktaPort, RemediationQueue
from lib.rules.pages import page
from lib.rules.policy import Verdict, gate
from lib.settings import PolicySettings, WatchSettings
from lib.store.records import IncidentChange
from lib.store.table import Table
from lib.times import Clock


class Remediation:
    def __init__(
        self,
        watch: WatchSettings,
        policy: PolicySettings,
        okta: OktaPort,
        graph: GraphPort,
        table: Table,
        checks: CheckQueue,
        remediations: RemediationQueue,
        errands: Errands,
        evidence: Evidence,
        clock: Clock,
    ) -> None:
        self._policy, self._table = policy, table
        self._guards = Guards(okta, graph, evidence, policy, watch.app_ids)
        self._checks, self._remediations = checks, remediations
        self._errands, self._clock = errands, clock

    def run(self, incident_id: str, digest: str, hands: Hands) -> Run:
        """Does the next steps that are these hands' to do.

        Raises Transient (nothing is decided: try again), Permanent (park the message).
        """
        incident = self._table.incident(incident_id)
        if incident is None:
            raise Permanent(f"incident {incident_id} does not exist")
        self._errands.send_pages(incident_id)
        if not incident.status.open or incident.plan.digest != digest:
            return Run(Ended.STALE, "the plan is not the incident's current one", incident)
        if incident.everyone or incident.status is Status.SHARED:
            # The tenant-wide step has a runner of its own (lib/flows/bypass.py).
            where = incident.parent or incident.id
            return Run(Ended.WAITS, f"it is mended through {where}", incident)
        if hands.only_queued and incident.status not in (Status.REMEDIATING, Status.PROVING):
            return Run(Ended.STALE, f"the incident is {incident.status.value}", incident)
        if incident.status is Status.PROVING:
            self._prove(incident)
            return Run(Ended.DONE, "every step is done already", incident)
        while True:
            step = incident.next_step
            if step is None:
                return self._finish(incident, hands, Ended.DONE, "every step is done")
            if step.kind not in hands.acts:
                return self._hand_over(incident, step, hands)
            ended = self._one(incident, step, hands)
            if isinstance(ended, Run):
                return ended
            incident = ended

    # -- one step ---------------------------------------------------------------------------

    def _one(self, incident: Incident, step: Step, hands: Hands) -> Incident | Run:
        """The incident after the step, or how the run ended instead."""
        if not hands.confirm(incident, step):
            return Run(Ended.WAITS, "not confirmed", incident)
        # Read and gated after the question: a prompt may stand open for hours.
        scene = self._guards.read(incident)
        if scene is None:
            return self._void(incident, hands, "the link changed")
        stop = self._guards.stop(incident, step, scene)
        if stop:
            return self._stopped(incident, hands, stop, scene)
        decision = gate(
            incident.plan,
            self._table.mode(self._policy.mode),
            self._table.approvals(incident.id),
            self._clock(),
            self._policy.approval_hours,
        )
        if decision.verdict is not Verdict.RUN:
            status = status_for(incident.plan, incident.steps_done, decision)
            return self._wait(incident, hands, status, decision.reason)
        if self._table.tenant_locked(self._clock()):
            raise Transient("a tenant-wide step is under way", retry_after=30)
        capped = self._over_cap(incident)
        if capped:
            return self._capped(incident, hands, capped)
        intended = self._record(
            self._intended(incident, step, scene),
            Entry(self._clock(), hands.actor, f"{step.kind.value} begins", step.target),
        )
        return self._act(intended, step, scene, hands)

    @staticmethod
    def _intended(incident: Incident, step: Step, scene: Scene) -> Incident:
        """A touch counts from its intent: one whose outcome is lost may have happened."""
        intended = replace(incident, in_flight=step.kind.value)
        if step.kind is StepKind.OKTA_TOUCH:
            intended = replace(intended, touched_at=scene.reading.taken_at)
        return intended

    def _act(self, incident: Incident, step: Step, scene: Scene, hands: Hands) -> Incident | Run:
        try:
            receipt = hands.acts[step.kind](incident, step, scene)
        except Unauthorized as error:
            # Our credentials, not this plan, were refused: it waits as it is.
            not_done = Entry(self._clock(), hands.actor, f"{step.kind.value} not done", str(error))
            self._record(replace(incident, in_flight=None), not_done)
            raise
        except (Refused, Permanent) as error:
            return self._refused(incident, step, hands, error)
        except Transient as error:
            # Whether it happened is unknown: the next run re-reads before it does anything.
            unknown = Entry(
                self._clock(), hands.actor, f"{step.kind.value} outcome unknown", str(error)
            )
            self._record(replace(incident, in_flight=None), unknown)
            raise
        ids = f", request-id {receipt.request_id}" if receipt.request_id else ""
        return self._record(
            replace(
                incident,
                in_flight=None,
                steps_done=incident.steps_done + 1,
                last_step_at=receipt.at,
            ),
            Entry(
                self._clock(),
                hands.actor,
                f"{step.kind.value} done",
                f"{step.target}: HTTP {receipt.status}{ids}",
            ),
        )

    def _over_cap(self, incident: Incident) -> str:
        """Takes a place under the hourly cap; a retry of a crashed step takes none."""
        if incident.in_flight is not None:
            return ""
        disables = incident.attribute is Attribute.ACCOUNT_ENABLED
        name = "disables" if disables else "writes"
        limit = self._policy.disables_per_hour if disables else self._policy.writes_per_hour
        if self._table.count(name, self._clock(), limit):
            return ""
        return f"the cap of {limit} {name} an hour is reached"

    # -- ways a run ends --------------------------------------------------------------------

    def _stopped(self, incident: Incident, hands: Hands, stop: Stop, scene: Scene) -> Run:
        if stop.ended is Ended.VOID:
            return self._void(incident, hands, stop.why)
        if stop.landed:
            done, at = incident.steps_done + 1, scene.reading.taken_at
            incident = replace(incident, steps_done=done, last_step_at=at)
        return self._finish(incident, hands, stop.ended, stop.why)

    def give_up(self, incident_id: str, hands: Hands, why: str) -> None:
        """The message is parked; the incident goes to a person, who is told."""
        incident = self._table.incident(incident_id)
        if incident is None or incident.status is not Status.REMEDIATING:
            return
        waiting = replace(
            incident, status=Status.WAITING_PERSON, in_flight=None, failed="an attempt was parked"
        )
        told = page(waiting, News.NEEDS_YOU, f"Parked: {why}.", f"parked-{incident.version}")
        self._record(waiting, Entry(self._clock(), hands.actor, "parked", why), told)

    def _hand_over(self, incident: Incident, step: Step, hands: Hands) -> Run:
        """The next step belongs to other hands: queue it for the function, or page a person."""
        if step.kind.automatic:
            moved = self._record(
                replace(incident, status=Status.REMEDIATING, attempt=incident.attempt + 1),
                Entry(self._clock(), hands.actor, "queued", step.kind.value),
            )
            self._remediations.send(
                RemediationMessage(
                    moved.id, moved.plan.digest, moved.attempt, moved.subject.user_id
                )
            )
            return Run(Ended.NEXT, f"{step.kind.value} is queued", moved)
        waiting = replace(incident, status=Status.WAITING_PERSON)
        told = page(waiting, News.NEEDS_YOU, step.note, f"step-{incident.steps_done}")
        moved = self._record(
            waiting,
            Entry(self._clock(), hands.actor, "waits for a person", step.kind.value),
            told,
        )
        return Run(Ended.NEXT, f"{step.kind.value} is a person's step", moved)

    def _finish(self, incident: Incident, hands: Hands, ended: Ended, why: str) -> Run:
        """Ask check to prove it; nothing here may call the incident resolved."""
        # Asked for first: a crash between the two costs a check, not the proof.
        self._prove(incident)
        moved = self._record(
            replace(incident, status=Status.PROVING, in_flight=None),
            Entry(self._clock(), hands.actor, "to be proved", why),
        )
        return Run(ended, why, moved)

    def _prove(self, incident: Incident) -> None:
        self._checks.send(CheckMessage.look_at(incident.subject, self._clock()))

    def _void(self, incident: Incident, hands: Hands, why: str) -> Run:
        moved = self._record(
            replace(incident, in_flight=None),
            Entry(self._clock(), hands.actor, "plan void", why),
        )
        self._prove(moved)
        return Run(Ended.VOID, why, moved)

    def _wait(self, incident: Incident, hands: Hands, status: Status, why: str) -> Run:
        waiting = replace(incident, status=status, in_flight=None)
        told: tuple[Page, ...] = ()
        if status is Status.WAITING_APPROVAL:
            # It was queued, so somebody thinks it is approved: an approval ran out meanwhile.
            told = (page(waiting, News.NEEDS_YOU, f"{why}.", f"waits-{incident.version}"),)
        entry = Entry(self._clock(), hands.actor, "waits", why)
        return Run(Ended.WAITS, why, self._record(waiting, entry, *told))

    def _capped(self, incident: Incident, hands: Hands, why: str) -> Run:
        """Reaching a cap pages once an hour, and the check comes back when the hour is over."""
        now = self._clock()
        told = page(incident, News.NEEDS_YOU, f"{why}.", f"cap-{now:%Y%m%d%H}")
        moved = self._record(incident, Entry(now, hands.actor, "waits", why), told)
        over = (now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
        wait = min(900.0, (over - now).total_seconds())
        self._checks.send(CheckMessage.look_at(incident.subject, now), delay=wait)
        return Run(Ended.WAITS, why, moved)

    def _refused(
        self, incident: Incident, step: Step, hands: Hands, error: Refused | Permanent
    ) -> Run:
        detail = f"{step.kind.value} refused: {error}"
        waiting = replace(incident, status=Status.WAITING_PERSON, in_flight=None)
        if step.kind.automatic:
            # An administrator who does not outrank may ask one who does; we do not ask again.
            reason = "an earlier attempt was refused"
            waiting = replace(waiting, failures=incident.failures + 1, failed=reason)
        told = page(waiting, News.REFUSED, detail, f"refused-{incident.version}")
        ids = getattr(error, "request_id", None)
        moved = self._record(
            waiting,
            Entry(
                self._clock(),
                hands.actor,
                f"{step.kind.value} refused",
                f"{error}" + (f", request-id {ids}" if ids else ""),
            ),
            told,
        )
        return Run(Ended.REFUSED, str(error), moved)

    def _record(self, incident: Incident, entry: Entry, *pages: Page) -> Incident:
        """Raises Conflict when somebody else moved the incident: the run starts over."""
        changed = replace(incident, updated_at=entry.at)
        stored = self._table.commit_incident(IncidentChange(changed, (entry,), pages))
        if pages:
            self._errands.send_pages(incident.id)
        return stored
