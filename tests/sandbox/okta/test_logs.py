"""GET /api/v1/logs: polling, bounded queries, insertion delay and refusals."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.okta.times import iso
from tests.sandbox.okta.conftest import Okta


def emit(okta: Okta, name: str, *, age: float = 0.0, delay: float = 0.0) -> None:
    published = iso(okta.clock() - timedelta(seconds=age))
    event = {"uuid": name, "eventType": "test.event", "published": published, "target": None}
    okta.org.emit(event, delay_seconds=delay)


def names(answer: object) -> list[str]:
    return [event["uuid"] for event in answer.json()]  # type: ignore[attr-defined]


def test_polling_always_has_a_next_link_and_continues(okta: Okta) -> None:
    since = iso(okta.clock() - timedelta(minutes=1))
    empty = okta.get("/api/v1/logs", since=since)
    assert empty.json() == []
    cursor = empty.links["next"]["url"]
    for number in range(3):
        emit(okta, f"e{number}")
    first = okta.get(cursor + "&limit=2")
    assert names(first) == ["e0", "e1"]
    second = okta.get(first.links["next"]["url"])
    assert names(second) == ["e2"]
    third = okta.get(second.links["next"]["url"])
    assert names(third) == []
    emit(okta, "e3")
    assert names(okta.get(third.links["next"]["url"])) == ["e3"]


def test_polling_brings_a_late_event_though_it_was_published_earlier(okta: Okta) -> None:
    since = iso(okta.clock() - timedelta(minutes=1))
    emit(okta, "late", delay=30)
    okta.clock.advance(10)
    emit(okta, "prompt")
    first = okta.get("/api/v1/logs", since=since)
    assert names(first) == ["prompt"]
    okta.clock.advance(30)
    assert names(okta.get(first.links["next"]["url"])) == ["late"]
    assert names(okta.get("/api/v1/logs", since=since)) == ["prompt", "late"]


def test_a_bounded_query_is_ordered_by_published_misses_late_events_and_ends(okta: Okta) -> None:
    since, start = iso(okta.clock() - timedelta(minutes=5)), okta.clock()
    emit(okta, "second", age=10)
    emit(okta, "first", age=20)
    emit(okta, "late", age=15, delay=60)
    until = iso(start + timedelta(seconds=1))
    page = okta.get("/api/v1/logs", since=since, until=until)
    assert names(page) == ["first", "second"]
    assert "next" not in page.links
    down = okta.get("/api/v1/logs", since=since, until=until, sortOrder="DESCENDING")
    assert names(down) == ["second", "first"]
    okta.clock.advance(120)
    assert names(okta.get("/api/v1/logs", since=since, until=until)) == ["first", "late", "second"]


def test_a_bounded_query_pages_without_loss(okta: Okta) -> None:
    since = iso(okta.clock() - timedelta(minutes=5))
    for number in range(5):
        emit(okta, f"e{number}", age=50 - number)
    for order, wanted in (("ASCENDING", "01234"), ("DESCENDING", "43210")):
        until = iso(okta.clock())
        page = okta.get("/api/v1/logs", since=since, until=until, limit="2", sortOrder=order)
        seen = names(page)
        while "next" in page.links:
            page = okta.get(page.links["next"]["url"])
            seen += names(page)
        assert seen == [f"e{digit}" for digit in wanted]


def test_since_bounds_persistence_when_polling_and_published_when_bounded(okta: Okta) -> None:
    emit(okta, "published before", age=3600)
    since = iso(okta.clock() - timedelta(seconds=60))
    assert names(okta.get("/api/v1/logs", since=since)) == ["published before"]
    until = iso(okta.clock())
    assert names(okta.get("/api/v1/logs", since=since, until=until)) == []


def test_the_orgs_insertion_delay_holds_events_back(okta: Okta) -> None:
    okta.org.log.delay_seconds = 45.0
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    assert okta.get("/api/v1/logs").json() == []
    okta.settle()
    okta.clock.advance(46)
    assert len(okta.get("/api/v1/logs").json()) == 3


def test_the_filter_reaches_into_targets_and_stays_on_the_next_link(okta: Okta) -> None:
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.org.set_user_profile("synced", {"mobilePhone": "+1 555 0198"})
    okta.settle()
    user = okta.org.user("ordinary").id
    expression = f'eventType sw "application.provision" and target.id eq "{user}"'
    page = okta.get("/api/v1/logs", filter=expression, limit="1")
    seen = page.json()
    while page.json():
        page = okta.get(page.links["next"]["url"])
        seen += page.json()
    assert len(seen) == 2
    assert all(user in [target["id"] for target in event["target"]] for event in seen)


def test_keywords(okta: Okta) -> None:
    emit(okta, "one")
    emit(okta, "two")
    assert names(okta.get("/api/v1/logs", q="TWO test.event")) == ["two"]
    assert okta.get("/api/v1/logs", q=" ".join("abcdefghijk")).status_code == 400
    assert okta.get("/api/v1/logs", q="a" * 41).status_code == 400


def test_old_events_are_just_not_there(okta: Okta) -> None:
    emit(okta, "old")
    okta.clock.advance(91 * 86400)
    since = iso(okta.clock() - timedelta(days=179))
    assert okta.get("/api/v1/logs", since=since).json() == []
    answer = okta.get("/api/v1/logs", since=iso(okta.clock() - timedelta(days=181)))
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000053")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"filter": 'published gt "2026-01-01T00:00:00.000Z"'}, "E0000031"),
        ({"filter": "eventType eq"}, "E0000031"),
        ({"limit": "1001"}, "E0000001"),
        ({"limit": "-1"}, "E0000001"),
        ({"sortOrder": "SIDEWAYS"}, "E0000001"),
        ({"since": "yesterday"}, "E0000001"),
        ({"until": "2026-01-01"}, "E0000001"),
        ({"after": "made-up"}, "E0000001"),
    ],
)
def test_arguments_that_make_no_sense(okta: Okta, arguments: dict[str, str], code: str) -> None:
    answer = okta.get("/api/v1/logs", **arguments)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, code)


def test_after_excludes_since(okta: Okta) -> None:
    cursor = okta.get("/api/v1/logs").links["next"]["url"]
    since = iso(okta.clock())
    assert okta.get(f"{cursor}&since={since}").status_code == 400


def test_a_cursor_is_refused_once_its_entries_are_gone(okta: Okta) -> None:
    cursor = okta.get("/api/v1/logs", since=iso(okta.clock())).links["next"]["url"]
    okta.clock.advance(89 * 86400)
    assert okta.get(cursor).status_code == 200
    okta.clock.advance(2 * 86400)
    answer = okta.get(cursor)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000001")


def test_an_empty_page_moves_nothing_and_keeps_the_place(okta: Okta) -> None:
    """What arrives late, behind the time of an empty page, still comes through its link."""
    emit(okta, "late", age=120, delay=60)
    cursor = okta.get("/api/v1/logs").links["next"]["url"]
    for _ in range(3):
        page = okta.get(cursor)
        assert page.json() == []
        cursor = page.links["next"]["url"]
    okta.clock.advance(61)
    assert names(okta.get(cursor)) == ["late"]
