"""The vendors as an operator's command speaks to them, by what the stack's outputs tell."""

from __future__ import annotations

import os

from lib.aws import Secret, client
from lib.http import Http
from lib.settings import Environment
from ops.connection import Connection

# An administrator's own token, for what the stack's token should not be allowed to do (manage
# event hooks). Only this variable is read: an argument would be in the list of processes.
ADMIN_TOKEN = "PUSHPROOF_OKTA_ADMIN_TOKEN"  # noqa: S105


def environment(connection: Connection) -> Environment:
    return Environment(connection.settings())


def okta_http(env: Environment, *, administrator: bool = False) -> Http:
    """With the stack's token; as an administrator with theirs where the variable is set."""
    own = os.environ.get(ADMIN_TOKEN, "").strip() if administrator else ""
    if own:
        return Http(env.https("OKTA_ORG_URL"), headers=lambda: {"Authorization": f"SSWS {own}"})
    token = Secret(client("secretsmanager"), env.text("OKTA_SECRET_ID"), "token")
    return Http(
        env.https("OKTA_ORG_URL"),
        headers=lambda: {"Authorization": f"SSWS {token()}"},
        on_unauthorized=token.forget,
    )
