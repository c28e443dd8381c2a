"""Who meets a vendor's limit while the story is told."""

from __future__ import annotations

import pytest

from lib.errors import NotDone
from ops.demo_stage import WentWrong, patiently

USED_UP = NotDone("Okta's announced rate limit is used up", 41.2)


def test_the_next_window_is_waited_for() -> None:
    answers, said, slept = [None, 7], [], []

    def command() -> int:
        found = answers.pop(0)
        if found is None:
            raise USED_UP
        return found

    assert patiently(command, said.append, slept.append) == 7
    assert said == ["Okta's announced rate limit is used up: again in 41 s"]
    assert slept == [42.2]


def test_a_second_window_is_not() -> None:
    slept: list[float] = []

    def command() -> int:
        raise USED_UP

    with pytest.raises(WentWrong, match="used up"):
        patiently(command, lambda _: None, slept.append)
    assert len(slept) == 1


def test_nothing_is_said_when_all_is_well() -> None:
    said: list[str] = []
    assert patiently(lambda: 0, said.append, lambda _: None) == 0
    assert said == []
