"""Somebody publishes to a queue: a message is ignored, parked, or makes us look. It writes nothing
to a vendor and takes nobody else's message with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import Transient
from lib.messages import CheckMessage
from lib.model import OktaReading, Subject
from lib.rules.hints import Hint
from lib.settings import Mode
from tests.fakes.dynamodb import new_table
from tests.fakes.make import (
    APP,
    OBJECT,
    OLD_PHONE,
    OTHER_APP,
    SUBJECT,
    USER,
    app_user,
    role,
    standing,
)
from tests.fakes.stage import SETTLE, Stage
from tests.fuzz.bodies import CANARY, JSON, TEXTS
from tests.fuzz.budget import TRIED, budget

NOT_WATCHED = "0oaNOTWATCHED00000001"
HUGE = "7" * 4000

MONSTERS = [
    *("", "null", "[" * 100_000, '{"v":1}', '{"v":1,"subjects":[]}', "é" * 260_000, "x" * 900_000),
    '{"v":1,"subjects":[],"attempt":-' + HUGE + "}",
    '{"v":1,"subjects":[],"attempt":' + HUGE + "}",
    '{"v":1,"incident":"inc-0123456789","digest":"d","attempt":-' + HUGE + ',"group":"g"}',
]
# Texts that break a key, an address, a filter or a log line somewhere behind the queue.
BAD_TEXTS = st.sampled_from(
    [
        *("", "\ud800", "x" * 3000, "../../users/00u1", 'x" or target.id pr or id eq "', "a\r\nb"),
        *("\x00", ".", "..", "00u1?expand=user", "00u1#", "00u1/lifecycle/deactivate", CANARY, "é"),
    ]
)
VALUES = BAD_TEXTS | TEXTS | JSON | st.just(USER) | st.just(APP) | st.just(NOT_WATCHED)
TIMES = VALUES | st.sampled_from(
    ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:00"]
)
SUBJECTS = st.fixed_dictionaries(
    {"app": VALUES, "user": VALUES},
    optional={"published": TIMES, "uuids": st.lists(VALUES, max_size=3) | JSON, "guessed": JSON},
)
NAMES = st.fixed_dictionaries(
    {"app": VALUES, "name": VALUES},
    optional={"published": TIMES, "uuids": st.lists(VALUES, max_size=3) | JSON},
)
CHECKS = st.fixed_dictionaries(
    {"v": st.just(1), "subjects": st.lists(SUBJECTS | JSON, max_size=3) | JSON},
    optional={
        "nameless": st.lists(NAMES | JSON, max_size=2) | JSON,
        "unnamed": st.lists(VALUES, max_size=3) | JSON,
        "first_seen": TIMES,
        "attempt": st.sampled_from([0, -1, 10**300, -(10**400), 1e999, True, "7"]) | JSON,
        "look": JSON,
    },
)
REMEDIATIONS = st.fixed_dictionaries(
    {"v": st.just(1), "incident": VALUES, "digest": VALUES, "attempt": JSON, "group": VALUES}
)
MESSAGES = (CHECKS | REMEDIATIONS | JSON).map(json.dumps) | st.text(max_size=30)
# SQS takes no character that XML has no word for; json.dumps escapes them, raw text may not.
PUBLISHED = (MESSAGES | st.sampled_from(MONSTERS)).filter(lambda text: text.isprintable())


@pytest.fixture(scope="module")
def shared(client: Any) -> Stage:
    """One for many messages: making a table takes longer than a message.

    Its Okta minds what it is asked for, as addresses, filters and keys do.
    """
    stage = Stage(new_table(client))
    read, find = stage.okta.read_subject, stage.okta.find_subject

    def read_subject(subject: Subject, other_apps: Sequence[str] = ()) -> OktaReading:
        assert subject.app_id in (APP, OTHER_APP)
        assert re.fullmatch(r"[\w-]{1,64}", subject.user_id, re.ASCII)
        return read(subject, other_apps)

    def find_subject(app_id: str, name: str) -> Subject | None:
        assert re.fullmatch(r"[\w-]{1,64}", app_id, re.ASCII)
        assert name.isprintable()
        return find(app_id, name)

    stage.okta.read_subject, stage.okta.find_subject = read_subject, find_subject
    return stage


@pytest.fixture(autouse=True)
def counted() -> Iterator[None]:
    """Metrics as after an invocation, which ends by writing them out."""
    with mock.patch("aws_lambda_powertools.Metrics.add_metric"):
        yield


def nothing_written(stage: Stage) -> bool:
    return not (stage.graph.patches or stage.okta.touches or stage.graph.bypass_writes)


@budget(0.05)
@given(PUBLISHED)
def test_a_check_message_hurts_nobody_elses(shared: Stage, body: str) -> None:
    TRIED["messages of the check queue"] += 1
    stage = shared
    stage.clock.pass_by(600)
    published = stage.clock() - timedelta(seconds=SETTLE + 10)
    good = CheckMessage((Hint(SUBJECT, published),))
    for bad_first in (True, False):
        stage.clock.pass_by(600)
        both = {"m-bad": body, "m-good": good} if bad_first else {"m-good": good, "m-bad": body}
        assert stage.run(both) == []
        assert stage.covered(published)
    # What is sent again or looked at again ends as well.
    for _ in range(3):
        for message, _delay in stage.checks.take():
            stage.clock.pass_by(900)
            assert stage.run({"m-again": message}) == []
    stage.checks.sent.clear()
    assert nothing_written(stage)
    assert stage.remediations.sent == []


@budget(0.1)
@given(PUBLISHED)
def test_a_remediation_message_runs_nothing_of_its_own(shared: Stage, body: str) -> None:
    TRIED["messages of the remediation queue"] += 1
    shared.clock.pass_by(1)
    shared.remediate.run("r-bad", body)
    assert nothing_written(shared)
    assert shared.table.subjects([SUBJECT])[SUBJECT].open == {}


@pytest.mark.parametrize("body", MONSTERS)
def test_a_monster_is_parked_and_can_be_listed(stage: Stage, body: str) -> None:
    stage.run({"m-1": body})
    stage.remediate.run("r-1", body)
    assert all(len(work.body) < 300_000 for work in stage.table.parked())
    assert any(work.sk.endswith("#r-1") for work in stage.table.parked())


@pytest.mark.parametrize("attempt", [-1, -(10**400), 10**400, 1_000_000])
def test_a_number_of_attempts_that_breaks_arithmetic(stage: Stage, attempt: int) -> None:
    """The next wait is reckoned from it when a vendor does not answer."""
    stage.okta.trouble[SUBJECT] = Transient("HTTP 503")
    subjects = [{"app": APP, "user": USER}]
    assert stage.run({"m-1": json.dumps({"v": 1, "subjects": subjects, "attempt": attempt})}) == []
    assert len(stage.checks.sent) + len(stage.table.parked()) == 1


def test_an_app_that_is_not_watched_is_not_looked_at(stage: Stage) -> None:
    """Whoever may publish must not choose which apps are read and mended."""
    stranger = Subject(NOT_WATCHED, USER)
    stage.okta.assigned[stranger] = app_user()
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.hint(stranger)
    stage.drain()
    assert "read_subject" not in stage.okta.calls
    assert nothing_written(stage)
    assert stage.incidents() == []
    (parked,) = stage.table.parked()
    assert "not watched" in parked.reason


# -- the right incident, the right digest, at the wrong time -----------------------------------


@pytest.mark.parametrize("approvals", [0, 1])
@pytest.mark.parametrize("attempt", [-1, 0, 1, 2, 10**6])
def test_the_right_digest_runs_nothing_that_is_not_approved(
    stage: Stage, approvals: int, attempt: int
) -> None:
    stage.build(mode=Mode.APPROVE)
    stage.graph.standings[OBJECT] = standing(role())
    stage.graph.set(mobile_phone=OLD_PHONE)
    waiting = stage.drifted()
    for number in range(approvals):
        stage.says(f"colleague.{number}")
    before = stage.table.incident(waiting.id)
    message = {"v": 1, "incident": waiting.id, "digest": waiting.plan.digest}
    stage.remediate.run("r-1", json.dumps(message | {"attempt": attempt, "group": "g"}))
    assert nothing_written(stage)
    assert stage.table.incident(waiting.id) == before


def test_a_look_decides_nothing_that_a_push_would_not(stage: Stage) -> None:
    """A published look may find a drift early; what becomes of it is policy's, not the sender's."""
    stage.build(mode=Mode.OBSERVE)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.run({"m-1": CheckMessage((Hint(SUBJECT, None),), look=True)})
    stage.drain()
    assert len(stage.incidents()) == 1
    assert nothing_written(stage)
    assert stage.remediations.sent == []
