"""Are the secrets there, and how old are they? No value is read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from lib.aws import called
from lib.errors import Transient
from ops.doctor.finding import Finding
from ops.doctor.texts import age, finding

# Entra's secrets run out after two years at most; a year is what audits usually ask for.
OLD = timedelta(days=365)


def examine(manager: Any, secret_ids: Mapping[str, str], now: datetime) -> list[Finding]:
    """`secret_ids`: by the name of the stack's output, such as HookSecretId."""
    return [_one(manager, name, given, now) for name, given in secret_ids.items()]


def _one(manager: Any, output: str, secret_id: str, now: datetime) -> Finding:
    name = output.removesuffix("Id")
    try:
        told = called(manager.describe_secret, SecretId=secret_id)
    except Transient as error:
        return finding("aws_unread", what=f"secret {name}", why=error)
    stages = told.get("VersionIdsToStages") or {}
    if not any("AWSCURRENT" in given for given in stages.values()):
        return finding("secret_empty", name=name)
    changed = told.get("LastChangedDate") or told.get("CreatedDate")
    passed = now - changed if isinstance(changed, datetime) else timedelta()
    code = "secret_present"
    if passed > OLD:
        code = "hook_secret_old" if output == "HookSecretId" else "secret_old"
    return finding(code, name=name, age=age(passed.total_seconds()))
