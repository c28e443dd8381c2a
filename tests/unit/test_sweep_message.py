"""Whatever lies in the sweep queue is one of ours, or is refused in one way."""

from __future__ import annotations

import json

import pytest

from lib.errors import Permanent
from lib.sweep_message import SweepMessage

OURS = SweepMessage("sw-0123456789", 7, 2)


def test_there_and_back() -> None:
    assert SweepMessage.parse(OURS.text()) == OURS


@pytest.mark.parametrize(
    "change",
    [
        {"sweep": "sw-\ud800"},
        {"sweep": "SWEEP#x"},
        {"sweep": 7},
        {"sweep": None},
        {"step": -1},
        {"step": 10**30},
        {"step": "x"},
        {"attempt": 10**30},
        {"v": 2},
    ],
    ids=str,
)
def test_what_is_not_ours(change: dict[str, object]) -> None:
    with pytest.raises(Permanent):
        SweepMessage.parse(json.dumps(json.loads(OURS.text()) | change))


@pytest.mark.parametrize("body", ["", "[]", "7", "null", '{"v":1}', "9" * 9999, "[" * 99999])
def test_rubbish(body: str) -> None:
    with pytest.raises(Permanent):
        SweepMessage.parse(body)
