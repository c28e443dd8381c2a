"""Sweeps: watched, started and stopped, one at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from lib.flows import sweep_steps
from lib.model import Attribute
from lib.rules.sweep import LATE, Phase
from lib.sweep_message import SweepMessage
from ops.console.sweep import SWEEPS
from tests.console.browser import Browser, Markup
from tests.console.conftest import FakeSqs, Make
from tests.console.swept import OUTPUTS, next_page, row, users
from tests.fakes.clock import START
from tests.fakes.dynamodb import new_table
from tests.fakes.dynamodb_clients import Down
from tests.fakes.make import APP, OLD_MAILS, OLD_PHONE, OTHER_APP
from tests.fakes.sweeping import ENDED, SweepStage, as_if_swept, oid, who


@pytest.fixture(autouse=True)
def pages_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message does one page of three people, so that a sweep can be met on its way."""
    monkeypatch.setattr(sweep_steps, "FULL", 1)
    monkeypatch.setattr(sweep_steps, "PAGES", 1)


@pytest.fixture
def stage(client: Any) -> SweepStage:
    return SweepStage(new_table(client))


@pytest.fixture
def browser(make: Make) -> Browser:
    return Browser(make(OUTPUTS))


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
    assert f"pushproof sweep status {message.sweep_id}" in browser.read(
        f"/sweep/{message.sweep_id}"
    )
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
