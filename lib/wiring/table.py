"""The one table, for everything that has a state."""

from __future__ import annotations

import boto3

from lib.aws import CONFIG
from lib.settings import Environment
from lib.store.table import Table


def table(env: Environment) -> Table:
    """Raises SettingError."""
    return Table(boto3.resource("dynamodb", config=CONFIG).meta.client, env.text("TABLE"))
