"""What stands in the way of the tenant's flag, in order, and the command that comes next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.incident import CauseName, Incident, Severity, Status, StepKind
from lib.rules.case import BypassFact
from lib.rules.flag import (
    ENABLE,
    Known,
    OrdinaryCheck,
    OrdinaryChecks,
    Summary,
    next_command,
    obstacle,
)
from lib.rules.policy import Decision, Verdict
from lib.settings import Mode
from tests.fakes.clock import START
from tests.fakes.make import INCIDENT, SUBJECT, cause, plan
from tests.fakes.make import drift as some_drift

NOW = START + timedelta(hours=48)
GOOD = OrdinaryCheck("push_seen", "a push succeeded", passed=True)
CHECKS = OrdinaryChecks(NOW - timedelta(hours=1), "administrator", (GOOD,))
TAKEN = Summary(NOW - timedelta(minutes=5), 3, 3, 1, "a digest")


def incident(**changes: Any) -> Incident:
    fields: dict[str, Any] = {
        "id": INCIDENT,
        "subject": SUBJECT,
        "attribute": some_drift().attribute,
        "status": Status.WAITING_PERSON,
        "severity": Severity.WARNING,
        "causes": (cause(CauseName.DIRSYNC_OVERRIDE),),
        "plan": plan(watched="a digest"),
        "opened_at": START,
        "updated_at": START,
        "drift_read_at": START,
    }
    return Incident(**fields | changes)


READY = Known(
    Mode.APPROVE,
    BypassFact(False, START, "a GET"),
    TAKEN,
    CHECKS,
    incident(),
    Decision(Verdict.RUN, "1 approvals, 1 needed", 1, 1),
    4,
)
WAITS = Decision(Verdict.NEEDS_APPROVAL, "0 of 1 approvals", 0, 1)


def test_ready() -> None:
    assert obstacle(READY, NOW) is None
    assert next_command(READY, NOW) == ENABLE
    assert obstacle(replace(READY, incident=None, decision=None), NOW) is None


@pytest.mark.parametrize(
    ("change", "command"),
    [
        ({"mode": Mode.OBSERVE}, "pushproof mode approve"),
        ({"checks": None}, "pushproof bypass check"),
        ({"checks": replace(CHECKS, checks=())}, "pushproof bypass check"),
        ({"checks": replace(CHECKS, checks=(GOOD, replace(GOOD, passed=False)))}, "bypass check"),
        ({"checks": replace(CHECKS, at=NOW - timedelta(hours=24, seconds=1))}, "bypass check"),
        ({"checks": replace(CHECKS, others=1)}, "bypass check"),
        ({"preview": None}, "pushproof bypass preview"),
        ({"preview": replace(TAKEN, taken_at=NOW - timedelta(minutes=61))}, "bypass preview"),
        ({"preview": replace(TAKEN, taken_at=NOW + timedelta(minutes=1))}, "bypass preview"),
        ({"preview": replace(TAKEN, compared=0)}, "bypass check"),
        ({"preview": replace(TAKEN, synced=4)}, "bypass check"),
        ({"incident": incident(plan=plan())}, "bypass preview"),
        ({"decision": WAITS}, f"pushproof approve {INCIDENT}"),
        ({"decision": Decision(Verdict.BLOCKED, "no")}, f"pushproof show {INCIDENT}"),
    ],
)
def test_each_stands_in_the_way_and_names_its_command(change: dict[str, Any], command: str) -> None:
    found = obstacle(replace(READY, **change), NOW)
    assert found is not None
    assert found.command.endswith(command)
    assert str(found).endswith(found.command)
    assert "\n" not in str(found)
    assert next_command(replace(READY, **change), NOW) == found.command


def test_on_there_is_nothing_to_do_unless_an_outcome_was_lost() -> None:
    on = replace(READY, fact=BypassFact(True, START, "a GET"))
    assert next_command(on, NOW) == ""
    lost = replace(on, incident=incident(in_flight=StepKind.BYPASS_ENABLE.value))
    assert next_command(lost, NOW) == ENABLE


@given(
    st.builds(
        Known,
        mode=st.sampled_from(Mode),
        preview=st.none() | st.just(TAKEN),
        checks=st.none() | st.just(CHECKS) | st.just(replace(CHECKS, checks=())),
        incident=st.none() | st.just(incident()),
        decision=st.none() | st.just(WAITS) | st.just(READY.decision),
    )
)
def test_nothing_passes_without_mode_checks_and_preview(known: Known) -> None:
    if obstacle(known, NOW) is None:
        assert known.mode is not Mode.OBSERVE
        assert known.checks is not None
        assert known.checks.passed
        assert known.preview is not None
        assert known.incident is None or known.decision is not WAITS
