"""Whatever is sent to the door: one clear answer, nothing queued without the secret, and nothing of
it in a log line.
"""

from __future__ import annotations

import json
import re
from typing import Any
from unittest import mock

import pytest
from hypothesis import given

from lib.flows.receive import MOST_MESSAGES
from lib.messages import CheckMessage
from tests.fakes.make import APP, OTHER_APP
from tests.fuzz.bodies import ANYTHING, CANARY, JSON, KNOWN, UNKNOWN, broken
from tests.fuzz.budget import TRIED, budget
from tests.fuzz.door import PREVIOUS, SECRET, Door, Outcome, opened

# All that may be said to a caller; the log says the same and counts.
SENTENCES = {
    401: {"The Authorization header is not the hook's secret."},
    400: {
        "The body is not JSON.",
        "The body is not a JSON object.",
        "The body has no data.events list.",
        "The verification challenge header is missing or malformed.",
    },
    405: {"Send GET to verify or POST to deliver."},
    413: {
        "The body is larger than 5000000 bytes.",
        "The delivery is about more users than one can be.",
    },
    503: {"Try again."},
}
HEADERS = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}
# Of every log line: when, where, which request; none is the sender's.
FRAME = {"level", "location", "message", "timestamp", "service", "cold_start"} | {
    f"function_{name}" for name in ("name", "memory_size", "arn", "request_id")
}
COUNTS = {"events", "subjects", "nameless", "unwatched", "strangers", "malformed", "messages"}


def obeys(outcome: Outcome, event: object) -> None:
    TRIED["requests at the door"] += 1
    given = authorization(event)
    let_in = given in (SECRET, PREVIOUS)
    assert (outcome.status == 401) is not let_in
    assert outcome.answer["headers"] == HEADERS
    if outcome.status == 200:
        answered_rightly(outcome)
    else:
        assert outcome.body["error"] in SENTENCES[outcome.status]
        assert set(outcome.body) == {"error"}
        assert outcome.queued == []
    assert outcome.calls <= MOST_MESSAGES // 10
    for body in outcome.queued:
        message = CheckMessage.parse(json.dumps(body))
        assert {hint.subject.app_id for hint in message.hints} <= {APP, OTHER_APP}
        assert {hint.app_id for hint in message.nameless} <= {APP, OTHER_APP}
        assert all(hint.app_user_name.isprintable() for hint in message.nameless)
    says_nothing(outcome)


def authorization(event: object) -> object:
    """The header as Lambda passes it on; nowhere else can a secret be."""
    headers = event.get("headers") if isinstance(event, dict) else None
    names = (
        [n for n in headers if n.lower() == "authorization"] if isinstance(headers, dict) else ()
    )
    return headers[names[0]] if isinstance(headers, dict) and len(names) == 1 else None


def answered_rightly(outcome: Outcome) -> None:
    if outcome.body:
        assert set(outcome.body) == {"verification"}
        assert re.fullmatch(r"[\x21-\x7e]{1,512}", outcome.body["verification"])
        assert outcome.queued == []


def says_nothing(outcome: Outcome) -> None:
    """Not searched for what must not be there, but held against all that may be."""
    lines = outcome.logged.splitlines()
    assert len(lines) == 1
    told: dict[str, Any] = json.loads(lines[0])
    assert told["message"] == "answered"
    assert told.pop("status") == outcome.status
    notes = {name: value for name, value in told.items() if name not in FRAME}
    if "refused" in notes:
        assert notes == {"refused": outcome.body["error"]}
    elif outcome.status == 200 and outcome.body:
        assert notes == {"verified": True}
    else:
        assert set(notes) - {"failed"} == COUNTS
        assert all(type(notes[name]) is int for name in COUNTS)
    assert CANARY not in outcome.logged


@budget(0.35)
@given(KNOWN)
def test_deliveries_of_any_kind(door: Door, event: object) -> None:
    obeys(door.send(event), event)


@budget(0.2)
@given(broken(KNOWN))
def test_events_no_gateway_would_send(door: Door, event: object) -> None:
    obeys(door.send(event), event)


@budget(0.35)
@given(UNKNOWN | broken(UNKNOWN))
def test_nobody_without_the_secret_is_let_in(door: Door, event: object) -> None:
    outcome = door.send(event)
    assert (outcome.status, outcome.queued, outcome.calls) == (401, [], 0)
    obeys(outcome, event)


@budget(0.05)
@given(JSON)
def test_events_that_are_none(door: Door, event: object) -> None:
    obeys(door.send(event), event)


@budget(0.05)
@given(ANYTHING)
def test_an_outage_of_the_queue_is_the_only_5xx(door: Door, event: object) -> None:
    door.sqs.down = True
    try:
        outcome = door.send(event)
    finally:
        door.sqs.down = False
    assert outcome.queued == []
    assert (outcome.status == 503) is (outcome.calls > 0)
    obeys(outcome, event)


def test_strangers_do_not_make_us_ask_for_the_secret(door: Door) -> None:
    """However many: one look at both versions in thirty seconds."""
    before = len(door.secrets.calls)
    for number in range(200):
        event = {"headers": {"authorization": f"guess-{number}"}}
        assert door.send(event).status == 401
    assert len(door.secrets.calls) - before <= 2


def test_no_variable_makes_it_log_requests() -> None:
    """The logger's own switches, which somebody sets to look for a fault and forgets."""
    switches = {"POWERTOOLS_LOGGER_LOG_EVENT": "true", "POWERTOOLS_LOG_LEVEL": "DEBUG"}
    with mock.patch.dict("os.environ", switches), opened() as watched:
        event = {"headers": {"authorization": SECRET}, "body": CANARY}
        obeys(watched.send(event), event)


@pytest.mark.parametrize("value", ["a\r\nset-cookie: x=y", "a\nb", "a b", "\x00", "é", "x" * 513])
def test_a_challenge_can_not_break_out_of_its_answer(door: Door, value: str) -> None:
    event = {
        "headers": {"authorization": SECRET, "x-okta-verification-challenge": value},
        "requestContext": {"http": {"method": "GET"}},
    }
    outcome = door.send(event)
    assert outcome.status == 400
    obeys(outcome, event)
