"""Wires remediate: the runner, and the hands of the function."""

from __future__ import annotations

import random
from collections.abc import Mapping

from lib.flows.remediate import Remediation
from lib.flows.remediate_message import RemediateMessage
from lib.flows.steps import function_hands
from lib.settings import Environment
from lib.times import utc_now
from lib.wiring.breaker import breaker
from lib.wiring.common import GRAPH, Parts, graph, parts


def runner(p: Parts) -> Remediation:
    return Remediation(
        p.watch,
        p.policy,
        p.okta,
        p.reader,
        p.table,
        p.checks,
        p.remediations,
        p.errands,
        p.evidence,
        utc_now,
    )


def remediate(variables: Mapping[str, str]) -> RemediateMessage:
    p = parts(variables, touches=True)
    env = Environment(variables)
    hands = function_hands(p.okta, graph(env, "WRITER", breaker(env, GRAPH)))
    return RemediateMessage(runner(p), hands, p.table, p.checks, utc_now, random.random)
