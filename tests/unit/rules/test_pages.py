"""What on-call reads: enough to act on at three in the morning."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.incident import (
    Cause,
    CauseName,
    Certainty,
    Incident,
    News,
    Plan,
    Policy,
    Severity,
    Status,
    StepKind,
)
from lib.model import Attribute
from lib.rules.cause_table import CAUSES, Reach
from lib.rules.pages import next_command, page, worth_telling
from lib.rules.shared import shared_plan, shared_subject
from tests.fakes.clock import START
from tests.fakes.make import INCIDENT, SUBJECT, TENANT, cause, drift, plan


def incident(of: Plan | None = None, *causes: Cause, **changes: object) -> Incident:
    base = Incident(
        id=INCIDENT,
        subject=SUBJECT,
        attribute=(of or plan()).attribute,
        status=Status.WAITING_APPROVAL,
        severity=Severity.HIGH,
        causes=causes or (cause(CauseName.PRIVILEGED_TARGET),),
        plan=of or plan(),
        opened_at=START,
        updated_at=START,
        drift_read_at=START,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_a_page_says_what_why_and_what_next() -> None:
    told = page(incident(), News.OPENED, "The plan waits for 2 approvals.")
    assert told.text.splitlines() == [
        "[high] Drift found: mobilePhone in Entra is not what Okta holds.",
        "Cause: The target is a privileged administrator (privileged_target, confirmed). "
        + CAUSES[CauseName.PRIVILEGED_TARGET].explanation,
        "The plan waits for 2 approvals.",
        f"Next: pushproof show {INCIDENT}, then pushproof approve {INCIDENT}",
        f"Incident {INCIDENT}, Okta user {SUBJECT.user_id} in app {SUBJECT.app_id}, Entra object "
        f"{plan().link.object_id}.",  # type: ignore[union-attr]
    ]
    assert told.subject_line == "[high] Drift found: mobilePhone in Entra is not what Okta holds"


@pytest.mark.parametrize("news", [News.MENDED, News.DISMISSED])
def test_what_is_over_does_not_read_like_an_alarm(news: News) -> None:
    over = incident(status=Status.RESOLVED, severity=Severity.CRITICAL)
    told = page(over, news)
    assert told.subject_line.startswith("[resolved]")
    assert "Cause:" not in told.text


def test_a_suspicion_is_not_told_as_a_fact() -> None:
    suspected = cause(CauseName.LICENCE, Certainty.SUSPECTED)
    assert "(licence, suspected)" in page(incident(None, suspected), News.OPENED).text


@pytest.mark.parametrize("news", News)
@pytest.mark.parametrize("attribute", Attribute)
@pytest.mark.parametrize("name", [CauseName.NOT_LINKED, CauseName.UNEXPLAINED])
@pytest.mark.parametrize("expected", [True, False])
def test_every_page_fits_a_topic(
    news: News, attribute: Attribute, name: CauseName, expected: bool
) -> None:
    """SNS: a subject of at most 100 ASCII characters without line breaks."""
    told = page(incident(plan(attribute=attribute, expected=expected), cause(name)), news)
    assert 0 < len(told.subject_line) < 100
    assert told.subject_line.isascii()
    assert "\n" not in told.subject_line
    assert told.text


@pytest.mark.parametrize(
    ("status", "kind", "command"),
    [
        (Status.WAITING_APPROVAL, StepKind.GRAPH_WRITE, "approve"),
        (Status.WAITING_PERSON, StepKind.PRIVILEGED_WRITE, "write"),
        (Status.WAITING_PERSON, StepKind.MANUAL, "show"),
        (Status.RESOLVED, StepKind.GRAPH_WRITE, "show"),
    ],
)
def test_the_next_command(status: Status, kind: StepKind, command: str) -> None:
    of = plan(replace(plan().steps[0], kind=kind))
    assert f"pushproof {command} {INCIDENT}" in next_command(incident(of, status=status))


def test_what_is_blocked_is_never_told_to_be_written() -> None:
    step = replace(plan().steps[0], kind=StepKind.PRIVILEGED_WRITE)
    blocked = plan(step, policy=Policy(2, (), blocked="break-glass"))
    assert "write" not in next_command(incident(blocked, status=Status.WAITING_PERSON))


def test_a_listed_drift_leads_to_the_incident_that_lists_it() -> None:
    listed = incident(status=Status.SHARED, parent="inc-aaaaaaaaaa")
    assert next_command(listed) == "pushproof show inc-aaaaaaaaaa"


def of_everyone(name: CauseName, status: Status = Status.WAITING_APPROVAL) -> Incident:
    lead = cause(name)
    whose = shared_subject(lead, drift(), SUBJECT, TENANT, None)
    assert whose is not None
    of = shared_plan(INCIDENT, whose, drift(), lead, TENANT, None)
    return incident(of, lead, subject=whose, status=status, severity=Severity.WARNING)


SHARED = [name for name, text in CAUSES.items() if text.reach is not Reach.USER]


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("news", News)
@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("members", [0, 1, 12345])
def test_everyones_page_fits_and_names_nobody(
    name: CauseName, news: News, status: Status, members: int
) -> None:
    told = page(of_everyone(name, status), news, members=members)
    assert told.everyone
    assert told.user_id == told.object_id == ""
    assert SUBJECT.user_id not in told.text
    assert "*" not in told.text
    assert len(told.subject_line) < 100
    assert told.subject_line.isascii()


def test_the_flags_page_counts_and_leads_to_the_preview() -> None:
    told = page(of_everyone(CauseName.DIRSYNC_OVERRIDE), News.CHANGED, members=12)
    assert "mobile numbers of 12 users in Entra are not what Okta holds" in told.subject_line
    assert (
        "Next: pushproof bypass status, then pushproof bypass preview, "
        f"then pushproof approve {INCIDENT}\n"
    ) in told.text
    assert "the whole tenant" in told.text
    assert told.attributes == (Attribute.MOBILE_PHONE,)
    waits = of_everyone(CauseName.DIRSYNC_OVERRIDE, Status.WAITING_PERSON)
    assert next_command(waits) == "pushproof bypass status, then pushproof bypass enable"


def test_a_stopped_connector_concerns_every_attribute() -> None:
    told = page(of_everyone(CauseName.CONNECTOR_AUTH), News.OPENED, members=1)
    assert "Okta's connector can not sign in: pushes of 1 user do not land" in told.subject_line
    assert set(told.attributes) == set(Attribute)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (0, 1, False),
        (8, 9, False),
        (9, 10, True),
        (10, 10, False),
        (10, 99, False),
        (99, 100, True),
        (5, 2000, True),
        (100, 999, False),
        (999, 1000, True),
        (1000, 10, False),
    ],
)
def test_growth_is_told_at_each_power_of_ten(before: int, after: int, told: bool) -> None:
    assert worth_telling(before, after) is told


@given(st.integers(1, 10**6))
def test_a_list_that_grows_one_by_one_is_told_once_for_each_power(size: int) -> None:
    told = [n for n in range(max(1, size - 50), size + 1) if worth_telling(n - 1, n)]
    assert all(str(n) == "1" + "0" * (len(str(n)) - 1) and n >= 10 for n in told)
    assert len(told) == sum(10**p in range(max(1, size - 50), size + 1) for p in range(1, 7))


def test_each_piece_of_news_has_its_own_key() -> None:
    told = [page(incident(), news, once=once) for news in News for once in ("", "1", "2")]
    assert len({one.key for one in told}) == len(told)
    assert page(incident(), News.OPENED).key == page(incident(), News.OPENED, "x").key
