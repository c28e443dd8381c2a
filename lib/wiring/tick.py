"""Wires tick. It signs in to no vendor."""

from __future__ import annotations

from collections.abc import Mapping

from lib.aws import SqsCheckQueue, SqsRemediationQueue, client
from lib.aws_dead_letters import SqsDeadLetters
from lib.aws_sweep import SqsSweepQueue
from lib.flows.drain import Drain
from lib.flows.drifts import new_incident_id
from lib.flows.errands import Errands
from lib.flows.shared import Shared
from lib.flows.tick import Tick
from lib.settings import Environment, PolicySettings
from lib.times import utc_now
from lib.wiring.pager import pager
from lib.wiring.table import table


def tick(variables: Mapping[str, str]) -> tuple[Tick, Drain]:
    """Raises SettingError."""
    env = Environment(variables)
    policy, store, sqs = PolicySettings.load(env), table(env), client("sqs")
    remediations = SqsRemediationQueue(sqs, env.text("REMEDIATION_QUEUE_URL"))
    errands = Errands(store, pager(env), remediations, utc_now)
    shared = Shared(
        store, errands, env.text("ENTRA_TENANT_ID"), policy.mode, new_incident_id, utc_now
    )
    checks = SqsCheckQueue(sqs, env.text("CHECK_QUEUE_URL"))
    sweeps = SqsSweepQueue(sqs, env.text("SWEEP_QUEUE_URL"))
    dead = {
        "check": SqsDeadLetters(sqs, env.text("CHECK_DEAD_LETTERS_URL")),
        "remediate": SqsDeadLetters(sqs, env.text("REMEDIATION_DEAD_LETTERS_URL")),
        "sweep": SqsDeadLetters(sqs, env.text("SWEEP_DEAD_LETTERS_URL")),
    }
    return Tick(policy, store, checks, errands, shared, utc_now, sweeps), Drain(dead, store)
