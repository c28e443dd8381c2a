"""All flows on one stage: fake vendors and outlets, a real table, one clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from lib.flows.approve import Approve
from lib.flows.asked import Answer, Caller
from lib.flows.check import Check
from lib.flows.check_batch import CheckBatch
from lib.flows.drifts import new_incident_id
from lib.flows.errands import Errands
from lib.flows.evidence import Evidence
from lib.flows.remediate import Remediation
from lib.flows.remediate_message import RemediateMessage
from lib.flows.shared import Shared
from lib.flows.steps import function_hands
from lib.flows.tick import Tick
from lib.incident import Incident
from lib.messages import CheckMessage, RemediationMessage
from lib.model import Subject
from lib.rules.hints import Hint
from lib.settings import Mode, PolicySettings, WatchSettings
from lib.store.records import SubjectState
from lib.store.table import Table
from tests.fakes.clock import START, FakeClock
from tests.fakes.graph import FakeGraph
from tests.fakes.make import APP, CONNECTOR, OTHER_APP, SUBJECT, TENANT, touch_proof
from tests.fakes.okta import FakeOkta
from tests.fakes.outlets import FakePager, FakeQueue, FakeRemediationQueue

SETTLE = 90.0
LOOKS = (60.0, 180.0)
ARN = "arn:aws:sts::123456789012:assumed-role/OnCall/"


class Stage:
    """Calling `build` again is a cold start; `policy` and `watch` may be replaced before."""

    def __init__(self, table: Table) -> None:
        self.clock = FakeClock()
        self.okta, self.graph = FakeOkta(self.clock), FakeGraph(self.clock)
        self.checks, self.remediations = FakeQueue(), FakeRemediationQueue()
        self.pager, self.table = FakePager(), table
        self.watch = WatchSettings((APP, OTHER_APP), TENANT, SETTLE, LOOKS)
        self.policy = PolicySettings(
            mode=Mode.AUTO,
            touch_attribute=None,
            break_glass=frozenset(),
            connector_object_id=CONNECTOR,
            disables_per_hour=5,
            writes_per_hour=5,
            approval_hours=24,
        )
        self.build()

    def build(self, **policy: Any) -> None:
        self.policy = replace(self.policy, **policy)
        if self.policy.touch_attribute:
            self.table.record_touch_proof(touch_proof(APP, self.policy.touch_attribute))
        errands = Errands(self.table, self.pager, self.remediations, self.clock)
        evidence = Evidence(
            *(self.okta, self.graph, self.table, self.policy.connector_object_id, self.clock),
            self.watch.app_ids,
        )
        both = (self.watch, self.policy, self.okta, self.graph, self.table, self.checks)
        check = Check(*both, errands, evidence, self.clock)
        self.batch = CheckBatch(check, self.okta, self.table, self.checks, self.clock, lambda: 0.0)
        self.remediation = Remediation(*both, self.remediations, errands, evidence, self.clock)
        self.hands = function_hands(self.okta, self.graph)
        self.remediate = RemediateMessage(
            self.remediation, self.hands, self.table, self.checks, self.clock, lambda: 0.0
        )
        tenant, mode = self.watch.tenant_id, self.policy.mode
        self.shared = Shared(self.table, errands, tenant, mode, new_incident_id, self.clock)
        self.ticking = Tick(self.policy, self.table, self.checks, errands, self.shared, self.clock)
        self.approvals = Approve(self.policy, self.table, self.remediations, errands, self.clock)

    # -- what happens ------------------------------------------------------------------------

    def hint(
        self, *subjects: Subject, ago: float = SETTLE + 10, guessed: bool = False
    ) -> list[str]:
        """One message of hints published `ago` seconds; answers what failed."""
        published = self.clock() - timedelta(seconds=ago)
        hints = tuple(Hint(s, published, guessed=guessed) for s in subjects or (SUBJECT,))
        return self.run({"m-1": CheckMessage(hints, first_seen=START)})

    def run(self, messages: Mapping[str, CheckMessage | str]) -> list[str]:
        bodies = {n: m if isinstance(m, str) else m.text() for n, m in messages.items()}
        failed = self.batch.run(bodies)
        self.clock.pass_by(1)
        return failed

    def tick(self) -> dict[str, int]:
        return dict(self.ticking.run())

    def next_look(self) -> float:
        """Waits for the next message of the check queue, runs it, answers how long it waited."""
        waiting = sorted(self.checks.take(), key=lambda entry: _delay(entry[1]))
        (message, delay), self.checks.sent = waiting[0], waiting[1:]
        self.clock.pass_by(_delay(delay))
        self.run({"m-look": message})
        return _delay(delay)

    def looks(self) -> None:
        """Until the check queue is empty; remediation waits."""
        for _ in range(20):
            if not self.checks.sent:
                return
            self.next_look()
        raise AssertionError("the looks do not end")

    def drain(self) -> None:
        """Until nothing is left to do."""
        for _ in range(20):
            self.looks()
            if not self.remediations.sent:
                return
            self.mend()
        raise AssertionError("it does not end")

    def mend(self, message: RemediationMessage | None = None) -> None:
        """One remediation message: the given one, or the next in the queue."""
        message = message or self.remediations.sent.pop(0)
        self.remediate.run("r-1", message.text())
        self.clock.pass_by(1)

    def drifted(self) -> Incident:
        """A hint, all its looks, and the incident they opened."""
        self.clock.pass_by(SETTLE + 60)
        self.hint()
        self.looks()
        return self.incident()

    def says(self, person: str, action: str = "approve", **changes: Any) -> Answer:
        of = self.table.incident(changes.pop("incident", "")) or self.incident()
        request = {"action": action, "incident": of.id, "digest": of.plan.digest}
        answer = self.approvals.run(request | changes, Caller(ARN + person))
        self.clock.pass_by(1)
        return answer

    # -- what is there -----------------------------------------------------------------------

    @property
    def state(self) -> SubjectState:
        return self.table.subjects([SUBJECT])[SUBJECT]

    def incidents(self, *, closed: bool = False) -> list[Incident]:
        rows = self.table.summaries(closed=closed)
        found = [self.table.incident(str(row["incident"])) for row in rows]
        return [incident for incident in found if incident]

    def incident(self) -> Incident:
        """The only one about a user, open or closed."""
        rows = [self.table.incident(ident) for ident in self.state.open.values()]
        (found,) = [i for i in [*rows, *self.incidents(closed=True)] if i and not i.everyone]
        return found

    def timeline(self) -> list[str]:
        return [entry.what for entry in self.table.timeline(self.incident().id)]

    def covered(self, moment: datetime) -> bool:
        return self.state.covered_to is not None and moment < self.state.covered_to


def _delay(delay: float | None) -> float:
    return SETTLE if delay is None else delay
