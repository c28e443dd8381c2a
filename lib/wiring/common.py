"""What check, remediate and the operator's command share: vendor clients, table, errands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lib.aws import Secret, SqsCheckQueue, SqsRemediationQueue, client
from lib.aws_identity import web_identity
from lib.clouds import cloud
from lib.entra_sign_in import AppSignIn
from lib.flows.errands import Errands
from lib.flows.evidence import Evidence
from lib.graph import Graph
from lib.graph_rate import Restraint
from lib.http import Breaker, Http
from lib.okta import Okta
from lib.okta_sign_in import READ, TOUCH, OktaSignIn
from lib.settings import Environment, PolicySettings, WatchSettings
from lib.store.table import Table
from lib.times import utc_now
from lib.wiring.breaker import breaker
from lib.wiring.pager import pager
from lib.wiring.table import table

# The breaker's name for it: reader and writer ask the same vendor.
GRAPH = "Microsoft Graph"


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


def okta_http(env: Environment, scopes: Sequence[str] = READ, guard: Breaker | None = None) -> Http:
    """`scopes` count where the Okta secret holds a service app; a token has those of its maker."""
    org = env.https("OKTA_ORG_URL")
    secret = Secret(client("secretsmanager"), env.text("OKTA_SECRET_ID"), "Okta")
    sign_in = OktaSignIn(org, secret, scopes)
    return Http(
        org,
        sign=sign_in.sign,
        on_unauthorized=sign_in.refresh,
        on_challenge=sign_in.challenged,
        breaker=guard,
    )


def okta(env: Environment, scopes: Sequence[str] = READ, guard: Breaker | None = None) -> Okta:
    return Okta(okta_http(env, scopes, guard))


def entra_sign_in(env: Environment, who: str) -> AppSignIn:
    """`who` is READER or WRITER: two Entra applications, one that can only read."""
    name, where = f"Entra {who.lower()}", cloud(env)
    federated = env.one_of("ENTRA_SIGN_IN", ("secret", "federated"), "secret") == "federated"
    return AppSignIn(
        where.authority,
        env.text("ENTRA_TENANT_ID"),
        env.text(f"ENTRA_{who}_CLIENT_ID"),
        Secret(client("secretsmanager"), env.text(f"ENTRA_{who}_SECRET_ID"), name),
        where.graph_root,
        federated=web_identity(where.audience) if federated else None,
    )


def graph(env: Environment, who: str, guard: Breaker | None = None) -> Graph:
    sign_in = entra_sign_in(env, who)
    http = Http(
        cloud(env).graph_root,
        headers=sign_in.headers,
        on_unauthorized=sign_in.refresh,
        gate=Restraint(),
        breaker=guard,
    )
    return Graph(http)


def parts(variables: Mapping[str, str], *, touches: bool = False) -> Parts:
    """Raises SettingError before the first event is seen. `touches`: Okta is written to as well.

    Both vendors are behind their breakers here, unlike in what people run and watch themselves.
    """
    env = Environment(variables)
    watch, policy = WatchSettings.load(env), PolicySettings.load(env)
    scopes = (*READ, TOUCH) if touches and policy.touch_attribute else READ
    store = table(env)
    okta_client = okta(env, scopes, breaker(env, "Okta"))
    reader = graph(env, "READER", breaker(env, GRAPH))
    sqs = client("sqs")
    remediations = SqsRemediationQueue(sqs, env.text("REMEDIATION_QUEUE_URL"))
    return Parts(
        watch=watch,
        policy=policy,
        okta=okta_client,
        reader=reader,
        table=store,
        checks=SqsCheckQueue(sqs, env.text("CHECK_QUEUE_URL")),
        remediations=remediations,
        errands=Errands(store, pager(env), remediations, utc_now),
        evidence=Evidence(
            okta_client, reader, store, policy.connector_object_id, utc_now, watch.app_ids
        ),
    )
