"""Wires approve. It signs in to no vendor."""

from __future__ import annotations

from collections.abc import Mapping

import boto3

from lib.aws import CONFIG, SqsRemediationQueue, client
from lib.flows.approve import Approve
from lib.flows.errands import Errands
from lib.settings import Environment, PolicySettings
from lib.store.table import Table
from lib.times import utc_now
from lib.wiring.pager import pager


def approve(variables: Mapping[str, str]) -> Approve:
    env = Environment(variables)
    table = Table(boto3.resource("dynamodb", config=CONFIG).meta.client, env.text("TABLE"))
    queue = SqsRemediationQueue(client("sqs"), env.text("REMEDIATION_QUEUE_URL"))
    errands = Errands(table, pager(env), queue, utc_now)
    return Approve(PolicySettings.load(env), table, queue, errands, utc_now)
