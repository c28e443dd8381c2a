"""When many have the same news: a few pages, one for the rest, and every alert closes."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.errors import Transient
from lib.flows.errands import Errands
from lib.incident import CauseName, Incident, News, Page, Severity, Status
from lib.rules.pages import page
from lib.rules.shared import shared_plan, shared_subject
from lib.store.records import IncidentChange
from tests.fakes.clock import START, FakeClock
from tests.fakes.dynamodb import new_table
from tests.fakes.make import SUBJECT, TENANT, cause, drift, plan
from tests.fakes.outlets import FakePager, FakeRemediationQueue
from tests.unit.flows.test_errands import Crash, crash_at

QUARTER = timedelta(minutes=15)


class Night:
    """Incidents that are told of, one call each."""

    def __init__(self, client: Any) -> None:
        self.table, self.pager, self.clock = new_table(client), FakePager(), FakeClock()
        self.errands = Errands(self.table, self.pager, FakeRemediationQueue(), self.clock)

    def has(
        self,
        number: int,
        news: News = News.OPENED,
        name: CauseName = CauseName.PUSH_FAILED,
        severity: Severity = Severity.HIGH,
        at: datetime = START,
    ) -> str:
        """Commits a piece of news and does not send it; answers the incident's id."""
        incident_id = f"inc-{number:010}"
        known = self.table.incident(incident_id)
        of = known or Incident(
            id=incident_id,
            subject=SUBJECT,
            attribute=plan().attribute,
            status=Status.WAITING_APPROVAL,
            severity=severity,
            causes=(cause(name),),
            plan=plan(incident_id=incident_id, cause=name),
            opened_at=at,
            updated_at=at,
            drift_read_at=at,
        )
        of = replace(of, updated_at=at, severity=severity)
        self.table.commit_incident(IncidentChange(of, (), (page(of, news),)))
        return incident_id

    def tells(self, number: int, news: News = News.OPENED, **how: Any) -> str:
        incident_id = self.has(number, news, **how)
        self.errands.send_pages(incident_id)
        return incident_id

    @property
    def alone(self) -> list[str]:
        return [one.incident_id for one in self.pager.pages if not one.group]

    def said(self, incident_id: str) -> list[str]:
        return [entry.detail for entry in self.table.timeline(incident_id)]


@pytest.fixture
def night(client: Any) -> Night:
    return Night(client)


def test_five_are_told_one_by_one_and_the_rest_by_one_page(night: Night) -> None:
    told = [night.tells(number) for number in range(12)]
    assert night.alone == told[:5]
    (group,) = night.pager.groups
    assert group.key == "group-push_failed-high-opened-20260102T0300Z"
    assert "More than 5 of push_failed" in group.subject_line
    assert "pushproof incidents --cause push_failed --severity high" in group.text
    for incident_id in told[:5]:
        assert night.said(incident_id) == []
    for incident_id in told[5:]:
        assert night.said(incident_id) == [f"opened: grouped in {group.key}"]
    assert not [one for one in told if night.table.unsent_pages(one)]


def test_a_page_is_asked_for_again_without_being_told_again(night: Night) -> None:
    for _ in range(3):
        for number in range(8):
            night.errands.send_pages(night.tells(number))
    assert len(night.pager.pages) == 6
    assert len(night.said("inc-0000000007")) == 1


def test_the_next_quarter_counts_anew(night: Night) -> None:
    for number in range(7):
        night.tells(number)
    for number in range(10, 17):
        night.tells(number, at=START + QUARTER)
    assert len(night.alone) == 10
    assert len({group.key for group in night.pager.groups}) == 2
    assert len({group.incident_id for group in night.pager.groups}) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"name": CauseName.LICENCE},
        {"severity": Severity.WARNING},
        {"news": News.REFUSED},
    ],
)
def test_another_kind_of_news_is_counted_by_itself(night: Night, other: dict[str, Any]) -> None:
    for number in range(8):
        night.tells(number)
    last = night.tells(100, **other)
    assert night.alone[-1] == last
    assert len(night.pager.groups) == 1


def test_leavers_group_later(night: Night) -> None:
    for number in range(25):
        night.tells(number, severity=Severity.CRITICAL)
    assert len(night.alone) == 20
    (group,) = night.pager.groups
    assert "More than 20" in group.subject_line


def test_an_outage_of_the_topic_takes_no_places(night: Night) -> None:
    night.pager.down = True
    told = [night.has(number) for number in range(8)]
    for _ in range(4):
        for incident_id in told:
            # Those beyond the group page need no topic.
            with pytest.raises(Transient) if incident_id in told[:6] else nullcontext():
                night.errands.send_pages(incident_id)
        night.clock.pass_by(QUARTER.total_seconds())
    assert [one for one in told if night.table.unsent_pages(one)] == told[:6]
    night.pager.down = False
    for incident_id in told:
        night.errands.send_pages(incident_id)
    assert night.alone == told[:5]
    assert len(night.pager.groups) == 1
    assert not [one for one in told if night.table.unsent_pages(one)]


@pytest.mark.parametrize(("outlet", "method"), [("pager", "page"), ("table", "page_grouped")])
def test_a_crash_at_the_group_page_repeats_it_under_its_key(
    night: Night, outlet: str, method: str
) -> None:
    for number in range(5):
        night.tells(number)
    sixth = night.has(5)
    crash_at(getattr(night, outlet), method)
    with pytest.raises(Crash):
        night.errands.send_pages(sixth)
    night.tells(6)
    night.errands.send_pages(sixth)
    assert len({group.key for group in night.pager.groups}) == 1
    assert 1 <= len(night.pager.groups) <= 2
    assert len(night.alone) == 5
    assert len(night.said(sixth)) == 1


def test_a_crash_after_a_page_takes_no_second_place(night: Night) -> None:
    first = night.has(0)
    crash_at(night.table, "page_sent")
    with pytest.raises(Crash):
        night.errands.send_pages(first)
    night.errands.send_pages(first)
    for number in range(1, 5):
        night.tells(number)
    assert set(night.alone) == {f"inc-{number:010}" for number in range(5)}
    assert night.pager.groups == []


@pytest.mark.parametrize("over", [News.MENDED, News.DISMISSED])
def test_every_alert_that_was_opened_is_closed_and_no_other(night: Night, over: News) -> None:
    told = [night.tells(number) for number in range(9)]
    before = len(night.pager.pages)
    for number in range(9):
        night.tells(number, over, at=START + timedelta(minutes=1))
    closed = night.pager.pages[before:]
    assert [one.incident_id for one in closed] == told[:5]
    assert {one.news for one in closed} == {over}
    assert len(night.pager.groups) == 1
    for incident_id in told[5:]:
        assert night.said(incident_id)[-1] == f"{over.value}: nobody was paged of it"
        assert night.table.unsent_pages(incident_id) == []


def test_one_alert_among_grouped_news_is_enough_to_be_closed(night: Night) -> None:
    for number in range(7):
        night.tells(number)
    night.tells(6, News.CHANGED, at=START + timedelta(minutes=2))
    night.tells(6, News.MENDED, at=START + timedelta(minutes=3))
    assert [one.news for one in night.pager.pages[-2:]] == [News.CHANGED, News.MENDED]


def test_what_opens_an_alert_is_sent_before_what_closes_it(night: Night) -> None:
    """The keys sort the other way, and an alert that opens last stays open for good."""
    night.has(0, News.OPENED)
    night.tells(0, News.MENDED)
    assert [one.news for one in night.pager.pages] == [News.OPENED, News.MENDED]
    night.has(1, News.REFUSED, at=START + timedelta(minutes=2))
    night.has(1, News.MENDED, at=START + timedelta(minutes=1))
    night.errands.send_pages("inc-0000000001")
    assert night.pager.pages[-1].news is News.REFUSED
    assert night.said("inc-0000000001") == ["mended: nobody was paged of it"]


def test_news_that_comes_twice_is_not_due_for_ever(night: Night) -> None:
    told = night.tells(0)
    night.tells(0)
    assert len(night.alone) == 1
    due: Any = night.table._client.scan(TableName=night.table._name, IndexName="due")["Items"]
    assert [row for row in due if row["pk"].endswith(told) and row["sk"].startswith("PAGE")] == []


def test_everyones_incident_stands_for_many_already(night: Night) -> None:
    lead = cause(CauseName.DIRSYNC_OVERRIDE)
    whose = shared_subject(lead, drift(), SUBJECT, TENANT, None)
    assert whose is not None
    for number in range(8):
        night.tells(number, name=CauseName.DIRSYNC_OVERRIDE)
    of = Incident(
        id="inc-9999999999",
        subject=whose,
        attribute=plan().attribute,
        status=Status.WAITING_APPROVAL,
        severity=Severity.HIGH,
        causes=(lead,),
        plan=shared_plan("inc-9999999999", whose, drift(), lead, TENANT, None),
        opened_at=START,
        updated_at=START,
        drift_read_at=START,
    )
    told = page(of, News.OPENED, members=10)
    night.table.commit_incident(IncidentChange(of, (), (told,)))
    night.errands.send_pages(of.id)
    assert night.pager.pages[-1].key == told.key


def test_a_page_of_an_earlier_version_is_sent(night: Night) -> None:
    told = Page(
        "k", "inc-0000000000", News.OPENED, Severity.HIGH, CauseName.LICENCE, "subject", "text"
    )
    night.has(0)
    of = night.table.incident("inc-0000000000")
    assert of is not None
    night.table.commit_incident(IncidentChange(of, (), (told,)))
    night.errands.send_pages(of.id)
    assert "k" in {one.key for one in night.pager.pages}


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.booleans()), max_size=15))
def test_whatever_fails_and_repeats_nobody_is_flooded_and_nothing_is_lost(
    client: Any, calls: list[tuple[int, bool, bool]]
) -> None:
    """Calls in any order, with a topic that is down or a crash right after it took the page."""
    night = Night(client)
    every = {night.has(number) for number in range(7)}
    for number, down, crash in calls:
        night.pager.down = down
        works = night.pager.page
        if crash:
            crash_at(night.pager, "page")
        try:
            night.errands.send_pages(f"inc-{number:010}")
        except (Transient, Crash):
            pass
        finally:
            night.pager.page = works  # type: ignore[method-assign]
    night.pager.down = False
    for incident_id in sorted(every):
        night.errands.send_pages(incident_id)
    assert len(set(night.alone)) == 5
    assert len({group.key for group in night.pager.groups}) == 1
    for incident_id in every - set(night.alone):
        assert len(night.said(incident_id)) == 1
    assert not [one for one in every if night.table.unsent_pages(one)]
