"""pushproof replay against the running shape: from the sending to the end of each event."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lib.messages import CheckMessage
from lib.model import Attribute
from lib.times import to_text, utc_now
from ops.cli import cli
from ops.replay.send import SECRET
from ops.sandbox_command import write_state
from tests.integration.conftest import GRAPH_APP, Deployed

Run = Callable[..., Result]
UUID = "abcdefab-0000-4000-8000-{:012d}"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request of this thread, whomever it goes to. The shape around it works in others."""
    found: list[str] = []
    mine, real = threading.get_ident(), HTTPConnection.putrequest

    def noted(self: HTTPConnection, method: str, url: str, *more: Any, **named: Any) -> None:
        if threading.get_ident() == mine:
            found.append(f"{method} {self.host} {url}")
        real(self, method, url, *more, **named)

    monkeypatch.setattr(HTTPConnection, "putrequest", noted)
    return found


@pytest.fixture
def run(deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command in this process, in a folder that knows the sandbox."""
    before = dict(os.environ)
    write_state(deployed.sandbox, tmp_path)
    monkeypatch.chdir(tmp_path)
    yield lambda *words, **more: CliRunner().invoke(cli, ["replay", *words], **more)
    os.environ.clear()
    os.environ.update(before)


def event(deployed: Deployed, person: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "uuid": UUID.format(number),
        "eventType": "application.provision.user.push_profile",
        "published": to_text(utc_now() - timedelta(minutes=5)),
        "outcome": {"result": "SUCCESS"},
        "target": [
            {"type": "AppInstance", "id": GRAPH_APP},
            {"type": "User", "id": deployed.subject(person).user_id},
        ],
        **more,
    }


def file(folder: Path, *events: object) -> str:
    found = folder / "made.json"
    found.write_text(json.dumps(list(events)))
    return str(found)


def told(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [row for delivery in json.loads(result.stdout) for row in delivery["events"]]


def test_it_is_followed_to_its_end(deployed: Deployed, run: Run, tmp_path: Path) -> None:
    deployed.tenant.set_user("staff.30", other_mails=["somebody.else@example.net"])
    one, other = event(deployed, "staff.30", 1), event(deployed, "staff.31", 2)
    stranger = event(deployed, "staff.31", 3, target=[{"type": "AppInstance", "id": "0oaOther"}])
    result = run(file(tmp_path, one, other, stranger), "--follow", "--json")
    rows = told(result)
    assert [row["became"] for row in rows] == [
        "waits for approval",
        "both sides agree",
        "is of another app",
    ]
    (lane,) = rows[0]["subjects"]
    incident = deployed.incident("staff.30", Attribute.OTHER_MAILS)
    assert [each["incident"] for each in lane["incidents"]] == [incident.id]
    assert lane["moments"][0]["what"] == "look 1: differs"
    assert "opened" in [m["what"] for m in lane["moments"]]


def test_sent_again_it_is_answered_until_its_times_are_moved(
    deployed: Deployed, run: Run, tmp_path: Path
) -> None:
    made = file(tmp_path, event(deployed, "staff.32", 4))
    assert told(run(made, "--follow", "--json"))[0]["became"] == "both sides agree"
    before = deployed.state(deployed.subject("staff.32"))
    (again,) = told(run(made, "--json"))
    assert (again["became"], again["ended"]) == ("was answered by an earlier read", True)
    deployed.settle()
    assert deployed.state(deployed.subject("staff.32")) == before
    (moved,) = told(run(made, "--now", "--new-ids", "--follow", "--json"))
    assert moved["became"] == "both sides agree"
    assert moved["uuid"] != again["uuid"]
    assert deployed.state(deployed.subject("staff.32")).last_read > before.last_read


def test_the_screen_tells_each_decision(deployed: Deployed, run: Run, tmp_path: Path) -> None:
    result = run(file(tmp_path, event(deployed, "staff.33", 5)), "--follow")
    assert result.exit_code == 0, result.output
    assert "check: read both sides: equal" in result.output
    assert "both sides agree" in result.output
    assert "@example.net" not in result.output


def test_an_entry_of_the_log_is_sent_as_it_is(deployed: Deployed, run: Run) -> None:
    deployed.org.set_user_profile("staff.34", {"mobilePhone": "+1 202 555 0162"})
    deployed.settle()
    user = deployed.subject("staff.34").user_id
    entry = next(
        each
        for each in [entry.event for entry in deployed.org.log.readable()]
        if each["eventType"].endswith("push_profile") and user in json.dumps(each["target"])
    )
    (row,) = told(run("--event", entry["uuid"], "--now", "--follow", "--json"))
    assert (row["uuid"], row["became"]) == (entry["uuid"], "both sides agree")
    gone = run("--event", UUID.format(999))
    assert gone.exit_code == 1
    assert "does not hold" in gone.output


def test_a_range_of_the_log_is_followed_event_by_event(deployed: Deployed, run: Run) -> None:
    deployed.org.suppress_push("staff.39", "never pushed")
    deployed.org.set_user_profile("staff.39", {"otherMails": ["staff.39.new@example.net"]})
    incident = deployed.incident("staff.39", Attribute.OTHER_MAILS)
    rows = told(run("--since", "5m", "--follow", "--json"))
    about = [
        row["became"]
        for row in rows
        if any(lane["user"] == incident.subject.user_id for lane in row["subjects"])
    ]
    assert about
    assert all(row["ended"] for row in rows)
    assert set(about) <= {"waits for approval", "was answered by an earlier read"}


def test_parked_work_is_sent_and_followed(deployed: Deployed, run: Run) -> None:
    subject = deployed.subject("staff.35")
    deployed.table.park("m-35", "a test", CheckMessage.look_at(subject).text(), utc_now())
    work = next(each for each in deployed.table.parked() if each.sk.endswith("m-35"))
    (row,) = told(run("--parked", work.id, "--follow", "--json"))
    assert row["became"] == "both sides agree"
    assert work.id not in {each.id for each in deployed.table.parked()}
    missing = run("--parked", work.id)
    assert missing.exit_code == 1
    assert "is not parked" in missing.output


def test_an_address_gets_it_with_its_secret(
    deployed: Deployed, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, url = file(tmp_path, event(deployed, "staff.36", 6)), deployed.cloud.outputs["HookUrl"]
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(deployed.sandbox.ca_file))
    monkeypatch.setenv(SECRET, "not the secret")
    wrong = run(made, "--url", url, "--yes")
    assert wrong.exit_code == 1
    assert "was refused (401)" in wrong.output
    monkeypatch.setenv(SECRET, deployed.cloud.secret("HookSecret"))
    asked = run(made, "--url", url, input="n\n")
    assert asked.exit_code == 1
    assert f"Send 1 delivery to {url}?" in asked.output
    sent = run(made, "--url", url, "--yes")
    assert sent.exit_code == 0, sent.output
    assert "was taken" in sent.output
    assert deployed.cloud.secret("HookSecret") not in wrong.output + asked.output + sent.output
    deployed.settle()
    assert deployed.state(deployed.subject("staff.36")).last_read is not None


def test_who_runs_out_of_patience_is_told_that_it_goes_on(
    deployed: Deployed, run: Run, tmp_path: Path
) -> None:
    deployed.tenant.set_user("staff.37", other_mails=["somebody.else@example.net"])
    late = event(deployed, "staff.37", 7, published=to_text(utc_now()))
    result = run(file(tmp_path, late), "--follow", "--patience", "1", "--json")
    if result.exit_code == 0:  # everything was faster than a second
        assert told(result)[0]["ended"]
        return
    assert "the work goes on" in result.stderr
    deployed.settle()
    assert deployed.incident("staff.37", Attribute.OTHER_MAILS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Name samples, files, --event or --parked"),
        (["push-landed", "--since", "2h"], "Name samples, files, --event or --parked"),
        (["push-landed", "--parked", "p-1"], "Name samples, files, --event or --parked"),
        (["push-landed", "--until", "1h"], "--until and --dry-run belong to --since"),
        (["push-landed", "--dry-run"], "--until and --dry-run belong to --since"),
        (["--since", "2h", "--now"], "--new-ids and --now rewrite files and --event only"),
        (["--parked", "p-1", "--new-ids"], "--new-ids and --now rewrite"),
        (["push-landed", "--url", "https://x.example", "--follow"], "--url takes files only"),
        (["--event", "u-1", "--url", "https://x.example"], "--url takes files only"),
        (["--since", "2h", "--follow", "--dry-run"], "With --dry-run nothing is sent"),
        (["push-landed", "--url", "http://hook.example"], "--url takes an https address"),
        (["--event", 'x" or "y'], "An entry of the log is named by its uuid"),
        (["push-landed", "--patience", "0"], "patience"),
    ],
)
def test_misuse_is_one_sentence_and_sends_nothing(
    run: Run, asked: list[str], words: list[str], said: str
) -> None:
    result = run(*words)
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert asked == []


def test_what_is_sent_would_have_been_seen(
    deployed: Deployed, run: Run, asked: list[str], tmp_path: Path
) -> None:
    """Or the test before this one could not fail."""
    assert run(file(tmp_path, event(deployed, "staff.31", 10))).exit_code == 0
    (sent,) = [each for each in asked if each.endswith("/okta/events")]
    assert sent.startswith("POST ")
    assert run("--event", UUID.format(999)).exit_code == 1
    assert any("/api/v1/logs" in each for each in asked)


def test_one_file_that_is_none_stops_all_of_them(
    deployed: Deployed, run: Run, tmp_path: Path
) -> None:
    good = file(tmp_path, event(deployed, "staff.38", 8))
    (tmp_path / "bad.json").write_text("{}")
    result = run(good, str(tmp_path / "bad.json"))
    assert result.exit_code == 2
    assert "bad.json is no delivery of Okta's" in result.output
    deployed.settle()
    assert deployed.state(deployed.subject("staff.38")).last_read is None
