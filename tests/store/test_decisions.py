"""Decisions and the audit trail: one transaction, nothing overwritten, the newest first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lib.errors import Conflict
from lib.incident import Entry, Ruling, Status
from lib.model import Attribute
from lib.rules.policy import Approval
from lib.settings import Mode
from lib.store.decisions import Beside, ModeSet
from lib.store.records import IncidentChange
from lib.store.table import Table
from lib.store.trail import AuditRecord
from tests.fakes.clock import START
from tests.fakes.make import INCIDENT, SUBJECT
from tests.store.test_table import incident

HOUR = timedelta(hours=1)
PHONE, MAILS = Attribute.MOBILE_PHONE, Attribute.OTHER_MAILS


def record(at: datetime = START, outcome: str = "approved", **changes: Any) -> AuditRecord:
    base = AuditRecord(at, "somebody", "arn:aws:iam::1:user/somebody", "approve", outcome)
    return replace(base, **changes)


def trail(table: Table) -> list[AuditRecord]:
    return table.audit(START - timedelta(days=400), START + timedelta(days=400))


def test_an_approval_stands_until_it_has_run_out(table: Table) -> None:
    first = Approval("somebody", "digest", START)
    table.approve(INCIDENT, first, START - HOUR)
    later = replace(first, at=START + HOUR)
    with pytest.raises(Conflict):
        table.approve(INCIDENT, later, START, record())
    assert table.approvals(INCIDENT) == [first]
    # Nothing of the decision was kept.
    assert trail(table) == []
    table.approve(INCIDENT, later, START + timedelta(milliseconds=1))
    assert table.approvals(INCIDENT) == [later]
    table.approve(INCIDENT, replace(first, digest="other"), START)
    table.approve(INCIDENT, replace(first, person="else"), START)
    assert len(table.approvals(INCIDENT)) == 3
    assert table.approvals("inc-0000000000") == []


def test_an_approval_its_record_and_the_incident_are_one(table: Table) -> None:
    read = table.commit_incident(IncidentChange(incident()))
    table.commit_incident(IncidentChange(read))  # somebody else was faster
    given = Approval("somebody", "digest", START)
    moved = IncidentChange(replace(read, status=Status.REMEDIATING))
    with pytest.raises(Conflict):
        table.approve(INCIDENT, given, START - HOUR, record(), moved)
    assert (table.approvals(INCIDENT), trail(table)) == ([], [])
    now = table.incident(INCIDENT)
    assert now is not None
    assert now.status is Status.WAITING_APPROVAL


@pytest.mark.parametrize("as_read", [True, False])
def test_a_line_beside_an_incident_leaves_it_as_it_is(table: Table, as_read: bool) -> None:
    stored = table.commit_incident(IncidentChange(incident()))
    table.decided(record(), Beside(stored, Entry(START, "somebody", "approved"), as_read))
    assert table.incident(INCIDENT) == stored
    assert [entry.what for entry in table.timeline(INCIDENT)] == ["approved"]
    old = Beside(replace(stored, version=7), Entry(START, "somebody", "approved"), as_read)
    if as_read:
        with pytest.raises(Conflict):
            table.decided(record(), old)
    else:
        table.decided(record(), old)
    assert len(table.timeline(INCIDENT)) == (1 if as_read else 2)


def test_the_latest_ruling_counts_and_is_for_one_attribute(table: Table) -> None:
    first = Ruling(SUBJECT, PHONE, "values", "somebody", "is meant", START)
    assert table.ruling(SUBJECT, PHONE) is None
    table.rule(first)
    table.rule(replace(first, values="others"), record())
    table.rule(replace(first, attribute=MAILS))
    assert table.ruling(SUBJECT, PHONE) == replace(first, values="others")
    assert {ruling.attribute for ruling in table.rulings(SUBJECT)} == {PHONE, MAILS}
    assert table.ruling(replace(SUBJECT, user_id="00uELSE"), PHONE) is None


def test_the_stored_mode_beats_the_deployed_one(table: Table) -> None:
    assert (table.mode(Mode.AUTO), table.mode_set()) == (Mode.AUTO, None)
    table.set_mode(Mode.APPROVE, "somebody", START)
    assert table.mode(Mode.AUTO) is Mode.APPROVE
    assert table.mode_set() == ModeSet(Mode.APPROVE, "somebody", START)


def test_a_mode_is_changed_from_what_it_was(table: Table) -> None:
    table.set_mode(Mode.APPROVE, "somebody", START)
    known = table.mode_set()
    table.set_mode(Mode.AUTO, "somebody", START + HOUR, record(), known=known)
    for late in (None, known):
        with pytest.raises(Conflict):
            table.set_mode(Mode.OBSERVE, "else", START + HOUR, record(), known=late)
    assert table.mode(Mode.OBSERVE) is Mode.AUTO
    assert len(trail(table)) == 1


def test_a_mode_that_makes_no_sense_fails_closed_and_can_be_mended(table: Table) -> None:
    item = {"pk": "CONTROL#mode", "sk": "HEAD", "mode": "everything", "by": "somebody"}
    table._client.put_item(TableName=table._name, Item=item)  # type: ignore[arg-type]
    assert table.mode(Mode.AUTO) is Mode.OBSERVE
    table.set_mode(Mode.APPROVE, "somebody", START, known=table.mode_set())
    assert table.mode(Mode.AUTO) is Mode.APPROVE


def test_the_trail_is_newest_first_over_months_and_keeps_twins(table: Table) -> None:
    days = (-40, -1, 0, 0, 31, 365)
    for day in days:
        table.decided(record(START + timedelta(days=day), f"day {day}"))
    assert [r.outcome for r in trail(table)] == [f"day {day}" for day in reversed(days)]
    some = table.audit(START - timedelta(days=1), START + timedelta(days=31))
    assert [r.outcome for r in some] == ["day 31", "day 0", "day 0", "day -1"]
    assert table.audit(START + timedelta(milliseconds=1), START + HOUR) == []


def test_a_record_is_kept_whole_and_for_good(table: Table) -> None:
    whole = record(
        incident=INCIDENT,
        digest="d" * 64,
        detail="1 of 2",
        why="is meant",
        request_id="r-1",
        source_ip="192.0.2.1",
    )
    table.decided(whole)
    assert trail(table) == [whole]
    items: Any = table._client.scan(TableName=table._name)["Items"]
    assert [set(item) for item in items] == [{"pk", "sk", "body"}]


def test_no_record_takes_the_place_of_another(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.store.trail.secrets.token_hex", lambda _: "same")
    table.decided(record(outcome="first"))
    with pytest.raises(Conflict):
        table.decided(record(outcome="second"))
    assert [r.outcome for r in trail(table)] == ["first"]
