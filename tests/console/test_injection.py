"""Whatever a profile, a vendor, an event or a person wrote: it is text on every page."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from markupsafe import escape

from lib.flows.overview import DrawOverview
from lib.incident import Entry, Evidence, Incident, Policy, Step
from lib.model import Attribute, Link, Subject
from lib.rules.mask import printable
from lib.rules.policy import Approval
from lib.rules.sweep import Found
from lib.settings import Mode
from lib.store.records import IncidentChange
from lib.store.trail import AuditRecord
from ops import approvals
from ops.connection import Refusal
from ops.console import control
from ops.console.words import LONGEST
from ops.replay import log_events
from tests.console.browser import Browser, Markup
from tests.console.hook import FakePost
from tests.console.simulated import ORDINARY, Simulated
from tests.fakes.make import APP, USER
from tests.fakes.stage import Stage
from tests.fakes.sweeping import ENDED, as_if_swept

CORPUS = {
    "script": "<script>alert(1)</script>",
    "attribute": '"><img src=x onerror=alert(1)>',
    "quotes": "' onmouseover='alert(1)",
    "end": "</textarea></title></pre></li></table></main><svg/onload=alert(1)>",
    "template": "{{ 111111*111111 }}{% raw %}{{ config }}{# x #}${111111*111111}",
    "address": "javascript:alert(1)",
    "entity": "&lt;script&gt;&#x3c;script",
    "control": "\x1b[31mred\x00\x07\x9b\u202eright\u2066to\u200bleft\r\nnew",
    "comment": "<!--><script>alert(1)</script>-->",
    "long": "A" * 200_000,
    "wide": "\U0001d54f\u0301\ufeff" * 50,
}
STEERING = {c for c in CORPUS["control"] if not c.isprintable()} - {"\n"}


def hostile(value: Any, bad: str) -> Any:
    """Every text of a record replaced; what is an enum, a time or a number stays."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {
            f.name: hostile(getattr(value, f.name), bad)
            for f in dataclasses.fields(value)
            if f.name not in ("id", "parent", "incident_id", "incident")
        }
        return replace(value, **changes)
    if isinstance(value, tuple):
        return tuple(hostile(each, bad) for each in value)
    return bad if type(value) is str else value


def as_text(bad: str) -> str:
    return str(escape(printable(bad)))


def judge(text: str, where: str) -> None:
    for tag, attributes in Markup(text).tags:
        assert tag not in ("img", "iframe", "style"), where
        # The only one of ours is where a delivery is pasted.
        assert tag != "textarea" or attributes.get("id") == "text", where
        assert tag != "script" or attributes == {
            "src": "/static/console.js",
            "defer": None,
        }, where
        for name, value in attributes.items():
            assert not name.startswith("on"), where
            if name in ("href", "src", "action", "data-refresh"):
                assert (value or "").startswith(("/", "#")), where
    assert not STEERING & set(text), where
    # No text of a page comes near this without being cut.
    assert len(text) < 1_000_000, where


@pytest.fixture(params=list(CORPUS))
def bad(request: pytest.FixtureRequest) -> str:
    return CORPUS[request.param]


def planted(stage: Stage, bad: str) -> Incident:
    """An open incident of which every text is somebody else's."""
    known = stage.incident()
    plan = known.plan
    assert isinstance(plan.link, Link)
    base = replace(
        known,
        failed="x",
        causes=tuple(
            replace(c, evidence=(*c.evidence, Evidence("s", known.opened_at, "f")))
            for c in known.causes
        ),
        plan=replace(
            plan,
            actual="x",
            policy=Policy(2, ("r",), ("e",), "b", "c"),
            steps=tuple(replace(s, note="n") for s in plan.steps),
        ),
    )
    cut = bad[:8_000]  # an item holds 400 KB
    changed = hostile(base, cut)
    changed = replace(changed, subject=Subject("0oa" + cut, "00u" + cut), in_flight=cut)
    entry = Entry(known.updated_at, cut, cut, cut)
    stage.table.commit_incident(IncidentChange(changed, (entry,)))
    approval = Approval(cut[:300], plan.digest, known.updated_at)
    stage.table.approve(known.id, approval, known.opened_at)
    return changed


def test_an_incident(browser: Browser, stage: Stage, simple: Incident, bad: str) -> None:
    incident = planted(stage, bad)
    DrawOverview(stage.table, stage.clock).run()
    path = f"/incidents/{incident.id}"
    for where in ("/", "/incidents", path, f"{path}/live"):
        judge(browser.read(where), where)
    revealed = browser.post(f"{path}/reveal")
    judge(revealed.text, "revealed")
    if "{{" in bad:
        assert "{{ 111111*111111 }}" in revealed.text
        assert "12345654321" not in revealed.text
    # It is on the page, as text, wherever a text of the record is.
    assert revealed.text.count(as_text(bad[:200])) > 10


def test_what_others_left(browser: Browser, stage: Stage, bad: str) -> None:
    now = stage.clock()
    cut = bad[:20_500]
    record = AuditRecord(now, *([cut] * 10))
    stage.table.decided(replace(record, incident="inc-0123456789"))
    stage.table.park("m-1", bad[:100_000], bad[:100_000], now)
    stage.table.set_mode(Mode.AUTO, cut, now)
    (work,) = stage.table.parked()
    for where in ("/", "/audit", "/parked", f"/parked/{work.id}"):
        text = browser.read(where)
        judge(text, where)
        assert as_text(bad[:200]) in text, where
        assert "A" * (LONGEST + 1) not in text


def test_what_an_event_says(
    browser: Browser, stage: Stage, hook: FakePost, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = bad[:20_000]
    event = {word: word, "uuid": word, "eventType": word, "outcome": {"result": word}}
    named = {
        **event,
        "eventType": "application.provision.user.push_profile",
        "target": [{"type": "AppInstance", "id": APP}, {"type": "User", "id": USER}],
    }
    sample = {"method": "POST", "headers": {"X-One": "1"}, "body": word}
    hook.answer = bad[:200]
    for number, made in enumerate((named, [event, named], sample), start=1):
        answer = browser.post("/replay/paste", text=json.dumps(made))
        where = answer.headers["Location"]
        judge(browser.read(where), "draft")
        if made is sample:
            hook.status = 400
        judge(browser.done(where), "sent")
        judge(browser.read(f"/replay/sent/{number}/live"), "live")
    monkeypatch.setattr(log_events, "log_of", lambda _: None)
    monkeypatch.setattr(log_events, "latest", lambda *_: [named, event])
    judge(browser.read("/replay/log"), "log")
    judge(browser.done("/replay/paste", text=bad), "pasted")
    judge(browser.read("/replay"), "replay")


def test_what_a_sweep_found(browser: Browser, stage: Stage, bad: str) -> None:
    cut = bad[:120]  # DynamoDB's keys hold 1,024 bytes
    found = Found(Subject("0oa" + cut, "00u" + cut), cut, stage.clock())
    path = f"/sweep/{ENDED.id}"
    as_if_swept(stage.table, hostile(ENDED, cut), found)
    for where in ("/sweep", path, f"{path}/live", f"{path}/tally"):
        text = browser.read(where)
        judge(text, where)
        assert as_text(cut) in text, where
    word = quote(cut, safe="")
    assert as_text(cut) in browser.read(f"{path}?app={word}")
    judge(browser.read(f"{path}?app={word}"), "narrowed")
    for name in ("what", "attribute", "incident", "after"):
        answer = browser.get(f"{path}?{name}={word}")
        assert answer.status_code == 400
        judge(answer.text, name)
        assert cut not in answer.text
    file = browser.get(f"{path}/report.csv")
    assert file.headers["Content-Disposition"] == f'attachment; filename="{ENDED.id}.csv"'
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert not STEERING & set(file.text.replace("\r\n", ""))
    assert len(file.text.splitlines()) == 2


def test_what_a_simulated_person_is_called_and_has(
    browser: Browser, untouched: Simulated, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = bad[:2000]

    def spoilt(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: spoilt(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [spoilt(each, key) for each in value]
        return cut if isinstance(value, str) and key not in ("id", "app", "part") else value

    true = control.read(untouched.opened)
    true["broken"] = [{"part": "graph", "trouble": "x", "since": "x", "met": 1}]
    true["faults"] = [{"part": "okta", "match": "x", "status": "x", "times": 1}]
    monkeypatch.setattr(control, "read", lambda *_, **__: spoilt(true))
    monkeypatch.setattr(control, "change", lambda *_: bad[:500])
    path = f"/world/{ORDINARY}"
    for where in ("/world", "/world-people", "/world-broken", path, f"{path}/live"):
        text = browser.read(where)
        judge(text, where)
        assert as_text(cut[:200]) in text, where
    judge(browser.done("/world/mend"), "changed")


def test_what_the_approve_route_answers(
    browser: Browser, simple: Incident, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/incidents/{simple.id}"
    answer: dict[str, Any] = {"outcome": bad, "status": bad, "given": bad, "needed": bad}
    monkeypatch.setattr(approvals, "send", lambda *_: answer)
    judge(browser.done(f"{path}/approve", digest=simple.plan.digest), "approved")

    def refuse(*_: Any) -> Any:
        raise Refusal(bad)

    monkeypatch.setattr(approvals, "send", refuse)
    judge(browser.done(f"{path}/reveal"), "refused")


def test_what_an_address_says(browser: Browser, bad: str) -> None:
    word = quote(bad[:2000], safe="")
    for where in (
        f"/{word}",
        f"/incidents/{word}",
        f"/incidents?severity={word}",
        f"/incidents?after={word}",
        f"/parked/{word}",
        f"/sweep/{word}",
        f"/sweep/{word}/report.csv",
        f"/sweep?before={word}",
        f"/replay/sample/{word}",
        f"/audit?days={word}",
        f"/world/{word}",
        f"/world/{word}/live",
        f"/world?first={word}",
        f"/enter/{word}",
    ):
        answer = browser.get(where)
        assert answer.status_code in (400, 403, 404), where
        judge(answer.text, where)
        assert bad[:2000] not in answer.text


def test_a_value_is_data_in_a_list_of_values(
    browser: Browser, stage: Stage, simple: Incident, bad: str
) -> None:
    known = stage.incident()
    values = (bad[:5000], "b@c.example")
    step = Step(known.plan.steps[0].kind, "otherMails", values, values)
    plan = replace(known.plan, expected=values, actual=values, steps=(step,))
    stage.table.commit_incident(
        IncidentChange(replace(known, attribute=Attribute.OTHER_MAILS, plan=plan))
    )
    path = f"/incidents/{known.id}"
    judge(browser.read(path), path)
    judge(browser.post(f"{path}/reveal").text, "revealed")
