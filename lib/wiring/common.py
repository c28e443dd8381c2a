"""What check, remediate and the operator's command share: vendor clients, table, errands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import boto3

from lib.aws import CONFIG, Secret, SnsPager, SqsCheckQueue, SqsRemediationQueue, client
from lib.entra_sign_in import AppSignIn
from lib.flows.errands import Errands
from lib.flows.evidence import Evidence
from lib.graph import Graph
from lib.http import Http
from lib.okta import Okta
from lib.settings import Environment, PolicySettings, WatchSettings
from lib.store.table import Table
from lib.times import utc_now

AUTHORITY = "https://login.microsoftonline.com"
GRAPH = "https://graph.microsoft.com"


@dataclass(frozen=True)
class Parts:
    watch: WatchSettings
    policy: PolicySettings
    okta: Okta
    reader: Graph
    table: Table
    checks: SqsCheckQueue
    remediations: SqsRemediationQueue
    errands: Errands
    evidence: Evidence


def table(env: Environment) -> Table:
    resource = boto3.resource("dynamodb", config=CONFIG)
    return Table(resource.meta.client, env.text("TABLE"))


def okta(env: Environment) -> Okta:
    token = Secret(client("secretsmanager"), env.text("OKTA_SECRET_ID"), "token")
    return Okta(
        Http(
            env.https("OKTA_ORG_URL"),
            headers=lambda: {"Authorization": f"SSWS {token()}"},
            on_unauthorized=token.forget,
        )
    )


def graph(env: Environment, who: str) -> Graph:
    """`who` is READER or WRITER: two Entra applications, one that can only read."""
    secret = Secret(client("secretsmanager"), env.text(f"ENTRA_{who}_SECRET_ID"), "client_secret")
    root = env.https("GRAPH_ROOT", GRAPH)
    sign_in = AppSignIn(
        env.https("ENTRA_AUTHORITY", AUTHORITY),
        env.text("ENTRA_TENANT_ID"),
        env.text(f"ENTRA_{who}_CLIENT_ID"),
        secret,
        root,
    )
    return Graph(Http(root, headers=sign_in.headers, on_unauthorized=sign_in.refresh))


def parts(variables: Mapping[str, str]) -> Parts:
    """Raises SettingError before the first event is seen."""
    env = Environment(variables)
    watch, policy = WatchSettings.load(env), PolicySettings.load(env)
    store, okta_client, reader = table(env), okta(env), graph(env, "READER")
    sqs = client("sqs")
    remediations = SqsRemediationQueue(sqs, env.text("REMEDIATION_QUEUE_URL"))
    pager = SnsPager(client("sns"), env.text("TOPIC_ARN"))
    return Parts(
        watch=watch,
        policy=policy,
        okta=okta_client,
        reader=reader,
        table=store,
        checks=SqsCheckQueue(sqs, env.text("CHECK_QUEUE_URL")),
        remediations=remediations,
        errands=Errands(store, pager, remediations, utc_now),
        evidence=Evidence(okta_client, reader, store, policy.connector_object_id, utc_now),
    )
