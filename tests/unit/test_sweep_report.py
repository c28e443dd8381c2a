"""pushproof sweep: what the command and the console's page tell of a sweep, and how one begins."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from click.testing import CliRunner, Result

from lib.model import Attribute, Link, LinkSource, Subject
from lib.rules.sweep import Found, Kind, Phase
from lib.store.records import SubjectState
from lib.store.table import Table
from lib.sweep_message import SweepMessage
from ops import sweep_command, sweep_report
from ops.connection import Connection
from ops.sweep_rows import HEAD, PART, PARTS, WHATS, Wanted, page_of, rows
from tests.fakes.clock import START
from tests.fakes.dynamodb import dynamodb, new_table
from tests.fakes.make import APP, OLD_MAILS, OLD_PHONE, OTHER_APP, SECRETS
from tests.fakes.sweeping import SweepStage, oid, who
from tests.simulation.memory import MemoryDynamoDB

Run = Callable[..., Result]
OUTPUTS = {"OktaAppIds": f"{APP}, {OTHER_APP}", "SweepQueueUrl": "https://sqs.example/sweep"}
SWEEP = "sw-00000000aa"


class Sqs:
    def __init__(self) -> None:
        self.sent: list[str] = []
        self.down = False

    def send_message(self, **given: Any) -> dict[str, Any]:
        if self.down:
            raise EndpointConnectionError(endpoint_url="https://sqs.example")
        self.sent.append(given["MessageBody"])
        return {}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with dynamodb() as found:
        yield found


@pytest.fixture
def stage(client: Any) -> SweepStage:
    return SweepStage(new_table(client))


@pytest.fixture
def sqs() -> Sqs:
    return Sqs()


@pytest.fixture
def run(stage: SweepStage, sqs: Sqs, monkeypatch: pytest.MonkeyPatch) -> Run:
    connection = Connection("sandbox", OUTPUTS, is_sandbox=True)
    monkeypatch.setattr(Connection, "table", lambda _: stage.table)
    monkeypatch.setattr(sweep_command, "connect", lambda *_: connection)
    monkeypatch.setattr(sweep_command, "client", lambda _: sqs)
    monkeypatch.setattr(sweep_command, "utc_now", stage.clock)
    return lambda *words: CliRunner().invoke(sweep_command.sweep, words)


def found(number: int, what: str = "differs", app: str = APP) -> Found:
    attributes = (Attribute.MOBILE_PHONE,) if what == "differs" else ()
    return Found(who(number, app), what, START, attributes)


# -- whom it found -----------------------------------------------------------------------------


def test_everything_a_sweep_tells_has_a_word(stage: SweepStage, run: Run) -> None:
    for number in range(5):
        stage.graph.set(oid(number), mobile_phone=OLD_PHONE)
    del stage.okta.users[who(5).user_id]
    stage.table.commit_subject(SubjectState(who(6), link=Link(oid(6), LinkSource.EXTERNAL_ID)))
    stage.okta.unassign(who(6))
    stage.begin()
    while stage.latest().round == 1:
        stage.step()
    stage.person(0)
    stage.ended()
    told = json.loads(run("report", "--json").output)["found"]
    assert {row["user"]: row["what"] for row in told} == {
        who(0).user_id: "agrees now",
        **{who(number).user_id: "differs" for number in range(1, 5)},
        who(5).user_id: "unreadable",
        who(6).user_id: "gone",
    }
    assert {row["what"] for row in told} == set(WHATS)


def test_the_report_as_json_and_as_a_file(stage: SweepStage, run: Run, tmp_path: Path) -> None:
    stage.graph.set(oid(1), other_mails=OLD_MAILS)
    sweep = stage.begin()
    stage.ended()
    stage.looks()
    incident = stage.table.subjects([who(1)])[who(1)].open[Attribute.OTHER_MAILS]
    told = json.loads(run("report", sweep.id, "--json").output)
    (row,) = told["found"]
    assert (told["sweep"], told["outcome"]) == (sweep.id, "complete")
    assert (row["user"], row["incidents"]) == (who(1).user_id, incident)
    printed = run("report", "--csv", "-").output
    assert list(csv.reader(io.StringIO(printed)))[1] == [row[name] for name in HEAD]
    file = tmp_path / "report.csv"
    assert sweep.id in run("report", "--csv", str(file)).output
    assert list(csv.reader(io.StringIO(file.read_text()))) == list(csv.reader(io.StringIO(printed)))
    for text in (printed, json.dumps(told), run("report").output):
        assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (("--what", "differs"), [1, 2]),
        (("--what", "differs", "--app", OTHER_APP), [2]),
        (("--attribute", "mobilePhone"), [1, 2]),
        (("--attribute", "otherMails"), []),
        (("--incident", "with"), [1]),
        (("--incident", "without"), [3, 2]),
    ],
)
def test_it_is_narrowed(
    stage: SweepStage, run: Run, options: tuple[str, ...], numbers: list[int]
) -> None:
    sweep = stage.begin()
    stage.table.keep_found(sweep.id, [found(1), found(2, app=OTHER_APP), found(3, "gone")])
    open_ = {Attribute.MOBILE_PHONE: "inc-0000000001"}
    stage.table.commit_subject(SubjectState(who(1), open=open_))
    told = json.loads(run("report", "--json", *options).output)["found"]
    assert [row["user"] for row in told] == [who(number).user_id for number in numbers]
    shown = run("report", *options).output
    assert ("None matches." in shown) is (not numbers)
    # The page offers what the command takes.
    given = dict(zip([word[2:] for word in options[::2]], options[1::2], strict=True))
    assert Wanted(**given).options() == [
        word for name in vars(Wanted()) if name in given for word in (f"--{name}", given[name])
    ]


@pytest.mark.parametrize(
    "options", [("--what", "everything"), ("--incident", "maybe"), ("--json", "--csv", "-")]
)
def test_misused(run: Run, stage: SweepStage, options: tuple[str, ...]) -> None:
    stage.begin()
    assert run("report", *options).exit_code == 2


@pytest.mark.parametrize("user", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(stage: SweepStage, run: Run, user: str) -> None:
    sweep = stage.begin()
    stage.table.keep_found(sweep.id, [Found(Subject(APP, user), "differs", START)])
    _, row = csv.reader(io.StringIO(run("report", "--csv", "-").output))
    assert row[1][0] in "'\\"


def test_an_id_does_not_steer_the_screen(stage: SweepStage, run: Run) -> None:
    sweep = stage.begin()
    user = "[red]\x1b[2J\u202e"
    stage.table.keep_found(sweep.id, [Found(Subject(APP, user), "differs", START)])
    shown = run("report").output
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[red]" in shown


@pytest.fixture
def many() -> Table:
    """Two thousand, of whom every hundredth is gone."""
    table = new_table(MemoryDynamoDB())
    table.keep_found(SWEEP, [found(n, "differs" if n % 100 else "gone") for n in range(2000)])
    return table


def test_a_page_reads_no_more_than_it_may(many: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    read = many.found_page

    def noted(sweep_id: str, most: int, *more: Any) -> list[Found]:
        part = read(sweep_id, most, *more)
        asked.append(len(part))
        return part

    monkeypatch.setattr(many, "found_page", noted)
    page = page_of(many, SWEEP, Wanted(), 50)
    assert (len(page.rows), sum(asked)) == (50, 51)
    asked.clear()
    page = page_of(many, SWEEP, Wanted(what="gone"), 50)
    assert (len(page.rows), sum(asked)) == (10, PART * PARTS)
    assert page.after == who(999)
    page = page_of(many, SWEEP, Wanted(what="gone"), 50, page.after)
    assert [row.found.subject for row in page.rows] == [who(n) for n in range(1000, 2000, 100)]
    # Whoever filters by incidents alone reads states, of a part at a time.
    page = page_of(many, SWEEP, Wanted(incident="with"), 50)
    assert (page.rows, page.after) == ((), who(999))


def test_pages_together_are_the_report(many: Table) -> None:
    for wanted in (Wanted(), Wanted(what="gone"), Wanted(app=APP, attribute="mobilePhone")):
        every, after = list(rows(many, SWEEP, wanted)), None
        paged = []
        while True:
            page = page_of(many, SWEEP, wanted, 333, after)
            paged += page.rows
            if page.after is None:
                break
            after = page.after
        assert paged == every


# -- how far it is -----------------------------------------------------------------------------


def test_before_the_first(run: Run) -> None:
    for words in (("status",), ("report",)):
        result = run(*words)
        assert result.exit_code == 1
        assert "No sweep was begun yet" in result.output


@pytest.mark.parametrize("name", ["sw-ffffffffff", "running", "baseline"])
def test_there_is_no_such_sweep(stage: SweepStage, run: Run, name: str) -> None:
    stage.begin()
    result = run("status", name)
    assert result.exit_code == 1
    assert f"There is no sweep {name}." in result.output


def test_the_running_one_is_meant_also_while_the_index_lags(stage: SweepStage, run: Run) -> None:
    stage.begin()
    stage.ended()
    running = stage.begin()
    table: Any = stage.table
    table.recent_sweeps = table.sweeps = lambda *_: []
    assert json.loads(run("status", "--json").output)["sweep"] == running.id


def test_status_in_words_and_for_machines(stage: SweepStage, run: Run) -> None:
    stage.seasoned()
    stage.table.record_app_size(APP, 900, START)
    stage.table.record_app_size(OTHER_APP, 1, START)
    sweep = stage.begin()
    shown = run("status").output
    assert "listing who is assigned" in shown
    assert "0 of about 3 in round 1" in shown
    assert "took" not in shown
    told = json.loads(run("status", "--json").output)
    assert (told["phase"], told["pages_expected"], told["ended_at"]) == ("list", 3, None)
    stage.ended()
    shown = run("status", sweep.id).output
    assert "complete" in shown
    assert "took" in shown
    assert "listed by" not in shown


def test_when_it_goes_on(stage: SweepStage) -> None:
    waits = START + timedelta(seconds=30)
    sweep = replace(stage.begin(), not_before=waits)
    assert sweep_report.goes_on(sweep, START) == waits
    assert sweep_report.goes_on(sweep, waits) is None
    assert sweep_report.goes_on(replace(sweep, phase=Phase.DONE), START) is None
    assert dict(sweep_report.lines(sweep, START))["goes on"] == f"{waits:%H:%M:%S} UTC"


def test_each_kind_and_phase_has_a_word() -> None:
    assert set(sweep_report.KINDS) == set(Kind)
    assert set(sweep_report.PHASES) == set(Phase)


# -- beginning and stopping --------------------------------------------------------------------


def test_it_begins_with_its_first_message(stage: SweepStage, run: Run, sqs: Sqs) -> None:
    result = run("start")
    assert result.exit_code == 0
    (sweep,) = stage.table.sweeps()
    assert result.output.split()[0] == sweep.id
    assert (sweep.kind, sweep.apps) == (Kind.BASELINE, (APP, OTHER_APP))
    assert [SweepMessage.parse(body).sweep_id for body in sqs.sent] == [sweep.id]
    again = run("start")
    assert again.exit_code == 3
    assert "A sweep runs already" in again.output
    assert len(sqs.sent) == 1


def test_some_apps_and_strange_ones(stage: SweepStage, run: Run, sqs: Sqs) -> None:
    result = run("start", "--app", OTHER_APP, "--app", "0oaNOBODY")
    assert result.exit_code == 2
    assert "0oaNOBODY is not watched" in result.output
    assert (stage.table.sweeps(), sqs.sent) == ([], [])
    assert run("start", "--app", OTHER_APP, "--app", OTHER_APP).exit_code == 0
    assert stage.latest().apps == (OTHER_APP,)


def test_what_sqs_does_not_take_began_all_the_same(stage: SweepStage, run: Run, sqs: Sqs) -> None:
    """Else whoever tries again is told that one runs, of which nobody spoke."""
    sqs.down = True
    result = run("start")
    assert result.exit_code == 0
    assert "SQS did not take its first step" in result.output
    assert "sqs.example" not in result.output
    assert stage.table.running_sweep() is not None


def test_stopping(stage: SweepStage, run: Run) -> None:
    assert run("stop").exit_code == 1
    running = stage.begin()
    assert running.id in run("stop").output
    assert stage.ended().outcome == "stopped"
    assert "No sweep runs." in run("stop").output
