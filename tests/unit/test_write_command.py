"""pushproof write: who may carry out a plan, and who is sent away before anything is done."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lib.flows.runs import Ended, Run
from lib.incident import CauseName, Incident, Severity, Status, Step, StepKind
from lib.model import Attribute
from ops import write_command
from ops.connection import Refusal
from tests.fakes.clock import START
from tests.fakes.make import INCIDENT, OBJECT, OLD_PHONE, OTHER_OBJECT, PHONE, SUBJECT, cause, plan

STEP = Step(StepKind.PRIVILEGED_WRITE, "mobilePhone", OLD_PHONE, PHONE)
WAITING = Incident(
    INCIDENT,
    SUBJECT,
    Attribute.MOBILE_PHONE,
    Status.WAITING_PERSON,
    Severity.HIGH,
    (cause(CauseName.PRIVILEGED_TARGET),),
    plan(STEP),
    START,
    START,
    START,
)


class SignedIn:
    def __init__(self, object_id: str) -> None:
        self.object_id, self.runs = object_id, 0

    def run(self, *_: Any) -> Run:
        self.runs += 1
        return Run(Ended.DONE, "every step is done")


def write(monkeypatch: pytest.MonkeyPatch, who: SignedIn) -> int:
    monkeypatch.setattr(write_command, "sign_in", lambda *_: who)
    return write_command.run_write(SimpleNamespace(), WAITING, lambda *_: True)  # type: ignore[arg-type]


@pytest.mark.parametrize("object_id", [OBJECT, OBJECT.upper()])
def test_nobody_writes_their_own_value(monkeypatch: pytest.MonkeyPatch, object_id: str) -> None:
    who = SignedIn(object_id)
    with pytest.raises(Refusal, match="another administrator has to write it") as refused:
        write(monkeypatch, who)
    assert refused.value.exit_code == 3
    assert who.runs == 0


def test_another_administrator_does(monkeypatch: pytest.MonkeyPatch) -> None:
    who = SignedIn(OTHER_OBJECT)
    assert write(monkeypatch, who) == 0
    assert who.runs == 1
