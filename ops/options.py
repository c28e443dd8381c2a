"""Options and look-ups that commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lib.incident import Incident
from lib.store.table import Table
from ops.connection import Trouble

F = TypeVar("F", bound=Callable[..., Any])


def where(command: F) -> F:
    """Options that say which Pushproof is meant."""
    stack = click.option("--stack", metavar="NAME", help="A deployed stack; else the sandbox here.")
    who = click.option("--as", "operator", metavar="NAME", help="Sandbox only: act as this person.")
    return stack(who(command))


def machine(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")(command)


def find_incident(table: Table, incident_id: str) -> Incident:
    """Raises Trouble."""
    found = table.incident(incident_id)
    if found is None:
        raise Trouble(f"There is no incident {incident_id}; `pushproof incidents` lists them.")
    return found
