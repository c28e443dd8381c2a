"""What on-call reads: enough to act on, and no value or name in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.flows import decide
from lib.flows.decide import Circumstances
from lib.incident import Cause, CauseName, Incident, News, Page, Plan, Severity, Status, StepKind
from lib.model import Attribute, Value
from lib.rules.causes import name_causes
from lib.rules.pages import next_command, page
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
        "Drift found: mobilePhone in Entra is not what Okta holds.",
        f"Incident {INCIDENT}, severity high.",
        f"Subject: Okta user {SUBJECT.user_id} in app {SUBJECT.app_id}, Entra object "
        f"{plan().link.object_id}.",  # type: ignore[union-attr]
        "Cause: privileged_target (confirmed), The target is a privileged administrator.",
        "The plan waits for 2 approvals.",
        f"Next: pushproof show {INCIDENT}, then pushproof approve {INCIDENT}",
    ]
    assert told.subject_line.startswith("[high] Drift found: mobilePhone")


@pytest.mark.parametrize("news", News)
@pytest.mark.parametrize("attribute", Attribute)
@pytest.mark.parametrize("name", [CauseName.NOT_LINKED, CauseName.UNEXPLAINED])
@pytest.mark.parametrize("expected", [True, False])
def test_every_page_fits_a_topic(
    news: News, attribute: Attribute, name: CauseName, expected: bool
) -> None:
    """SNS: a subject of at most 100 ASCII characters without line breaks."""
    told = page(incident(plan(attribute=attribute, expected=expected), cause(name)), news)
    assert 0 < len(told.subject_line) <= 100
    assert told.subject_line.isascii()
    assert "\n" not in told.subject_line
    assert told.text


@pytest.mark.parametrize(
    ("status", "kind", "command"),
    [
        (Status.WAITING_APPROVAL, StepKind.GRAPH_WRITE, "approve"),
        (Status.WAITING_PERSON, StepKind.PRIVILEGED_WRITE, "write"),
        (Status.WAITING_PERSON, StepKind.BYPASS_ENABLE, "write"),
        (Status.WAITING_PERSON, StepKind.MANUAL, "show"),
        (Status.RESOLVED, StepKind.GRAPH_WRITE, "show"),
    ],
)
def test_the_next_command(status: Status, kind: StepKind, command: str) -> None:
    of = plan(replace(plan().steps[0], kind=kind))
    assert f"pushproof {command} {INCIDENT}" in next_command(incident(of, status=status))


def test_each_piece_of_news_has_its_own_key() -> None:
    told = [page(incident(), news, once=once) for news in News for once in ("", "1", "2")]
    assert len({one.key for one in told}) == len(told)
    assert page(incident(), News.OPENED).key == page(incident(), News.OPENED, "x").key


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
        *(page(known, news, once="1") for news in News),
    ]
    secrets = [login, login.split("@", maxsplit=1)[0], made.digest[:8], changed.digest[:8]]
    for value in (expected, actual):
        secrets += [value] if isinstance(value, str) else list(value or ())  # type: ignore[arg-type]
    for one in told:
        assert not shown(one, secrets)


def shown(told: Page, secrets: list[str]) -> list[str]:
    every = "\n".join((told.key, told.subject_line, told.text)).casefold()
    return [secret for secret in secrets if secret.casefold() in every]
