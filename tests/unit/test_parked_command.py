"""pushproof parked: what a person sees, sends again and throws away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lib.messages import CheckMessage, RemediationMessage
from ops import parked_command
from tests.fakes.dynamodb import dynamodb, new_table
from tests.fakes.make import SUBJECT, USER
from tests.fakes.stage import Stage

Run = Callable[..., Result]
WHO = "arn:aws:sts::123456789012:assumed-role/OnCall/first.operator"


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with dynamodb() as found:
        yield found


@pytest.fixture
def stage(client: Any) -> Stage:
    return Stage(new_table(client))


@pytest.fixture
def run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Run:
    connection = SimpleNamespace(table=lambda: stage.table)
    sts = SimpleNamespace(get_caller_identity=lambda: {"Arn": WHO})
    monkeypatch.setattr(parked_command, "connect", lambda *_: connection)
    monkeypatch.setattr(parked_command, "_queue", lambda _: stage.checks)
    monkeypatch.setattr(parked_command, "client", lambda _: sts)
    return lambda *words: CliRunner().invoke(parked_command.parked, words)


def park(stage: Stage, name: str, body: str, reason: str = "Okta refused") -> str:
    stage.table.park(name, reason, body, stage.clock())
    (work,) = [w for w in stage.table.parked() if w.sk.endswith(f"#{name}")]
    return work.id


def test_nothing_parked(run: Run) -> None:
    assert "Nothing is parked." in run("list").output
    assert json.loads(run("list", "--json").output) == []


def test_what_is_parked_and_why(stage: Stage, run: Run) -> None:
    check = park(stage, "m-1", CheckMessage.look_at(SUBJECT).text())
    plan = park(stage, "r-1", RemediationMessage("inc-0123456789", "0" * 64, 1, "u").text())
    rubbish = park(stage, "x-1", "rubbish", "it crashed the check function until SQS set it aside")
    listed = {row["id"]: row for row in json.loads(run("list", "--json").output)}
    assert listed[check]["about"] == f"check of {USER}"
    assert listed[plan]["about"] == "remediation of inc-0123456789"
    assert listed[rubbish]["about"] == "not a message of ours"
    shown = json.loads(run("show", check).output)
    assert (shown["reason"], shown["message"]["look"]) == ("Okta refused", True)


def test_retry_sends_what_can_be_sent_and_keeps_the_rest(stage: Stage, run: Run) -> None:
    check = park(stage, "m-1", CheckMessage.look_at(SUBJECT).text())
    rubbish = park(stage, "x-1", "rubbish")
    result = run("retry", "--all")
    assert result.exit_code == 3
    assert f"{check}: sent again." in result.output
    assert "discard it" in result.output
    assert [message.hints[0].subject for message, _ in stage.checks.sent] == [SUBJECT]
    assert [work.id for work in stage.table.parked()] == [rubbish]


def test_discard_needs_a_reason_and_keeps_who_and_why(stage: Stage, run: Run) -> None:
    work = park(stage, "x-1", "rubbish")
    assert run("discard", work).exit_code == 2
    assert run("discard", work, "--why", "  ").exit_code == 2
    assert len(stage.table.parked()) == 1
    assert run("discard", work, "--why", "a test").exit_code == 0
    assert stage.table.parked() == []
    table: Any = stage.table
    (kept,) = [i for i in table._client.scan(TableName=table._name)["Items"] if "why" in i]
    assert (kept["by"], kept["why"]) == (WHO, "a test")


@pytest.mark.parametrize(
    "words", [("retry",), ("retry", "p-00000000", "--all"), ("discard", "--why", "x")]
)
def test_what_is_meant_must_be_said(stage: Stage, run: Run, words: tuple[str, ...]) -> None:
    park(stage, "x-1", "rubbish")
    assert run(*words).exit_code == 2
    assert len(stage.table.parked()) == 1


def test_a_name_that_is_not_there_does_nothing_to_the_others(stage: Stage, run: Run) -> None:
    work = park(stage, "m-1", CheckMessage.look_at(SUBJECT).text())
    result = run("retry", work, "p-ffffffff")
    assert result.exit_code == 1
    assert "p-ffffffff is not parked" in result.output
    assert stage.checks.sent == []
    assert len(stage.table.parked()) == 1
