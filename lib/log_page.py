"""A page of Okta's System Log, and what is asked of it. No I/O, for whoever reads and decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class LogPage:
    """One answer. `date` is Okta's; `link` is where it goes on, as path and query of our org."""

    entries: tuple[object, ...] = field(repr=False)
    date: datetime
    link: str | None = field(repr=False)


def types_filter(types: Iterable[str]) -> str:
    """Any of these event types. Apps are left out on purpose: it is not confirmed which targets
    each type names, and an event filtered away would be lost unseen.
    """
    return " or ".join(f'eventType eq "{name}"' for name in sorted(types))
