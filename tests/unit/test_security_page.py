"""docs/security.md promises nothing that no test shows: every test it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", PAGE)))
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.partition("## OWASP ASVS")[2].splitlines()
    if re.match(r"\| \d", line)
]
THREATS = re.split(r"^### ", PAGE.partition("## Threats")[2].partition("\n## ")[0], flags=re.M)[1:]
# Where there is nothing to test, the row says why.
EXCUSES = ("does not apply", "belongs to", "not met", "this page", "What is worth", "every package")


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("test", NAMED)
def test_every_test_that_is_named_exists(test: str) -> None:
    path, _, name = test.partition("::")
    assert (ROOT / path).is_file()
    assert name in functions_of(path)


def test_nothing_that_looks_like_a_test_is_left_out_of_that() -> None:
    assert len(re.findall(r"::", PAGE)) == len(re.findall(r"`tests/[\w/]+\.py::\w+`", PAGE))
    assert len(NAMED) > 100


@pytest.mark.parametrize("threat", THREATS, ids=lambda text: text.partition("\n")[0])
def test_every_threat_names_tests(threat: str) -> None:
    assert "::test_" in threat


def test_the_threats_a_reader_looks_for_are_there() -> None:
    titles = " ".join(threat.partition("\n")[0] for threat in THREATS)
    for word in ("Okta profile", "hook's secret", "publish to a queue", "operator", "table"):
        assert word in titles


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_item_is_shown_or_excused(row: list[str]) -> None:
    assert len(row) == 3
    assert "::test_" in row[2] or row[2].lstrip("*").startswith(EXCUSES)


def test_items_are_numbered_once_and_in_order_of_chapters() -> None:
    numbers = [number for row in ROWS for number in row[0].split(", ")]
    assert all(re.fullmatch(r"\d{1,2}\.\d\.\d{1,2}", number) for number in numbers)
    assert len(numbers) == len(set(numbers))
    chapters = [int(number.partition(".")[0]) for number in numbers]
    assert chapters == sorted(chapters)


def test_the_command_it_names_exists() -> None:
    assert re.search(r"^fuzz:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
