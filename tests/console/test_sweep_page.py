"""Sweeps: watched, started, stopped, and read about, however many they found."""

from __future__ import annotations

import csv
import io
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from botocore.exceptions import EndpointConnectionError

from lib.flows import sweep as sweep_module
from lib.model import Attribute, Link, LinkSource, Subject
from lib.rules.sweep import LATE, Counts, Found, Phase
from lib.store.records import SubjectState
from lib.store.table import Table
from lib.sweep_message import SweepMessage
from ops.connection import Connection
from ops.console import guard, tally
from ops.console.desk import NAME, Desk
from ops.console.serve import open_console
from ops.console.sweep import PEOPLE, SWEEPS
from ops.sweep_rows import HEAD, PART, PARTS
from tests.console.browser import ROOT, Browser, Markup
from tests.console.conftest import FakeSqs, Make
from tests.fakes.clock import START
from tests.fakes.dynamodb import new_table
from tests.fakes.make import APP, OLD_MAILS, OLD_PHONE, OTHER_APP, SECRETS
from tests.fakes.sweeping import ENDED, SweepStage, as_if_swept, oid, who
from tests.simulation.memory import MemoryDynamoDB

MANY = 10_000
OUTPUTS = {"OktaAppIds": f"{APP},{OTHER_APP}", "SweepQueueUrl": "https://sqs.example/sweep"}


@pytest.fixture(autouse=True)
def pages_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message does one page of three people, so that a sweep can be met on its way."""
    monkeypatch.setattr(sweep_module, "FULL", 1)
    monkeypatch.setattr(sweep_module, "PAGES", 1)


@pytest.fixture
def stage(client: Any) -> SweepStage:
    return SweepStage(new_table(client))


@pytest.fixture
def browser(make: Make) -> Browser:
    return Browser(make(OUTPUTS))


def row(number: int, what: str = "differs", app: str = APP, **more: Any) -> Found:
    attributes = more.get("attributes", (Attribute.MOBILE_PHONE,) if what == "differs" else ())
    return Found(who(number, app), what, START, attributes)


def users(text: str) -> list[str]:
    """In the order of the table."""
    rows = text.partition("<tbody>")[2].partition("</tbody>")[0].split('data-label="Okta user"')
    return [each.partition(">")[2].partition("<")[0] for each in rows[1:]]


def next_page(text: str) -> str:
    found = [a["href"] for tag, a in Markup(text).tags if tag == "a" and a.get("rel") == "next"]
    return found[0] or "" if found else ""


def cells(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.text)))


def bar(text: str) -> dict[str, str | None]:
    (found,) = [a for tag, a in Markup(text).tags if tag == "progress"]
    return found


def live(browser: Browser, stage: SweepStage) -> str:
    """The moving part, of the latest."""
    return browser.read(f"/sweep/{stage.latest().id}/live")


# -- the one that runs -------------------------------------------------------------------------


def test_before_the_first_there_is_one_to_start(browser: Browser) -> None:
    text = browser.read("/sweep")
    assert "No sweep runs." in text
    assert "No sweep was begun yet." in text
    assert 'id="form-start"' in text
    assert 'id="form-stop"' not in text
    assert "pushproof sweep start" in text
    assert "pushproof sweep stop" not in text
    # Nothing moves, so nothing is fetched again.
    assert "data-still" in browser.read("/sweep/offer")


def test_it_is_started_watched_and_its_report_read(
    browser: Browser, stage: SweepStage, sqs: FakeSqs
) -> None:
    stage.graph.set(oid(2), other_mails=OLD_MAILS)
    assert sqs.sent == []
    text = browser.done("/sweep", app=[APP, OTHER_APP])  # type: ignore[arg-type]
    (message,) = [SweepMessage.parse(body) for body in sqs.sent]
    assert f"{message.sweep_id} began (baseline)." in text
    assert 'id="form-stop"' in text
    assert 'id="form-start"' not in text
    assert "value" not in bar(text)
    assert "how many there are is not known yet" in text
    stage.steps.send(message)
    stage.step()
    moving = live(browser, stage)
    assert "round 1, page 1;" in moving
    assert '<dd id="listed">3</dd>' in moving
    assert '<dd id="differing">1' in moving
    assert "data-still" not in moving
    assert 'id="form-stop"' in browser.read("/sweep/offer")
    stage.ended()
    moving = live(browser, stage)
    assert "complete</span>" in moving
    assert "data-still" in moving
    offer = browser.read("/sweep/offer")
    assert 'id="form-start"' in offer
    assert 'id="form-stop"' not in offer
    assert "came to its end already" in offer
    text = browser.read("/sweep")
    assert "No sweep runs." in text
    assert f"/sweep/{message.sweep_id}" in text
    page = browser.read(f"/sweep/{message.sweep_id}")
    assert users(page) == [who(2).user_id]
    assert "incidents/inc-" not in page
    stage.looks()
    incident = stage.table.subjects([who(2)])[who(2)].open[Attribute.OTHER_MAILS]
    assert f'href="/incidents/{incident}"' in browser.read(f"/sweep/{message.sweep_id}")


def test_the_bar_and_when_it_will_be_listed(browser: Browser, stage: SweepStage) -> None:
    stage.seasoned()
    # Two pages of an app, one of the other.
    stage.table.record_app_size(APP, 1_000, START)
    stage.table.record_app_size(OTHER_APP, 10, START)
    stage.begin()
    stage.step()
    stage.clock.pass_by(119)
    text = live(browser, stage)
    assert (bar(text)["value"], bar(text)["max"]) == ("1", "3")
    assert "round 1, page 1 of about 3" in text
    # A page took two minutes, and two are left.
    assert "(in 4 min)" in text
    at = stage.clock() + timedelta(seconds=240)
    assert f"{at:%H:%M}" in text.partition('id="eta"')[2].partition("</p>")[0]
    assert 'id="goes-on"' not in text


def test_more_pages_than_were_counted_before(browser: Browser, stage: SweepStage) -> None:
    stage.seasoned()
    stage.table.record_app_size(APP, 1, START)
    stage.table.record_app_size(OTHER_APP, 1, START)
    stage.begin()
    for _ in range(3):
        stage.step()
    text = live(browser, stage)
    assert (bar(text)["value"], bar(text)["max"]) == ("2", "2")
    assert "any moment" in text


def test_when_it_goes_on(browser: Browser, stage: SweepStage) -> None:
    """Looks of many are due later: it waits for its next round."""
    stage.seasoned()
    for number in range(7):
        stage.graph.set(oid(number), mobile_phone=OLD_PHONE)
    stage.begin()
    while stage.latest().round == 1:
        stage.step()
    at = stage.latest().not_before
    assert at is not None
    text = live(browser, stage)
    assert f"{at:%H:%M:%S}" in text.partition('id="goes-on"')[2].partition("</p>")[0]
    assert "round 2, page 0" in text
    assert 'id="eta"' not in text
    assert 'role="alert"' not in text
    stage.clock.pass_by(LATE.total_seconds() * 2)
    text = live(browser, stage)
    assert 'id="goes-on"' not in text
    assert "Nothing was heard of it since" in text


@pytest.mark.parametrize(
    ("phase", "value", "most"),
    [(Phase.GONE, "6", "8"), (Phase.REST, "2", "4"), (Phase.HAND, "2", "4")],
)
def test_every_phase_has_its_bar(
    browser: Browser, stage: SweepStage, phase: Phase, value: str, most: str
) -> None:
    as_if_swept(stage.table, replace(ENDED, phase=phase, app=1, shard=2, outcome="", ended_at=None))
    text = live(browser, stage)
    assert (bar(text)["value"], bar(text)["max"]) == (value, most)
    assert f"part {int(value) + 1} of {most}" in text
    # While it hands over the rest, stopping would change nothing.
    assert ('id="form-stop"' in browser.read("/sweep")) is (phase is not Phase.HAND)


def test_a_page_that_shows_an_ended_one_is_told(browser: Browser, stage: SweepStage) -> None:
    """The script compares versions: what is around the moving part is of one."""

    def version(path: str) -> str | None:
        (found,) = {
            a["data-version"] for _, a in Markup(browser.read(path)).tags if "data-version" in a
        }
        return found

    running = stage.begin()
    path = f"/sweep/{running.id}"
    before = version("/sweep")
    stage.step()
    stage.table.ask_to_stop(running.id)
    assert version(f"{path}/live") == version(path) == before
    stage.ended()
    assert version(f"{path}/live") == version(path) != before


# -- starting ----------------------------------------------------------------------------------


def test_some_of_the_apps_are_no_baseline(
    browser: Browser, stage: SweepStage, sqs: FakeSqs
) -> None:
    assert 'id="baseline"' in browser.read("/sweep")
    text = browser.done("/sweep", app=OTHER_APP)
    assert "began (hand)." in text
    assert stage.latest().apps == (OTHER_APP,)
    assert len(sqs.sent) == 1


def test_after_the_first_no_baseline_is_promised(browser: Browser, stage: SweepStage) -> None:
    stage.seasoned()
    assert 'id="baseline"' not in browser.read("/sweep")


def test_no_app_and_a_strange_one_begin_nothing(
    browser: Browser, stage: SweepStage, sqs: FakeSqs
) -> None:
    assert "Choose at least one app." in browser.done("/sweep")
    answer = browser.post("/sweep", app=[APP, "0oaNOBODY"])  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert "0oaNOBODY" not in answer.text
    assert (stage.table.sweeps(), sqs.sent) == ([], [])


def test_a_stack_has_to_be_meant(make: Make, stage: SweepStage, sqs: FakeSqs) -> None:
    browser = Browser(make(OUTPUTS, sandbox=False))
    assert 'name="sure"' in browser.read("/sweep")
    assert "pushproof sweep start --stack my-stack" in browser.read("/sweep")
    for sure in ("", "another-stack", "on"):
        text = browser.done("/sweep", app=APP, sure=sure)
        assert "Say that you mean the stack my-stack." in text
    assert (stage.table.sweeps(), sqs.sent) == ([], [])
    assert "began" in browser.done("/sweep", app=APP, sure="my-stack")
    assert len(stage.table.sweeps()) == len(sqs.sent) == 1


def test_one_at_a_time(browser: Browser, stage: SweepStage, sqs: FakeSqs) -> None:
    """Also where the page was loaded before the other one began."""
    running = stage.begin()
    assert "A sweep runs already" in browser.done("/sweep", app=APP)
    assert [sweep.id for sweep in stage.table.sweeps()] == [running.id]
    assert sqs.sent == []


def test_what_sqs_does_not_take_is_said_and_not_begun_twice(
    browser: Browser, stage: SweepStage, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(**_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://sqs.example")

    monkeypatch.setattr(sqs, "send_message", down)
    text = browser.done("/sweep", app=APP)
    assert "began (hand), but SQS did not take its first step" in text
    assert "tick sends it again after 15 minutes" in text
    assert "sqs.example" not in text
    assert "A sweep runs already" in browser.done("/sweep", app=APP)
    (begun,) = stage.table.sweeps()
    assert begun.due_at is not None
    assert [item.pk for item in stage.table.due(begun.due_at, 10)] == [f"SWEEP#{begun.id}"]


def test_a_stack_without_a_sweep_queue_begins_nothing(make: Make, stage: SweepStage) -> None:
    browser = Browser(make({"OktaAppIds": APP}))
    answer = browser.post("/sweep", app=APP)
    assert answer.status_code == 502
    assert "has no output SweepQueueUrl" in answer.text
    assert stage.table.sweeps() == []


class Down:
    """A DynamoDB client that answers `calls` more times."""

    def __init__(self, client: Any, calls: int = 0) -> None:
        self._client, self.calls = client, calls

    def __getattr__(self, name: str) -> Any:
        def answer(**arguments: Any) -> Any:
            if self.calls <= 0:
                raise EndpointConnectionError(endpoint_url="https://dynamodb.example")
            self.calls -= 1
            return getattr(self._client, name)(**arguments)

        return answer


def test_an_outage_of_the_table_is_one_sentence(
    browser: Browser, stage: SweepStage, sqs: FakeSqs
) -> None:
    as_if_swept(stage.table, ENDED, row(1))
    token = browser.token
    stage.table._client = Down(stage.table._client)  # type: ignore[assignment]
    one = f"/sweep/{ENDED.id}"
    for path in ("/sweep", "/sweep/offer", one, f"{one}/live", f"{one}/tally", f"{one}/report.csv"):
        answer = browser.get(path)
        assert answer.status_code == 503, path
        assert answer.text.count("DynamoDB can not be reached") == 1
        assert "dynamodb.example" not in answer.text
    for path in ("/sweep", f"{one}/stop"):
        answer = browser.post(path, token=token, app=APP)
        assert answer.status_code == 503, path
    assert sqs.sent == []


# -- stopping ----------------------------------------------------------------------------------


def test_it_is_stopped_and_what_it_found_stays(browser: Browser, stage: SweepStage) -> None:
    stage.graph.set(oid(1), other_mails=OLD_MAILS)
    running = stage.begin()
    stage.step()
    page = browser.read("/sweep")
    assert f'action="/sweep/{running.id}/stop"' in page
    assert "checked one by one" in page
    assert "no baseline" in page
    assert "pushproof sweep stop" in page
    text = browser.done(f"/sweep/{running.id}/stop")
    assert f"{running.id} ends after the pages it is at." in text
    assert "asked to stop</span>" in text
    assert "It is ending; another one can begin then." in text
    assert 'id="form-stop"' not in text
    assert "Somebody asked" in browser.done(f"/sweep/{running.id}/stop")
    assert stage.ended().outcome == "stopped"
    page = browser.read(f"/sweep/{running.id}")
    assert ">stopped</span>" in page
    assert users(page) == [who(1).user_id]


def test_a_sweep_that_ended_meanwhile_and_the_next_one_are_left_alone(
    browser: Browser, stage: SweepStage
) -> None:
    """The page was loaded while an earlier one ran."""
    first = stage.begin()
    stage.ended()
    second = stage.begin()
    text = browser.done(f"/sweep/{first.id}/stop")
    assert f"{first.id} does not run any more" in text
    running = stage.table.running_sweep()
    assert running is not None
    assert (running.sweep_id, running.stopping) == (second.id, False)


def test_one_that_ends_as_it_is_asked(
    browser: Browser, stage: SweepStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = stage.begin()
    ask = stage.table.ask_to_stop

    def late(sweep_id: str) -> bool:
        stage.ended()
        return ask(sweep_id)

    monkeypatch.setattr(stage.table, "ask_to_stop", late)
    assert f"{running.id} ended meanwhile" in browser.done(f"/sweep/{running.id}/stop")


def test_one_that_hands_over_its_rest_is_ending_already(
    browser: Browser, stage: SweepStage
) -> None:
    as_if_swept(stage.table, replace(ENDED, phase=Phase.HAND, outcome="", ended_at=None))
    assert "is ending already" in browser.done(f"/sweep/{ENDED.id}/stop")
    running = stage.table.running_sweep()
    assert running is not None
    assert not running.stopping


def test_read_only_offers_and_does_nothing(make: Make, stage: SweepStage, sqs: FakeSqs) -> None:
    token = Browser(make(OUTPUTS)).token
    watcher = Browser(make(OUTPUTS, read_only=True))
    assert "<form method" not in watcher.read("/sweep")
    assert watcher.post("/sweep", token=token, app=APP).status_code == 403
    assert (stage.table.sweeps(), sqs.sent) == ([], [])
    running = stage.begin()
    for path in ("/sweep", "/sweep/offer", f"/sweep/{running.id}"):
        text = watcher.read(path)
        assert "pushproof sweep st" in text
        assert 'method="post"' not in text
    assert watcher.post(f"/sweep/{running.id}/stop", token=token).status_code == 403
    known = stage.table.running_sweep()
    assert known is not None
    assert not known.stopping
    # Reading is what it is for.
    assert watcher.get(f"/sweep/{running.id}/report.csv").status_code == 200


# -- the list ----------------------------------------------------------------------------------


def test_many_sweeps_are_paged(browser: Browser, stage: SweepStage) -> None:
    for number in range(SWEEPS + 3):
        began = START + timedelta(hours=number)
        one = replace(ENDED, id=f"sw-{number:010x}", started_at=began, updated_at=began)
        as_if_swept(stage.table, replace(one, ended_at=began + timedelta(seconds=75)))
    text = browser.read("/sweep")
    assert text.count('data-label="Sweep"') == SWEEPS
    assert "0:01:15" in text
    assert f"sw-{SWEEPS + 2:010x}" in text
    older = browser.read(next_page(text))
    assert older.count('data-label="Sweep"') == 3
    assert next_page(older) == ""
    assert "None before." in browser.read("/sweep?before=2020-01-01T00:00:00.000Z")


def test_an_app_that_was_left_out_is_said(browser: Browser, stage: SweepStage) -> None:
    as_if_swept(stage.table, replace(ENDED, outcome="without some apps", missing=(OTHER_APP,)))
    assert 'class="tag high">without some apps' in browser.read("/sweep")
    assert "unknown to Okta" in browser.read(f"/sweep/{ENDED.id}")


# -- the report --------------------------------------------------------------------------------


@pytest.fixture
def report(stage: SweepStage) -> str:
    """Four kinds in two apps; 1 and 2 have an open incident."""
    both = (Attribute.MOBILE_PHONE, Attribute.OTHER_MAILS)
    found = (
        *(row(1), row(2, attributes=both), row(3, app=OTHER_APP), row(4, "agrees now")),
        *(row(5, "gone"), row(6, "unreadable", app=OTHER_APP)),
    )
    as_if_swept(stage.table, ENDED, *found)
    for number in (1, 2):
        open_ = {Attribute.MOBILE_PHONE: f"inc-000000000{number}"}
        link = Link(oid(number), LinkSource.EXTERNAL_ID)
        stage.table.commit_subject(SubjectState(who(number), link=link, open=open_))
    return f"/sweep/{ENDED.id}"


FILTERS = [
    ("", [1, 2, 4, 5, 3, 6]),
    ("what=differs", [1, 2, 3]),
    ("what=agrees+now", [4]),
    ("what=gone", [5]),
    ("what=unreadable", [6]),
    ("attribute=mobilePhone", [1, 2, 3]),
    ("attribute=otherMails", [2]),
    (f"app={OTHER_APP}", [3, 6]),
    ("incident=with", [1, 2]),
    ("incident=without", [4, 5, 3, 6]),
    (f"what=differs&app={APP}&attribute=otherMails&incident=with", [2]),
    ("attribute=accountEnabled", []),
    (f"what=gone&app={OTHER_APP}", []),
]


@pytest.mark.parametrize(("query", "numbers"), FILTERS)
def test_it_is_narrowed_on_the_page_and_in_its_file(
    browser: Browser, report: str, query: str, numbers: list[int]
) -> None:
    wanted = [who(number).user_id for number in numbers]
    page = browser.read(f"{report}?{query}")
    assert users(page) == wanted
    assert ("None matches." in page) is (not numbers)
    (link,) = [a["href"] for _, a in Markup(page).tags if a.get("id") == "csv"]
    head, *lines = cells(browser.get(str(link)))
    assert head == list(HEAD)
    assert [line[1] for line in lines] == wanted


def test_the_command_on_the_page_narrows_alike(browser: Browser, report: str) -> None:
    page = browser.read(f"{report}?what=agrees+now&incident=without")
    command = f"pushproof sweep report {ENDED.id} --what &#39;agrees now&#39; --incident without"
    assert command in page
    assert "selected" in page


def test_each_row_leads_to_its_incidents(browser: Browser, report: str) -> None:
    tags = Markup(browser.read(report)).tags
    found = [a["href"] for tag, a in tags if tag == "a" and "/incidents/" in str(a["href"])]
    assert found == ["/incidents/inc-0000000001", "/incidents/inc-0000000002"]


def test_what_was_found_is_drawn(browser: Browser, report: str) -> None:
    page = browser.read(report)
    labels = [a["aria-label"] for tag, a in Markup(page).tags if tag == "svg"]
    assert labels == [
        "by what was found: differs: 3, agrees now: 1, gone: 1, unreadable: 1",
        "by attribute: mobilePhone: 3, otherMails: 1, accountEnabled: 0",
    ]
    widths = [float(str(a["width"])) for tag, a in Markup(page).tags if tag == "rect"]
    assert widths[0] == widths[4] == max(widths)
    assert widths[1] == widths[2] == widths[3] == pytest.approx(widths[0] / 3, abs=0.01)
    assert widths[6] == 0
    # Narrowing the table leaves the picture as it is.
    assert labels[0] in browser.read(f"{report}?what=gone")


def test_a_sweep_on_its_way_is_listed_and_not_yet_drawn(
    browser: Browser, stage: SweepStage
) -> None:
    stage.graph.set(oid(1), other_mails=OLD_MAILS)
    running = stage.begin()
    path = f"/sweep/{running.id}"
    assert "Nobody was found to differ so far." in browser.read(path)
    stage.step()
    page = browser.read(path)
    assert users(page) == [who(1).user_id]
    assert "Drawn when the sweep has ended." in page
    assert "<svg" not in page


def test_nobody_was_found(browser: Browser, stage: SweepStage) -> None:
    as_if_swept(stage.table, ENDED)
    page = browser.read(f"/sweep/{ENDED.id}")
    assert "Nobody was found to differ." in page
    assert "<svg" not in page
    assert cells(browser.get(f"/sweep/{ENDED.id}/report.csv")) == [list(HEAD)]


def test_the_file_says_what_it_is_and_keeps_the_rules(browser: Browser, report: str) -> None:
    answer = browser.get(f"{report}/report.csv?what=differs")
    assert answer.headers["Content-Type"].startswith("text/csv")
    told = answer.headers["Content-Disposition"]
    assert told == f'attachment; filename="{ENDED.id}.csv"'
    for name, value in guard.HEADERS.items():
        assert answer.headers[name] == value
    assert (
        Browser(browser.client.application, entered=False).get(f"{report}/report.csv").status_code
        == 403
    )


def test_no_value_is_anywhere(browser: Browser, stage: SweepStage) -> None:
    for number in range(7):
        stage.graph.set(oid(number), mobile_phone=OLD_PHONE, other_mails=OLD_MAILS)
    running = stage.begin()
    stage.ended()
    stage.looks()
    path = f"/sweep/{running.id}"
    for where in ("/sweep", path, f"{path}/live", f"{path}/tally", f"{path}/report.csv"):
        text = browser.get(where).text
        assert not [secret for secret in SECRETS if secret in text], where
    assert len(users(browser.read(path))) == 7


@pytest.mark.parametrize("id_", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "＝1", " =1"])
def test_a_cell_of_the_file_is_no_formula(browser: Browser, stage: SweepStage, id_: str) -> None:
    as_if_swept(stage.table, ENDED, Found(Subject(APP, id_), "differs", START))
    _, line = cells(browser.get(f"/sweep/{ENDED.id}/report.csv"))
    assert line[1] in (f"'{id_}", "\\t=1")
    assert browser.get(f"/sweep/{ENDED.id}").status_code == 200


# -- what is asked wrongly ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        *("what=everything", "attribute=password", "app=0oaNOBODY", "incident=maybe"),
        *("after=rubbish", "after=a.b.c", "after=a%23b.c", "after=.", f"after={'a' * 65}.b"),
        f"app={APP}&after={OTHER_APP}.00u1",
    ],
)
def test_a_rubbish_parameter(browser: Browser, report: str, query: str) -> None:
    answer = browser.get(f"{report}?{query}")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    if "after" not in query:
        assert browser.get(f"{report}/report.csv?{query}").status_code == 400


@pytest.mark.parametrize("before", ["rubbish", "2026-01-02", "2026-01-02T03:00:00", "9" * 500])
def test_a_rubbish_place_in_the_list(browser: Browser, before: str) -> None:
    assert browser.get(f"/sweep?before={before}").status_code == 400


@pytest.mark.parametrize("name", ["sw-ffffffffff", "running", "baseline", "sw-1", "SW-00000000AA"])
def test_there_is_no_such_sweep(browser: Browser, stage: SweepStage, name: str) -> None:
    stage.begin()
    for part in ("", "/live", "/tally", "/report.csv"):
        answer = browser.get(f"/sweep/{name}{part}")
        assert answer.status_code == 404
        assert "Content-Disposition" not in answer.headers
    assert browser.post(f"/sweep/{name}/stop").status_code == 404
    running = stage.table.running_sweep()
    assert running is not None
    assert not running.stopping


# -- ten thousand ------------------------------------------------------------------------------


class Counting:
    """A DynamoDB client that counts what is asked of it, and how many rows it answers."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: Counter[str] = Counter()
        self.rows = 0

    def __getattr__(self, name: str) -> Any:
        def counted(**arguments: Any) -> Any:
            self.calls[name] += 1
            answer = getattr(self._client, name)(**arguments)
            self.rows += len(answer.get("Items", ()))
            return answer

        return counted


@pytest.fixture(scope="module")
def crowd() -> Table:
    """In the simulation's DynamoDB, whose answers hold a thousand rows as 1 MB would."""
    table = new_table(MemoryDynamoDB(page=1_000))
    as_if_swept(table, replace(ENDED, counts=Counts(listed=3 * MANY, differing=MANY)))
    words = ("differs", "differs", "differs", "agrees now")
    found = [row(n, words[n % 4], (APP, OTHER_APP)[n // (MANY // 2)]) for n in range(MANY)]
    table.keep_found(ENDED.id, [*found[:-1], replace(found[-1], what="gone")])
    return table


@pytest.fixture
def crowded(make: Make, crowd: Table) -> Iterator[tuple[Browser, Counting]]:
    app = make(OUTPUTS)
    kept = crowd._client
    counting = Counting(kept)
    crowd._client = counting  # type: ignore[assignment]
    app.extensions[NAME].table = crowd
    yield Browser(app), counting
    crowd._client = kept


def test_ten_thousand_cost_a_page(crowded: tuple[Browser, Counting]) -> None:
    browser, counting = crowded
    text = browser.read(f"/sweep/{ENDED.id}")
    assert len(users(text)) == PEOPLE
    assert len(text) < 60_000
    assert sum(counting.calls.values()) <= 6
    assert counting.rows <= PEOPLE + 1 + tally.PART
    counting.calls.clear()
    text = browser.read(next_page(text))
    assert users(text)[0] == who(PEOPLE).user_id
    assert sum(counting.calls.values()) <= 6


def test_all_pages_are_everybody_once(crowded: tuple[Browser, Counting]) -> None:
    browser, _ = crowded
    # From the four thousandth on.
    after = f"{APP}.{who(3_999).user_id}"
    path, pages = f"/sweep/{ENDED.id}?app={APP}&what=agrees+now&after={after}", list[list[str]]()
    while path:
        text = browser.read(path)
        pages.append(users(text))
        path = next_page(text)
    wanted = [who(n).user_id for n in range(4_003, MANY // 2, 4)]
    assert [user for page in pages for user in page] == wanted
    assert [len(page) for page in pages[:5]] == [PEOPLE] * 5


def test_a_filter_that_leaves_few_looks_on_from_where_it_stopped(
    crowded: tuple[Browser, Counting],
) -> None:
    browser, counting = crowded
    # Three thousand are left.
    after = f"{OTHER_APP}.{who(MANY - 3_001).user_id}"
    path, texts = f"/sweep/{ENDED.id}?what=gone&after={after}", list[str]()
    while path:
        counting.rows = 0
        texts.append(browser.read(path))
        assert counting.rows <= PART * PARTS + tally.PART
        path = next_page(texts[-1])
    *empty, last, end = texts
    assert len(empty) == 3_000 // (PART * PARTS) - 1
    assert all("None so far; there is more to look through." in text for text in empty)
    assert users(last) == [who(MANY - 1, OTHER_APP).user_id]
    assert "Nobody more." in end


def test_the_counts_grow_with_each_look(crowded: tuple[Browser, Counting]) -> None:
    browser, counting = crowded
    path = f"/sweep/{ENDED.id}/tally"
    texts: list[str] = []
    while not texts or "data-still" not in texts[-1]:
        counting.rows = 0
        texts.append(browser.read(path))
        assert counting.rows <= tally.PART
    assert f"{tally.PART} so far" in texts[0]
    assert len(texts) == MANY // tally.PART + 1
    assert "differs: 7500, agrees now: 2499, gone: 1, unreadable: 0" in texts[-1]
    assert 'id="counting"' not in texts[-1]
    counting.calls.clear()
    assert browser.read(path) == texts[-1]
    assert counting.calls["query"] == 0


def test_all_of_them_as_one_file(crowded: tuple[Browser, Counting]) -> None:
    browser, counting = crowded
    path = f"/sweep/{ENDED.id}/report.csv"
    answer = browser.client.get(path, base_url=ROOT, buffered=False)
    parts = iter(answer.response)
    first = next(parts)
    assert str(first, "utf-8").startswith('"app","user"')  # type: ignore[arg-type]
    assert counting.rows == 1_000  # the rest is read as it is sent
    assert sum(str(part, "utf-8").count("\n") for part in [first, *parts]) == MANY + 1  # type: ignore[arg-type]
    assert len(cells(browser.get(f"{path}?app={OTHER_APP}"))) == MANY // 2 + 1


def test_an_outage_midway_does_not_look_like_the_end(
    crowded: tuple[Browser, Counting], crowd: Table, capfd: pytest.CaptureFixture[str]
) -> None:
    here = Desk(Connection("here", OUTPUTS, is_sandbox=True), crowd, 0)
    server, address = open_console(here)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = f"http://127.0.0.1:{here.port}/sweep/{ENDED.id}/report.csv"
    try:
        with requests.Session() as browser:
            browser.get(address, timeout=5, allow_redirects=False)
            whole = browser.get(path, timeout=30)
            assert whole.text.count("\n") == MANY + 1
            crowded[1]._client = Down(crowded[1]._client, 9)
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                browser.get(path, timeout=30)
            # One that begins with it is a page.
            told = browser.get(path, timeout=5)
            assert told.status_code == 503
            assert "Content-Disposition" not in told.headers
    finally:
        server.shutdown()
        server.server_close()
    said = capfd.readouterr()
    assert "a download broke off: DynamoDB can not be reached" in said.err
    assert "Traceback" not in said.err
    assert who(0).user_id not in said.out + said.err
