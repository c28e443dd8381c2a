"""Wires sweep: its steps, and what begins one."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping

from lib.aws import SqsCheckQueue, client
from lib.aws_sweep import SqsBacklog, SqsSweepQueue
from lib.errors import Conflict
from lib.flows.evidence import Evidence
from lib.flows.sweep import Sweeping
from lib.flows.sweep_gone import SweepGone
from lib.flows.sweep_page import SweepPage
from lib.flows.sweep_rest import SweepRest
from lib.flows.sweep_start import Starting
from lib.flows.sweep_steps import SweepSteps
from lib.rules.sweep import Kind
from lib.settings import Environment, WatchSettings
from lib.times import utc_now
from lib.wiring.common import graph, okta
from lib.wiring.pager import pager
from lib.wiring.table import table


def sweep(variables: Mapping[str, str]) -> tuple[Sweeping, Callable[[], str]]:
    """Raises SettingError. The second begins a nightly sweep and answers what came of it."""
    env = Environment(variables)
    watch, store = WatchSettings.load(env), table(env)
    vendor, reader, sqs = okta(env), graph(env, "READER"), client("sqs")
    url = env.text("CHECK_QUEUE_URL")
    checks = SqsCheckQueue(sqs, url)
    queue = SqsSweepQueue(sqs, env.text("SWEEP_QUEUE_URL"))
    evidence = Evidence(vendor, reader, store, None, utc_now)
    starting = Starting(store, queue, watch.app_ids, utc_now)
    steps = SweepSteps(
        vendor,
        store,
        SweepPage(watch, reader, store, evidence, checks, utc_now),
        SweepGone(reader, store, checks, utc_now),
        SweepRest(store, checks, utc_now),
        SqsBacklog(sqs, url, time.monotonic),
        pager(env),
        utc_now,
    )
    flow = Sweeping(steps, store, queue, utc_now, random.random)

    def nightly() -> str:
        try:
            return starting.start(Kind.NIGHTLY).id
        except Conflict:
            return "another one runs"

    return flow, nightly
