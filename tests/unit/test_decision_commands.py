"""What whoever decides sees, and what their commands ask the approve function for."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from lib.incident import CauseName, Entry, Incident, Policy, Severity, Status
from lib.model import Attribute
from lib.rules.policy import Approval
from lib.settings import Mode
from lib.store.records import IncidentChange
from lib.store.table import Table
from lib.store.trail import AuditRecord
from lib.times import utc_now
from ops import approvals, decision_commands, render
from ops.cli import cli
from ops.connection import Connection
from tests.fakes.clock import START
from tests.fakes.dynamodb import dynamodb, new_table
from tests.fakes.make import INCIDENT, OLD_PHONE, PHONE, SUBJECT, cause, plan

CHANGED = Policy(
    2, ("owns applications",), ("the.changer@corp.example",), "", "the.changer@corp.example at then"
)


def incident(**changes: Any) -> Incident:
    base = Incident(
        id=INCIDENT,
        subject=SUBJECT,
        attribute=Attribute.MOBILE_PHONE,
        status=Status.WAITING_APPROVAL,
        severity=Severity.HIGH,
        causes=(cause(CauseName.UNEXPLAINED),),
        plan=plan(policy=CHANGED),
        opened_at=START,
        updated_at=START,
        drift_read_at=START,
    )
    return replace(base, **changes)


class Desk:
    """The table as it is, and an approve function that only remembers what it was asked."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.asked: list[dict[str, object]] = []
        self.answer: dict[str, Any] = {"outcome": "done", "status": "x", "given": 1, "needed": 2}

    def run(self, *arguments: str, says: str = "") -> Result:
        return CliRunner().invoke(cli, list(arguments), input=says)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with dynamodb() as client:
        found = Desk(new_table(client))
        found.table.commit_incident(IncidentChange(incident()))
        here = Connection("here", {"Mode": "approve"}, is_sandbox=True)
        monkeypatch.setattr(Connection, "table", lambda _: found.table)
        monkeypatch.setattr(decision_commands, "connect", lambda *_: here)

        def send(_: Connection, body: dict[str, object]) -> dict[str, Any]:
            found.asked.append(body)
            return found.answer

        monkeypatch.setattr(approvals, "send", send)
        yield found


def shown(of: Incident, *given: Approval, reveal: bool) -> str:
    out = io.StringIO()
    view = render.incident_view(of, [], list(given), reveal=reveal)
    Console(file=out, width=160).print(view)
    return out.getvalue()


def test_whoever_decides_sees_the_value_who_changed_it_and_who_may_not() -> None:
    text = shown(incident(), Approval("a.colleague", plan().digest, START), reveal=True)
    for word in (PHONE, OLD_PHONE, "the.changer@corp.example at then", "may not approve: the.cha"):
        assert word in text
    assert "a.colleague at 2026-01-02T03:04:05.000Z (of an earlier plan: void)" in text


def test_without_being_asked_for_nothing_of_it_shows() -> None:
    text = shown(incident(), reveal=False)
    assert "changed in Okta" in text
    assert not [word for word in (PHONE, OLD_PHONE, "the.changer") if word in text]


def test_that_nobody_is_known_to_have_changed_it_is_said() -> None:
    assert "could not be read" in shown(incident(plan=plan()), reveal=True)


def test_a_snooze_and_a_shared_cause_show() -> None:
    text = shown(
        incident(parent="inc-ffffffffff", snoozed_until=START, status=Status.SHARED), reveal=False
    )
    assert "inc-ffffffffff" in text
    assert "2026-01-02T03:04:05.000Z" in text


@pytest.mark.parametrize(("command", "more"), [("approve", ()), ("dismiss", ("--why", "is meant"))])
def test_a_plan_is_shown_before_it_is_decided(
    desk: Desk, command: str, more: tuple[str, ...]
) -> None:
    refused = desk.run(command, INCIDENT, *more, says="n\n")
    assert refused.exit_code == 1
    assert desk.asked == []
    done = desk.run(command, INCIDENT, *more, says="y\n")
    assert done.exit_code == 0, done.output
    assert PHONE in done.output
    (asked,) = desk.asked
    assert asked["action"] == command
    assert (asked["incident"], asked["digest"]) == (INCIDENT, incident().plan.digest)
    assert asked.get("why") == (more[1] if more else None)


def test_a_dismissal_without_why_is_misuse(desk: Desk) -> None:
    result = desk.run("dismiss", INCIDENT, "--digest", "0" * 64)
    assert (result.exit_code, "--why" in result.output) == (2, True)
    assert desk.asked == []


def test_a_snooze_is_asked_for_as_typed(desk: Desk) -> None:
    desk.answer["outcome"] = "snoozed until then"
    assert "snoozed until then" in desk.run("snooze", INCIDENT, "--until", "2h").output
    assert desk.asked == [{"action": "snooze", "incident": INCIDENT, "until": "2h"}]
    for until in ("31d", "tomorrow", "2020-01-01T00:00Z"):
        result = desk.run("snooze", INCIDENT, "--until", until)
        assert result.exit_code == 2
        assert "Traceback" not in result.output
    assert len(desk.asked) == 1


def test_the_mode_is_told_with_who_and_when(desk: Desk) -> None:
    assert desk.run("mode").output == "mode is approve, as deployed.\n"
    desk.table.set_mode(Mode.OBSERVE, "a.colleague", START)
    assert desk.run("mode").output == (
        "mode is observe since 2026-01-02 03:04 UTC, by a.colleague.\n"
    )
    assert desk.asked == []
    desk.answer["outcome"] = "mode is auto"
    assert desk.run("mode", "auto").output == "mode is auto.\n"
    assert desk.asked == [{"action": "mode", "mode": "auto"}]


def test_the_trail_is_listed_newest_first(desk: Desk) -> None:
    assert "Nothing was decided" in desk.run("audit").output
    now = utc_now()
    for days, outcome in ((400, "ancient"), (2, "approved"), (1, "refused")):
        at = now - timedelta(days=days)
        desk.table.decided(
            AuditRecord(at, "a.colleague", "arn:x", "approve", outcome, detail="[b]1 of 2[/b]")
        )
    listed = desk.run("audit").output
    assert "ancient" not in listed
    assert listed.index("refused") < listed.index("approved")
    rows = json.loads(desk.run("audit", "--json", "--since", "500d").output)
    assert [row["outcome"] for row in rows] == ["refused", "approved", "ancient"]
    assert rows[0]["caller"] == "arn:x"
    assert desk.run("audit", "--since", "yesterday").exit_code == 2


def test_a_deed_is_noted_in_the_operators_name(desk: Desk) -> None:
    approvals.note(Connection("here", {}, is_sandbox=True), "bypass_enabled")
    assert desk.asked == [{"action": "note", "what": "bypass_enabled"}]


def test_nothing_that_others_wrote_moves_the_terminal() -> None:
    """Who changed the profile, what a vendor said and why somebody decided are others' words."""
    escape = "\x1b[2J\u202e"
    found = incident()
    policy = Policy(1, (escape,), (escape,), "", escape)
    evil = replace(found, plan=replace(found.plan, policy=policy))
    entry = Entry(found.opened_at, escape, escape, escape)
    screen = Console(record=True, width=200, file=io.StringIO())
    screen.print(render.incident_view(evil, [entry], [], reveal=True))
    text = screen.export_text()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b" in text
