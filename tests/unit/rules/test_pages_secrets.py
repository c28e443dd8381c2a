"""No value, no name and no digest of a value in any form of any page."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.flows import decide
from lib.flows.decide import Circumstances
from lib.incident import (
    Cause,
    CauseName,
    Certainty,
    Evidence,
    Incident,
    News,
    Page,
    Plan,
    Policy,
    Severity,
    Status,
    Step,
    StepKind,
)
from lib.model import Attribute, Value
from lib.rules.causes import name_causes
from lib.rules.page_detail import without_people
from lib.rules.page_formats import HttpsPages, publication
from lib.rules.pages import group_page, page
from lib.rules.plans import PlanRules, build_plan
from lib.settings import Mode
from tests.fakes.clock import START
from tests.fakes.make import (
    INCIDENT,
    SUBJECT,
    TENANT,
    case,
    cause,
    drift,
    entra_user,
    okta_user,
    plan,
    reading,
)

TOUCHING = PlanRules(TENANT, "department", frozenset())
PHONES = st.from_regex(r"\+[1-9][0-9]{9,14}", fullmatch=True)
WORD = st.from_regex(r"[b-z]{9,12}", fullmatch=True)
MAIL = st.builds("{}.x@{}.example".format, WORD, WORD)
VALUES: st.SearchStrategy[tuple[Attribute, Value, Value]] = st.one_of(
    st.tuples(st.just(Attribute.MOBILE_PHONE), PHONES, PHONES | st.none()),
    st.tuples(
        st.just(Attribute.OTHER_MAILS),
        st.lists(MAIL, min_size=1, max_size=3).map(tuple),
        st.lists(MAIL, max_size=3).map(tuple),
    ),
)


def forms(told: Page) -> str:
    """Everything that SNS is given, by whatever protocol it leaves, and JSON undone."""
    every = [told.key, told.subject_line, told.text]
    for https in HttpsPages:
        made = publication(told, https)
        every += [made.subject, json.dumps(made.attributes), *json.loads(made.message).values()]
    return "\n".join(every).casefold()


def texts(value: Value) -> list[str]:
    if isinstance(value, str):
        return [value]
    return list(value) if isinstance(value, tuple) else []


@given(
    VALUES,
    MAIL,
    st.sampled_from(CauseName),
    st.sampled_from(Status),
    st.sampled_from(Mode),
    st.sampled_from([True, None]),
)
def test_no_page_ever_shows_a_value_a_name_or_a_digest(
    values: tuple[Attribute, Value, Value],
    login: str,
    name: CauseName,
    status: Status,
    mode: Mode,
    synced: bool | None,
) -> None:
    """Through opening, changing, giving up and proving."""
    attribute, expected, actual = values
    of = case(
        drift=drift(attribute, expected=expected, actual=actual),
        reading=reading(user=okta_user(login=login)),
        entra=entra_user(user_principal_name=login, synced=synced),
    )
    causes = tuple(dict.fromkeys([cause(name), *name_causes(of)]))
    made = build_plan(of, causes, TOUCHING, INCIDENT)
    now = Circumstances(mode, (), START, 24)
    first = decide.opened(made, causes, Severity.HIGH, START, now)
    known = replace(first.incident, status=status, version=3)
    changed = replace(made, actual=None)
    told = [
        *first.pages,
        *decide.seen_again(known, changed, causes[::-1], Severity.CRITICAL, START, now).pages,
        *decide.proved(known, START + timedelta(1), START).pages,
    ]
    secrets = [login, login.partition("@")[0], made.digest[:8], changed.digest[:8]]
    secrets += texts(expected) + texts(actual)
    for one in told:
        shown = forms(one)
        assert not [secret for secret in secrets if secret.casefold() in shown]


def filled(values: tuple[Attribute, Value, Value], login: str, note: str) -> Incident:
    """An incident in which every field that can hold a person does."""
    attribute, expected, actual = values
    seen = Evidence(f"read of {login}", START, f"{login} holds {expected} and not {actual}")
    everything = Plan(
        incident_id=INCIDENT,
        tenant_id=TENANT,
        subject=SUBJECT,
        link=plan().link,
        attribute=attribute,
        expected=expected,
        actual=actual,
        cause=CauseName.UNEXPLAINED,
        steps=(Step(StepKind.GRAPH_WRITE, attribute.value, actual, expected, note),),
        policy=Policy(2, (f"changed by {login}",), (login,), "", f"{login} changed it"),
    )
    return Incident(
        id=INCIDENT,
        subject=SUBJECT,
        attribute=attribute,
        status=Status.OBSERVED,
        severity=Severity.WARNING,
        causes=(Cause(CauseName.UNEXPLAINED, Certainty.SUSPECTED, (seen,)),),
        plan=everything,
        opened_at=START,
        updated_at=START,
        drift_read_at=START,
        failed=f"refused for {login}",
    )


@given(VALUES, MAIL, st.sampled_from(News), st.sampled_from(Severity), st.sampled_from(Status))
def test_even_a_careless_detail_leaves_none_of_it_in_any_form(
    values: tuple[Attribute, Value, Value],
    login: str,
    news: News,
    severity: Severity,
    status: Status,
) -> None:
    """The worst that a caller or an error text of a vendor could hand over."""
    _, expected, actual = values
    secrets = [login, login.partition("@")[0], *texts(expected), *texts(actual)]
    detail = "Refused for " + " and\n".join(secrets) + f", asked by <{login}>."
    of = replace(filled(values, login, detail), status=status, severity=severity)
    told = page(of, news, detail, members=3)
    for one in (told, group_page(told, START)):
        shown = forms(one)
        assert not [secret for secret in secrets if secret.casefold() in shown]
        assert of.plan.digest[:8] not in shown


@pytest.mark.parametrize(
    "detail",
    [
        "graph_write refused: Authorization_RequestDenied, request-id "
        "11111111-aaaa-4aaa-8aaa-111111111111.",
        "The cap of 5 disables an hour is reached at 2026-01-02T03:04:05.",
        "Ask an administrator scoped to that unit to set the value.",
    ],
)
def test_our_own_words_stay_whole(detail: str) -> None:
    excluded = Policy(1, (), ("admin@corp.example", "11111111-cccc", "value@x.example", "cap"))
    assert without_people(detail, plan(policy=excluded)) == detail.replace("value", "(withheld)")


def test_a_number_that_nobody_expected_is_withheld_too() -> None:
    told = without_people("It is +44 20 7946 0000 or a.b@c.example.", plan())
    assert told == "It is (withheld) or (withheld)"
