"""Which incidents `pushproof incidents` lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import click

from lib.incident import CauseName, Severity

F = TypeVar("F", bound=Callable[..., Any])


def filters(command: F) -> F:
    """Options `cause` and `severity`, as group pages name them."""
    cause = click.option(
        "--cause",
        type=click.Choice([name.value for name in CauseName]),
        help="Only those that this cause leads.",
    )
    severity = click.option(
        "--severity",
        type=click.Choice([name.value for name in Severity]),
        help="Only those this severe.",
    )
    return cause(severity(command))


def matching(
    rows: Iterable[Mapping[str, Any]], cause: str | None, severity: str | None
) -> list[Mapping[str, Any]]:
    """In the order given; what was not asked for does not matter."""
    wanted = {name: value for name, value in (("cause", cause), ("severity", severity)) if value}
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]
