"""The vendors as an operator's command speaks to them, by what the stack's outputs tell."""

from __future__ import annotations

import os
from collections.abc import Sequence

from lib.aws import Secret, client
from lib.aws_identity import web_identity
from lib.clouds import cloud
from lib.entra_sign_in import AppSignIn
from lib.http import Http
from lib.okta_sign_in import READ, OktaSignIn
from lib.settings import Environment
from lib.wiring.common import okta_http
from ops.connection import Connection

# An administrator's own token, for what the stack's should not be allowed to do (manage event
# hooks). Only this variable is read: an argument would be in the list of processes.
ADMIN_TOKEN = "PUSHPROOF_OKTA_ADMIN_TOKEN"  # noqa: S105

# Scopes count for service apps only; one that was not granted makes the sign-in fail.
SEE_HOOKS = ("okta.eventHooks.read",)
MANAGE_HOOKS = ("okta.eventHooks.manage", "okta.logs.read")


def environment(connection: Connection) -> Environment:
    return Environment(connection.settings())


def okta_as_reader(env: Environment) -> Http:
    """With the stack's own token or service app, as the functions read."""
    return okta_http(env, READ)


def okta_as_administrator(env: Environment, scopes: Sequence[str]) -> Http:
    """With the administrator's token where the variable is set, else with the stack's."""
    own = os.environ.get(ADMIN_TOKEN, "").strip()
    if not own:
        return okta_http(env, scopes)
    org = env.https("OKTA_ORG_URL")
    sign_in = OktaSignIn(org, lambda: own, scopes)
    return Http(
        org, sign=sign_in.sign, on_unauthorized=sign_in.refresh, on_challenge=sign_in.challenged
    )


def okta_secret(env: Environment) -> Secret:
    return Secret(client("secretsmanager"), env.text("OKTA_SECRET_ID"), "Okta")


def okta_sign_in(env: Environment, scopes: Sequence[str]) -> OktaSignIn:
    """As the stack signs in, for just these scopes."""
    return OktaSignIn(env.https("OKTA_ORG_URL"), okta_secret(env), scopes)


def federated(env: Environment) -> bool:
    """The applications trust the functions' roles, which nobody else is."""
    return env.text("ENTRA_SIGN_IN", "secret") == "federated"


def entra_sign_in(env: Environment, who: str) -> AppSignIn:
    """`who` is READER or WRITER. Its secret is read at the first use, if it may be."""
    secret = Secret(
        client("secretsmanager"), env.text(f"ENTRA_{who}_SECRET_ID"), f"Entra {who.lower()}"
    )
    where = cloud(env)
    return AppSignIn(
        where.authority,
        env.text("ENTRA_TENANT_ID"),
        env.text(f"ENTRA_{who}_CLIENT_ID"),
        secret,
        where.graph_root,
        federated=web_identity(where.audience) if federated(env) else None,
    )
