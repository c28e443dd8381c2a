"""Bars by day, drawn on the server: no script, no inline style, and legible when narrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 320, 120
LEFT, TOP, BOTTOM = 30, 12, 18


@dataclass(frozen=True)
class Bar:
    """In the units of the SVG; `label` is read out and shown on hover."""

    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True)
class Plot:
    """`name` tells what is counted, `top` the end of the axis they share."""

    name: str
    total: int
    top: int
    bars: tuple[Bar, ...]
    first: str
    last: str


def plot(name: str, days: Sequence[tuple[str, int]], top: int) -> Plot:
    """`days`: date and count, the oldest first."""
    top = nice(top)
    step = (WIDTH - LEFT) / max(1, len(days))
    floor = HEIGHT - BOTTOM
    bars = []
    for number, (day, count) in enumerate(days):
        height = round((floor - TOP) * min(count, top) / top, 2)
        x = round(LEFT + number * step + step * 0.15, 2)
        label = f"{day}: {count} {name}"
        bars.append(Bar(x, round(floor - height, 2), round(step * 0.7, 2), height, label))
    first, last = (days[0][0], days[-1][0]) if days else ("", "")
    return Plot(name, sum(count for _, count in days), top, tuple(bars), first[5:], last[5:])


def nice(top: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50 …"""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if top <= factor * size:
                return factor * size
        size *= 10
