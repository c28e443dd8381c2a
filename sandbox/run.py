"""Sandbox: a simulated Okta org, a simulated Entra tenant and local AWS, started as one thing."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import requests
from flask import Flask

from sandbox.aws.identities import Identity, operator
from sandbox.aws.local import LocalCloud
from sandbox.control.app import Control
from sandbox.entra.app import create_tenant
from sandbox.okta.app import create_org
from sandbox.serve import Server, serve
from sandbox.tls import make_authority
from sandbox.world import DEMO, load_world
from sandbox.world_model import World

# Role sessions on this machine; the third is also a target, who may not approve their own change.
OPERATORS = ("first.operator", "second.operator", "global.admin")

HOOK_EVENTS = (
    "application.provision.user.push_profile",
    "application.provision.user.push",
    "application.provision.user.sync",
    "application.provision.user.reactivate",
    "application.user_membership.add",
    "application.user_membership.remove",
    "application.user_membership.update",
    "user.account.update_profile",
    "user.lifecycle.activate",
    "user.lifecycle.deactivate",
    "user.lifecycle.reactivate",
)

# Only times differ from a deployment, and the touch attribute, which is off there by default.
SHORT_TIMES = {"SettleSeconds": "1", "LookDelays": "1", "CheckBatchWindowSeconds": "0"}

# Seconds between scheduled runs, where a deployment counts minutes.
SHORT_INTERVALS = {"CatchUpFunction": 15.0}

# As a person does who sees one fail.
VERIFICATIONS = 5


class Sandbox:
    """Use as a context manager. After start: `okta_url`, `entra_url`, `cloud`, `org`, `tenant`.

    `control` changes both directories and breaks what is called; it listens at `control_url`.
    """

    def __init__(
        self,
        world: World | Path | None = None,
        parameters: Mapping[str, str] | None = None,
        *,
        port: int = 0,
        hook: bool = True,
        log_file: Path | None = None,
        every: Mapping[str, float] | None = None,
    ) -> None:
        self.world = world if isinstance(world, World) else load_world(world or DEMO)
        self._hook = hook
        self._folder = tempfile.TemporaryDirectory(prefix="sandbox-")
        self._servers: list[Server] = []
        self._tls = make_authority(Path(self._folder.name))
        self.tenant = create_tenant(self.world, _now)
        self.okta_url = ""
        self.org = create_org(
            self.world, self.tenant, _now, self._tls.ca_file, lambda: self.okta_url
        )
        self.control = Control(self.world, self.org, self.tenant)
        self.control_url = ""
        self.operators: dict[str, Identity] = {name: operator(name) for name in OPERATORS}
        self._given = dict(parameters or {})
        self._port = port
        self._log_file = log_file
        self._every = dict(SHORT_INTERVALS if every is None else every)
        self.entra_url = ""
        self.cloud: LocalCloud

    @property
    def ca_file(self) -> Path:
        return self._tls.ca_file

    @property
    def okta_token(self) -> str:
        """What the functions sign in with."""
        return self.world.okta_tokens[0].token

    @property
    def administrator_token(self) -> str:
        """Of the first super administrator: who else may manage event hooks?"""
        return next(t.token for t in self.world.okta_tokens if "SUPER_ADMIN" in t.roles)

    def start(self) -> None:
        """Raises PortTaken or ParameterError; nothing stays running then."""
        try:
            self.entra_url = self._serve(self.tenant.flask)
            self.okta_url = self._serve(self.org.flask)
            self.cloud = LocalCloud(
                self._parameters(),
                identities=self.operators.values(),
                tls=self._tls,
                gateway_port=self._port,
                log_file=self._log_file,
                every=self._every,
            )
            self.cloud.start()
            self._put_secrets()
            self.cloud.warm()
            self.org.start()
            if self._hook:
                self.register_hook()
            self.control_url = self._keep(serve(self.control.flask, None))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """May be called twice."""
        self.org.stop()
        if hasattr(self, "cloud"):
            self.cloud.stop()
        while self._servers:
            self._servers.pop().stop()
        self._folder.cleanup()

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def register_hook(self) -> str:
        """Creates and verifies the event hook through Okta's API; its id."""
        hook = {
            "name": "pushproof",
            "events": {"type": "EVENT_TYPE", "items": list(HOOK_EVENTS), "filter": None},
            "channel": {
                "type": "HTTP",
                "version": "1.0.0",
                "config": {
                    "uri": self.cloud.outputs["HookUrl"],
                    "headers": [],
                    "authScheme": {
                        "type": "HEADER",
                        "key": "Authorization",
                        "value": self.cloud.secret("HookSecret"),
                    },
                },
            },
        }
        made = self._okta("POST", "/api/v1/eventHooks", hook)
        verify = f"/api/v1/eventHooks/{made['id']}/lifecycle/verify"
        for left in reversed(range(VERIFICATIONS)):
            try:
                self._okta("POST", verify)
                break
            except requests.HTTPError:
                # Okta waits three seconds, and a busy machine may need longer to wake a function.
                if not left:
                    raise
        return str(made["id"])

    def settled(self, seconds: float = 30.0) -> bool:
        """Waits until Okta has delivered everything and no queue holds work."""
        return self.org.wait_idle(seconds) and self.cloud.wait_until_quiet(seconds)

    def _okta(self, method: str, path: str, body: object = None) -> dict[str, object]:
        answer = requests.request(
            method,
            self.okta_url + path,
            json=body,
            headers={"Authorization": f"SSWS {self.administrator_token}"},
            verify=str(self._tls.ca_file),
            timeout=15,
        )
        answer.raise_for_status()
        return dict(answer.json())

    def _serve(self, app: Flask) -> str:
        return self._keep(serve(app, self._tls))

    def _keep(self, server: Server) -> str:
        self._servers.append(server)
        return server.url

    def _parameters(self) -> dict[str, str]:
        world = self.world
        connector = world.identity("connector").object_id
        return {
            "OktaOrgUrl": self.okta_url,
            "OktaAppIds": ",".join(app.id for app in world.apps),
            "EntraTenantId": world.tenant.id,
            "EntraReaderClientId": world.identity("reader").client_id,
            "EntraWriterClientId": world.identity("writer").client_id,
            "OperatorClientId": world.identity("operator").client_id,
            "EntraAuthority": self.entra_url,
            "GraphRoot": f"{self.entra_url}/graph",
            "ConnectorObjectId": connector or "",
            "TouchAttribute": "department",
            **SHORT_TIMES,
            **self._given,
        }

    def _put_secrets(self) -> None:
        self.cloud.put_secret("OktaSecret", self.okta_token)
        for logical_id, name in (("EntraReaderSecret", "reader"), ("EntraWriterSecret", "writer")):
            self.cloud.put_secret(logical_id, self.world.identity(name).secret or "")


def _now() -> datetime:
    return datetime.now(UTC)
