"""By which road the hints of a batch came, noted for the comparison with the hook."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from lib.messages import CheckMessage
from lib.model import Subject
from lib.rules.hook_health import Mark, Road


def marks_of(messages: Iterable[CheckMessage], now: datetime) -> list[Mark]:
    """One mark a road. What is tried again was noted the first time."""
    found: dict[Road, list[tuple[Subject, datetime]]] = {}
    for message in messages:
        if message.road and not message.attempt:
            found.setdefault(message.road, []).extend(
                (hint.subject, hint.published) for hint in message.hints if hint.published
            )
    return [Mark(now, road, tuple(hints)) for road, hints in found.items() if hints]
