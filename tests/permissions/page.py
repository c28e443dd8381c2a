"""docs/permissions.md as data: its tables are the list that tests, and readers, go by."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Grant:
    """`needs`: a permission or scope, or an admin role of Okta's when `role`."""

    who: str
    needs: str
    role: bool
    features: frozenset[str]


@dataclass(frozen=True)
class Call:
    """`route` as the simulators count it; `attribute`: what is written, "" for anything.

    `needs`: every one of them opens it together; empty: no permission of its own.
    """

    route: str
    attribute: str
    who: frozenset[str]
    needs: tuple[str, ...]


@cache
def grants() -> tuple[Grant, ...]:
    return tuple(
        Grant(
            row["who"],
            _CODE.findall(row["needs"])[0],
            row["needs"].startswith("role "),
            _names(row["for"]),
        )
        for row in _rows("grants")
    )


@cache
def calls() -> tuple[Call, ...]:
    found = []
    for row in _rows("calls"):
        words = _CODE.findall(row["call"])[0].split()
        needs = tuple(_CODE.findall(row["needs"]))
        found.append(
            Call(" ".join(words[:2]), "".join(words[2:]), _names(row["who"]), needs),
        )
    return tuple(found)


def granted(who: str) -> frozenset[str]:
    """All permissions (or scopes) the page lists for somebody."""
    return frozenset(each.needs for each in grants() if each.who == who and not each.role)


def roles(who: str) -> frozenset[str]:
    return frozenset(each.needs for each in grants() if each.who == who and each.role)


def features(who: str) -> frozenset[str]:
    return frozenset().union(*(each.features for each in grants() if each.who == who))


def routes(who: str) -> frozenset[str]:
    return frozenset(call.route for call in calls() if who in call.who)


def of(who: str) -> list[Grant]:
    return [each for each in grants() if each.who == who]


def _names(cell: str) -> frozenset[str]:
    return frozenset(name.strip() for name in cell.split(","))


def _rows(marker: str) -> Iterator[Mapping[str, str]]:
    """The rows of every table that stands right below `<!-- marker -->`."""
    lines = PAGE.read_text().splitlines()
    for start, line in enumerate(lines):
        if line != f"<!-- {marker} -->":
            continue
        header = _cells(lines[start + 1])
        for row in lines[start + 3 :]:
            if not row.startswith("|"):
                break
            yield dict(zip(header, _cells(row), strict=True))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
