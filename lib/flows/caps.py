"""Whose place under an hourly cap it is: a step's, however often it is tried."""

from __future__ import annotations

from datetime import datetime

from aws_lambda_powertools import Logger

from lib.errors import PushproofError
from lib.incident import Incident
from lib.store.table import Table

logger = Logger(child=True)


def who(incident: Incident) -> str:
    """The next step of exactly this plan."""
    return f"{incident.id}#{incident.plan.digest}#{incident.steps_done}"


def give_back(table: Table, name: str, step: str, at: datetime) -> None:
    """A write that was refused used nothing up. `at`: when the place was taken.

    Where it fails the cap is tighter for the rest of the hour, which is no error of the step.
    """
    try:
        table.give_place_back(name, step, at)
    except PushproofError as error:
        logger.warning("place not given back", extra={"cap": name, "reason": str(error)})
