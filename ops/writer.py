"""pushproof write: an administrator signs in by device code and carries out an approved plan."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from lib.aws import SqsCheckQueue, SqsRemediationQueue, client
from lib.clouds import cloud
from lib.entra_sign_in import BYPASS, PRIVILEGED_WRITE, DevicePrompt, DeviceSignIn
from lib.flows.bypass import Bypass
from lib.flows.drifts import new_incident_id
from lib.flows.errands import Errands
from lib.flows.evidence import Evidence
from lib.flows.flag_incident import FlagIncident
from lib.flows.remediate import Remediation
from lib.flows.runs import Run
from lib.flows.shared import Shared
from lib.flows.steps import administrator_hands
from lib.graph import Graph
from lib.http import Http
from lib.incident import Incident, Step, StepKind
from lib.okta import Okta
from lib.settings import Environment, PolicySettings, WatchSettings
from lib.store.table import Table
from lib.times import utc_now
from lib.wiring.common import okta as wire_okta
from lib.wiring.pager import pager
from ops.connection import Connection


@dataclass(frozen=True)
class Administrator:
    """A signed-in administrator's view: every read and write of Graph is done as them."""

    object_id: str
    graph: Graph
    okta: Okta
    table: Table
    evidence: Evidence
    watch: WatchSettings
    env: Environment

    @property
    def name(self) -> str:
        """As timelines and records name them: by id."""
        return f"administrator {self.object_id}"

    def bypass(self) -> Bypass:
        """The tenant's flag in their hands."""
        policy = PolicySettings.load(self.env)
        errands, tenant_id = self._errands(), self.watch.tenant_id
        shared = Shared(self.table, errands, tenant_id, policy.mode, new_incident_id, utc_now)
        incidents = FlagIncident(
            self.table,
            policy,
            tenant_id,
            errands,
            shared,
            self._checks(),
            self.name,
            new_incident_id,
            utc_now,
        )
        return Bypass(
            self.watch,
            policy,
            self.okta,
            self.graph,
            self.table,
            self.evidence,
            incidents,
            f"bypass-{secrets.token_hex(8)}",
            time.sleep,
            utc_now,
        )

    def run(self, incident: Incident, confirm: Callable[[Incident, Step], bool]) -> Run:
        """Raises Transient or Permanent; a refusal is the run's outcome."""
        runner = Remediation(
            self.watch,
            PolicySettings.load(self.env),
            self.okta,
            self.graph,
            self.table,
            self._checks(),
            self._remediations(),
            self._errands(),
            self.evidence,
            utc_now,
        )
        hands = administrator_hands(self.name, self.object_id, self.graph, confirm)
        return runner.run(incident.id, incident.plan.digest, hands)

    def _checks(self) -> SqsCheckQueue:
        return SqsCheckQueue(client("sqs"), self.env.text("CHECK_QUEUE_URL"))

    def _remediations(self) -> SqsRemediationQueue:
        return SqsRemediationQueue(client("sqs"), self.env.text("REMEDIATION_QUEUE_URL"))

    def _errands(self) -> Errands:
        return Errands(self.table, pager(self.env), self._remediations(), utc_now)


def sign_in(
    connection: Connection, kind: StepKind, show: Callable[[DevicePrompt], None]
) -> Administrator:
    """Asks for what a step of this kind needs and no more.

    Raises Permanent when the sign-in is declined or runs out.
    """
    env = Environment(connection.settings())
    where = cloud(env)
    device = DeviceSignIn(
        where.authority,
        env.text("ENTRA_TENANT_ID"),
        connection.output("OperatorClientId"),
        where.graph_root,
        show,
        permissions=BYPASS if kind is StepKind.BYPASS_ENABLE else PRIVILEGED_WRITE,
    )
    http = Http(where.graph_root, headers=device.headers, on_unauthorized=device.refresh)
    graph = Graph(http, applications=False)
    who = graph.signed_in_user()
    table, okta = connection.table(), wire_okta(env)
    evidence = Evidence(okta, graph, table, None, utc_now)
    return Administrator(who, graph, okta, table, evidence, WatchSettings.load(env), env)
