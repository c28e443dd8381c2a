"""pushproof bypass and write as a person runs them: what is said, exit codes, and no PATCH."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lib.errors import Permanent
from lib.incident import Status
from lib.model import DirectorySync
from lib.rules.case import BypassFact
from lib.rules.flag import OrdinaryChecks
from lib.settings import Environment
from ops import bypass_command, bypass_run, cli
from ops.doctor.ordinary import Ordinary
from ops.doctor.texts import finding
from tests.fakes.make import (
    APP,
    OBJECT,
    OLD_PHONE,
    OTHER_APP,
    OTHER_OBJECT,
    PHONE,
    TENANT,
    app_user,
    configuration,
    entra_user,
)
from tests.fakes.stage import Stage
from tests.unit.flows.test_bypass import (
    REFUSAL,
    add_synced,
    bypass,
    enable,
    old_preview,
    overridden,
    parent,
)
from tests.unit.flows.test_errands import Crash, crash_at
from tests.unit.flows.test_shared import check

__all__ = ["overridden"]

SETTINGS = {
    "PUSHPROOF_ENTRA_TENANT_ID": TENANT,
    "PUSHPROOF_OKTA_APP_IDS": f"{APP},{OTHER_APP}",
    "PUSHPROOF_MODE": "approve",
}
READ = (
    finding("app_ready", app=APP, attribute="mobilePhone"),
    finding("push_seen", app=APP, age="2 days"),
)

Run = Callable[..., Result]


class Signed:
    """Whoever signed in; `times` counts how often somebody had to."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.times = stage, 0
        self.findings = (*READ, finding("connector_outranks"))
        self.noted: list[str] = []  # in the audit trail

    def __call__(self, *_given: Any) -> Any:
        self.times += 1
        stage = self.stage
        return SimpleNamespace(
            object_id=OBJECT,
            name="administrator",
            okta=stage.okta,
            graph=stage.graph,
            table=stage.table,
            watch=stage.watch,
            env=Environment(SETTINGS),
            bypass=lambda: bypass(stage),
        )


@pytest.fixture
def signed(overridden: Stage) -> Signed:
    return Signed(overridden)


@pytest.fixture
def run(overridden: Stage, signed: Signed, monkeypatch: pytest.MonkeyPatch) -> Run:
    connection = SimpleNamespace(
        name="sandbox",
        is_sandbox=True,
        settings=lambda: SETTINGS,
        table=lambda: overridden.table,
    )
    monkeypatch.setattr(bypass_command, "connect", lambda *_: connection)
    monkeypatch.setattr(cli, "connect", lambda *_: connection)
    monkeypatch.setattr(bypass_run, "sign_in", signed)
    monkeypatch.setattr(bypass_run, "noted", lambda _connection, what: signed.noted.append(what))
    monkeypatch.setattr(bypass_run, "utc_now", overridden.clock)
    monkeypatch.setattr(bypass_command, "utc_now", overridden.clock)
    monkeypatch.setattr(bypass_command, "OktaAdmin", lambda _http: None)
    monkeypatch.setattr(bypass_command, "okta_as_reader", lambda _env: None)
    monkeypatch.setattr(
        bypass_command, "walk", lambda *_: [Ordinary(APP, signed.findings)], raising=True
    )

    def runs(*arguments: str, **more: Any) -> Result:
        result = CliRunner().invoke(cli.cli, list(arguments), **more)
        overridden.clock.pass_by(1)
        return result

    return runs


@pytest.fixture
def approved(overridden: Stage) -> Stage:
    bypass(overridden).preview()
    overridden.says("a.colleague", incident=parent(overridden).id)
    return overridden


# -- the whole way -----------------------------------------------------------------------------


def test_status_leads_from_nothing_to_the_end(overridden: Stage, run: Run) -> None:
    """Each step is the one that status names next."""
    overridden.table.record_ordinary_checks(OrdinaryChecks(overridden.clock(), "nobody", ()))

    def following() -> str:
        return str(run("bypass", "status").stdout.splitlines()[-1]).removeprefix("Next: ")

    assert following() == "pushproof bypass check"
    assert run("bypass", "check").exit_code == 0
    # The check took the preview of the hour, as there was none.
    assert following() == f"pushproof approve {parent(overridden).id}"
    assert run("bypass", "preview").exit_code == 0
    overridden.says("a.colleague", incident=parent(overridden).id)
    assert following() == "pushproof bypass enable"
    done = run("bypass", "enable", "--yes")
    assert (done.exit_code, overridden.graph.bypass_writes) == (0, [(TENANT, True)])
    assert "read back" in done.stdout
    assert following() == "nothing; the flag is on."


def test_status_says_what_is_known_with_its_age(approved: Stage, run: Run) -> None:
    approved.clock.pass_by(120)
    said = run("bypass", "status").stdout
    assert "was false" in said
    assert "Ordinary checks: passed" in said
    assert "by administrator" in said
    assert "at least 1 numbers would go (1 of 1 synced users compared)" in said
    assert f"{parent(approved).id} (waiting_person) lists 1 drift, 1 of 1 approvals" in said
    assert not any(number in said for number in (PHONE, OLD_PHONE))
    body = json.loads(run("bypass", "status", "--json").stdout)
    assert body["incident"] == parent(approved).id
    assert body["approvals"] == {"given": 1, "needed": 1}
    assert (body["enabled"], body["members"], body["next"]) == (False, 1, "pushproof bypass enable")


def test_without_an_incident_nothing_waits_for_it(approved: Stage, run: Run) -> None:
    approved.graph.set(mobile_phone=PHONE)
    approved.clock.pass_by(600)
    approved.hint()
    approved.looks()
    # The list is empty now, and ends after a while.
    approved.clock.pass_by(3700)
    approved.tick()
    assert parent(approved).status is Status.RESOLVED
    said = run("bypass", "status").stdout
    assert "Incident: none is open." in said
    assert "Next: nothing waits for the flag." in said


def test_unknown_is_not_said_to_be_false(stage: Stage, run: Run, overridden: Stage) -> None:
    overridden.table.record_bypass(BypassFact(None, overridden.clock(), "nobody"))
    said = run("bypass", "status").stdout
    assert "Unknown is not false" in said
    assert json.loads(run("bypass", "status", "--json").stdout)["enabled"] is None


# -- checks ------------------------------------------------------------------------------------


def test_a_failed_check_is_recorded_and_exits_3(
    overridden: Stage, run: Run, signed: Signed
) -> None:
    signed.findings = (*READ, finding("connector_unknown", why="not set"))
    result = run("bypass", "check")
    assert result.exit_code == 3
    assert "NO" in result.stdout
    assert "--connector-is-global-admin" in result.stdout
    kept = overridden.table.ordinary_checks()
    assert kept is not None
    assert not kept.passed
    assert run("bypass", "check", "--connector-is-global-admin").exit_code == 0
    kept = overridden.table.ordinary_checks()
    assert kept is not None
    assert kept.passed
    assert any(each.said for each in kept.checks)
    assert overridden.graph.bypass_writes == []


def test_others_are_confirmed_by_their_exact_number(overridden: Stage, run: Run) -> None:
    overridden.graph.users[OTHER_OBJECT] = entra_user(object_id=OTHER_OBJECT, synced=True)
    result = run("bypass", "check")
    assert result.exit_code == 3
    assert "--others 1" in result.stdout
    assert run("bypass", "check", "--others", "2").exit_code == 3
    assert run("bypass", "check", "--others", "1").exit_code == 0


def test_an_old_preview_does_not_serve_the_check(overridden: Stage, run: Run) -> None:
    bypass(overridden).preview()
    old_preview(overridden)
    overridden.graph.users[OTHER_OBJECT] = entra_user(object_id=OTHER_OBJECT, synced=True)
    assert run("bypass", "check").exit_code == 3


# -- preview -----------------------------------------------------------------------------------


def test_the_preview_shows_the_numbers_and_says_it_is_a_lower_bound(
    overridden: Stage, run: Run
) -> None:
    said = run("bypass", "preview").stdout
    assert PHONE in said
    assert OLD_PHONE in said
    assert "at least 1 numbers" in said
    assert "lower bound" in said
    assert f"Next: pushproof approve {parent(overridden).id}" in said
    assert parent(overridden).plan.watched
    assert overridden.graph.bypass_writes == []


def test_json_is_json_alone(run: Run) -> None:
    body = json.loads(run("bypass", "preview", "--json").stdout)
    assert (body["synced"], body["compared"], body["others"]) == (1, 1, 0)
    assert body["lower_bound"] is True
    assert [row["before"] for row in body["overwrites"]] == [OLD_PHONE]


def test_a_csv_is_its_owners_only_and_says_what_it_holds(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "numbers.csv"
    file.write_text("what was there before, and longer than what comes" * 9)
    file.chmod(0o644)
    result = run("bypass", "preview", "--csv", str(file))
    assert result.exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    head, row = file.read_text().splitlines()
    assert head == "entra_object_id,okta_user_id,now_in_entra,would_become"
    assert row.endswith(f"{OLD_PHONE},{PHONE}")
    assert "phone numbers" in result.stderr
    assert PHONE not in result.stdout + result.stderr


def test_a_csv_on_the_screen_is_the_csv_alone(run: Run) -> None:
    result = run("bypass", "preview", "--csv", "-")
    assert [len(line.split(",")) for line in result.stdout.splitlines()] == [4, 4]
    assert run("bypass", "preview", "--csv", "-", "--json").exit_code == 2


@pytest.mark.parametrize("value", ["=cmd|' /C calc'!A0", "@SUM(1)", "+1+cmd", "-1+2=3"])
def test_a_cell_is_no_formula(overridden: Stage, run: Run, value: str) -> None:
    overridden.graph.set(mobile_phone=value)
    said = run("bypass", "preview", "--csv", "-").stdout
    assert f"'{value}" in said.replace('"', "")


def test_a_file_that_can_not_be_written_is_one_sentence(run: Run, tmp_path: Path) -> None:
    result = run("bypass", "preview", "--csv", str(tmp_path / "no" / "folder.csv"))
    assert result.exit_code == 1
    assert "can not be written" in result.stderr


# -- enable and disable ------------------------------------------------------------------------


def test_what_the_table_refuses_needs_no_sign_in(
    overridden: Stage, run: Run, signed: Signed
) -> None:
    result = run("bypass", "enable", "--yes")
    assert result.exit_code == 3
    assert "pushproof bypass preview" in result.stderr
    assert (signed.times, overridden.graph.bypass_writes) == (0, [])


def test_a_lost_outcome_is_looked_at_whatever_else_is_old(
    approved: Stage, run: Run, signed: Signed
) -> None:
    crash_at(approved.graph, "set_bypass")
    with pytest.raises(Crash):
        enable(approved)
    approved.clock.pass_by(48 * 3600)
    result = run("bypass", "enable", "--yes")
    assert (result.exit_code, signed.times) == (0, 1)
    assert parent(approved).status is Status.PROVING
    assert approved.graph.bypass_writes == [(TENANT, True)]


def test_no_is_an_answer(approved: Stage, run: Run) -> None:
    result = run("bypass", "enable", input="n\n")
    assert result.exit_code == 4
    assert "no undo" in result.stdout
    assert approved.graph.bypass_writes == []
    assert run("bypass", "enable", input="y\n").exit_code == 0
    assert approved.graph.bypass_writes == [(TENANT, True)]


def test_a_403_is_said_as_unknown_and_exits_3(approved: Stage, run: Run) -> None:
    approved.graph.trouble["directory_sync"] = REFUSAL
    for command in ("enable", "disable"):
        result = run("bypass", command, "--yes")
        assert result.exit_code == 3
        assert "not a Global Administrator" in result.stderr
    assert approved.graph.bypass_writes == []


def test_a_changed_preview_asks_for_the_approvals_again(approved: Stage, run: Run) -> None:
    add_synced(approved)
    result = run("bypass", "enable", "--yes")
    assert result.exit_code == 3
    assert "2 numbers now; approve again" in result.stderr
    assert f"pushproof approve {parent(approved).id}" in result.stderr
    assert approved.graph.bypass_writes == []


def test_the_way_back_says_that_no_number_comes_back(
    approved: Stage, run: Run, signed: Signed
) -> None:
    approved.graph.sync = DirectorySync(TENANT, True)
    result = run("bypass", "disable", input="n\n")
    assert (result.exit_code, approved.graph.bypass_writes) == (4, [])
    assert "stay as they are" in result.stdout
    assert signed.noted == []
    assert run("bypass", "disable", "--yes").exit_code == 0
    assert signed.noted == ["bypass_disabled"]
    assert approved.graph.bypass_writes == [(TENANT, False)]


def test_a_declined_sign_in_writes_nothing(
    approved: Stage, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def declined(*_: Any) -> None:
        raise Permanent("The sign-in was declined.")

    monkeypatch.setattr(bypass_run, "sign_in", declined)
    assert isinstance(run("bypass", "enable", "--yes").exception, Permanent)
    assert approved.graph.bypass_writes == []


# -- pushproof write ---------------------------------------------------------------------------


def test_write_on_the_flags_incident_is_enable(approved: Stage, run: Run, signed: Signed) -> None:
    result = run("write", parent(approved).id, "--yes")
    assert (result.exit_code, approved.graph.bypass_writes) == (0, [(TENANT, True)])
    assert signed.noted == ["bypass_enabled"]
    # Done already: it is looked at and not written again.
    assert run("write", parent(approved).id, "--yes").exit_code == 0
    assert len(approved.graph.bypass_writes) == 1


def test_write_refuses_what_enable_refuses(overridden: Stage, run: Run) -> None:
    result = run("write", parent(overridden).id, "--yes")
    assert result.exit_code == 3
    assert "pushproof bypass preview" in result.stderr
    assert overridden.graph.bypass_writes == []


def test_write_on_a_member_names_the_incident_that_lists_it(approved: Stage, run: Run) -> None:
    result = run("write", approved.incident().id, "--yes")
    assert result.exit_code == 3
    assert f"pushproof write {parent(approved).id}" in result.stderr
    assert (approved.graph.bypass_writes, approved.graph.patches) == ([], [])


def test_write_on_a_closed_one_does_nothing(approved: Stage, run: Run) -> None:
    name = parent(approved).id
    enable(approved)
    approved.graph.set(mobile_phone=PHONE)
    approved.looks()
    assert parent(approved).status is Status.RESOLVED
    result = run("write", name, "--yes")
    assert result.exit_code == 4
    assert "resolved already" in result.stdout
    assert len(approved.graph.bypass_writes) == 1


def test_write_on_another_shared_cause_is_no_administrators(stage: Stage, run: Run) -> None:
    stage.okta.config = configuration(features=frozenset({"PUSH_USER_DEACTIVATION"}))
    stage.graph.set(mobile_phone=OLD_PHONE, synced=False)
    stage.okta.assigned = {key: app_user() for key in stage.okta.assigned}
    check(stage)
    (name,) = [i.id for i in stage.incidents() if i.everyone and i.id != parent(stage).id]
    assert run("write", name, "--yes").exit_code == 4
    assert stage.graph.bypass_writes == []
