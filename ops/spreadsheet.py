"""CSV that a spreadsheet shows as it is, and never calculates."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from lib.rules.mask import printable

# OWASP, "CSV Injection": what begins a formula, also in full width, which Excel may read alike.
_BEGINNINGS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def cell(text: str) -> str:
    """An apostrophe first where a formula would begin; tabs and line ends as their escapes."""
    shown = printable(text)
    return f"'{shown}" if shown.lstrip().startswith(_BEGINNINGS) else shown


def line(cells: Iterable[str]) -> str:
    """All in quotes: where the separator is a semicolon, one in a cell would begin another."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([cell(text) for text in cells])
    return out.getvalue()
