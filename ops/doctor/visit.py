"""One visit: every area that was asked for, with the clients it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial

import boto3

from lib.aws import CONFIG, called, client
from lib.clouds import cloud
from lib.errors import Transient
from lib.graph import Graph
from lib.http import Http
from lib.http_answers import http_date
from lib.okta import Okta
from lib.okta_admin import OktaAdmin
from lib.okta_sign_in import READ, TOUCH
from lib.settings import Environment, PolicySettings, WatchSettings
from lib.store.table import Table
from lib.times import Clock, utc_now
from lib.wiring.common import okta_http
from ops.connection import Connection
from ops.doctor import (
    aws_state,
    clocks,
    directory_flag,
    entra_permissions,
    entra_roles,
    hook,
    okta_access,
    okta_app,
    ordinary,
    secrets,
    system_log,
)
from ops.doctor.finding import Finding
from ops.doctor.identity import Identity, Who, from_directory, from_sign_in
from ops.doctor.okta_token import OktaReads
from ops.doctor.proof_record import ProofRecord
from ops.doctor.texts import finding
from ops.doctor.touch_proof import TouchTrial
from ops.vendors import (
    SEE_HOOKS,
    entra_sign_in,
    environment,
    federated,
    okta_as_administrator,
    okta_as_reader,
    okta_secret,
    okta_sign_in,
)

SECRETS = ("HookSecretId", "OktaSecretId")
ENTRA_SECRETS = ("EntraReaderSecretId", "EntraWriterSecretId")
# Where EntraSignIn is federated the reader trusts all of them, the writer the last.
ROLES = ("CheckRoleArn", "SweepRoleArn", "RemediateRoleArn")
QUEUES = {
    "the check queue": "CheckQueueUrl",
    "the remediation queue": "RemediationQueueUrl",
    "the sweep queue": "SweepQueueUrl",
}
DEAD = {
    "the check dead-letter queue": "CheckDeadLetterQueueUrl",
    "the remediation dead-letter queue": "RemediationDeadLetterQueueUrl",
    "the sweep dead-letter queue": "SweepDeadLetterQueueUrl",
}
# Answered without credentials, and by another bucket than what the functions use.
OPEN_AT_OKTA = "/.well-known/openid-configuration"


class Side(StrEnum):
    OKTA = "okta"
    ENTRA = "entra"
    AWS = "aws"


@dataclass(frozen=True)
class Area:
    """A heading and what was found under it."""

    name: str
    findings: tuple[Finding, ...]


class Visit:
    """Raises SettingError when the stack's outputs make no sense."""

    def __init__(self, connection: Connection, clock: Clock = utc_now) -> None:
        self._connection, self._clock = connection, clock
        self._env: Environment = environment(connection)
        self._watch = WatchSettings.load(self._env)
        self._policy = PolicySettings.load(self._env)
        self._table: Table = connection.table()
        # One resource client of its own: the record takes plain Python values.
        store = boto3.resource("dynamodb", config=CONFIG).meta.client
        self._proofs = ProofRecord(store, connection.output("TableName"))
        http = okta_as_reader(self._env)
        self._okta, self._admin = Okta(http), OktaAdmin(http)
        self._hooks = self._as_administrator(*SEE_HOOKS)
        self._sign_ins = {who: entra_sign_in(self._env, who.upper()) for who in Who}
        self._cloud = cloud(self._env)
        root = self._cloud.graph_root
        reader = self._sign_ins[Who.READER]
        self._reader = Graph(Http(root, headers=reader.headers, on_unauthorized=reader.refresh))

    def areas(self, only: Side | None = None) -> Iterator[Area]:
        """One after another, so that the screen can show each when it is there."""
        if only in (None, Side.OKTA):
            yield from self._okta_side()
        if only in (None, Side.ENTRA):
            yield from self._entra_side()
        if only in (None, Side.AWS):
            yield from self._aws_side()
        yield Area("clocks", tuple(self._clocks(only)))

    def trial(self) -> TouchTrial:
        okta = Okta(okta_http(self._env, (*READ, TOUCH)))
        settle = self._watch.settle
        return TouchTrial(okta, self._reader, self._proofs, self._clock, settle=settle)

    @property
    def app_ids(self) -> tuple[str, ...]:
        return self._watch.app_ids

    @property
    def touch_attribute(self) -> str | None:
        return self._policy.touch_attribute

    def _okta_side(self) -> Iterator[Area]:
        url = self._connection.output("HookUrl")
        told = hook.examine(self._hooks, url, self._watch.app_ids)
        read = system_log.examine(self._table, self._clock())
        yield Area("event hook", (*told, *read))
        found: list[Finding] = []
        for app_id in self._watch.app_ids:
            found += okta_app.examine(
                self._okta, app_id, self._policy.touch_attribute, self._proofs, self._clock()
            )
            found.append(ordinary.of_pushes(self._admin, app_id, self._clock()))
        if self._policy.touch_attribute is None:
            found.append(finding("touch_off"))
        yield Area("Okta app", tuple(found))
        reads = OktaReads(self._admin).examine(self._watch.app_ids, self._clock())
        yield Area("Okta token", tuple(reads))
        yield Area("Okta access", tuple(self._access()))

    def _entra_side(self) -> Iterator[Area]:
        identities = [self._identity(who) for who in Who]
        connector = self._policy.connector_object_id
        found = [
            each
            for identity in identities
            for each in entra_permissions.examine(identity, connector_known=connector is not None)
        ]
        yield Area("Entra permissions", tuple(found))
        roles = [e for one in identities for e in entra_roles.of_identity(self._reader, one)]
        for each in self._connectors():
            roles += entra_roles.of_connector(self._reader, each)
        yield Area("Entra roles", tuple(roles))
        flag = directory_flag.examine(self._reader, self._table.bypass_fact, self._clock())
        yield Area("tenant flag", tuple(flag))

    def _aws_side(self) -> Iterator[Area]:
        output = self._connection.output
        manager = client("secretsmanager")
        entra = {name: output(name) for name in ENTRA_SECRETS}
        found = secrets.examine(manager, {name: output(name) for name in SECRETS}, self._clock())
        if federated(self._env):
            roles = [self._role(name) for name in ROLES]
            found += secrets.examine_unused(manager, entra, roles, roles[-1])
        else:
            found += secrets.examine(manager, entra, self._clock())
        yield Area("secrets", tuple(found))
        sqs, sns, cloudwatch = client("sqs"), client("sns"), client("cloudwatch")
        arn = output("TopicArn")
        simulated = self._connection.is_sandbox
        looks: list[tuple[str, Callable[[], list[Finding]]]] = [
            *((name, partial(aws_state.queue, sqs, name, output(o))) for name, o in QUEUES.items()),
            *(
                (name, partial(aws_state.dead_letters, sqs, name, output(o)))
                for name, o in DEAD.items()
            ),
            ("the table", lambda: aws_state.table(self._table, self._policy.mode)),
            ("alarms", lambda: aws_state.alarms(cloudwatch, arn, simulated=simulated)),
            ("the topic's subscriptions", lambda: aws_state.topic(sns, arn)),
        ]
        yield Area("AWS", tuple(f for what, look in looks for f in aws_state.read(what, look)))

    def _as_administrator(self, *scopes: str) -> OktaAdmin:
        return OktaAdmin(okta_as_administrator(self._env, scopes))

    def _access(self) -> list[Finding]:
        lookers = okta_access.Lookers(
            grants=self._as_administrator(okta_access.SEE_GRANTS),
            roles=self._as_administrator(okta_access.SEE_ROLES),
            own=self._admin,
        )
        touches = self._policy.touch_attribute is not None
        secret = okta_secret(self._env)
        return okta_access.examine(secret, self._scheme, lookers, touches=touches)

    def _scheme(self, scopes: Sequence[str]) -> str:
        """How a request would be signed with a token for these scopes: Bearer or DPoP."""
        org = self._env.https("OKTA_ORG_URL")
        signed = okta_sign_in(self._env, scopes).sign("GET", f"{org}/api/v1/apps")
        return signed["Authorization"].partition(" ")[0]

    def _identity(self, who: Who) -> Identity:
        """By its own token; where its secret may not be read, by what the directory says."""
        own = from_sign_in(who, self._sign_ins[who].headers)
        if own.refused and federated(self._env):
            # Entra trusts the functions' roles only, so this refusal says nothing about them.
            own = Identity(who, unread=own.refused)
        if not own.unread:
            return own
        why, trusts = own.unread, self._trusts(who)
        if who is Who.WRITER:
            client_id = self._env.text(f"ENTRA_{who.upper()}_CLIENT_ID")
            told = from_directory(who, self._reader, client_id)
            if not told.unread:
                return told
            why = f"{why}; the directory: {told.unread}"
        return Identity(who, unread=why, trusts=trusts)

    def _trusts(self, who: Who) -> str:
        if not federated(self._env):
            return ""
        return " and ".join(map(self._role, ROLES if who is Who.READER else ROLES[-1:]))

    def _role(self, output: str) -> str:
        """Its ARN, as a federated credential has to name it."""
        return self._connection.outputs.get(output) or f"the role of the stack's output {output}"

    def _connectors(self) -> list[str | None]:
        """Configured, or what the audit log told of each app; [None] where nobody knows."""
        if self._policy.connector_object_id:
            return [self._policy.connector_object_id]
        try:
            facts = [self._table.connector_fact(app_id) for app_id in self._watch.app_ids]
        except Transient:
            facts = []
        known = {each.principal_id for each in facts if each and each.principal_id}
        return [*sorted(known)] or [None]

    def _clocks(self, only: Side | None) -> Iterator[Finding]:
        asks = {
            Side.OKTA: ("Okta", _date_of(self._env.https("OKTA_ORG_URL"), OPEN_AT_OKTA)),
            Side.ENTRA: (
                "Microsoft",
                _date_of(self._cloud.authority, f"/{self._watch.tenant_id}/discovery/v2.0/keys"),
            ),
            Side.AWS: ("AWS", _aws_date),
        }
        for side, (who, ask) in asks.items():
            if only in (None, side):
                yield clocks.examine(who, ask, self._clock)


def _date_of(root: str, path: str) -> Callable[[], datetime]:
    """Without credentials: a refusal carries a date as well."""
    http = Http(root)
    return lambda: http.request("GET", path, accept=(400, 401, 403, 404)).date


def _aws_date() -> datetime:
    answer = called(client("sts").get_caller_identity)
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    found = http_date(headers.get("date"))
    if found is None:
        raise Transient("AWS's answer has no Date header")
    return found
