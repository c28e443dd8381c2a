"""Whom a sweep found, with their open incidents: filtered, in parts, ids and words only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from lib.model import Attribute, Subject
from lib.rules.sweep import Found
from lib.store.table import Table
from lib.times import to_text
from ops import spreadsheet

HEAD = ("app", "user", "what", "attributes", "at", "incidents")
# As the flows tell it (lib/flows/sweep_page.py, sweep_gone.py), and what it means.
WHATS = {
    "differs": "the two sides differed",
    "agrees now": "differed at first, and no longer at a later look",
    "gone": "assigned no more, and the account is still enabled",
    "unreadable": "could not be read on both sides",
}
ATTRIBUTES = tuple(attribute.value for attribute in Attribute)
INCIDENT = ("with", "without")
# Of one part: BatchGetItem's limit. Parts that are read for one page at most.
PART, PARTS = 100, 10


@dataclass(frozen=True)
class Wanted:
    """What a report is narrowed to; "" for all of it. `incident`: with or without an open one."""

    what: str = ""
    attribute: str = ""
    app: str = ""
    incident: str = ""

    @property
    def given(self) -> dict[str, str]:
        return {name: value for name, value in vars(self).items() if value}

    def options(self) -> list[str]:
        """As `pushproof sweep report` takes them."""
        return [word for name, value in self.given.items() for word in (f"--{name}", value)]

    def takes(self, found: Found) -> bool:
        """As far as the report itself tells."""
        return (
            self.what in ("", found.what)
            and self.app in ("", found.subject.app_id)
            and (not self.attribute or self.attribute in found.attributes)
        )


@dataclass(frozen=True)
class Row:
    """`incidents`: open by now, whatever the sweep saw."""

    found: Found
    incidents: tuple[str, ...]

    def cells(self) -> tuple[str, ...]:
        """In the order of HEAD."""
        found = self.found
        attributes = ",".join(attribute.value for attribute in found.attributes)
        whose = (found.subject.app_id, found.subject.user_id)
        return (*whose, found.what, attributes, to_text(found.at), ",".join(self.incidents))


@dataclass(frozen=True)
class ReportPage:
    """`after`: whom the next page follows; None after the last."""

    rows: tuple[Row, ...]
    after: Subject | None


def rows(table: Table, sweep_id: str, wanted: Wanted) -> Iterator[Row]:
    """All of them, read as they are asked for. Raises Transient, also midway."""
    found = table.found(sweep_id)
    while part := list(islice(found, PART)):
        yield from _with_incidents(table, part, wanted)


def page_of(
    table: Table, sweep_id: str, wanted: Wanted, most: int, after: Subject | None = None
) -> ReportPage:
    """At most `most` of them. Where a filter leaves few a page may be short, and more follow."""
    listed: list[Row] = []
    size = PART if wanted.given else most + 1
    for _ in range(PARTS):
        part = table.found_page(sweep_id, size, after, wanted.app)
        listed += _with_incidents(table, part, wanted)
        if len(listed) > most:
            return ReportPage(tuple(listed[:most]), listed[most - 1].found.subject)
        if len(part) < size:
            return ReportPage(tuple(listed), None)
        after = part[-1].subject
    return ReportPage(tuple(listed), after)


def csv_lines(listed: Iterator[Row]) -> Iterator[str]:
    yield spreadsheet.line(HEAD)
    for row in listed:
        yield spreadsheet.line(row.cells())


def _with_incidents(table: Table, part: Sequence[Found], wanted: Wanted) -> Iterator[Row]:
    taken = [found for found in part if wanted.takes(found)]
    states = table.subjects([found.subject for found in taken]) if taken else {}
    for found in taken:
        incidents = tuple(sorted(set(states[found.subject].open.values())))
        if wanted.incident in ("", "with" if incidents else "without"):
            yield Row(found, incidents)
