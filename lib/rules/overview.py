"""What a person sees first: what is open, what needs them, and what became of drifts by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lib.incident import Severity, Status
from lib.times import from_text_or_none

DAYS = 14
# Of each list; the console's list of incidents has them all, a page at a time.
SHOWN = 15
_NEEDS = (Status.WAITING_APPROVAL.value, Status.WAITING_PERSON.value)
_WORST = {severity.value: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Row:
    """One incident as lists show it: no value, no name."""

    incident: str
    subject: str
    attribute: str
    cause: str
    severity: str
    status: str
    opened_at: str


@dataclass(frozen=True)
class Count:
    cause: str
    severity: str
    count: int


@dataclass(frozen=True)
class Day:
    """Of one day of UTC: incidents opened, drifts whose mend was done, drifts proved gone."""

    day: str
    found: int = 0
    mended: int = 0
    proved: int = 0


@dataclass(frozen=True)
class History:
    """`rows`: how many closed incidents were read. `whole` False: there were more, so the earliest
    of `days` are too low.
    """

    taken_at: datetime
    days: tuple[Day, ...]
    rows: int
    whole: bool


@dataclass(frozen=True)
class Overview:
    """`whole` False: more is open than was counted. `newest`: some of each severity.

    `oldest_look`: since when the longest running look chain has seen its difference.
    """

    taken_at: datetime
    open: int
    whole: bool
    counts: tuple[Count, ...]
    needs: tuple[Row, ...]
    needs_count: int
    newest: tuple[Row, ...]
    history: History
    parked: int
    oldest_look: datetime | None = None


def row(summary: Mapping[str, Any]) -> Row:
    """Of a summary of the index; what an older version did not write is empty."""
    return Row(**{name: str(summary.get(name, "")) for name in Row.__dataclass_fields__})


def counted(rows: Iterable[Mapping[str, Any]]) -> tuple[Count, ...]:
    """By cause and severity, the worst and then the most first."""
    found = Counter((str(r.get("cause")), str(r.get("severity"))) for r in rows)
    every = [Count(cause, severity, count) for (cause, severity), count in found.items()]
    return tuple(sorted(every, key=lambda c: (_rank(c.severity), -c.count, c.cause)))


def needing(rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """What waits for a person: the worst first, of these what waits longest."""
    waiting = [row(each) for each in rows if str(each.get("status")) in _NEEDS]
    return sorted(waiting, key=lambda r: (_rank(r.severity), r.opened_at, r.incident))


def newest(rows: Sequence[Mapping[str, Any]]) -> tuple[Row, ...]:
    """`SHOWN` of each severity; `rows` with the most recent first."""
    return tuple(
        row(each)
        for severity in Severity
        for each in [r for r in rows if str(r.get("severity")) == severity.value][:SHOWN]
    )


def first_day(now: datetime) -> datetime:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=DAYS - 1)


def by_day(
    opened: Iterable[Mapping[str, Any]], closed: Iterable[Mapping[str, Any]], now: datetime
) -> tuple[Day, ...]:
    """The last `DAYS` days, also those on which nothing happened."""
    found: Counter[str] = Counter()
    mended: Counter[str] = Counter()
    proved: Counter[str] = Counter()
    for each in opened:
        found[_day(each, "opened_at")] += 1
        mended[_day(each, "mended_at")] += 1
    for each in closed:
        found[_day(each, "opened_at")] += 1
        mended[_day(each, "mended_at")] += 1
        if each.get("status") == Status.RESOLVED.value:
            proved[_day(each, "updated_at")] += 1
    start = first_day(now)
    days = [f"{start + timedelta(days=n):%Y-%m-%d}" for n in range(DAYS)]
    return tuple(Day(day, found[day], mended[day], proved[day]) for day in days)


def _day(summary: Mapping[str, Any], name: str) -> str:
    moment = from_text_or_none(summary.get(name))
    return f"{moment:%Y-%m-%d}" if moment else ""


def _rank(severity: str) -> int:
    return _WORST.get(severity, len(_WORST))
