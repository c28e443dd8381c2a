"""What a stored plan says, read without the product's own rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lib.model import Attribute, EntraUser, OktaReading


def canonical(plan: Mapping[str, Any]) -> str:
    return json.dumps(plan, sort_keys=True)


def difference(plan: Mapping[str, Any]) -> str:
    link = (plan["link"] or {}).get("object_id")
    return json.dumps([ordered(plan["expected"]), ordered(plan["actual"]), link])


def ordered(value: Any) -> Any:
    return sorted(value) if isinstance(value, list | tuple) else value


def meant(reading: OktaReading, attribute: str) -> Any:
    """What Okta means it to be, as this world is mapped: by plain references."""
    user, app = reading.user, reading.app_user
    if attribute == "accountEnabled":
        if app is None and not reading.assigned_elsewhere:
            return False
        if user is not None and user.status == "DEPROVISIONED":
            return False
        return True if app is not None and user is not None and user.status == "ACTIVE" else None
    return user.profile.get(attribute) if user is not None and app is not None else None


def holds(user: EntraUser | None, attribute: str, expected: Any) -> bool:
    if user is None:
        return expected is False
    return bool(ordered(user.value(Attribute(attribute))) == ordered(expected))


def flap(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The same drift has the same, whatever the account holds instead."""
    plan, subject = body["plan"], body["subject"]
    link = (plan["link"] or {}).get("object_id", "")
    expected = json.dumps(ordered(plan["expected"]))
    return (subject["app_id"], subject["user_id"], body["attribute"], expected, link)
