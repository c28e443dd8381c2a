"""Wires catch_up. Of the vendors it reads Okta's System Log only."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta

from lib.aws import SqsCheckQueue, client
from lib.flows.catch_up import CatchUp
from lib.flows.hook_watch import HookWatch
from lib.okta_log import SystemLog
from lib.rate import Budget
from lib.settings import Environment, watched_apps
from lib.times import utc_now
from lib.wiring.breaker import breaker
from lib.wiring.common import okta_http
from lib.wiring.table import table

# The only scope a service app needs for this.
SCOPES = ("okta.logs.read",)


def catch_up(variables: Mapping[str, str]) -> tuple[CatchUp, HookWatch]:
    """Raises SettingError."""
    env = Environment(variables)
    store = table(env)
    http = okta_http(env, SCOPES, breaker(env, "Okta"))
    log = SystemLog(http.behind(Budget()), env.https("OKTA_ORG_URL"))
    queue = SqsCheckQueue(client("sqs"), env.text("CHECK_QUEUE_URL"))
    first_run = timedelta(seconds=env.number("CATCH_UP_FIRST_SECONDS", 3600))
    reader = CatchUp(watched_apps(env), log, store, queue, first_run, utc_now, time.monotonic)
    return reader, HookWatch(store, utc_now)
