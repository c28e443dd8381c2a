"""What travels through the queues reads back as it was, and rubbish is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import Permanent
from lib.messages import SUBJECTS_A_MESSAGE, CheckMessage, RemediationMessage, again, pack
from lib.model import Subject
from lib.rules.hints import Hint, NamelessHint
from lib.times import from_text, from_text_or_none, to_text
from tests.fakes.clock import START
from tests.fakes.make import APP, INCIDENT, SUBJECT, USER

MILLISECONDS = int(timedelta(days=9998 * 365).total_seconds() * 1000)
MOMENTS = st.integers(0, MILLISECONDS).map(
    lambda passed: datetime(1, 1, 2, tzinfo=UTC) + timedelta(milliseconds=passed)
)
WORDS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
NAMES = st.text(min_size=1, max_size=20).filter(str.isprintable)
SOME_UUIDS = st.lists(WORDS, max_size=3).map(tuple)
HINTS = st.builds(
    Hint, st.builds(Subject, WORDS, WORDS), st.none() | MOMENTS, SOME_UUIDS, st.booleans()
)
NAMELESS = st.builds(NamelessHint, WORDS, NAMES, st.none() | MOMENTS, SOME_UUIDS)


@given(
    st.builds(
        CheckMessage,
        st.lists(HINTS, max_size=3).map(tuple),
        st.lists(NAMELESS, max_size=3).map(tuple),
        SOME_UUIDS,
        st.none() | MOMENTS,
        st.integers(0, 1000),
        st.booleans(),
    )
)
def test_a_check_message_reads_back(message: CheckMessage) -> None:
    assert CheckMessage.parse(message.text()) == message


@given(WORDS, WORDS, st.integers(0, 1000), WORDS)
def test_a_remediation_message_reads_back(one: str, two: str, attempt: int, group: str) -> None:
    message = RemediationMessage(one, two, attempt, group)
    assert RemediationMessage.parse(message.text()) == message


@given(MOMENTS)
def test_times_read_back_and_sort_as_text(moment: datetime) -> None:
    text = to_text(moment)
    assert from_text(text) == moment
    assert len(text) == len("2026-01-02T03:04:05.678Z")


@pytest.mark.parametrize("text", ["", "2026-01-02", "2026-01-02T03:04:05", "x", None, 7])
def test_what_has_no_zone_is_no_time(text: object) -> None:
    assert from_text_or_none(text) is None


def test_the_vendors_times_are_understood() -> None:
    graph = from_text("2026-01-02T03:04:05.6789012Z")
    assert to_text(graph) == "2026-01-02T03:04:05.678Z"
    assert from_text("2026-01-02T04:04:05.000+01:00") == START


RUBBISH = [
    "",
    "null",
    "[]",
    "{}",
    '{"v":2,"subjects":[]}',
    '{"v":1}',
    '{"v":1,"subjects":7}',
    '{"v":1,"subjects":[{}]}',
    '{"v":1,"subjects":[[]]}',
    '{"v":1,"subjects":[{"app":"a","user":"u","published":"yesterday"}]}',
    '{"v":1,"subjects":[{"app":"a","user":"u","published":"0001-01-01T00:00:00+23:00"}]}',
    '{"v":1,"subjects":[],"nameless":[{}]}',
    '{"v":1,"subjects":[],"attempt":"many"}',
    '{"v":1,"subjects":[],"attempt":Infinity}',
    '{"v":1,"subjects":[],"attempt":-1}',
    '{"v":1,"subjects":[],"attempt":1' + "0" * 400 + "}",
    '{"v":1,"subjects":[{"app":"a","user":""}]}',
    '{"v":1,"subjects":[{"app":"a","user":7}]}',
    '{"v":1,"subjects":[{"app":"../a","user":"u"}]}',
    '{"v":1,"subjects":[{"app":"a","user":"u\\ud800"}]}',
    '{"v":1,"subjects":[{"app":"a","user":"' + "u" * 65 + '"}]}',
    '{"v":1,"subjects":[' + ",".join(['{"app":"a","user":"u"}'] * 101) + "]}",
    '{"v":1,"subjects":[],"nameless":[{"app":"a","name":"n\\n"}]}',
    '{"v":1,"incident":"a#b","digest":"d","attempt":1,"group":"g"}',
    '{"v":1,"incident":"i","digest":"d","attempt":-1,"group":"g"}',
    "[" * 100_000,
]


@pytest.mark.parametrize("text", RUBBISH)
def test_rubbish_is_permanent(text: str) -> None:
    with pytest.raises(Permanent):
        CheckMessage.parse(text)
    with pytest.raises(Permanent):
        RemediationMessage.parse(text)


def hint(number: int) -> Hint:
    return Hint(Subject(APP, f"00u{number}"), START)


@pytest.mark.parametrize(("subjects", "messages"), [(0, 0), (1, 1), (25, 1), (26, 2), (1000, 40)])
def test_packing_loses_nobody(subjects: int, messages: int) -> None:
    hints = [hint(number) for number in range(subjects)]
    packed = list(pack(hints, [], START))
    assert len(packed) == messages
    assert [h for message in packed for h in message.hints] == hints
    assert all(len(message.hints) <= SUBJECTS_A_MESSAGE for message in packed)
    assert all(message.first_seen == START for message in packed)


def test_names_are_packed_apart() -> None:
    names = [NamelessHint(APP, f"name-{n}", START) for n in range(26)]
    packed = list(pack([hint(1)], names, START))
    assert [(len(m.hints), len(m.nameless)) for m in packed] == [(1, 0), (0, 25), (0, 1)]


def test_again_keeps_where_it_came_from() -> None:
    name = NamelessHint(APP, "name", START)
    message = CheckMessage((hint(1), hint(2)), (name,), first_seen=START, attempt=3, look=True)
    resent = again(message, [hint(2)], datetime(2030, 1, 1, tzinfo=UTC))
    assert resent == CheckMessage((hint(2),), (name,), first_seen=START, attempt=4, look=True)
    assert again(CheckMessage((hint(1),)), [hint(1)], START).first_seen == START


def test_fifo_tells_attempts_and_plans_apart() -> None:
    base = RemediationMessage(INCIDENT, "a" * 64, 1, USER)
    others = [
        RemediationMessage(INCIDENT, "b" * 64, 1, USER),
        RemediationMessage(INCIDENT, "a" * 64, 2, USER),
        RemediationMessage("inc-9", "a" * 64, 1, USER),
    ]
    keys = {message.deduplication_id for message in (base, *others)}
    assert len(keys) == 4
    # SQS: at most 128 characters.
    assert all(len(key) <= 128 for key in keys)


def test_a_look_carries_no_publication() -> None:
    (only,) = CheckMessage.look_at(SUBJECT, START).hints
    assert only == Hint(SUBJECT, None)
