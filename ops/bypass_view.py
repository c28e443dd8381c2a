"""How the tenant's flag looks on a screen, in a file and to a machine."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TextIO

from rich.table import Table as Grid

from lib.flows.preview import Preview
from lib.rules.flag import CHECKS_AGE, NAME, PREVIEW_AGE, Known, OrdinaryCheck, next_command
from lib.rules.mask import show
from lib.store.codec import encode
from ops.connection import Trouble
from ops.doctor.texts import age

COLUMNS = ("Entra user", "Okta user", "now in Entra", "would become")
LOWER_BOUND = (
    "A lower bound: numbers in otherMobile can not be read, and users whom no watched app is "
    "linked to are not compared."
)
# A spreadsheet takes a cell that begins like this for a formula; a plain number is none.
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![\d (][\d ()./-]*$)")


def preview_view(preview: Preview) -> Grid:
    """Unmasked: whoever enables the flag must see which numbers it replaces."""
    grid = Grid(title=headline(preview), caption=LOWER_BOUND, box=None)
    grid.title_justify = grid.caption_justify = "left"
    for name in COLUMNS:
        grid.add_column(name, overflow="fold")
    for row in preview.overwrites:
        grid.add_row(row.object_id, row.user_id, show(row.before), show(row.after))
    return grid


def headline(preview: Preview) -> str:
    return (
        f"The flag would overwrite at least {len(preview.overwrites)} numbers "
        f"({preview.compared} of {preview.synced} synced users compared); there is no undo"
    )


def preview_json(preview: Preview) -> str:
    body = json.loads(encode(preview))
    more = {"others": preview.others, "lower_bound": True, "digest": preview.digest}
    return json.dumps(body | more)


def write_csv(preview: Preview, to: TextIO) -> None:
    rows = csv.writer(to, lineterminator="\n")
    rows.writerow(["entra_object_id", "okta_user_id", "now_in_entra", "would_become"])
    for row in preview.overwrites:
        rows.writerow([row.object_id, row.user_id, _cell(row.before), _cell(row.after)])


def private_file(path: Path) -> TextIO:
    """For its owner's eyes only, also where it was there before. Raises Trouble."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(handle, 0o600)
    except OSError as error:
        raise Trouble(f"{path} can not be written: {error.strerror}.") from None
    return os.fdopen(handle, "w", encoding="utf-8", newline="")


def _cell(value: str | None) -> str:
    given = value or ""
    return f"'{given}" if _FORMULA.match(given) else given


def check_line(check: OrdinaryCheck) -> str:
    word = "NO" if not check.passed else ("said" if check.said else "ok")
    return f"  {word:<5} {check.seen}" + (f"  → {check.remedy}" if check.remedy else "")


def status_lines(known: Known, now: datetime) -> Iterator[str]:
    yield _flag(known, now)
    yield from _checks(known, now)
    yield _preview(known, now)
    yield _incident(known)
    yield next_line(known, now)


def next_line(known: Known, now: datetime) -> str:
    command = next_command(known, now)
    if not command:
        return "Next: nothing; the flag is on."
    if known.incident is None:
        return f"Next: nothing waits for the flag. To set it all the same: {command}"
    return f"Next: {command}"


def status_json(known: Known, now: datetime) -> str:
    incident, decision = known.incident, known.decision
    body = {
        "enabled": known.fact.enabled if known.fact else None,
        "read_at": _time(known.fact.at if known.fact else None),
        "mode": known.mode.value,
        "checks": json.loads(encode(known.checks)) if known.checks else None,
        "preview": json.loads(encode(known.preview)) if known.preview else None,
        "incident": incident.id if incident else None,
        "status": incident.status.value if incident else None,
        "members": known.members,
        "approvals": {"given": decision.given, "needed": decision.needed} if decision else None,
        "next": next_command(known, now),
    }
    return json.dumps(body)


def _flag(known: Known, now: datetime) -> str:
    fact = known.fact
    if fact is None or fact.enabled is None:
        return f"{NAME} is unknown: applications may not read it. Unknown is not false."
    value = str(fact.enabled).lower()
    return f"{NAME} was {value} {_ago(fact.at, now)} ago ({fact.source})."


def _checks(known: Known, now: datetime) -> Iterator[str]:
    checks = known.checks
    if checks is None:
        yield "Ordinary checks: never recorded."
        return
    word = "passed" if checks.passed else "did not pass"
    old = ", too old" if now - checks.at > CHECKS_AGE else ""
    yield f"Ordinary checks: {word}, {_ago(checks.at, now)} ago by {checks.person}{old}."
    yield from (check_line(each) for each in checks.checks)


def _preview(known: Known, now: datetime) -> str:
    preview = known.preview
    if preview is None:
        return "Preview: none was taken."
    old = ", too old" if now - preview.taken_at > PREVIEW_AGE else ""
    return (
        f"Preview: at least {preview.overwritten} numbers would go ({preview.compared} of "
        f"{preview.synced} synced users compared), {_ago(preview.taken_at, now)} old{old}."
    )


def _incident(known: Known) -> str:
    incident, decision = known.incident, known.decision
    if incident is None:
        return "Incident: none is open."
    given = f", {decision.given} of {decision.needed} approvals" if decision else ""
    lost = ", a step whose outcome was not recorded" if incident.in_flight else ""
    listed = f"lists {known.members} drift{'' if known.members == 1 else 's'}"
    return f"Incident: {incident.id} ({incident.status.value}) {listed}{given}{lost}."


def _ago(at: datetime, now: datetime) -> str:
    return age((now - at).total_seconds())


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
