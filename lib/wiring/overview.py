"""Wires what tick draws."""

from __future__ import annotations

from collections.abc import Mapping

from lib.flows.overview import DrawOverview
from lib.settings import Environment
from lib.times import utc_now
from lib.wiring.table import table


def overview(variables: Mapping[str, str]) -> DrawOverview:
    """Raises SettingError."""
    return DrawOverview(table(Environment(variables)), utc_now)
