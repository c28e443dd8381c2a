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


def examine_unused(
    manager: Any, secret_ids: Mapping[str, str], check_role: str, remediate_role: str
) -> list[Finding]:
    """The Entra secrets where the applications trust the functions' roles instead. What is in
    them still opens the application as long as Entra takes it."""
    found = [finding("secrets_federated", check=check_role, remediate=remediate_role)]
    for name, secret_id in secret_ids.items():
        told = _told(manager, name, secret_id)
        if isinstance(told, Finding):
            found.append(told)
        elif _current(told):
            found.append(finding("secret_left", name=name.removesuffix("Id")))
    return found


def _told(manager: Any, output: str, secret_id: str) -> Mapping[str, Any] | Finding:
    try:
        told: Mapping[str, Any] = called(manager.describe_secret, SecretId=secret_id)
    except Transient as error:
        return finding("aws_unread", what=f"secret {output.removesuffix('Id')}", why=error)
    return told


def _current(told: Mapping[str, Any]) -> bool:
    stages = told.get("VersionIdsToStages") or {}
    return any("AWSCURRENT" in given for given in stages.values())


def _one(manager: Any, output: str, secret_id: str, now: datetime) -> Finding:
    name = output.removesuffix("Id")
    told = _told(manager, output, secret_id)
    if isinstance(told, Finding):
        return told
    if not _current(told):
        return finding("secret_empty", name=name)
    changed = told.get("LastChangedDate") or told.get("CreatedDate")
    passed = now - changed if isinstance(changed, datetime) else timedelta()
    code = "secret_present"
    if passed > OLD:
        code = "hook_secret_old" if output == "HookSecretId" else "secret_old"
    return finding(code, name=name, age=age(passed.total_seconds()))
