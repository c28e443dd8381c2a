"""Wires check."""

from __future__ import annotations

import random
from collections.abc import Mapping

from lib.flows.check import Check
from lib.flows.check_batch import CheckBatch
from lib.times import utc_now
from lib.wiring.common import parts


def check(variables: Mapping[str, str]) -> CheckBatch:
    p = parts(variables)
    one = Check(
        p.watch, p.policy, p.okta, p.reader, p.table, p.checks, p.errands, p.evidence, utc_now
    )
    return CheckBatch(one, p.okta, p.table, p.checks, utc_now, random.random)
