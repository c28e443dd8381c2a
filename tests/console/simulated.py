"""A sandbox's directories with their control, without AWS: around the one subject of the stage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ops.connection import Control as Connected
from sandbox.control.app import Control
from sandbox.entra.app import Tenant, create_tenant
from sandbox.okta.app import create_org
from sandbox.okta.org import Org
from sandbox.serve import serve
from sandbox.world import World, load_world
from tests.fakes.make import APP, LOGIN, OBJECT, OLD_PHONE, OTHER_APP, PHONE, TENANT, USER
from tests.sandbox.okta.conftest import MovingClock

ORDINARY, NEVER, CLOUD = "ordinary.user", "unlinked.user", "cloud.admin"
TEXT = f"""
tenant: {{id: {TENANT}}}
okta:
  org: corp
  push_seconds: 0
  log_delay_seconds: 0
  rate_limits: {{apps: 100, users: 600, logs: 60, other: 600}}
apps:
  - id: {APP}
    label: Microsoft 365
    features: [PUSH_NEW_USERS, PUSH_PROFILE_UPDATES, PUSH_USER_DEACTIVATION]
    path: graph
    schema: {{mobilePhone: mobilePhone, otherMails: otherMails, department: department}}
    mappings:
      mobilePhone: {{expression: user.mobilePhone, push_status: PUSH}}
      otherMails: {{expression: user.otherMails, push_status: PUSH}}
    pushes: [mobilePhone, otherMails]
  - id: {OTHER_APP}
    label: Microsoft 365 abroad
    features: [PUSH_NEW_USERS, PUSH_PROFILE_UPDATES]
    path: graph
    schema: {{mobilePhone: mobilePhone}}
    mappings: {{}}
    pushes: [mobilePhone]
identities:
  - name: connector
    kind: app
    client_id: 5e1f0000-0000-4000-8000-000000000001
    object_id: 5e1f0000-0000-4000-8000-000000000002
    secret: sandbox-connector-secret
    permissions: [User.ReadWrite.All]
    roles: [User Administrator]
okta_tokens: [{{name: api, token: sandbox-okta-token}}]
people:
  - name: {ORDINARY}
    okta:
      id: {USER}
      login: {LOGIN}
      profile: {{mobilePhone: "{PHONE}", otherMails: [private@home.example]}}
    assigned:
      app: {APP}
      profile: {{mobilePhone: "{PHONE}", otherMails: [private@home.example]}}
    entra:
      id: {OBJECT}
      user_principal_name: {LOGIN}
      mobile_phone: "{OLD_PHONE}"
      other_mails: [Private@home.example]
  - name: {NEVER}
    okta:
      id: 00uUnlinkedUser00000
      login: {NEVER}@corp.example
    assigned: {{app: {APP}, external_id: none}}
  - name: {CLOUD}
    entra:
      id: a0000000-0000-4000-8000-000000000015
      user_principal_name: {CLOUD}@corp.example
      roles: [Global Administrator]
groups: []
"""


@dataclass
class Simulated:
    """`opened`: how the console reaches the control."""

    world: World
    org: Org
    tenant: Tenant
    control: Control
    opened: Connected
    stop: Any

    def settle(self) -> None:
        assert self.org.wait_idle()


@contextmanager
def simulated() -> Iterator[Simulated]:
    world, clock = load_world(TEXT), MovingClock()
    tenant = create_tenant(world, clock)
    org = create_org(world, tenant, clock, None, lambda: "https://127.0.0.1")
    control = Control(world, org, tenant)
    server = serve(control.flask, None)
    org.start()
    opened = Connected(server.url, control.token)
    yield Simulated(world, org, tenant, control, opened, server.stop)
    org.stop()
    server.stop()
