"""Wires approve. It signs in to no vendor."""

from __future__ import annotations

from collections.abc import Mapping

import boto3

from lib.aws import CONFIG, SqsRemediationQueue, client
from lib.flows.approve import Approve
from lib.settings import Environment, PolicySettings
from lib.store.table import Table
from lib.times import utc_now


def approve(variables: Mapping[str, str]) -> Approve:
    env = Environment(variables)
    table = Table(boto3.resource("dynamodb", config=CONFIG).meta.client, env.text("TABLE"))
    queue = SqsRemediationQueue(client("sqs"), env.text("REMEDIATION_QUEUE_URL"))
    return Approve(PolicySettings.load(env), table, queue, utc_now)
