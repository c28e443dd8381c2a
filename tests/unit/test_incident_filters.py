"""`pushproof incidents` lists what a group page says it lists."""

from __future__ import annotations

import shlex

import click
from click.testing import CliRunner

from lib.incident import NEXT, CauseName, News, Page, Severity
from lib.rules.pages import group_page
from ops.incident_filters import filters, matching
from tests.fakes.clock import START

ROWS = [
    {"incident": "a", "cause": "licence", "severity": "high"},
    {"incident": "b", "cause": "licence", "severity": "warning"},
    {"incident": "c", "cause": "push_failed", "severity": "high"},
]


@click.command()
@filters
def names(cause: str | None, severity: str | None) -> None:
    click.echo(" ".join(row["incident"] for row in matching(ROWS, cause, severity)))


def said(*arguments: str) -> str:
    answer = CliRunner().invoke(names, arguments)
    assert answer.exit_code == 0, answer.output
    return answer.output.strip()


def test_filters_narrow_together_and_keep_the_order() -> None:
    assert said() == "a b c"
    assert said("--cause", "licence") == "a b"
    assert said("--severity", "high") == "a c"
    assert said("--cause", "licence", "--severity", "high") == "a"
    assert said("--cause", "unexplained") == ""


def test_a_cause_that_does_not_exist_is_refused_with_those_that_do() -> None:
    answer = CliRunner().invoke(names, ["--cause", "license"])
    assert answer.exit_code == 2
    assert "'licence'" in answer.output


def test_a_group_pages_command_is_one() -> None:
    like = Page("k", "i", News.OPENED, Severity.HIGH, CauseName.LICENCE, "s", "t", at=START)
    (line,) = [x for x in group_page(like, START).text.splitlines() if x.startswith(NEXT)]
    program, command, *arguments = shlex.split(line.removeprefix(NEXT))
    assert (program, command) == ("pushproof", "incidents")
    assert said(*arguments) == "a"
