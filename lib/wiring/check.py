"""Wires check."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping

from lib.aws import client
from lib.aws_sweep import SqsBacklog, SqsSweepQueue
from lib.flows.check import Check
from lib.flows.check_batch import CheckBatch
from lib.flows.storm import Storm
from lib.flows.sweep_start import Starting
from lib.settings import Environment
from lib.times import utc_now
from lib.wiring.common import parts


def check(variables: Mapping[str, str]) -> CheckBatch:
    p = parts(variables)
    one = Check(
        p.watch, p.policy, p.okta, p.reader, p.table, p.checks, p.errands, p.evidence, utc_now
    )
    env, sqs, apps = Environment(variables), client("sqs"), p.watch.app_ids
    starting = Starting(p.table, SqsSweepQueue(sqs, env.text("SWEEP_QUEUE_URL")), apps, utc_now)
    backlog = SqsBacklog(sqs, env.text("CHECK_QUEUE_URL"), time.monotonic)
    storm = Storm(p.table, starting, backlog, p.okta.calls_a_minute, apps, utc_now)
    return CheckBatch(one, p.okta, p.table, p.checks, utc_now, random.random, storm)
