"""The first page: few reads however much is open, and honest about how old its counts are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

from lib.flows import overview as drawing
from lib.flows.overview import DrawOverview
from lib.incident import Incident
from lib.rules.hook_health import HookHealth
from lib.rules.overview import SHOWN
from lib.settings import Mode
from lib.store.incidents import _summary
from lib.store.keys import incident as incident_key
from lib.store.records import IncidentChange
from lib.times import to_text
from tests.console.browser import Browser, Markup
from tests.console.conftest import FakeSqs
from tests.fakes.clock import START
from tests.fakes.make import PHONE
from tests.fakes.stage import Stage

MANY = 10_000


class Counting:
    """A DynamoDB client that counts what is asked of it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)

        def counted(**arguments: Any) -> Any:
            self.calls[name] += 1
            return operation(**arguments)

        return counted


class Crowded(Counting):
    """As if many more summaries were open than a test has time to write."""

    def __init__(self, client: Any, rows: list[dict[str, Any]]) -> None:
        super().__init__(client)
        self._rows = sorted(rows, key=lambda row: row["open_sk"], reverse=True)

    def query(self, **asked: Any) -> dict[str, Any]:
        self.calls["query"] += 1
        shard = asked["ExpressionAttributeValues"].get(":p", "")
        if not shard.startswith("OPEN#"):
            found: dict[str, Any] = self._client.query(**asked)
            return found
        assert asked["ScanIndexForward"] is False
        start = asked.get("ExclusiveStartKey", {}).get("at", 0)
        mine = [row for row in self._rows if row["open_pk"] == shard]
        page = mine[start : start + 1000]
        more = {"LastEvaluatedKey": {"at": start + 1000}} if len(mine) > start + 1000 else {}
        return {"Items": page, **more}


@pytest.fixture
def calls(stage: Stage) -> Counter[str]:
    counting = Counting(stage.table._client)
    stage.table._client = counting  # type: ignore[assignment]
    return counting.calls


def draw(stage: Stage) -> None:
    DrawOverview(stage.table, stage.clock).run()


def many(like: Incident, count: int) -> list[dict[str, Any]]:
    """Summaries as the store writes them."""
    severities = ("critical", "high", "warning")
    rows = []
    for number in range(count):
        opened = START + timedelta(seconds=number)
        one = replace(like, id=f"inc-{number:010x}", opened_at=opened)
        severity = {"severity": severities[number % 3]}
        rows.append({**incident_key(one.id), **_summary(one), **severity})
    return rows


def write(stage: Stage, rows: list[dict[str, Any]]) -> None:
    with _batch(stage.table) as batch:
        for row in rows:
            batch.put_item(Item=row)


def _batch(table: Any) -> Any:
    return boto3.resource("dynamodb", region_name="eu-west-1").Table(table._name).batch_writer()


def test_ten_thousand_cost_one_read(stage: Stage, browser: Browser, simple: Incident) -> None:
    crowd = Crowded(stage.table._client, many(simple, MANY))
    stage.table._client = crowd  # type: ignore[assignment]
    draw(stage)
    crowd.calls.clear()
    text = browser.read("/")
    assert crowd.calls == {"batch_get_item": 1}  # three are allowed
    assert f'<dd id="open">{MANY}</dd>' in text
    rows = [a for tag, a in Markup(text).tags if tag == "a" and "/incidents/inc" in str(a["href"])]
    assert 0 < len(rows) <= 4 * SHOWN
    assert len(text) < 100_000
    assert "More that wait for approval" in text
    item = stage.table._get({"pk": "FACT#overview", "sk": "HEAD"})
    assert item is not None
    assert len(str(item["body"])) < 50_000  # of the 400 KB of an item


def test_more_than_is_counted_is_said(
    stage: Stage, browser: Browser, simple: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "MOST", 400)
    stage.table._client = Crowded(stage.table._client, many(simple, 800))  # type: ignore[assignment]
    draw(stage)
    assert '<dd id="open">over 400</dd>' in browser.read("/")


def test_the_list_leads_through_all_of_them_once(
    stage: Stage, browser: Browser, simple: Incident, calls: Counter[str]
) -> None:
    write(stage, many(simple, 400))
    seen: list[str] = []
    path, pages = "/incidents?severity=critical", 0
    while path:
        calls.clear()
        tags = Markup(browser.read(path)).tags
        assert calls["query"] <= 40
        links = [a for tag, a in tags if tag == "a"]
        seen += [a["href"].split("/")[-1] for a in links if a["href"].startswith("/incidents/inc")]
        path = next((a["href"] for a in links if a.get("rel") == "next"), "")
        pages += 1
    expected = [f"inc-{n:010x}" for n in range(400) if n % 3 == 0]
    assert sorted(seen) == expected
    assert seen == sorted(seen, reverse=True)
    assert pages == 3


def test_incidents_of_one_moment_are_all_listed(
    stage: Stage, browser: Browser, simple: Incident
) -> None:
    alike = [replace(simple, id=f"inc-{number:010x}") for number in range(120)]
    write(stage, [{**incident_key(one.id), **_summary(one)} for one in alike])
    seen: set[str] = set()
    path = "/incidents"
    while path:
        links = [a for tag, a in Markup(browser.read(path)).tags if tag == "a"]
        seen |= {a["href"] for a in links if a["href"].startswith("/incidents/inc")}
        path = next((a["href"] for a in links if a.get("rel") == "next"), "")
    assert len(seen) == 121


def test_nothing_counted_is_said(browser: Browser, stage: Stage) -> None:
    text = browser.read("/")
    assert 'id="empty"' in text
    assert 'id="stale"' not in text
    assert "<svg" not in text


def test_nothing_open_is_calm(browser: Browser, stage: Stage) -> None:
    draw(stage)
    text = browser.read("/")
    assert "Nothing waits for anybody." in text
    assert text.count("Nothing is open.") == 2
    assert 'id="empty"' not in text


def test_old_counts_say_that_tick_does_not_run(browser: Browser, stage: Stage) -> None:
    draw(stage)
    stage.clock.pass_by(240)
    assert 'id="stale"' not in browser.read("/")
    stage.clock.pass_by(120)
    assert 'id="stale"' in browser.read("/")
    assert "Counted anew." in browser.done("/draw")
    assert 'id="stale"' not in browser.read("/")


def test_what_needs_a_person_comes_first_and_masked(
    browser: Browser, stage: Stage, simple: Incident
) -> None:
    draw(stage)
    text = browser.read("/")
    assert text.index(simple.id) < text.index("How it stands")
    assert "waiting approval" in text
    assert PHONE not in text
    assert "ordinary.user" not in text


def test_hook_mode_caps_parked_and_queues(
    browser: Browser, stage: Stage, sqs: FakeSqs, simple: Incident
) -> None:
    now = stage.clock()
    stage.table.record_hook_health(HookHealth(now, now, 7, 4, silent=3), None)
    stage.table.set_mode(Mode.OBSERVE, "a.colleague", now)
    for who in range(5):
        assert stage.table.take_place("disables", str(who), now, 5)
    stage.table.park("m-1", "why", "{}", now)
    draw(stage)
    text = " ".join(browser.read("/").split())
    assert "seems dead" in text
    assert '<dd id="mode">observe <small>since' in text
    assert "by a.colleague" in text
    assert '<dd id="cap-disables">5 of 5 <span class="tag high">reached' in text
    assert '<dd id="cap-writes">0 of 50' in text
    assert "<strong>1</strong> parked" in text
    assert '<td class="number waiting">3</td>' in text


def test_a_queue_that_does_not_answer_is_unknown_and_never_empty(
    browser: Browser, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ConnectTimeoutError

    def down(**_: Any) -> Any:
        raise ConnectTimeoutError(endpoint_url="https://sqs.example")

    monkeypatch.setattr(sqs, "get_queue_attributes", down)
    text = browser.read("/")
    assert '<td class="number waiting">unknown</td>' in text


def test_the_plot_counts_found_mended_and_proved(
    browser: Browser, stage: Stage, simple: Incident
) -> None:
    draw(stage)
    assert "0</strong> proved" in browser.read("/")
    stage.says("somebody.else")
    stage.drain()
    assert stage.incident().status.value == "resolved"
    draw(stage)
    text = browser.read("/")
    for word in ("found", "mended", "proved"):
        assert f"<strong>1</strong> {word}" in text
        assert f"<title>2026-01-02: 1 {word}</title>" in text
    assert text.count("<svg") == 3


def test_a_drift_that_healed_by_other_hands_is_proved_and_not_mended(
    browser: Browser, stage: Stage, simple: Incident
) -> None:
    stage.graph.set(mobile_phone=PHONE)
    stage.hint(ago=0)
    stage.clock.pass_by(200)
    stage.hint()
    stage.looks()
    draw(stage)
    text = browser.read("/")
    assert "<strong>1</strong> proved" in text
    assert "<strong>0</strong> mended" in text


def test_a_table_that_can_not_answer_is_one_sentence(
    browser: Browser, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lib.errors import Transient

    def down(*_: Any, **__: Any) -> Any:
        raise Transient("DynamoDB can not be reached (ConnectTimeoutError)")

    monkeypatch.setattr(stage.table, "glance", down)
    answer = browser.get("/")
    assert answer.status_code == 503
    assert "Traceback" not in answer.text
    assert "Try again in a moment." in answer.text


def test_what_the_console_itself_does_wrong_shows_nothing(
    browser: Browser,
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise KeyError(PHONE)

    monkeypatch.setattr(stage.table, "glance", broken)
    answer = browser.get("/")
    assert answer.status_code == 500
    told = capfd.readouterr()
    assert PHONE not in answer.text + told.out + told.err
    assert "KeyError" in told.err
    assert "Traceback" not in answer.text + told.err


@pytest.mark.parametrize(
    "query", ["severity=worst", "cause=<x>", "status=nothing", "after=x", "after=2026_inc_1"]
)
def test_a_list_that_makes_no_sense_is_a_bad_request(browser: Browser, query: str) -> None:
    assert browser.get(f"/incidents?{query}").status_code == 400


def test_closed_ones_have_a_list(browser: Browser, stage: Stage, simple: Incident) -> None:
    assert "Nothing was closed yet." in browser.read("/incidents?closed=1")
    stage.says("somebody.else", "dismiss", why="is meant to be")
    assert simple.id in browser.read("/incidents?closed=1&status=dismissed")
    assert simple.id not in browser.read("/incidents?closed=1&status=resolved")
    assert "Nothing is open." in browser.read("/incidents")


def test_a_summary_says_when_it_was_mended(stage: Stage, simple: Incident) -> None:
    at = START + timedelta(minutes=7)
    stage.table.commit_incident(IncidentChange(replace(simple, steps_done=1, last_step_at=at)))
    (row,) = stage.table.summaries()
    assert row["mended_at"] == to_text(at)
