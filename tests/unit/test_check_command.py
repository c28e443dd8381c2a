"""pushproof check: what is no Okta user id is said before anything is sent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ops import check_command
from tests.fakes.make import APP, OTHER_APP, USER
from tests.fakes.outlets import FakeQueue


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> FakeQueue:
    found = FakeQueue()
    outputs = {"OktaAppIds": f"{APP},{OTHER_APP}", "CheckQueueUrl": "url"}
    connection = SimpleNamespace(table=lambda: None, output=outputs.__getitem__)
    monkeypatch.setattr(check_command, "connect", lambda *_: connection)
    monkeypatch.setattr(check_command, "client", lambda _: None)
    monkeypatch.setattr(check_command, "SqsCheckQueue", lambda *_: found)
    return found


def check(*users: str) -> Result:
    given: list[Any] = [part for user in users for part in ("--user", user)]
    return CliRunner().invoke(check_command.check, given)


@pytest.mark.parametrize(
    "user",
    [
        "jane.doe@corp.example",
        "jane.doe",
        "",
        USER + "x",
        USER[:-1],
        "0oa" + USER[3:],
        USER[:-1] + "#",
        USER + "\n",
    ],
)
def test_what_is_no_user_id_is_misuse_and_nothing_is_sent(queue: FakeQueue, user: str) -> None:
    # A good one beside it is not sent either.
    result = check(USER, user)
    assert result.exit_code == 2
    assert "--user takes an Okta user id" in result.output
    assert "jane" not in result.output
    assert queue.sent == []


def test_a_user_is_looked_at_in_every_app(queue: FakeQueue) -> None:
    assert check(USER).exit_code == 0
    found = [hint.subject for message, _ in queue.sent for hint in message.hints]
    assert sorted(each.app_id for each in found) == [APP, OTHER_APP]
    assert {each.user_id for each in found} == {USER}
