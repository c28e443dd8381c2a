"""Counts by name as bars from left to right, drawn on the server as in plot.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ops.console.plot import WIDTH, Bar

ROW, THICK = 24, 14
# What names on the left and counts on the right take of the width.
LEFT, RIGHT = 108, 48


@dataclass(frozen=True)
class Line:
    """`middle`: where its name and its count stand."""

    name: str
    count: int
    middle: float
    bar: Bar


@dataclass(frozen=True)
class Bars:
    """`told`: all of it in words, for whoever does not see it."""

    name: str
    told: str
    height: int
    lines: tuple[Line, ...]


def bars(name: str, counts: Mapping[str, int]) -> Bars:
    """In the order given, as long as their share of the longest."""
    top = max(counts.values(), default=0)
    lines = []
    for number, (what, count) in enumerate(counts.items()):
        y = number * ROW + (ROW - THICK) / 2
        share = count / top if top else 0.0
        # The least that is seen, where there is any.
        width = max(1.0, round((WIDTH - LEFT - RIGHT) * share, 2)) if count else 0.0
        bar = Bar(LEFT, y, width, THICK, f"{what}: {count}")
        lines.append(Line(what, count, number * ROW + ROW / 2 + 4, bar))
    told = ", ".join(line.bar.label for line in lines)
    return Bars(name, told, max(1, len(lines)) * ROW, tuple(lines))
