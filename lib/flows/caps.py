"""Places under hourly caps. One is a step's, however often the step is tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aws_lambda_powertools import Logger

from lib.errors import PushproofError
from lib.incident import Incident
from lib.model import Attribute
from lib.settings import PolicySettings
from lib.store.places import Place
from lib.store.table import Table

logger = Logger(child=True)


@dataclass(frozen=True)
class Taken:
    """A place that a try goes on with. `at`: when it was asked for. `new`: by this try; what an
    earlier one took, it may have used.
    """

    name: str
    step: str
    at: datetime
    new: bool


def who(incident: Incident) -> str:
    """The next step of exactly this plan."""
    return f"{incident.id}#{incident.plan.digest}#{incident.steps_done}"


def of(incident: Incident, policy: PolicySettings) -> tuple[str, int]:
    """The cap that steps for one user fall under, and its size."""
    if incident.attribute is Attribute.ACCOUNT_ENABLED:
        return "disables", policy.disables_per_hour
    return "writes", policy.writes_per_hour


def take(table: Table, name: str, step: str, at: datetime, limit: int) -> Taken | None:
    """None when others have all `limit` of the hour."""
    place = table.take_place(name, step, at, limit)
    return Taken(name, step, at, place is Place.TAKEN) if place else None


def give_back(table: Table, taken: Taken) -> None:
    """A write that was not done used nothing up.

    Where it fails the cap is tighter for the rest of the hour, which is no error of the step.
    """
    if not taken.new:
        return
    try:
        table.give_place_back(taken.name, taken.step, taken.at)
    except PushproofError as error:
        extra = {"cap": taken.name, "reason": str(error)}
        logger.warning("place not given back", extra=extra)
