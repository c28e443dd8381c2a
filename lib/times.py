"""Times as they are stored and compared: UTC, milliseconds, sortable as text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """2026-01-02T03:04:05.678Z"""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def from_text(text: str) -> datetime:
    """Any ISO 8601 time with a zone. Raises ValueError for anything else.

    Graph writes seven fractional digits, which fromisoformat takes since Python 3.11.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)


def from_text_or_none(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        return from_text(text)
    except (ValueError, OverflowError):
        return None
