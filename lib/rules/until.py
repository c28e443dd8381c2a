"""How long people say something lasts: 30m, 2h, 7d, or a moment with its zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from lib.times import from_text

LONGEST_SNOOZE = timedelta(days=30)
_SPAN = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_UNIT = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def span(text: str) -> timedelta:
    """Raises ValueError with a sentence."""
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError("Give a time span such as 30m, 2h or 7d.")
    return int(found[1]) * _UNIT[found[2]]


def snooze_end(text: str, now: datetime) -> datetime | None:
    """None: now. Raises ValueError with a sentence for what is past, too far or no time."""
    if text.strip().lower() == "now":
        return None
    try:
        until = now + span(text)
    except ValueError:
        until = _moment(text)
    if until <= now:
        raise ValueError("That moment is over; `now` ends a snooze.")
    if until > now + LONGEST_SNOOZE:
        raise ValueError(f"A snooze lasts {LONGEST_SNOOZE.days} days at most.")
    return until


def _moment(text: str) -> datetime:
    try:
        return from_text(text.strip())
    except (ValueError, OverflowError):
        raise ValueError("Give 30m, 2h, 7d, now, or a time with zone: 2026-12-01T09:00Z.") from None
