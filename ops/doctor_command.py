"""The screen side of pushproof doctor."""

from __future__ import annotations

import json
import sys

import click
from rich.text import Text

from lib.errors import PushproofError
from ops import render
from ops.connection import Connection, Misuse, Trouble, connect
from ops.doctor.finding import EXIT_CODES, Finding, Severity, worst
from ops.doctor.hook import reason
from ops.doctor.texts import finding
from ops.doctor.touch_proof import NotTried
from ops.doctor.visit import Area, Side, Visit

MARKS = {
    Severity.OK: ("ok", "green"),
    Severity.NOTE: ("note", "cyan"),
    Severity.WARNING: ("warning", "yellow"),
    Severity.UNKNOWN: ("unknown", "magenta"),
    Severity.PROBLEM: ("PROBLEM", "bold red"),
}


@click.command()
@click.option("--stack", metavar="NAME", help="A deployed stack; else the sandbox here.")
@click.option("--as", "operator", metavar="NAME", help="Sandbox only: act as this person.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
@click.option("--only", type=click.Choice([side.value for side in Side]), help="One side alone.")
@click.option("--prove-touch", metavar="LOGIN", help="Touch this test user and watch what follows.")
@click.option("--yes", is_flag=True, help="Do not ask before the touch.")
def doctor(
    stack: str | None,
    operator: str | None,
    as_json: bool,
    only: str | None,
    prove_touch: str | None,
    yes: bool,
) -> None:
    """Examine Okta, Entra and AWS: one line a finding, with its remedy.

    Changes nothing, unless --prove-touch names a test user. Your own AWS credentials are used;
    what they may not read is reported as unknown.

    Exit code, by the worst finding: 0 nothing to do, 1 warning, 3 something could not be told,
    2 problem (also given, with a usage text, for a wrong command line).
    """
    connection = connect(stack, operator)
    if prove_touch is not None:
        if only is not None:
            raise Misuse("--prove-touch needs both vendors: leave --only out.")
        if not yes:
            click.confirm(
                "Okta will re-push this user's whole profile, licences and roles included. "
                "Is it a test user, and shall it be touched?",
                abort=True,
                err=as_json,
            )
        areas = [prove(Visit(connection), prove_touch)]
        if not as_json:
            _show(areas[0])
    else:
        areas = examine(connection, Side(only) if only else None, quiet=as_json)
    findings = [found for area in areas for found in area.findings]
    if as_json:
        rows = [f.as_dict() | {"area": area.name} for area in areas for f in area.findings]
        click.echo(json.dumps({"worst": worst(findings), "findings": rows}))
    else:
        click.echo(summary(findings))
    sys.exit(EXIT_CODES[worst(findings)])


def examine(connection: Connection, only: Side | None, *, quiet: bool) -> list[Area]:
    areas = []
    for area in Visit(connection).areas(only):
        areas.append(area)
        if not quiet:
            _show(area)
    return areas


def prove(visit: Visit, login: str) -> Area:
    attribute = visit.touch_attribute
    if attribute is None:
        raise Trouble("No touch attribute is set: set the stack parameter TouchAttribute first.")
    trial = visit.trial()
    try:
        found = trial.run(trial.find(visit.app_ids, login), attribute)
    except NotTried as why:
        found = [finding("proof_impossible", why=why)]
    except PushproofError as error:
        found = [finding("proof_impossible", why=reason(error))]
    return Area("proving the touch", tuple(found))


def summary(findings: list[Finding]) -> str:
    counts = {severity: sum(f.severity is severity for f in findings) for severity in Severity}
    return ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)


def _show(area: Area) -> None:
    console = render.console()
    console.print(Text(area.name, "bold"))
    for each in area.findings:
        word, colour = MARKS[each.severity]
        line = Text(f"  {word:<8} ", colour)
        line.append(each.seen, "" if each.severity is not Severity.OK else "dim")
        if each.remedy:
            line.append(f"  → {each.remedy}", "dim")
        console.print(line, soft_wrap=True)
