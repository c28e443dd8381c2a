"""What is stored reads back as it was, also by a version that knows more or fewer fields."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.incident import CauseName, Entry, Incident, News, Page, Severity, Status
from lib.model import Attribute, Link, LinkSource, Value
from lib.rules.causes import BypassFact
from lib.rules.looks import Chain
from lib.rules.policy import Approval
from lib.store.codec import decode, encode
from lib.store.records import Errand, SubjectState
from tests.fakes.clock import START
from tests.fakes.make import OBJECT, SUBJECT, cause, plan

VALUES: st.SearchStrategy[Value] = (
    st.none() | st.booleans() | st.text() | st.lists(st.text()).map(tuple)
)


@given(expected=VALUES, actual=VALUES)
def test_an_incident_reads_back(expected: Value, actual: Value) -> None:
    steps = (replace(plan().steps[0], before=actual, after=expected),)
    incident = Incident(
        id="inc-1",
        subject=SUBJECT,
        attribute=Attribute.OTHER_MAILS,
        status=Status.PROVING,
        severity=Severity.HIGH,
        causes=tuple(cause(name) for name in CauseName),
        plan=replace(plan(), expected=expected, actual=actual, steps=steps, link=None),
        opened_at=START,
        updated_at=START + timedelta(milliseconds=7),
        drift_read_at=START,
        last_step_at=START,
        in_flight="graph_write",
    )
    again = decode(Incident, encode(incident))
    assert again == incident
    assert again.plan.digest == incident.plan.digest


FULL = SubjectState(
    SUBJECT,
    version=3,
    link=Link(OBJECT, LinkSource.IMMUTABLE_ID),
    covered_to=START,
    last_read=START,
    chain=Chain("digest", 2, START, START),
    open={Attribute.MOBILE_PHONE: "inc-1"},
    touched_at={Attribute.OTHER_MAILS: START},
    errands=(Errand("inc-1", page_key="k"), Errand("inc-1", digest="d", attempt=2)),
)


@pytest.mark.parametrize(
    "value",
    [
        FULL,
        SubjectState(SUBJECT),
        BypassFact(None, START, "x"),
        BypassFact(False, START, "x"),
        Approval("somebody", "d", START),
        Entry(START, "check", "opened"),
        Page("k", "inc-1", News.OPENED, Severity.HIGH, CauseName.LICENCE, "subject", "text"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_everything_stored_reads_back(value: object) -> None:
    assert decode(type(value), encode(value)) == value


def test_a_field_of_a_newer_version_is_ignored_and_a_missing_one_has_its_default() -> None:
    stored = json.loads(encode(FULL))
    stored["invented_later"] = {"x": 1}
    del stored["errands"]
    assert decode(SubjectState, json.dumps(stored)) == replace(FULL, errands=())


@dataclass(frozen=True)
class Small:
    number: int
    name: str = ""


@pytest.mark.parametrize(
    "text", ["{}", "[]", "7", "null", '{"number":"x"}', '{"number":null}', "rubbish", ""]
)
def test_what_is_not_one_is_refused(text: str) -> None:
    with pytest.raises((TypeError, KeyError, ValueError)):
        decode(Small, text)
