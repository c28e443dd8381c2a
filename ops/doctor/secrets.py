"""Are the secrets there, and how old are they? No value is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    manager: Any, secret_ids: Mapping[str, str], readers: Sequence[str], writer: str
) -> list[Finding]:
    """The Entra secrets where the applications trust the functions' roles instead. What is in
    them still opens the application as long as Entra takes it."""
    found = [finding("secrets_federated", readers=", ".join(readers), writer=writer)]
    for name, secret_id in secret_ids.items():
        put = _put(manager, name, secret_id)
        if isinstance(put, Finding):
            found.append(put)
        elif put:
            found.append(finding("secret_left", name=name.removesuffix("Id")))
    return found


def _one(manager: Any, output: str, secret_id: str, now: datetime) -> Finding:
    name = output.removesuffix("Id")
    put = _put(manager, output, secret_id)
    if isinstance(put, Finding):
        return put
    if put is None:
        return finding("secret_empty", name=name)
    passed = now - put
    code = "secret_present"
    if passed > OLD:
        code = "hook_secret_old" if output == "HookSecretId" else "secret_old"
    return finding(code, name=name, age=age(passed.total_seconds()))


def _put(manager: Any, output: str, secret_id: str) -> datetime | Finding | None:
    """When the current value was put. Of the secret itself AWS dates the last change of anything,
    a tag or a description too.
    """
    more: dict[str, str] = {}
    try:
        while True:
            told = called(manager.list_secret_version_ids, SecretId=secret_id, **more)
            for each in told.get("Versions", []):
                if "AWSCURRENT" in (each.get("VersionStages") or ()):
                    created: datetime = each["CreatedDate"]
                    return created
            if not told.get("NextToken"):
                return None
            more = {"NextToken": told["NextToken"]}
    except Transient as error:
        return finding("aws_unread", what=f"secret {output.removesuffix('Id')}", why=error)
