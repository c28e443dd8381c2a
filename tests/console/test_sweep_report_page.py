"""The report of one sweep: narrowed, drawn, as a file, and asked for wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from lib.flows import sweep_steps
from lib.model import Attribute, Link, LinkSource, Subject
from lib.rules.sweep import Found
from lib.store.records import SubjectState
from ops.console import guard
from ops.sweep_rows import HEAD
from tests.console.browser import Browser, Markup
from tests.console.conftest import Make
from tests.console.swept import OUTPUTS, cells, row, users
from tests.fakes.clock import START
from tests.fakes.dynamodb import new_table
from tests.fakes.make import APP, OLD_MAILS, OLD_PHONE, OTHER_APP, SECRETS
from tests.fakes.sweeping import ENDED, SweepStage, as_if_swept, oid, who


@pytest.fixture
def stage(client: Any) -> SweepStage:
    return SweepStage(new_table(client))


@pytest.fixture
def browser(make: Make) -> Browser:
    return Browser(make(OUTPUTS))


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
    browser: Browser, stage: SweepStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A message does one page of three people.
    monkeypatch.setattr(sweep_steps, "FULL", 1)
    monkeypatch.setattr(sweep_steps, "PAGES", 1)
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
