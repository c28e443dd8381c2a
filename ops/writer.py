"""pushproof write: an administrator signs in by device code and carries out an approved plan."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from lib.aws import SnsPager, SqsCheckQueue, SqsRemediationQueue, client
from lib.clouds import cloud
from lib.entra_sign_in import BYPASS, PRIVILEGED_WRITE, DevicePrompt, DeviceSignIn
from lib.flows import preview as previews
from lib.flows.errands import Errands
from lib.flows.evidence import Evidence
from lib.flows.preview import Preview
from lib.flows.remediate import Remediation
from lib.flows.runs import Run
from lib.flows.steps import administrator_hands
from lib.graph import Graph
from lib.http import Http
from lib.incident import Incident, Step, StepKind
from lib.okta import Okta
from lib.settings import Environment, PolicySettings, WatchSettings
from lib.store.table import Table
from lib.times import utc_now
from lib.wiring.common import okta as wire_okta
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

    def preview(self) -> Preview:
        found = previews.take(self.okta, self.graph, self.evidence, self.watch.app_ids, utc_now)
        previews.record(self.table, found)
        return found

    def run(self, incident: Incident, confirm: Callable[[Incident, Step], bool]) -> Run:
        """Raises Transient or Permanent; a refusal is the run's outcome."""
        sqs = client("sqs")
        remediations = SqsRemediationQueue(sqs, self.env.text("REMEDIATION_QUEUE_URL"))
        pager = SnsPager(client("sns"), self.env.text("TOPIC_ARN"))
        runner = Remediation(
            self.watch,
            PolicySettings.load(self.env),
            self.okta,
            self.graph,
            self.table,
            SqsCheckQueue(sqs, self.env.text("CHECK_QUEUE_URL")),
            remediations,
            Errands(self.table, pager, remediations, utc_now),
            self.evidence,
            utc_now,
        )
        hands = administrator_hands(
            f"administrator {self.object_id}", self.graph, self.table, utc_now, time.sleep, confirm
        )
        return runner.run(incident.id, incident.plan.digest, hands)


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
    graph = Graph(Http(where.graph_root, headers=device.headers, on_unauthorized=device.refresh))
    who = graph.signed_in_user()
    table, okta = connection.table(), wire_okta(env)
    evidence = Evidence(okta, graph, table, None, utc_now)
    return Administrator(who, graph, okta, table, evidence, WatchSettings.load(env), env)
