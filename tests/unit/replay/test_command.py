"""What the command prints and ends with, whatever happens on the way."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lib.errors import Transient
from lib.incident import Entry
from lib.settings import Mode
from ops.cli import cli
from ops.replay import command, log_range, names, runs, send
from ops.replay.log_range import Replayed
from ops.replay.send import Target
from tests.fakes.make import APP, OLD_PHONE, OTHER_APP, SUBJECT
from tests.fakes.stage import SETTLE, Stage
from tests.unit.replay.conftest import Hook

SAMPLE = {
    "uuid": "11111111-2222-4333-8444-555555555555",
    "eventType": "application.provision.user.push_profile",
    "published": "2026-01-01T00:00:00.000Z",
    "target": [
        {"type": "AppInstance", "id": SUBJECT.app_id},
        {"type": "User", "id": SUBJECT.user_id},
    ],
}


class Desk:
    """The command over a stage; between two looks the stage goes on by one message."""

    def __init__(self, stage: Stage, folder: Any) -> None:
        self.stage, self.hook = stage, Hook(stage)
        self.file = folder / "made.json"
        self.file.write_text(json.dumps(SAMPLE))

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(cli, ["replay", *words], env={"COLUMNS": "200"})


@pytest.fixture
def desk(stage: Stage, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Desk:
    found = Desk(stage, tmp_path)
    connection = SimpleNamespace(is_sandbox=True, name="sandbox", table=lambda: stage.table)
    rules = runs.Rules((APP, OTHER_APP), timedelta(seconds=SETTLE), stage.clock)

    class Posting:
        def __init__(self, target: Target) -> None:
            assert target.secret == "a-secret"

        def __enter__(self) -> Hook:
            return found.hook

        def __exit__(self, *_: object) -> None:
            return

    def go_on(_: float) -> None:
        if stage.checks.sent:
            stage.next_look()
        elif stage.remediations.sent:
            stage.mend()

    monkeypatch.setattr(command, "connect", lambda *_: connection)
    monkeypatch.setattr(send, "target_of", lambda _: Target("sandbox", "https://x", "a-secret"))
    monkeypatch.setattr(send, "Post", Posting)
    monkeypatch.setattr(names, "asks_okta", lambda _: stage.okta.find_subject)
    monkeypatch.setattr(runs.Rules, "of", lambda _: rules)
    monkeypatch.setattr(command.time, "sleep", go_on)
    return found


def test_it_tells_each_decision_and_the_end(desk: Desk) -> None:
    desk.stage.build(mode=Mode.APPROVE)
    desk.stage.graph.set(mobile_phone=OLD_PHONE)
    done = desk.run(str(desk.file), "--follow")
    assert done.exit_code == 0, done.output
    assert "check: look 1: differs" in done.output
    assert "waits for approval: inc-" in done.output
    assert OLD_PHONE not in done.output


def test_a_throttled_table_ends_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    real, left = desk.stage.table.incidents, [3]

    def throttled(wanted: Any) -> Any:
        left[0] -= 1
        if left[0] in (0, 1):
            raise Transient("DynamoDB answered ThrottlingException")
        return real(wanted)

    monkeypatch.setattr(desk.stage.table, "incidents", throttled)
    done = desk.run(str(desk.file), "--follow")
    assert done.exit_code == 0, done.output
    assert done.stderr.count("The table can not be read: DynamoDB answered") == 1
    assert "both sides agree" in done.output


def test_what_others_wrote_is_no_markup(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = desk.stage
    stage.build(mode=Mode.AUTO)
    stage.graph.set(mobile_phone=OLD_PHONE)
    said: list[Entry] = []

    def go_on(_: float) -> None:
        if stage.checks.sent:
            stage.next_look()
        elif stage.remediations.sent:
            if not said:
                said.append(Entry(stage.clock(), "somebody", "see [/ticket] [red]now"))
                stage.table.add_entry(stage.incident().id, said[0])
            stage.mend()

    monkeypatch.setattr(command.time, "sleep", go_on)
    done = desk.run(str(desk.file), "--follow")
    assert done.exit_code == 0, done.output
    assert "somebody: see [/ticket] [red]now" in done.output
    assert "was mended and proved" in done.output


def test_an_error_midway_does_not_hide_what_was_sent(desk: Desk) -> None:
    real, sent = desk.hook.send, []

    def second_fails(sample: Any) -> Any:
        desk.hook.down = bool(sent)
        sent.append(sample)
        return real(sample)

    desk.hook.send = second_fails  # type: ignore[method-assign]
    done = desk.run(str(desk.file), str(desk.file))
    assert done.exit_code == 1
    assert "200  made" in done.output
    assert "no answer  made  the hook could not be reached" in done.output


def test_a_late_answer_is_followed_and_ends_well(desk: Desk) -> None:
    desk.hook.unsure = True
    done = desk.run(str(desk.file), "--follow")
    assert done.exit_code == 0, done.output
    assert "no answer  made" in done.output
    assert "both sides agree" in done.output


def test_a_table_that_can_not_be_read_sends_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the first of two either, of which then nothing would be told."""
    left = [1]
    real = desk.stage.table.subjects

    def throttled(wanted: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Transient("DynamoDB answered ThrottlingException")
        return real(wanted)

    monkeypatch.setattr(desk.stage.table, "subjects", throttled)
    done = desk.run(str(desk.file), str(desk.file))
    assert isinstance(done.exception, Transient)  # main() makes a sentence of it
    assert desk.stage.checks.sent == []


def test_whoever_waits_no_longer_is_told_what_was_seen(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command.time, "sleep", pressed)
    done = desk.run(str(desk.file), "--follow")
    assert done.exit_code == 1
    assert "200  made" in done.output
    assert "waits for check" in done.output
    assert "the work goes on" in done.stderr


class OnePage:
    """The range of a log that holds one entry."""

    def __init__(self) -> None:
        self.sent = False

    def run(self, *_: Any, before: Any, **__: Any) -> Replayed:
        before([SAMPLE])
        self.sent = True
        return Replayed("a", None, 1, 0, 1, 1, sent=True)


def test_a_repair_goes_on_where_nobody_can_watch_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_: Any) -> Any:
        raise Transient("DynamoDB answered ThrottlingException")

    page = OnePage()
    monkeypatch.setattr(log_range, "replay_of", lambda _: page)
    monkeypatch.setattr(desk.stage.table, "subjects", down)
    done = desk.run("--since", "2h", "--follow")
    assert page.sent
    assert "page 1 of the log can not be followed" in done.stderr
    assert "was taken" in done.output
