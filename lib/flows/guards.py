"""Before a step: both sides are read again, and the plan stops where it no longer fits."""

from __future__ import annotations

from dataclasses import dataclass

from lib.errors import Refused, Transient
from lib.flows.evidence import Evidence
from lib.flows.runs import Ended, Scene
from lib.incident import Incident, Step, StepKind
from lib.model import Attribute, KeyKind, Link, OktaReading, Value
from lib.ports import GraphPort, OktaPort
from lib.rules.compare import Comparison, compare
from lib.rules.drifts import watched_digest
from lib.rules.expected import Expectation, expectations
from lib.rules.links import lookup_keys, resolve
from lib.rules.matrix import protection
from lib.rules.policy import ONLY_STORED, grants, only_stored, privilege
from lib.settings import PolicySettings
from lib.store.table import Table


@dataclass(frozen=True)
class Stop:
    """HEALED or VOID, and why. `landed`: the step whose outcome was lost had happened."""

    ended: Ended
    why: str
    landed: bool = False


class Guards:
    """A guard that can not be read raises Transient: nothing runs on a guess."""

    def __init__(
        self,
        okta: OktaPort,
        graph: GraphPort,
        table: Table,
        evidence: Evidence,
        policy: PolicySettings,
        app_ids: tuple[str, ...],
    ) -> None:
        self._okta, self._graph, self._table = okta, graph, table
        self._evidence = evidence
        self._policy, self._app_ids = policy, app_ids

    def read(self, incident: Incident) -> Scene | None:
        """Fresh reads of both sides; None when the subject is now linked to somebody else."""
        plan = incident.plan
        others = [app for app in self._app_ids if app != plan.subject.app_id]
        reading = self._okta.read_subject(plan.subject, others)
        if plan.link is None or not plan.link.pinned:
            return None
        if not self._as_stored(reading, plan.link):
            return None
        asked = lookup_keys(reading, plan.link)
        found = {}
        for key, answer in self._graph.read_users(asked).items():
            if isinstance(answer, Transient | Refused):
                raise Transient("the link could not be read again")
            found[key] = answer
        link, seen = resolve(asked, found, plan.link)
        if seen is None and any(key.kind is not KeyKind.OBJECT_ID for key in asked):
            return None  # what pinned the user names nobody now
        if link is None or not link.pinned or link.object_id != plan.link.object_id:
            return None
        return Scene(reading, self._graph.read_user(plan.link.object_id))

    def _as_stored(self, reading: OktaReading, link: Link) -> bool:
        """Where Okta names no account, check's own record does: an incident's word is no link."""
        if reading.app_user is not None and reading.app_user.external_id:
            return True
        stored = self._table.subjects([reading.subject])[reading.subject].link
        return stored is not None and stored.object_id == link.object_id

    def stop(self, incident: Incident, step: Step, scene: Scene) -> Stop | None:
        """Why a run must not go on: healed, or the plan no longer describes what is there."""
        plan = incident.plan
        if scene.entra is None and plan.expected is False:
            return Stop(Ended.HEALED, "the account is gone")
        everything = self._expected(scene)
        expected = next(e for e in everything if e.attribute is plan.attribute)
        actual = scene.entra.value(plan.attribute) if scene.entra else None
        agrees = compare(plan.attribute, expected.value, actual)
        if agrees is Comparison.EQUAL and (incident.in_flight or incident.maybe_done):
            why = "the step that was begun has landed; its outcome was lost"
            return Stop(Ended.HEALED, why, landed=True)
        if agrees in (Comparison.EQUAL, Comparison.FORMAT):
            return Stop(Ended.HEALED, "the values agree already")
        unchanged = (
            _same(plan.attribute, expected.value, plan.expected)
            and _same(plan.attribute, actual, plan.actual)
            and not expected.stale
        )
        if not unchanged and not _our_own_doing(incident, actual):
            return Stop(Ended.VOID, "a value changed since the plan was made")
        pushes_all = step.kind is StepKind.OKTA_TOUCH
        if pushes_all and watched_digest(everything, scene.entra) != plan.watched:
            return Stop(Ended.VOID, "another value that the touch would push changed")
        guarded = self._now_guarded(incident, step, scene)
        return Stop(Ended.VOID, guarded) if guarded else None

    def _expected(self, scene: Scene) -> tuple[Expectation, ...]:
        configuration = None
        if scene.reading.app_user is not None:
            configuration = self._evidence.configuration(scene.reading.subject.app_id)
        return expectations(scene.reading, configuration)

    def _now_guarded(self, incident: Incident, step: Step, scene: Scene) -> str:
        """Why the target needs more than the plan asked for; "" when it does not.

        A plan may be a day old: roles, licences and settings are looked at again.
        """
        plan, entra = incident.plan, scene.entra
        if entra is None:
            return ""
        if entra.object_id.lower() in self._policy.break_glass:
            return "the target is a break-glass account now"
        if not step.kind.automatic and step.kind is not StepKind.PRIVILEGED_WRITE:
            return ""
        standing = self._graph.standing(entra.object_id)
        needed, _ = privilege(standing)
        if step.kind is StepKind.OKTA_TOUCH and grants(scene.reading.app_user):
            needed = max(needed, 1)
        disables = plan.attribute is Attribute.ACCOUNT_ENABLED and plan.expected is False
        if disables and only_stored(scene.reading, entra) and not plan.policy.approvals:
            return ONLY_STORED
        if needed > plan.policy.approvals:
            return "the target is or may be privileged now, or the touch would grant something"
        outside = entra.restricted or protection(standing).privileged
        if step.kind is StepKind.GRAPH_WRITE and outside:
            return "the target is out of our reach now"
        return ""


def _our_own_doing(incident: Incident, actual: object) -> bool:
    """After a crash between a write and its outcome, the value may be ours already."""
    return incident.in_flight is not None and actual == incident.plan.expected


def _same(attribute: Attribute, one: Value, other: Value) -> bool:
    """Equal as values of the attribute; two empty values are equal too."""
    if one in (None, (), "") or other in (None, (), ""):
        return (one in (None, (), "")) is (other in (None, (), ""))
    return compare(attribute, one, other) is Comparison.EQUAL
