"""Wires receive. It imports no vendor client: Okta waits three seconds, cold start included."""

from __future__ import annotations

import time
from collections.abc import Mapping

from lib.aws import SHORT, SqsCheckQueue, client
from lib.errors import Transient
from lib.flows.receive import Receive
from lib.hook_secret import HookSecret
from lib.settings import Environment, watched_apps
from lib.times import utc_now


def receive(variables: Mapping[str, str]) -> Receive:
    """Raises SettingError. The secret is loaded here, during init, when it can be."""
    env = Environment(variables)
    secret = HookSecret(client("secretsmanager", SHORT), env.text("HOOK_SECRET_ID"), time.monotonic)
    queue = SqsCheckQueue(client("sqs", SHORT), env.text("CHECK_QUEUE_URL"))
    flow = Receive(secret, queue, watched_apps(env), utc_now)
    try:
        secret.load()
    except Transient:
        return flow  # the first request tries again and answers 503 if it must
    return flow
