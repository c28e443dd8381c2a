"""catch_up: nothing the log holds is left out, whatever fails, and nothing is sent elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lib.errors import Conflict, Permanent, Refused, Transient
from lib.flows import catch_up as flow
from lib.flows.catch_up import CatchUp, Limits
from lib.rules.hints import HOOK_EVENTS, LOG_ONLY_EVENTS
from lib.rules.hook_health import Road
from lib.store.cursors import LogCursor
from lib.store.table import Table
from tests.fakes.clock import START, FakeClock
from tests.fakes.dynamodb import new_table
from tests.fakes.make import APP, SECRETS
from tests.fakes.outlets import FakeQueue
from tests.fakes.system_log import DEACTIVATE, OFFICE, ORG, FakeSystemLog, log_event
from tests.unit.fakes_http import Answer

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Night:
    """One org, one table. `clock` is ours; Okta's may be another."""

    def __init__(self, table: Table) -> None:
        self.clock, self.table, self.queue = FakeClock(), table, FakeQueue()
        self.okta_clock = FakeClock()
        self.log = FakeSystemLog(self.okta_clock)
        self.seconds = 0.0
        self.limits = Limits()

    def flow(self) -> CatchUp:
        """A new one, as after a cold start."""
        return CatchUp(
            (APP,),
            self.log.client,
            self.table,
            self.queue,
            HOUR,
            self.clock,
            lambda: self.seconds,
            self.limits,
        )

    def run(self) -> dict[str, int | str]:
        done = self.flow().run()
        self.pass_by(1)
        return done

    def pass_by(self, seconds: float) -> None:
        self.clock.pass_by(seconds)
        self.okta_clock.pass_by(seconds)

    def sent(self) -> list[str]:
        """Users of all hints sent since the last time, as often as they were sent."""
        return [h.subject.user_id for message, _ in self.queue.take() for h in message.hints]

    @property
    def cursor(self) -> LogCursor:
        found = self.table.log_cursor()
        assert found is not None
        return found


@pytest.fixture
def night(client: Any) -> Night:
    return Night(new_table(client))


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    monkeypatch.setattr(
        flow.metrics, "add_metric", lambda name, unit, value: found.append((name, value))
    )
    return found


# -- reading on ----------------------------------------------------------------------------------


def test_the_first_run_goes_back_an_hour_and_not_to_the_beginning(night: Night) -> None:
    night.log.push("too old", "00uLONGAGO")
    night.pass_by(3 * 3600)
    night.log.push("recent", "00uRECENT")
    night.pass_by(1800)
    night.run()
    assert night.sent() == ["00uRECENT"]


def test_the_first_run_goes_by_oktas_time(night: Night) -> None:
    night.log.push("recent", "00uRECENT")
    night.clock.pass_by(30 * 86400)
    night.run()
    assert night.sent() == ["00uRECENT"]
    (asked,) = [query for query in night.log.queries if "since" in query]
    assert asked["since"].startswith((START - HOUR).isoformat()[:16])


def test_it_is_polling_in_order_and_of_every_watched_type(night: Night) -> None:
    """An `until` would make Okta leave out what is persisted late."""
    night.run()
    night.run()
    for query in night.log.queries[1:]:
        assert "until" not in query
        assert query["sortOrder"] == "ASCENDING"
        for name in (*HOOK_EVENTS, *LOG_ONLY_EVENTS):
            assert f'eventType eq "{name}"' in query["filter"]


def test_the_next_run_goes_on_behind_the_last_page(night: Night) -> None:
    night.log.push("one", "00uONE")
    night.run()
    assert night.sent() == ["00uONE"]
    night.log.push("two", "00uTWO")
    assert night.run()["pages"] == 2
    assert night.sent() == ["00uTWO"]
    assert all("since" not in query for query in night.log.queries[-2:])


def test_an_empty_page_keeps_the_place(night: Night) -> None:
    """Also for what is persisted later and was published before."""
    night.log.add(event_of("late", night), late=300)
    for _ in range(3):
        assert night.run()["pages"] == 1
        assert night.sent() == []
    night.pass_by(300)
    night.run()
    assert night.sent() == ["00uLATE"]


def event_of(uuid: str, night: Night) -> dict[str, Any]:
    return log_event(uuid, night.okta_clock.now, "00uLATE")


def test_many_pages_are_packed_and_each_is_stored(night: Night) -> None:
    night.log.page_size = 60
    for number in range(150):
        night.log.push(f"u{number}", f"00u{number:03}")
    done = night.run()
    assert (done["pages"], done["events"], done["subjects"]) == (4, 150, 150)
    sizes = [len(message.hints) for message, _ in night.queue.sent]
    assert sizes == [25, 25, 10, 25, 25, 10, 25, 5]
    assert sorted(night.sent()) == [f"00u{number:03}" for number in range(150)]


def test_hints_wait_the_queues_own_settle_time(night: Night) -> None:
    night.log.push("one")
    night.run()
    assert [delay for _, delay in night.queue.sent] == [None]


# -- what is read --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [DEACTIVATE, OFFICE, "application.provision.user.activate"])
def test_what_no_hook_can_carry_is_found_and_never_compared(night: Night, kind: str) -> None:
    night.log.push("only here", "00uLEAVER", kind=kind)
    night.run()
    ((message, _),) = night.queue.sent
    assert [hint.subject.user_id for hint in message.hints] == ["00uLEAVER"]
    assert message.road is None


def test_what_a_hook_can_carry_says_that_the_log_brought_it(night: Night) -> None:
    night.log.push("both", "00uBOTH")
    night.log.push("log-only", "00uBOTH", kind=DEACTIVATE, ago=-5)
    night.pass_by(10)
    night.run()
    roads = {message.road: message.hints[0].uuids for message, _ in night.queue.sent}
    assert roads == {Road.LOG: ("both",), None: ("log-only",)}


def test_other_apps_and_types_are_left_aside(night: Night) -> None:
    night.log.push("stranger", app="0oaSTRANGERSTRANGER1")
    night.log.push("sign-in", kind="user.session.start")
    done = night.run()
    assert (done["events"], done["strangers"], done["messages"]) == (1, 1, 0)
    assert night.queue.sent == []


def test_an_event_that_names_nobody_goes_where_a_person_sees_it(night: Night) -> None:
    event = event_of("nobody", night) | {"target": [{"id": APP, "type": "AppInstance"}]}
    night.log.add(event)
    night.run()
    ((message, _),) = night.queue.sent
    assert message.unnamed == ("nobody",)


def test_entries_that_make_no_sense_do_not_stop_it(night: Night) -> None:
    night.log.push("sound", "00uSOUND")

    def odd(answer: Answer) -> Answer:
        assert isinstance(answer.json, list)
        extra = [None, 7, "x", [], {"eventType": []}, {"eventType": {}, "published": 7}]
        return replace(answer, json=[*extra, *answer.json] if answer.json else [])

    night.log.answered = odd
    night.run()
    assert night.sent() == ["00uSOUND"]


def test_nothing_of_an_event_is_logged_or_stored(night: Night, caplog: Any) -> None:
    night.log.push("one")
    done = night.run()
    night.log.trouble = [Answer(429)]
    night.run()
    told = f"{done} {caplog.text} {night.cursor!r} {night.cursor.link} {night.queue.sent}"
    assert not [secret for secret in SECRETS if secret in told]


# -- vendors that refuse or do not answer ---------------------------------------------------------


def refused(status: int = 400, code: str = "E0000001") -> Answer:
    return Answer(status, {"errorCode": code, "errorSummary": "Api validation failed: after"})


def test_a_position_okta_refuses_costs_an_hour_and_no_event(
    night: Night, counted: list[tuple[str, float]]
) -> None:
    night.log.push("known", "00uKNOWN")
    night.run()
    night.sent()
    seen_to = night.cursor.seen_to
    night.log.push("new", "00uNEW")
    night.log.trouble = [refused()]
    assert "stopped" not in night.run()
    assert night.sent() == ["00uKNOWN", "00uNEW"]
    (since,) = [q["since"] for q in night.log.queries[2:] if "since" in q]
    assert since.startswith((seen_to - HOUR).isoformat()[:19])
    assert "CursorLost" not in [name for name, _ in counted]


def test_the_new_beginning_may_be_refused_as_well(night: Night) -> None:
    """Then it is not the position: a person has to look, and the position stays."""
    night.run()
    before = night.cursor
    night.log.trouble = [refused(), Answer(200, []), refused(code="E0000031")]
    with pytest.raises(Refused):
        night.run()
    assert night.cursor == before
    night.log.push("one", "00uONE")
    night.run()
    assert night.sent() == ["00uONE"]


def test_an_event_from_the_future_does_not_move_the_position_there(night: Night) -> None:
    """Its time is on the event, and after a refusal reading would begin behind what is new."""
    night.log.push("ahead", "00uAHEAD", ago=-30 * 86400)
    night.limits = Limits(pages=1)
    night.run()
    assert night.cursor.seen_to <= night.okta_clock.now
    night.pass_by(7200)
    night.log.push("new", "00uNEW")
    night.log.trouble = [refused()]
    night.run()
    assert "00uNEW" in night.sent()


def test_missing_rights_are_no_lost_position(night: Night) -> None:
    night.run()
    asked = len(night.log.queries)
    night.log.trouble = [refused(403, "E0000006")]
    with pytest.raises(Refused):
        night.run()
    assert len(night.log.queries) == asked + 1


def test_what_was_dropped_unread_is_said_and_reading_begins_at_the_edge(
    night: Night, counted: list[tuple[str, float]]
) -> None:
    night.run()
    night.log.push("lost for good", "00uLOST")
    night.pass_by(40 * 86400)
    night.log.push("still there", "00uTHERE")
    night.pass_by(60 * 86400)
    night.run()
    assert night.sent() == ["00uTHERE"]
    assert ("CursorLost", 1) in counted
    (since,) = [q["since"] for q in night.log.queries[2:] if "since" in q]
    edge = night.okta_clock.now - 90 * DAY
    assert since.startswith(edge.isoformat()[:15])
    counted.clear()
    night.run()
    assert "CursorLost" not in [name for name, _ in counted]


def test_the_edge_is_noticed_although_okta_takes_the_position(
    night: Night, counted: list[tuple[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether Okta refuses a position that is too old is not documented."""
    monkeypatch.setattr("sandbox.okta.log_query.RETENTION", timedelta(days=1000))
    night.run()
    night.pass_by(91 * 86400)
    night.run()
    assert ("CursorLost", 1) in counted


def test_a_log_without_watched_events_is_never_lost(
    night: Night, counted: list[tuple[str, float]]
) -> None:
    for _ in range(5):
        night.run()
        night.pass_by(50 * 86400)
    assert "CursorLost" not in [name for name, _ in counted]


def test_new_event_types_begin_anew_before_the_position(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A next link carries the filter it was made with."""
    night.log.push("of a new type", "00uNEW", kind="application.provision.user.reactivate")
    monkeypatch.setattr(flow, "EXPRESSION", 'eventType eq "application.provision.user.push"')
    night.run()
    assert night.sent() == []
    monkeypatch.undo()
    night.run()
    assert night.sent() == ["00uNEW"]


@pytest.mark.parametrize(("headers", "rest"), [({}, 60), ({"X-Rate-Limit-Reset": "{reset}"}, 240)])
def test_a_429_ends_the_run_and_okta_is_left_alone_until_its_reset(
    night: Night, headers: dict[str, str], rest: int
) -> None:
    night.log.page_size = 1
    night.log.push("one", "00uONE")
    night.log.push("two", "00uTWO")
    night.limits = Limits(pages=1)
    night.run()
    assert night.sent() == ["00uONE"]
    night.limits = Limits()
    reset = str(int(night.okta_clock.now.timestamp()) + 240)
    night.log.trouble = [
        Answer(429, headers={k: v.format(reset=reset) for k, v in headers.items()})
    ]
    asked = len(night.log.queries)
    assert "429" in str(night.run()["stopped"])
    assert len(night.log.queries) == asked + 1
    night.pass_by(rest - 10)
    assert "asked to wait" in str(night.run()["stopped"])
    assert len(night.log.queries) == asked + 1
    night.pass_by(20)
    night.run()
    assert night.sent() == ["00uTWO"]


def test_a_429_in_the_middle_keeps_the_pages_before(night: Night) -> None:
    night.log.page_size = 1
    for name in ("00uA", "00uB", "00uC"):
        night.log.push(name, name)
    first = night.log.answered

    def once(answer: Answer) -> Answer:
        night.log.answered = first
        night.log.trouble = [Answer(429)]
        return answer

    night.run()
    night.sent()
    for name in ("00uD", "00uE"):
        night.log.push(name, name)
    night.log.answered = once
    night.run()
    assert night.sent() == ["00uD"]
    night.pass_by(70)
    night.run()
    assert night.sent() == ["00uE"]


@pytest.mark.parametrize(
    "answer", [Answer(503), Answer(200, {"not": "a list"}), Answer(200, None), Answer(200, [])]
)
def test_an_answer_that_is_none_moves_nothing(night: Night, answer: Answer) -> None:
    night.run()
    before = night.cursor
    night.log.push("one", "00uONE")
    night.log.trouble = [answer] * 3
    assert "stopped" in night.run()
    assert night.cursor == before
    night.log.trouble = []
    night.pass_by(70)
    night.run()
    assert night.sent() == ["00uONE"]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/v1/logs?after=x",
        "https://corp.okta.example.evil.example/api/v1/logs?after=x",
        "https://corp.okta.example@evil.example/api/v1/logs?after=x",
        "http://corp.okta.example/api/v1/logs?after=x",
        "https://corp.okta.example:8443/api/v1/logs?after=x",
        "//evil.example/api/v1/logs?after=x",
        "https://corp.okta.example/api/v1/users?after=x",
        "https://corp.okta.example/api/v1/logs",
        "https://[corp/api/v1/logs?after=x",
    ],
)
def test_a_next_link_that_leads_elsewhere_is_neither_followed_nor_kept(
    night: Night, link: str
) -> None:
    night.run()
    before = night.cursor
    night.log.push("one", "00uONE")
    night.log.answered = lambda answer: replace(answer, headers=[("Link", f'<{link}>; rel="next"')])
    with pytest.raises(Permanent, match="does not lead to the log of this organisation"):
        night.run()
    assert night.cursor == before
    assert all(sent.url.startswith(ORG + "/") for sent in night.log.vendor.sent)


def test_a_stored_link_is_looked_at_again_before_it_is_followed(night: Night) -> None:
    night.run()
    lease = night.table.take_lease("catch_up", night.clock(), night.clock())
    evil = replace(night.cursor, link="//evil.example/api/v1/logs?after=x")
    night.table.store_log_cursor(evil, lease)
    asked = len(night.log.queries)
    with pytest.raises(Permanent):
        night.run()
    assert len(night.log.queries) == asked


def test_what_is_kept_names_no_host(night: Night) -> None:
    night.run()
    assert night.cursor.link.startswith("/api/v1/logs?after=")


def test_a_position_that_can_not_be_understood_is_not_begun_anew(night: Night) -> None:
    """What it left out nobody would miss."""
    night.run()
    night.table._client.put_item(
        TableName=night.table._name,
        Item={"pk": "CURSOR#system_log", "sk": "HEAD", "body": '{"other": 1}'},
    )
    with pytest.raises(Permanent, match="delete CURSOR#system_log"):
        night.run()


# -- crashes and company --------------------------------------------------------------------------


class Crash(BaseException):
    pass


def test_a_crash_between_sending_and_storing_sends_again_and_loses_nothing(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.run()
    night.log.push("one", "00uONE")

    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as broken:
        broken.setattr(night.table, "store_log_cursor", crash)
        with pytest.raises(Crash):
            night.run()
    assert night.sent() == ["00uONE"]
    night.run()
    assert night.sent() == ["00uONE"]


def test_a_queue_that_is_down_moves_nothing(night: Night) -> None:
    night.run()
    before = night.cursor
    night.log.push("one", "00uONE")
    night.queue.down = True
    assert night.run()["stopped"] == "the queue is down"
    assert night.cursor == before
    night.queue.down = False
    night.pass_by(70)
    night.run()
    assert night.sent() == ["00uONE"]


def test_two_runs_at_once_are_one(night: Night) -> None:
    night.log.push("one", "00uONE")
    other: list[object] = []

    def meanwhile(answer: Answer) -> Answer:
        if not other:
            other.append(None)
            other[0] = night.flow().run()
        return answer

    night.log.answered = meanwhile
    night.run()
    assert night.sent() == ["00uONE"]
    assert other == [{"stopped": "another run is at it, or Okta asked to wait"}]


def test_a_run_that_was_killed_holds_up_the_next_for_minutes_only(night: Night) -> None:
    night.table.take_lease("catch_up", night.clock(), night.clock() + flow.LEASE)
    night.log.push("one", "00uONE")
    assert "stopped" in night.run()
    assert night.sent() == []
    night.pass_by(flow.LEASE.total_seconds())
    night.run()
    assert night.sent() == ["00uONE"]


def test_a_run_that_was_paused_can_not_put_the_position_back(night: Night) -> None:
    night.log.page_size = 1
    night.log.push("one", "00uONE")
    newer: list[LogCursor] = []

    def pause(answer: Answer) -> Answer:
        """Before the answer arrives the lease runs out, and another run reads everything."""
        night.log.answered = lambda later: later
        night.pass_by(flow.LEASE.total_seconds() + 1)
        night.log.push("two", "00uTWO")
        night.flow().run()
        newer.append(night.cursor)
        return answer

    night.log.answered = pause
    assert night.run()["stopped"] == "another run took over"
    assert night.cursor == newer[0]
    assert night.sent() == ["00uONE", "00uTWO", "00uONE"]
    # Its end does not give back the other's lease either.
    lease = night.table.take_lease("catch_up", night.clock(), night.clock() + HOUR)
    night.table.give_back_lease(replace(lease, epoch=lease.epoch - 1), night.clock())
    with pytest.raises(Conflict):
        night.table.take_lease("catch_up", night.clock(), night.clock() + HOUR)


@pytest.mark.parametrize("limits", [Limits(pages=2), Limits(seconds=1.5)])
def test_a_used_up_budget_goes_on_in_the_next_run(night: Night, limits: Limits) -> None:
    night.log.page_size = 1
    night.limits = limits
    users = [f"00u{number}" for number in range(5)]
    for user in users:
        night.log.push(user, user)

    def slowly(answer: Answer) -> Answer:
        night.seconds += 0.5  # the first question of a first run is for the time
        return answer

    night.log.answered = slowly
    sent = []
    for _ in range(6):
        night.run()
        sent.append(night.sent())
    assert [user for part in sent for user in part] == users
    assert max(len(part) for part in sent) <= 3


def test_a_wrong_clock_of_ours_changes_nothing_that_is_read(night: Night) -> None:
    night.log.push("one", "00uONE")
    night.run()
    for jump in (-40 * 86400, 90 * 86400, -3 * 3600):
        night.clock.pass_by(jump)
        night.log.push(str(jump), f"00u{jump}")
        night.run()
        assert night.sent()[-1] == f"00u{jump}"


def test_a_lease_that_can_not_be_given_back_runs_out(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise Transient("DynamoDB can not be reached")

    night.log.push("one", "00uONE")
    with monkeypatch.context() as broken:
        broken.setattr(night.table, "give_back_lease", down)
        assert "stopped" not in night.run()
    night.log.push("two", "00uTWO")
    assert "stopped" in night.run()
    night.pass_by(flow.LEASE.total_seconds())
    night.run()
    assert night.sent() == ["00uONE", "00uTWO"]


def test_how_far_behind_it_is_is_told_also_when_okta_does_not_answer(
    night: Night, counted: list[tuple[str, float]]
) -> None:
    night.run()
    assert counted[-1][0] == "LogBehind"
    assert counted[-1][1] < 5
    night.pass_by(7200)
    night.log.trouble = [Answer(503)] * 3
    night.run()
    assert counted[-1] == ("LogBehind", pytest.approx(7200, abs=5))


def test_a_table_that_does_not_answer_is_not_swallowed(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise Transient("DynamoDB can not be reached")

    monkeypatch.setattr(night.table, "take_lease", down)
    with pytest.raises(Transient):
        night.run()
