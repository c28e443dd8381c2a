"""Flood control: when many incidents have the same news at once, on-call is woken for the first few
and told once that there are more.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lib.incident import Page, Severity

QUARTER = timedelta(minutes=15)


def limit(page: Page) -> int:
    """How many like this one are sent one by one in a quarter of an hour.

    A leaver whose account is still enabled is critical: more of them are told before they group.
    """
    return 20 if page.severity is Severity.CRITICAL else 5


def kind(page: Page) -> str:
    """Pages of one kind are counted together."""
    return f"{page.cause.value}#{page.news.value}#{page.severity.value}"


def quarter(page: Page) -> datetime | None:
    """When the quarter of an hour began in which it became news: a retry falls into the same.

    None for a page of an earlier version, which does not know.
    """
    if page.at is None:
        return None
    at = page.at.astimezone(UTC)
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)
