"""What became of each event, as a terminal and as JSON show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from lib.rules.mask import printable
from lib.times import to_text
from ops.replay.following import Lane
from ops.replay.runs import Delivered, Row

_SHORT = 8


def screen(told: Sequence[tuple[Delivered, Sequence[Row]]]) -> Group:
    """A line a delivery, and below it a row an event."""
    parts: list[RenderableType] = []
    for delivered, rows in told:
        sent = delivered.sent
        answer = f"{sent.status or 'no answer'}  {printable(sent.sample)}"
        if not sent.taken:
            answer += f"  {printable(sent.answer)}"
        elif not rows:
            answer += "  answered by the hook itself"
        parts.append(Text(answer, "bold" if sent.taken else "bold red"))
        if rows:
            parts.append(_events(rows))
    return Group(*parts)


def _events(rows: Sequence[Row]) -> Grid:
    grid = Grid(box=None, show_header=False, padding=(0, 1, 0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(Text(_event(row)), Text(_about(row)), _became(row))
    return grid


def plain(delivered: Delivered, rows: Iterable[Row]) -> dict[str, object]:
    sent = delivered.sent
    return {
        "sample": sent.sample,
        "status": sent.status,
        "answer": sent.answer,
        "at": to_text(sent.at),
        "events": [
            {
                "uuid": row.event.uuid,
                "type": row.event.kind,
                "verdict": row.event.verdict.name.lower(),
                "became": row.became,
                "ended": row.ended,
                "subjects": [_plain_lane(lane) for lane in row.lanes],
            }
            for row in rows
        ],
    }


def _plain_lane(lane: Lane) -> dict[str, object]:
    return {
        "app": lane.subject.app_id,
        "user": lane.subject.user_id,
        "outcome": lane.outcome.name.lower(),
        "ended": lane.outcome.ended,
        "reason": lane.parked.reason if lane.parked else "",
        "incidents": [
            {"incident": i.id, "attribute": i.attribute.value, "status": i.status.value}
            for i in lane.incidents
        ],
        "moments": [
            {"at": to_text(m.at), "actor": m.actor, "what": m.what, "detail": m.detail}
            for m in lane.moments
        ],
    }


def _event(row: Row) -> str:
    kind = printable(row.event.kind.rpartition(".")[2]) or "?"
    uuid = printable(row.event.uuid[:_SHORT])
    return f"{kind} {uuid}".rstrip()


def _about(row: Row) -> str:
    users = {lane.subject.user_id: None for lane in row.lanes}
    users |= {hint.subject.user_id: None for hint in row.event.hints}
    return ", ".join(users) or "–"


def _became(row: Row) -> Text:
    incidents = {i.id: None for lane in row.lanes for i in lane.incidents}
    reasons = {lane.parked.reason: None for lane in row.lanes if lane.parked}
    more = "; ".join([*incidents, *map(printable, reasons)])
    style = "red" if not row.well else "" if row.ended else "yellow"
    return Text(f"{row.became}: {more}" if more else row.became, style)
