"""pushproof replay --since: a range of the log, through catch_up's own code."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from lib.errors import Transient
from lib.rules.hook_health import Road
from lib.times import to_text
from ops.connection import Connection, Misuse
from ops.replay.command import replay, told
from ops.replay.log_range import Replay, moment
from tests.fakes.clock import START, FakeClock
from tests.fakes.make import APP, SECRETS
from tests.fakes.outlets import FakeQueue
from tests.fakes.system_log import DEACTIVATE, FakeSystemLog
from tests.unit.fakes_http import Answer

MINUTE = timedelta(minutes=1)


class Desk:
    def __init__(self) -> None:
        self.clock, self.queue = FakeClock(), FakeQueue()
        self.log = FakeSystemLog(self.clock, page_size=2)
        self.slept: list[float] = []
        self.replay = Replay(
            self.log.client, self.queue, (APP,), self.clock, sleep=self.slept.append
        )

    def users(self) -> list[str]:
        return [h.subject.user_id for m, _ in self.queue.sent for h in m.hints]


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    for number in range(5):
        made.log.push(f"u{number}", f"00u{number}", kind=DEACTIVATE)
        made.clock.pass_by(600)
    made.log.push("stranger", app="0oaSTRANGERSTRANGER1")
    return made


def test_everybody_named_since_then_is_checked(desk: Desk) -> None:
    done = desk.replay.run("25m", None, dry=False)
    assert desk.users() == ["00u3", "00u4"]
    assert (done.events, done.strangers, done.subjects, done.sent) == (3, 1, 2, True)


def test_a_range_ends_where_it_should(desk: Desk) -> None:
    start, end = to_text(START + 5 * MINUTE), to_text(START + 25 * MINUTE)
    done = desk.replay.run(start, end, dry=False)
    assert desk.users() == ["00u1", "00u2"]
    assert done.until == end
    # Bounded by `published`, and this end is recent: Okta may still persist something.
    assert "may be missing" in done.note


def test_a_range_long_ago_misses_nothing(desk: Desk) -> None:
    desk.clock.pass_by(2 * 86400)
    done = desk.replay.run("3d", "1d", dry=False)
    assert (done.subjects, done.note) == (5, "")


def test_a_dry_run_counts_the_same_and_sends_nothing(desk: Desk) -> None:
    dry = desk.replay.run("2h", None, dry=True)
    assert desk.queue.sent == []
    assert not dry.sent
    done = desk.replay.run("2h", None, dry=False)
    assert (dry.events, dry.subjects, dry.messages) == (
        *(done.events, done.subjects),
        len(desk.queue.sent),
    )
    assert "nothing was" in "\n".join(told(dry))


def test_what_is_replayed_by_hand_is_not_compared_with_the_hook(desk: Desk) -> None:
    desk.log.push("both")
    desk.replay.run("2h", None, dry=False)
    assert {message.road for message, _ in desk.queue.sent} == {None}
    assert Road.LOG not in {message.road for message, _ in desk.queue.sent}


def test_the_time_is_oktas(desk: Desk) -> None:
    desk.replay._clock = lambda: START + timedelta(days=30)
    desk.replay.run("25m", None, dry=False)
    assert desk.users() == ["00u3", "00u4"]


def test_oktas_minute_is_waited_out(desk: Desk) -> None:
    reset = str(int(desk.clock.now.timestamp()) + 40)
    desk.log.trouble = [Answer(429, headers={"X-Rate-Limit-Reset": reset})]
    assert desk.replay.run("2h", None, dry=True).subjects == 5
    assert desk.slept == [pytest.approx(41, abs=1)]


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "3600"}])
def test_what_names_no_time_or_hours_is_not_waited_for(desk: Desk, headers: dict[str, str]) -> None:
    desk.log.trouble = [Answer(429, headers=headers)]
    with pytest.raises(Transient):
        desk.replay.run("2h", None, dry=False)
    assert desk.slept == []


@pytest.mark.parametrize(
    ("since", "until", "sentence"),
    [
        ("yesterday", None, "--since takes"),
        ("2h", "later", "--until takes"),
        ("2026-01-02T03:04:05", None, "--since takes"),
        ("-2h", None, "--since takes"),
        ("1h", "2h", "empty"),
        ("2999-01-01T00:00:00Z", None, "empty"),
        ("91d", None, "90 days"),
        ("999999d", None, "--since"),
    ],
)
def test_times_that_make_no_sense_are_one_sentence(
    desk: Desk, since: str, until: str | None, sentence: str
) -> None:
    with pytest.raises(Misuse, match=sentence) as refused:
        desk.replay.run(since, until, dry=False)
    assert refused.value.message.endswith(".")
    assert desk.queue.sent == []


def test_hours_and_minutes_and_days() -> None:
    for text, ago in (("90m", 90 * MINUTE), ("2h", 120 * MINUTE), ("3d", 3 * 1440 * MINUTE)):
        assert moment(text, START, "--since") == START - ago


# -- the command ---------------------------------------------------------------------------------


def run(desk: Desk, monkeypatch: pytest.MonkeyPatch, *arguments: str, **more: Any) -> Any:
    at = Connection("stack-1", {}, is_sandbox=False)
    monkeypatch.setattr("ops.replay.command.connect", lambda *_: at)
    monkeypatch.setattr("ops.replay.log_range.replay_of", lambda _: desk.replay)
    return CliRunner().invoke(replay, arguments, **more)


def test_a_deployed_stack_is_asked_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = run(desk, monkeypatch, "--since", "2h", input="n\n")
    assert refused.exit_code == 1
    assert desk.queue.sent == []
    done = run(desk, monkeypatch, "--since", "2h", "--yes")
    assert done.exit_code == 0
    assert "5 subjects in" in done.output
    assert not [secret for secret in SECRETS if secret in done.output]


def test_a_dry_run_does_not_ask(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(desk, monkeypatch, "--since", "2h", "--dry-run", "--json")
    assert done.exit_code == 0
    assert '"sent": false' in done.output


@pytest.mark.parametrize(
    "arguments",
    [(), ("push-landed", "--since", "2h"), ("push-landed", "--dry-run"), ("--until", "2h")],
)
def test_samples_and_ranges_do_not_mix(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    assert run(desk, monkeypatch, *arguments).exit_code == 2
