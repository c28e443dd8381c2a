"""remediate: run one plan, one step at a time, each with its intent before and outcome after.

The same runner serves the function (graph_write, okta_touch) and a signed-in administrator
(privileged_write): who may do which step is the `Hands` given to it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from lib.errors import Conflict, NotDone, Permanent, Refused, Transient, Unauthorized
from lib.flows import caps
from lib.flows.decide import status_for
from lib.flows.errands import Errands
from lib.flows.evidence import Evidence
from lib.flows.guards import Guards, Stop
from lib.flows.runs import Before, Ended, Hands, LeftWrong, Run, Scene
from lib.incident import Entry, Incident, News, Page, Status, Step, StepKind
from lib.messages import CheckMessage, RemediationMessage
from lib.ports import CheckQueue, GraphPort, OktaPort, RemediationQueue
from lib.rules.attempts import last_failure
from lib.rules.pages import page
from lib.rules.policy import Verdict, gate
from lib.settings import PolicySettings, WatchSettings
from lib.store.records import IncidentChange
from lib.store.table import Table
from lib.times import Clock

# Others write the incident while a step is done: a snooze ends, an approval runs out.
TRIES = 5


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
        self._guards = Guards(okta, graph, table, evidence, policy, watch.app_ids)
        self._checks, self._remediations = checks, remediations
        self._errands, self._clock = errands, clock

    def run(self, incident_id: str, digest: str, hands: Hands) -> Run:
        """Does the next steps that are these hands' to do.

        Raises Transient (nothing is decided: try again), Permanent (park the message).
        """
        incident = self._table.incident(incident_id)
        if incident is None:
            raise Permanent(f"incident {incident_id} does not exist")
        self._errands.try_pages(incident_id)
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
        taken = self._place(incident)
        if taken is None:
            return self._capped(incident, hands)
        intended = self._record(
            self._intended(incident, step, scene),
            Entry(self._clock(), hands.actor, f"{step.kind.value} begins", step.target),
        )
        return self._act(intended, step, scene, hands, Before(incident.touched_at, taken))

    @staticmethod
    def _intended(incident: Incident, step: Step, scene: Scene) -> Incident:
        """A touch counts from its intent: one whose outcome is lost may have happened."""
        begun = incident.maybe_done or incident.in_flight is not None
        intended = replace(incident, in_flight=step.kind.value, maybe_done=begun)
        if step.kind is StepKind.OKTA_TOUCH:
            intended = replace(intended, touched_at=scene.reading.taken_at)
        return intended

    def _act(
        self,
        incident: Incident,
        step: Step,
        scene: Scene,
        hands: Hands,
        before: Before,
    ) -> Incident | Run:
        def entry(what: str, detail: str) -> Entry:
            return Entry(self._clock(), hands.actor, f"{step.kind.value} {what}", detail)

        try:
            receipt = hands.acts[step.kind](incident, step, scene)
        except (Unauthorized, NotDone) as error:
            # Not this plan was refused: it waits as it is, and as if this run had not been.
            self._outcome(
                incident,
                entry("not done", str(error)),
                lambda known: replace(known, in_flight=None, touched_at=before.touched_at),
            )
            caps.give_back(self._table, before.taken)
            raise
        except (Refused, Permanent) as error:
            return self._refused(incident, step, hands, error, before.taken)
        except Transient as error:
            # Whether it happened is unknown: the next run re-reads before it does anything.
            unknown = entry("outcome unknown", str(error))
            self._outcome(
                incident, unknown, lambda known: replace(known, in_flight=None, maybe_done=True)
            )
            raise
        ids = f", request-id {receipt.request_id}" if receipt.request_id else ""
        return self._outcome(
            incident,
            entry("done", f"{step.target}: HTTP {receipt.status}{ids}"),
            lambda known: replace(
                known,
                in_flight=None,
                maybe_done=False,
                steps_done=known.steps_done + 1,
                last_step_at=receipt.at,
            ),
        )

    def _outcome(
        self,
        ours: Incident,
        entry: Entry,
        change: Callable[[Incident], Incident],
        told: Callable[[Incident], Page] | None = None,
    ) -> Incident:
        """Records what came of the step in flight, on the incident as it is by now.

        What happened is never lost: where the step is no longer the incident's, its line is kept
        in the timeline all the same. Raises Conflict then.
        """
        known: Incident | None = ours
        for _ in range(TRIES):
            if known is None or not _still_in_flight(known, ours):
                break
            moved = change(known)
            try:
                return self._record(moved, entry, *([told(moved)] if told else []))
            except Conflict:
                known = self._table.incident(ours.id)
        self._table.add_entry(ours.id, entry)
        raise Conflict("the incident moved on while its step was done")

    def _place(self, incident: Incident) -> caps.Taken | None:
        """Under the hourly cap. The same step tried again has the same one, and a crashed one its
        hour's.
        """
        (name, limit), who = caps.of(incident, self._policy), caps.who(incident)
        now = self._clock()
        if incident.in_flight is not None:
            return caps.Taken(name, who, now, new=False)
        return caps.take(self._table, name, who, now, limit)

    # -- ways a run ends --------------------------------------------------------------------

    def _stopped(self, incident: Incident, hands: Hands, stop: Stop, scene: Scene) -> Run:
        if stop.ended is Ended.VOID:
            return self._void(incident, hands, stop.why)
        if stop.landed:
            done, at = incident.steps_done + 1, scene.reading.taken_at
            incident = replace(
                incident, steps_done=done, last_step_at=at, in_flight=None, maybe_done=False
            )
        return self._finish(incident, hands, stop.ended, stop.why)

    def give_up(self, incident_id: str, hands: Hands, why: str) -> None:
        """The message is parked; the incident goes to a person, who is told."""
        incident = self._table.incident(incident_id)
        if incident is None or incident.status is not Status.REMEDIATING:
            return
        failures = incident.failures + 1
        waiting = replace(
            _set_down(incident),
            status=Status.WAITING_PERSON,
            failures=failures,
            failed=last_failure("was parked", failures),
        )
        told = page(waiting, News.NEEDS_YOU, f"Parked: {why}.", f"parked-{incident.version}")
        self._record(waiting, Entry(self._clock(), hands.actor, "parked", why), told)

    def set_down(self, incident_id: str, hands: Hands) -> None:
        """A run that crashed left its intent, and this one can not go on now: check need not wait
        for that intent to be abandoned. A step of other hands stays theirs.
        """
        incident = self._table.incident(incident_id)
        if incident is None or incident.in_flight not in {kind.value for kind in hands.acts}:
            return
        entry = Entry(self._clock(), hands.actor, "waits", "its outcome is read again")
        with suppress(Conflict):
            self._record(_set_down(incident), entry)

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
            replace(_set_down(incident), status=Status.PROVING),
            Entry(self._clock(), hands.actor, "to be proved", why),
        )
        return Run(ended, why, moved)

    def _prove(self, incident: Incident) -> None:
        self._checks.send(CheckMessage.look_at(incident.subject, self._clock()))

    def _void(self, incident: Incident, hands: Hands, why: str) -> Run:
        moved = self._record(
            _set_down(incident),
            Entry(self._clock(), hands.actor, "plan void", why),
        )
        self._prove(moved)
        return Run(Ended.VOID, why, moved)

    def _wait(self, incident: Incident, hands: Hands, status: Status, why: str) -> Run:
        waiting = replace(_set_down(incident), status=status)
        told: tuple[Page, ...] = ()
        if status is Status.WAITING_APPROVAL:
            # It was queued, so somebody thinks it is approved: an approval ran out meanwhile.
            told = (page(waiting, News.NEEDS_YOU, f"{why}.", f"waits-{incident.version}"),)
        entry = Entry(self._clock(), hands.actor, "waits", why)
        return Run(Ended.WAITS, why, self._record(waiting, entry, *told))

    def _capped(self, incident: Incident, hands: Hands) -> Run:
        """Reaching a cap pages once an hour, and the check comes back when the hour is over."""
        (name, limit), now = caps.of(incident, self._policy), self._clock()
        why = f"the cap of {limit} {name} an hour is reached"
        told = page(incident, News.NEEDS_YOU, f"{why}.", f"cap-{now:%Y%m%d%H}")
        moved = self._record(incident, Entry(now, hands.actor, "waits", why), told)
        over = (now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
        wait = min(900.0, (over - now).total_seconds())
        self._checks.send(CheckMessage.look_at(incident.subject, now), delay=wait)
        return Run(Ended.WAITS, why, moved)

    def _refused(
        self,
        incident: Incident,
        step: Step,
        hands: Hands,
        error: Refused | Permanent,
        taken: caps.Taken,
    ) -> Run:
        detail = f"{step.kind.value} refused: {error}"
        ids = getattr(error, "request_id", None)

        def wait(known: Incident) -> Incident:
            done = known.maybe_done or isinstance(error, LeftWrong)
            waiting = replace(known, status=Status.WAITING_PERSON, in_flight=None, maybe_done=done)
            if not step.kind.automatic:
                return waiting
            # An administrator who does not outrank may ask one who does; we do not ask again.
            failures = known.failures + 1
            return replace(waiting, failures=failures, failed=last_failure("was refused", failures))

        moved = self._outcome(
            incident,
            Entry(
                self._clock(),
                hands.actor,
                f"{step.kind.value} refused",
                f"{error}" + (f", request-id {ids}" if ids else ""),
            ),
            wait,
            lambda waiting: page(waiting, News.REFUSED, detail, f"refused-{waiting.version}"),
        )
        if not isinstance(error, LeftWrong):
            caps.give_back(self._table, taken)
        return Run(Ended.REFUSED, str(error), moved)

    def _record(self, incident: Incident, entry: Entry, *pages: Page) -> Incident:
        """What is stored stays so, whether or not its pages go out now: tick sends what is left.

        Raises Conflict when somebody else moved the incident: the run starts over.
        """
        changed = replace(incident, updated_at=entry.at)
        stored = self._table.commit_incident(IncidentChange(changed, (entry,), pages))
        if pages:
            self._errands.try_pages(incident.id)
        return stored


def _still_in_flight(known: Incident, ours: Incident) -> bool:
    same = known.plan.digest == ours.plan.digest and known.steps_done == ours.steps_done
    return known.status.open and same and known.in_flight == ours.in_flight


def _set_down(incident: Incident) -> Incident:
    """Nothing is in flight any more. What an earlier run had begun may have happened."""
    begun = incident.maybe_done or incident.in_flight is not None
    return replace(incident, in_flight=None, maybe_done=begun)
