"""What can be sent, what is refused before anything is sent, and what rewriting changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.times import from_text, to_text
from ops import samples
from ops.connection import Misuse, Trouble
from ops.replay import deliveries
from ops.replay.readings import Verdict, read_each
from ops.samples import Sample
from tests.fakes.make import APP, OTHER_APP
from tests.unit.replay.conftest import entry

THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def events(sample: Sample) -> list[Any]:
    return deliveries.events_of(sample)


def test_a_delivery_is_sent_as_it_is() -> None:
    text = json.dumps({"eventId": "e", "more": 1, "data": {"events": [entry(THEN)]}})
    made = deliveries.of_text(text, "pasted")
    assert (made.method, json.loads(made.body or "")) == ("POST", json.loads(text))


def test_an_entry_of_the_log_becomes_a_delivery() -> None:
    made = deliveries.of_text(json.dumps(entry(THEN)), "pasted")
    body = json.loads(made.body or "")
    assert body["eventType"] == "com.okta.event_hook"
    assert body["data"]["events"] == [entry(THEN)]
    assert body["eventTime"] == to_text(THEN)


def test_a_list_of_entries_is_one_delivery() -> None:
    made = deliveries.of_text(json.dumps([entry(THEN), entry(NOW)]), "pasted")
    assert len(events(made)) == 2


def test_a_sample_keeps_its_request() -> None:
    sample = {"method": "GET", "headers": {"X-One": "1"}, "body": None}
    made = deliveries.of_text(json.dumps(sample), "pasted")
    assert (made.method, dict(made.headers), made.body) == ("GET", {"X-One": "1"}, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON (line 1)"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is no delivery of Okta's"),
        ("{}", "is no delivery of Okta's"),
        ("7", "is no delivery of Okta's"),
        ('{"data": {"events": 7}}', "is no delivery of Okta's"),
        ('{"eventType": 7, "uuid": "u"}', "is no delivery of Okta's"),
        ("[7]", "is no delivery of Okta's"),
        ('[{"eventType": "x"}, 7]', "is no delivery of Okta's"),
        ('{"method": "PUT", "headers": {}}', "its method is GET or POST"),
        ('{"method": "POST", "headers": []}', "its method is GET or POST"),
        ('{"method": "POST", "headers": {"a": "b\\r\\nc: d"}}', "each header is one line"),
        ('{"method": "POST", "headers": {"a": 7}}', "each header is one line"),
        ('{"method": "POST", "headers": {"a": "ü"}}', "each header is one line"),
        ('{"method": "POST", "headers": {"ü": "a"}}', "each header is one line"),
        ('{"method": "POST", "headers": {}, "body": "\\ud800"}', "halves of characters"),
        ('"' + "x" * deliveries.LONGEST + '"', "is larger than"),
    ],
)
def test_what_is_none_is_refused_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(Misuse) as refused:
        deliveries.of_text(text, "pasted", "The file")
    assert said in refused.value.message
    assert refused.value.message.startswith("The file ")
    assert "\n" not in refused.value.message


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b.decode("latin-1")))
def test_no_text_does_anything_else(text: str) -> None:
    try:
        made = deliveries.of_text(text, "pasted")
    except Misuse:
        return
    assert made.method in ("GET", "POST")


def test_every_sample_of_the_folder_can_be_sent() -> None:
    for name in samples.names():
        assert deliveries.of_name(name).name == name


def test_files_are_read_and_missing_ones_are_said(tmp_path: Path) -> None:
    file = tmp_path / "exported.json"
    file.write_text(json.dumps([entry(THEN)]))
    assert deliveries.of_name(str(file)).name == "exported"
    (tmp_path / "picture.json").write_bytes(b"\xff\xfe\x00\xd8")
    for name, said in (
        ("no-such", "There is no sample or file no-such"),
        (str(tmp_path), "There is no sample or file"),
        (str(tmp_path / "picture.json"), "picture.json can not be read as text"),
    ):
        with pytest.raises(Trouble, match=said.replace("(", r"\(")):
            deliveries.of_name(name)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", '{"phone": "+15550100"}' * 9])
def test_what_is_no_name_of_a_file_is_not_repeated_whole(name: str) -> None:
    with pytest.raises(Trouble, match="There is no sample or file") as trouble:
        deliveries.of_name(name)
    assert len(trouble.value.message.partition("; samples")[0]) < 100


def test_nothing_is_rewritten_unless_asked() -> None:
    for name in samples.names():
        sample = deliveries.of_name(name)
        assert deliveries.rewritten(sample) is sample


def test_a_deep_event_is_taken_as_it_is() -> None:
    deep = '{"data": {"events": [{"x": ' + "[" * 900 + "]" * 900 + "}]}}"
    made = deliveries.of_text(deep, "pasted")
    assert len(events(deliveries.rewritten(made, new_ids=True, now=NOW))) == 1


def test_times_at_the_ends_of_the_calendar_are_said() -> None:
    far = [{**entry(THEN), "published": f"{year}-01-01T00:00:00Z"} for year in ("0001", "9999")]
    with pytest.raises(Misuse, match="too far apart"):
        deliveries.rewritten(deliveries.of_entries(far, "far"), now=NOW)


def batch() -> Sample:
    same = entry(THEN)
    return deliveries.of_entries([same, entry(THEN - timedelta(hours=1), uuid="other"), same], "b")


def test_new_ids_keep_duplicates_duplicates() -> None:
    before, after = batch(), deliveries.rewritten(batch(), new_ids=True)
    ids = [event["uuid"] for event in events(after)]
    assert ids[0] == ids[2] != ids[1]
    assert not set(ids) & {event["uuid"] for event in events(before)}
    assert json.loads(after.body or "")["eventId"] != json.loads(before.body or "")["eventId"]
    assert [e["published"] for e in events(after)] == [e["published"] for e in events(before)]


def test_moved_times_keep_their_order_and_distance() -> None:
    after = deliveries.rewritten(batch(), now=NOW)
    assert [from_text(e["published"]) for e in events(after)] == [
        NOW,
        NOW - timedelta(hours=1),
        NOW,
    ]
    assert [e["uuid"] for e in events(after)] == [e["uuid"] for e in events(batch())]
    assert json.loads(after.body or "")["eventTime"] == to_text(NOW)


def test_events_without_ids_or_times_stay_without() -> None:
    odd = deliveries.of_entries(
        [{"eventType": "x"}, "no event", entry(None), {**entry(THEN), "published": "soon"}], "odd"
    )
    after = deliveries.rewritten(odd, new_ids=True, now=NOW)
    assert "uuid" not in events(after)[0]
    assert events(after)[1] == "no event"
    assert events(after)[2]["published"] is None
    assert events(after)[3]["published"] == "soon"


@pytest.mark.parametrize("name", ["rubbish", "verification-request"])
def test_what_holds_no_events_stays_as_it_is(name: str) -> None:
    sample = deliveries.of_name(name)
    assert deliveries.rewritten(sample, new_ids=True, now=NOW) == sample


def test_each_event_is_read_as_receive_does() -> None:
    name = {"type": "AppUser", "id": "0ua1", "alternateId": "some.body"}
    nameless = entry(THEN, user=None)
    nameless["target"].append(name)
    found = read_each(
        [
            entry(THEN),
            entry(THEN, app=None),
            nameless,
            entry(THEN, app="0oaSOMEBODYELSES00000"),
            entry(THEN, eventType="user.session.start"),
            entry(THEN, user=None),
            7,
            {"outcome": 7, "uuid": 7, "eventType": ["x"]},
        ],
        (APP, OTHER_APP),
    )
    assert [event.verdict for event in found] == [
        Verdict.NAMED,
        Verdict.NAMED,
        Verdict.NAMELESS,
        Verdict.STRANGER,
        Verdict.UNWATCHED,
        Verdict.UNREADABLE,
        Verdict.UNREADABLE,
        Verdict.UNWATCHED,
    ]
    assert [len(event.hints) for event in found[:2]] == [1, 2]
    assert (found[0].result, found[7].result) == ("SUCCESS", "")
