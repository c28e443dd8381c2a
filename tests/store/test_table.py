"""The one table: conditional writes, whole transactions, and the access patterns of keys.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lib.errors import Conflict, Transient
from lib.incident import CauseName, Entry, Incident, News, Page, Severity, Status
from lib.model import Attribute, Subject
from lib.rules.causes import BypassFact
from lib.store.records import Errand, IncidentChange, SubjectState
from lib.store.table import Table
from tests.fakes.clock import START
from tests.fakes.make import APP, INCIDENT, OLD_PHONE, PHONE, SECRETS, SUBJECT, cause, plan

HOUR = timedelta(hours=1)
READ = SubjectState(SUBJECT, last_read=START)


def incident(name: str = INCIDENT, **changes: Any) -> Incident:
    base = Incident(
        id=name,
        subject=SUBJECT,
        attribute=Attribute.MOBILE_PHONE,
        status=Status.WAITING_APPROVAL,
        severity=Severity.HIGH,
        causes=(cause(CauseName.UNEXPLAINED),),
        plan=plan(incident_id=name),
        opened_at=START,
        updated_at=START,
        drift_read_at=START,
    )
    return replace(base, **changes)


def page(key: str = "k-1", name: str = INCIDENT) -> Page:
    return Page(key, name, News.OPENED, Severity.HIGH, CauseName.UNEXPLAINED, "subject", "text")


def test_an_unknown_subject_is_an_empty_one(table: Table) -> None:
    assert table.subjects([SUBJECT]) == {SUBJECT: SubjectState(SUBJECT)}
    assert table.subjects([]) == {}


def test_more_subjects_than_one_request_takes(table: Table) -> None:
    every = [Subject(APP, f"00u{number}") for number in range(101)]
    table.commit_subject(SubjectState(every[0], last_read=START))
    table.commit_subject(SubjectState(every[100], last_read=START))
    found = table.subjects([*every, *every])
    assert set(found) == set(every)
    assert {s for s, state in found.items() if state.version} == {every[0], every[100]}


def test_a_commit_is_read_back_with_its_version(table: Table) -> None:
    stored = table.commit_subject(READ)
    assert stored == replace(READ, version=1)
    assert table.subjects([SUBJECT])[SUBJECT] == stored


@pytest.mark.parametrize(
    "late",
    [
        READ,
        replace(READ, version=2, last_read=START + HOUR),
        replace(READ, version=1),
        replace(READ, version=1, last_read=START - HOUR),
    ],
    ids=["first again", "of a version that is not", "of the same read", "of an older read"],
)
def test_a_commit_on_an_old_picture_is_refused(table: Table, late: SubjectState) -> None:
    stored = table.commit_subject(READ)
    with pytest.raises(Conflict):
        table.commit_subject(late)
    assert table.subjects([SUBJECT])[SUBJECT] == stored


def test_all_of_a_transaction_or_nothing(table: Table) -> None:
    """An incident that moved refuses the subject, the page and every other incident too."""
    table.commit_incident(IncidentChange(incident()))
    other = incident("inc-9999999999", attribute=Attribute.OTHER_MAILS)
    changes = [
        IncidentChange(other, (Entry(START, "check", "opened"),), (page("k", other.id),)),
        IncidentChange(incident()),  # opened again, which is not true
    ]
    with pytest.raises(Conflict):
        table.commit_subject(READ, changes)
    assert table.subjects([SUBJECT])[SUBJECT].version == 0
    assert table.incident(other.id) is None
    assert table.timeline(other.id) == []
    assert table.unsent_pages(other.id) == []


def test_errands_are_forgotten_only_by_whom_they_were_run(table: Table) -> None:
    stored = table.commit_subject(replace(READ, errands=(Errand(INCIDENT, page_key="k"),)))
    newer = table.commit_subject(replace(stored, last_read=START + HOUR))
    table.errands_done(stored)
    assert table.subjects([SUBJECT])[SUBJECT] == newer
    table.errands_done(newer)
    assert table.subjects([SUBJECT])[SUBJECT].errands == ()


def test_an_incident_is_written_on_the_version_that_was_read(table: Table) -> None:
    stored = table.commit_incident(IncidentChange(incident()))
    assert table.incident(INCIDENT) == stored
    moved = table.commit_incident(IncidentChange(replace(stored, status=Status.REMEDIATING)))
    with pytest.raises(Conflict):
        table.commit_incident(IncidentChange(replace(stored, status=Status.DISMISSED)))
    assert table.incident(INCIDENT) == moved
    assert table.incident("inc-0000000000") is None


def test_a_timeline_is_in_order_and_keeps_twins(table: Table) -> None:
    entries = [Entry(START + n * HOUR, "check", f"what {n}") for n in (2, 0, 1)]
    table.commit_incident(IncidentChange(incident(), tuple(entries)))
    table.add_entry(INCIDENT, entries[0])
    assert [entry.what for entry in table.timeline(INCIDENT)] == [
        "what 0",
        "what 1",
        "what 2",
        "what 2",
    ]


def test_open_and_closed_are_two_lists(table: Table) -> None:
    names = [f"inc-{n:010}" for n in range(8)]
    for number, name in enumerate(names):
        opened = START + number * HOUR
        table.commit_incident(IncidentChange(incident(name, opened_at=opened)))
    assert [row["incident"] for row in table.summaries()] == names[::-1]
    done = replace(incident(names[3], version=1), status=Status.RESOLVED, updated_at=START)
    table.commit_incident(IncidentChange(done))
    assert names[3] not in [row["incident"] for row in table.summaries()]
    assert [row["incident"] for row in table.summaries(closed=True)] == [names[3]]


def test_a_summary_shows_no_value_and_no_digest(table: Table) -> None:
    table.commit_incident(IncidentChange(incident()))
    (row,) = table.summaries()
    assert (row["cause"], row["status"]) == ("unexplained", "waiting_approval")
    told = str(dict(row))
    assert not [s for s in (PHONE, OLD_PHONE, plan().digest[:8], *SECRETS) if s in told]


def test_a_page_is_unsent_until_it_is_sent(table: Table) -> None:
    table.commit_incident(IncidentChange(incident(), (), (page("a"), page("b"))))
    assert [p.key for p in table.unsent_pages(INCIDENT)] == ["a", "b"]
    table.page_sent(page("a"), START)
    assert [p.key for p in table.unsent_pages(INCIDENT)] == ["b"]
    due: Any = table._client.scan(TableName=table._name, IndexName="due")["Items"]
    assert [item["sk"] for item in due if item["sk"] != "HEAD"] == ["PAGE#b"]


def test_a_cap_is_an_hours(table: Table) -> None:
    assert [bool(table.take_place("writes", who, START, 2)) for who in "abc"] == [True, True, False]
    assert table.take_place("disables", "a", START, 1)
    assert table.take_place("writes", "c", START + HOUR, 2)
    assert not table.take_place("none", "a", START, 0)


def test_the_tenant_lock_has_one_holder_and_an_end(table: Table) -> None:
    lasting = timedelta(minutes=15)
    assert not table.tenant_locked(START)
    table.take_tenant_lock("one", START, lasting)
    table.take_tenant_lock("one", START, lasting)
    assert table.tenant_locked(START + lasting)
    with pytest.raises(Conflict):
        table.take_tenant_lock("two", START + lasting, lasting)
    table.release_tenant_lock("two")
    assert table.tenant_locked(START)
    late = START + lasting + timedelta(milliseconds=1)
    assert not table.tenant_locked(late)
    table.take_tenant_lock("two", late, lasting)
    table.release_tenant_lock("one")
    assert table.tenant_locked(late)
    table.release_tenant_lock("two")
    assert not table.tenant_locked(late)


def test_facts_and_parked_work_are_kept(table: Table) -> None:
    assert (table.bypass_fact(), table.preview()) == (None, None)
    fact = BypassFact(None, START, "source")
    table.record_bypass(fact)
    table.record_preview("{}", ["[]"], START)
    assert table.bypass_fact() == fact
    assert table.preview() == (START, "{}")
    for number in (1, 0):
        table.park(f"m-{number}", "why", "body", START + number * HOUR)
    rows = table.parked()
    assert [(row.reason, row.body) for row in rows] == [("why", "body")] * 2
    assert [row.sk.partition("#")[2] for row in rows] == ["m-0", "m-1"]
    kept: Any = table._client.scan(TableName=table._name)["Items"]
    assert not any("expires" in item for item in kept if item["pk"].startswith("PARKED#"))


def test_what_dynamodb_can_not_do_now_is_transient(client: Any) -> None:
    missing = Table(client, "no-such-table")
    with pytest.raises(Transient, match="ResourceNotFoundException") as raised:
        missing.commit_incident(IncidentChange(incident()))
    assert not [s for s in SECRETS if s in str(raised.value)]
