"""GET /api/v1/logs: which events a query returns, in which order, and where it goes on.

Source: the vendor's System Log query guide. A query without `until` and in ascending order is
*polling*: ordered by persistence, `since` bounds persistence time, and there is always a next
link. Every other query is *bounded*: ordered by `published`, which `since` and `until` bound, and
it ends; an event that is persisted late is missing from it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from sandbox.okta import errors
from sandbox.okta.scim_filter import FilterError, Predicate, parse_filter
from sandbox.okta.syslog import RETENTION, Entry, Event, SystemLog
from sandbox.okta.times import iso, parse

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100
DEFAULT_RANGE = timedelta(days=7)
FURTHEST = timedelta(days=180)
MAX_KEYWORDS, MAX_KEYWORD_LENGTH = 10, 40


@dataclass(frozen=True)
class Page:
    """Events of one answer; `next_query` is the query string of the next link, if there is one."""

    events: list[Event]
    next_query: str | None


@dataclass(frozen=True)
class _Query:
    polling: bool
    ascending: bool
    since: datetime
    until: datetime
    matches: Predicate | None
    keywords: tuple[str, ...]
    limit: int
    position: tuple[datetime, int] | None
    carried: dict[str, str]

    def wants(self, entry: Entry) -> bool:
        if self.matches is not None and not self.matches(entry.event):
            return False
        text = json.dumps(entry.event).lower() if self.keywords else ""
        return all(keyword in text for keyword in self.keywords)


def read_page(log: SystemLog, arguments: Mapping[str, str], now: datetime) -> Page:
    """Answers one request; OktaError when an argument makes no sense."""
    query = _understand(arguments, now)
    return _poll(log, query) if query.polling else _bounded(log, query)


def _poll(log: SystemLog, query: _Query) -> Page:
    # -1: the event numbers start at 0, so an event persisted exactly at `since` is included.
    position = query.position or (query.since, -1)
    events: list[Event] = []
    for entry in log.readable(after=position):
        if len(events) == query.limit:
            break
        position = entry.position
        if query.wants(entry):
            events.append(entry.event)
    return Page(events, _next(query, position))


def _bounded(log: SystemLog, query: _Query) -> Page:
    found = [
        entry
        for entry in log.readable()
        if query.since <= entry.published <= query.until and query.wants(entry)
    ]
    found.sort(key=lambda entry: (entry.published, entry.number), reverse=not query.ascending)
    if query.position is not None:
        position = query.position
        found = [
            entry
            for entry in found
            if ((entry.published, entry.number) > position) == query.ascending
            and (entry.published, entry.number) != position
        ]
    page = found[: query.limit]
    if len(found) <= query.limit or not page:
        return Page([entry.event for entry in page], None)
    return Page(
        [entry.event for entry in page], _next(query, (page[-1].published, page[-1].number))
    )


def _next(query: _Query, position: tuple[datetime, int]) -> str:
    return urlencode({"after": _encode(query, position), **query.carried})


def _encode(query: _Query, position: tuple[datetime, int]) -> str:
    mode = "p" if query.polling else "b"
    bounds = [] if query.polling else [query.since.isoformat(), query.until.isoformat()]
    parts = [mode, position[0].isoformat(), str(position[1]), *bounds]
    return base64.urlsafe_b64encode("|".join(parts).encode()).decode().rstrip("=")


def _decode(after: str) -> tuple[bool, tuple[datetime, int], list[datetime]]:
    try:
        text = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode()
        mode, moment, number, *bounds = text.split("|")
        if mode not in {"p", "b"} or len(bounds) != (0 if mode == "p" else 2):
            raise ValueError(mode)
        return mode == "p", (parse(moment), int(number)), [parse(bound) for bound in bounds]
    except ValueError as error:
        raise errors.validation("after", "after: this cursor was not given out here") from error


def _understand(arguments: Mapping[str, str], now: datetime) -> _Query:
    order = arguments.get("sortOrder", "ASCENDING").upper()
    if order not in {"ASCENDING", "DESCENDING"}:
        raise errors.validation("sortOrder", "sortOrder: must be ASCENDING or DESCENDING")
    polling = order == "ASCENDING" and "until" not in arguments
    until = _moment(arguments, "until", now)
    since = _moment(arguments, "since", until - DEFAULT_RANGE)
    position = None
    if "after" in arguments:
        if "since" in arguments:
            raise errors.validation("after", "after: cannot be combined with since")
        polling, position, bounds = _decode(arguments["after"])
        since, until = bounds or (since, until)
        if position[0] < now - RETENTION:
            # What becomes of a cursor whose entries are gone is not documented; this is the worst.
            raise errors.validation("after", "after: this position is no longer kept")
    if since < now - FURTHEST:
        raise errors.too_far_back()
    if since > until and not polling:
        raise errors.validation("since", "since: must not be later than until")
    carried = {key: arguments[key] for key in ("filter", "q", "limit") if key in arguments}
    return _Query(
        polling=polling,
        ascending=order == "ASCENDING",
        since=since,
        until=until,
        matches=_filter(arguments.get("filter", "")),
        keywords=_keywords(arguments.get("q", "")),
        limit=_limit(arguments.get("limit", str(DEFAULT_LIMIT))),
        position=position,
        carried={**carried, "sortOrder": order},
    )


def _moment(arguments: Mapping[str, str], name: str, otherwise: datetime) -> datetime:
    if name not in arguments:
        return otherwise
    try:
        return parse(arguments[name])
    except ValueError as error:
        cause = f"{name}: must be a date and time like {iso(otherwise)}"
        raise errors.validation(name, cause) from error


def _limit(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_LIMIT:
        raise errors.validation("limit", f"limit: must be a number from 0 to {MAX_LIMIT}")
    return int(text)


def _filter(expression: str) -> Predicate | None:
    if not expression:
        return None
    try:
        return parse_filter(expression)
    except FilterError as error:
        raise errors.invalid_search() from error


def _keywords(text: str) -> tuple[str, ...]:
    words = tuple(text.lower().split())
    if len(words) > MAX_KEYWORDS or any(len(word) > MAX_KEYWORD_LENGTH for word in words):
        raise errors.validation(
            "q", f"q: at most {MAX_KEYWORDS} words of {MAX_KEYWORD_LENGTH} characters"
        )
    return words
