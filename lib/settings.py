"""Settings of one function, read once from its environment and checked before the first event.

Each function gets only the variables it uses (template.yaml), so every group is its own class:
asking for a group whose variables are missing raises SettingError naming the variable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from lib.errors import SettingError

PREFIX = "PUSHPROOF_"
# Where the variable is not set; template.yaml has the same.
SETTLE_SECONDS = 90.0
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Mode(StrEnum):
    """observe: find, explain, alert.  approve: mend after approval.  auto: mend what is safe."""

    OBSERVE = "observe"
    APPROVE = "approve"
    AUTO = "auto"


class Environment:
    """Reads typed values from environment variables; every refusal is one sentence."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str, default: str | None = None) -> str:
        value = self._variables.get(PREFIX + name, "").strip()
        if value:
            return value
        if default is None:
            raise SettingError(f"{PREFIX}{name} is not set; set the stack parameter that feeds it.")
        return default

    def names(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(name, "").split(",") if part.strip())

    def number(self, name: str, default: float, *, least: float = 0.0) -> float:
        given = self.text(name, str(default))
        try:
            value = float(given)
        except ValueError:
            value = float("nan")
        if not least <= value < float("inf"):
            raise SettingError(f"{PREFIX}{name} must be a number of at least {least:g}.")
        return value

    def numbers(self, name: str, default: str) -> tuple[float, ...]:
        """Comma-separated seconds; "none" is an empty list."""
        given = self.text(name, default)
        if given == "none":
            return ()
        try:
            values = tuple(float(part) for part in given.split(","))
        except ValueError:
            values = (-1.0,)
        if not all(0 <= value < float("inf") for value in values):
            raise SettingError(f"{PREFIX}{name} must be seconds with commas, such as 60,180.")
        return values

    def https(self, name: str, default: str | None = None) -> str:
        value = self.text(name, default).rstrip("/")
        try:
            parts = urlsplit(value)
            usable = parts.scheme == "https" and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.query or parts.username or parts.fragment:
            raise SettingError(f"{PREFIX}{name} must be an https address without query or user.")
        return value

    def object_ids(self, name: str) -> tuple[str, ...]:
        """Entra object ids, lower case: a name here would guard nobody."""
        ids = tuple(given.lower() for given in self.names(name))
        if not all(_GUID.fullmatch(given) for given in ids):
            raise SettingError(f"{PREFIX}{name} must be Entra object ids, separated by commas.")
        return ids

    def one_of(self, name: str, allowed: Sequence[str], default: str) -> str:
        given = self.text(name, default)
        if given not in allowed:
            raise SettingError(f"{PREFIX}{name} must be one of {', '.join(allowed)}.")
        return given

    def mode(self) -> Mode:
        given = self.text("MODE", Mode.APPROVE)
        try:
            return Mode(given)
        except ValueError:
            raise SettingError(f"{PREFIX}MODE must be observe, approve or auto.") from None


@dataclass(frozen=True)
class WatchSettings:
    """Whom we watch, and how long differences may be explained by replication (seconds)."""

    app_ids: tuple[str, ...]
    tenant_id: str
    settle: float
    look_delays: tuple[float, ...]

    @classmethod
    def load(cls, env: Environment) -> WatchSettings:
        return cls(
            app_ids=watched_apps(env),
            tenant_id=env.text("ENTRA_TENANT_ID"),
            settle=env.number("SETTLE_SECONDS", SETTLE_SECONDS),
            look_delays=env.numbers("LOOK_DELAYS", "60,180,600"),
        )


@dataclass(frozen=True)
class PolicySettings:
    """What may be done without a person, and how often."""

    mode: Mode
    touch_attribute: str | None
    break_glass: frozenset[str]
    connector_object_id: str | None
    disables_per_hour: int
    writes_per_hour: int
    approval_hours: float
    tenant_steps_per_hour: int = 1

    @classmethod
    def load(cls, env: Environment) -> PolicySettings:
        return cls(
            mode=env.mode(),
            touch_attribute=env.text("TOUCH_ATTRIBUTE", "") or None,
            break_glass=frozenset(env.object_ids("BREAK_GLASS")),
            connector_object_id=next(iter(env.object_ids("CONNECTOR_OBJECT_ID")), None),
            disables_per_hour=int(env.number("DISABLES_PER_HOUR", 5)),
            writes_per_hour=int(env.number("WRITES_PER_HOUR", 50)),
            approval_hours=env.number("APPROVAL_HOURS", 24),
            tenant_steps_per_hour=int(env.number("TENANT_STEPS_PER_HOUR", 1)),
        )


def watched_apps(env: Environment) -> tuple[str, ...]:
    """At least one Okta app instance id: 0oa and 17 characters."""
    ids = env.names("OKTA_APP_IDS")
    if not ids:
        raise SettingError(f"{PREFIX}OKTA_APP_IDS is empty; give the ids of the Office 365 apps.")
    for app_id in ids:
        if not (app_id.startswith("0oa") and len(app_id) == 20 and app_id.isalnum()):
            raise SettingError(
                f"{PREFIX}OKTA_APP_IDS must hold Okta app instance ids (0oa and 17 more letters "
                "or digits), separated by commas."
            )
    return ids
