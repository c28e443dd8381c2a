"""Each event of a delivery by itself, as receive reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lib.rules.hints import Hint, NamelessHint, read_events
from lib.times import from_text_or_none

# Of anything an event says, on a screen.
LONGEST = 100


class Verdict(StrEnum):
    NAMED = "names its user"
    NAMELESS = "names an app user only"
    UNWATCHED = "is of no watched type"
    STRANGER = "is of another app"
    UNREADABLE = "names nobody"


@dataclass(frozen=True)
class EventRead:
    """`result` is Okta's word for how the push ended. `hints`: one for each possible subject."""

    uuid: str
    kind: str
    result: str
    published: datetime | None
    verdict: Verdict
    hints: tuple[Hint, ...] = ()
    nameless: tuple[NamelessHint, ...] = ()


def read_each(events: Sequence[object], app_ids: tuple[str, ...]) -> list[EventRead]:
    return [_read(event, app_ids) for event in events]


def _read(event: object, app_ids: tuple[str, ...]) -> EventRead:
    reading = read_events([event], app_ids)
    if reading.hints:
        verdict = Verdict.NAMED
    elif reading.nameless:
        verdict = Verdict.NAMELESS
    elif reading.strangers:
        verdict = Verdict.STRANGER
    elif reading.unwatched:
        verdict = Verdict.UNWATCHED
    else:
        verdict = Verdict.UNREADABLE
    known = event if isinstance(event, Mapping) else {}
    outcome = known.get("outcome")
    return EventRead(
        _text(known.get("uuid")),
        _text(known.get("eventType")),
        _text(outcome.get("result")) if isinstance(outcome, Mapping) else "",
        from_text_or_none(known.get("published")),
        verdict,
        reading.hints,
        reading.nameless,
    )


def _text(value: object) -> str:
    return value[:LONGEST] if isinstance(value, str) else ""
