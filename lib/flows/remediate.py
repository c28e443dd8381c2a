"""remediate: run one plan, one step at a time, each with its intent before and outcome after.

The same runner serves the function (graph_write, okta_touch) and a signed-in administrator
(privileged_write, bypass_enable): who may do which step is the `Hands` given to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from lib.errors import Permanent, Refused, Transient
from lib.flows.decide import status_for
from lib.flows.errands import Errands
from lib.flows.evidence import Evidence
from lib.incident import Entry, Incident, News, Page, Status, Step, StepKind
from lib.messages import CheckMessage, RemediationMessage
from lib.model import Attribute, EntraUser, OktaReading, Receipt
from lib.ports import CheckQueue, GraphPort, OktaPort, RemediationQueue
from lib.rules.compare import Comparison, compare
from lib.rules.expected import expectations
from lib.rules.links import lookup_keys, resolve
from lib.rules.matrix import protection
from lib.rules.pages import page
from lib.rules.policy import Verdict, gate, grants, privilege
from lib.settings import PolicySettings, WatchSettings
from lib.store.records import IncidentChange
from lib.store.table import Table
from lib.times import Clock

# How long a tenant-wide step may keep user steps waiting.
TENANT_LOCK = timedelta(minutes=15)


@dataclass(frozen=True)
class Scene:
    """Both sides, freshly read, right before a step."""

    reading: OktaReading
    entra: EntraUser | None


Act = Callable[[Incident, Step, Scene], Receipt]


@dataclass(frozen=True)
class Hands:
    """Who acts, and how each kind of step is done by them."""

    actor: str
    acts: Mapping[StepKind, Act]
    confirm: Callable[[Incident, Step], bool] = lambda _incident, _step: True


class Ended(StrEnum):
    """What came of a run."""

    DONE = "done"  # every step is done; a check will prove it
    HEALED = "healed"  # nothing left to mend
    NEXT = "next"  # our part is done; the next step is somebody else's
    VOID = "void"  # the plan no longer describes the world; a check will make a new one
    WAITS = "waits"  # mode, approvals, cap or lock
    REFUSED = "refused"
    STALE = "stale"  # the message speaks of a plan that is no longer the incident's


@dataclass(frozen=True)
class Run:
    ended: Ended
    reason: str
    incident: Incident | None = None


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
        self._watch, self._policy = watch, policy
        self._okta, self._graph, self._table = okta, graph, table
        self._checks, self._remediations = checks, remediations
        self._errands, self._evidence, self._clock = errands, evidence, clock

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
        scene = self._read(incident)
        if scene is None:
            return self._void(incident, hands, "the link changed")
        stop = self._still_true(incident, step, scene, hands)
        if stop:
            return stop
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
        holder = f"{incident.id}:{step.kind.value}"
        if step.kind is StepKind.BYPASS_ENABLE:
            self._table.take_tenant_lock(holder, self._clock(), TENANT_LOCK)
        elif self._table.tenant_locked(self._clock()):
            raise Transient("a tenant-wide step is under way", retry_after=30)
        try:
            if not hands.confirm(incident, step):
                return Run(Ended.WAITS, "not confirmed", incident)
            capped = self._over_cap(incident, step)
            if capped:
                return self._capped(incident, hands, capped)
            intended = self._record(
                replace(incident, in_flight=step.kind.value),
                Entry(self._clock(), hands.actor, f"{step.kind.value} begins", step.target),
            )
            return self._act(intended, step, scene, hands)
        finally:
            if step.kind is StepKind.BYPASS_ENABLE:
                self._table.release_tenant_lock(holder)

    def _act(self, incident: Incident, step: Step, scene: Scene, hands: Hands) -> Incident | Run:
        try:
            receipt = hands.acts[step.kind](incident, step, scene)
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
        touched = receipt.at if step.kind is StepKind.OKTA_TOUCH else incident.touched_at
        return self._record(
            replace(
                incident,
                in_flight=None,
                steps_done=incident.steps_done + 1,
                last_step_at=receipt.at,
                touched_at=touched,
            ),
            Entry(
                self._clock(),
                hands.actor,
                f"{step.kind.value} done",
                f"{step.target}: HTTP {receipt.status}{ids}",
            ),
        )

    # -- before a step ----------------------------------------------------------------------

    def _read(self, incident: Incident) -> Scene | None:
        """Fresh reads of both sides; None when the subject is now linked to somebody else."""
        plan = incident.plan
        others = [app for app in self._watch.app_ids if app != plan.subject.app_id]
        reading = self._okta.read_subject(plan.subject, others)
        if plan.link is None or not plan.link.pinned:
            return None
        asked = lookup_keys(reading, plan.link)
        found = {}
        for key, answer in self._graph.read_users(asked).items():
            if isinstance(answer, Transient | Refused):
                raise Transient("the link could not be read again")
            found[key] = answer
        link, _ = resolve(asked, found, plan.link)
        if link is None or not link.pinned or link.object_id != plan.link.object_id:
            return None
        return Scene(reading, self._graph.read_user(plan.link.object_id))

    def _still_true(self, incident: Incident, step: Step, scene: Scene, hands: Hands) -> Run | None:
        """Stops a run whose plan no longer describes what is there."""
        plan = incident.plan
        app_id = plan.subject.app_id
        configuration = None
        if scene.reading.app_user is not None:
            configuration = self._evidence.configuration(app_id)
        expected = {e.attribute: e for e in expectations(scene.reading, configuration)}
        now_expected = expected[plan.attribute]
        actual = scene.entra.value(plan.attribute) if scene.entra else None
        if scene.entra is None and plan.expected is False:
            return self._finish(incident, hands, Ended.HEALED, "the account is gone")
        if step.kind is not StepKind.BYPASS_ENABLE:
            agrees = compare(plan.attribute, now_expected.value, actual)
            if agrees is Comparison.EQUAL and incident.in_flight:
                ours = replace(
                    incident,
                    steps_done=incident.steps_done + 1,
                    last_step_at=scene.reading.taken_at,
                )
                why = "the step that was begun has landed; its outcome was lost"
                return self._finish(ours, hands, Ended.HEALED, why)
            if agrees in (Comparison.EQUAL, Comparison.FORMAT):
                return self._finish(incident, hands, Ended.HEALED, "the values agree already")
        unchanged = (
            _same(plan.attribute, now_expected.value, plan.expected)
            and _same(plan.attribute, actual, plan.actual)
            and not now_expected.stale
        )
        if not unchanged and not self._our_own_doing(incident, actual):
            return self._void(incident, hands, "a value changed since the plan was made")
        guarded = self._now_guarded(incident, step, scene)
        return self._void(incident, hands, guarded) if guarded else None

    def _now_guarded(self, incident: Incident, step: Step, scene: Scene) -> str:
        """Why the target needs more than the plan asked for; "" when it does not.

        A plan may be a day old: roles, licences and settings are looked at again.
        """
        plan, entra = incident.plan, scene.entra
        if entra is None:
            return ""
        if entra.object_id.lower() in self._policy.break_glass:
            return "the target is a break-glass account now"
        if not step.kind.automatic:
            return ""
        standing = self._graph.standing(entra.object_id)
        needed, _ = privilege(standing)
        if step.kind is StepKind.OKTA_TOUCH and grants(scene.reading.app_user):
            needed = max(needed, 1)
        if needed > plan.policy.approvals:
            return "the target is or may be privileged now, or the touch would grant something"
        outside = entra.restricted or protection(standing).privileged
        if step.kind is StepKind.GRAPH_WRITE and outside:
            return "the target is out of our reach now"
        return ""

    @staticmethod
    def _our_own_doing(incident: Incident, actual: object) -> bool:
        """After a crash between a write and its outcome, the value may be ours already."""
        return incident.in_flight is not None and actual == incident.plan.expected

    def _over_cap(self, incident: Incident, step: Step) -> str:
        """Takes a place under the hourly cap; a retry of a crashed step takes none."""
        if incident.in_flight is not None or step.kind is StepKind.BYPASS_ENABLE:
            return ""
        disables = incident.attribute is Attribute.ACCOUNT_ENABLED
        name = "disables" if disables else "writes"
        limit = self._policy.disables_per_hour if disables else self._policy.writes_per_hour
        if self._table.count(name, self._clock(), limit):
            return ""
        return f"the cap of {limit} {name} an hour is reached"

    # -- ways a run ends --------------------------------------------------------------------

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
        moved = self._record(
            replace(incident, status=Status.PROVING, in_flight=None),
            Entry(self._clock(), hands.actor, "to be proved", why),
        )
        self._prove(moved)
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
        moved = self._record(
            replace(incident, status=status, in_flight=None),
            Entry(self._clock(), hands.actor, "waits", why),
        )
        return Run(Ended.WAITS, why, moved)

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


def _same(attribute: Attribute, one: object, other: object) -> bool:
    """Equal as values of the attribute; two empty values are equal too."""
    if one in (None, (), "") or other in (None, (), ""):
        return (one in (None, (), "")) is (other in (None, (), ""))
    return compare(attribute, one, other) is Comparison.EQUAL  # type: ignore[arg-type]
