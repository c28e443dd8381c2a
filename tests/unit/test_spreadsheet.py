"""No cell of a CSV is calculated, and none becomes two."""

from __future__ import annotations

import csv
import io

import pytest

from ops.spreadsheet import cell, line

FORMULAS = [
    *("=cmd|' /C calc'!A0", "+1+cmd", "-1+2=3", "@SUM(1)", "=1", "＝1", "＋1", "－1", "＠SUM(1)"),
    *("\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\x00=1", "\u200b=1", "\ufeff=1"),
]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_begins_a_formula(text: str) -> None:
    (read,) = next(csv.reader(io.StringIO(line([text]))))
    assert read.isprintable()
    # As a spreadsheet may: without what is white or not seen.
    assert read.strip("\ufeff\u200b").strip()[0] in ("'", "\\")


@pytest.mark.parametrize("text", ["0oaAAAAAAAAAAAAAAAA1", "agrees now", "a-b", "1=1", "", "'"])
def test_what_is_none_stays_as_it_is(text: str) -> None:
    assert cell(text) == text


@pytest.mark.parametrize("text", ['a","=1', 'a";"=1', "a;=1", "a,=1", 'a"', "a\r\n=1", "a\n=1,b"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_a_cell_stays_one_cell(text: str, separator: str) -> None:
    """Where a spreadsheet separates by semicolons, the line is one text and begins no other."""
    made = line([text])
    read = list(csv.reader(io.StringIO(made), delimiter=separator))
    assert [len(row) for row in read] == [1]
    assert made.startswith('"')
    assert made.endswith('"\r\n')
