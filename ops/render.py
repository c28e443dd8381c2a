"""How incidents look on a screen. Values are masked unless asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from lib.incident import Entry, Incident, Plan, Status, Step
from lib.model import Value
from lib.rules.cause_table import CAUSES, Reach
from lib.rules.mask import mask, printable, show
from lib.rules.pages import headline, next_command
from lib.rules.policy import Approval
from lib.store.trail import AuditRecord
from lib.times import to_text

COLOURS = {"critical": "bold red", "high": "yellow", "warning": "cyan"}
STATUS = {
    Status.RESOLVED: "green",
    Status.DISMISSED: "dim",
    Status.WAITING_APPROVAL: "magenta",
    Status.WAITING_PERSON: "magenta",
}


def incidents_table(rows: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("incident", "severity", "attribute", "cause", "status", "since (UTC)"):
        table.add_column(name, no_wrap=True)
    table.add_column("Okta user", overflow="fold")
    for row in rows:
        severity = str(row["severity"])
        table.add_row(
            str(row["incident"]),
            Text(severity, COLOURS.get(severity, "")),
            str(row["attribute"]),
            str(row["cause"]),
            Text(str(row["status"]), STATUS.get(Status(str(row["status"])), "")),
            str(row["opened_at"])[5:16].replace("T", " "),
            str(row["subject"]).rpartition("/")[2],
        )
    return table


def incident_view(
    incident: Incident, timeline: list[Entry], approvals: list[Approval], *, reveal: bool
) -> RenderableType:
    plan = incident.plan
    reader = show if reveal else mask
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column()
    link = plan.link
    facts.add_row("status", Text(incident.status.value, STATUS.get(incident.status, "")))
    facts.add_row("severity", Text(incident.severity.value, COLOURS[incident.severity.value]))
    if incident.everyone:
        tenant = CAUSES[incident.lead.name].reach is Reach.TENANT
        whose = f"tenant {plan.tenant_id}" if tenant else f"app {plan.subject.app_id}"
        facts.add_row("touches", f"everyone it lists, {whose}")
    else:
        linked = f"{link.object_id} (by {link.source.value})" if link else "none"
        facts.add_row("Okta user", f"{plan.subject.user_id}, app {plan.subject.app_id}")
        facts.add_row("Entra user", linked)
        facts.add_row("attribute", plan.attribute.value)
        facts.add_row("expected", _value(plan.expected, reader(plan.expected), reveal))
        facts.add_row("actual", _value(plan.actual, reader(plan.actual), reveal))
        # A recovery phone is a way into an account: whoever decides must see who asked for it.
        last = plan.policy.changed or "nobody of the last week, or it could not be read"
        facts.add_row(
            "changed in Okta",
            Text(printable(last) if reveal else "(--reveal shows by whom and when)"),
        )
    if incident.parent:
        facts.add_row("shared cause", incident.parent)
    if incident.snoozed_until:
        facts.add_row("snoozed until", to_text(incident.snoozed_until))
    return Panel(
        Group(
            facts,
            Text(),
            _causes(incident),
            Text(),
            _plan(plan, incident.steps_done, approvals, reveal),
            Text(),
            _timeline(timeline),
            Text(),
            Text(f"Next: {next_command(incident)}", "bold") if incident.status.open else Text(),
        ),
        title=Text(f"{incident.id} · {headline(incident)}"),
        title_align="left",
        border_style=COLOURS[incident.severity.value],
    )


def _value(value: Value, text: str, reveal: bool) -> Text:
    hidden = not reveal and not isinstance(value, bool) and value not in (None, "", ())
    return Text(text + ("   (--reveal shows it)" if hidden else ""))


def _causes(incident: Incident) -> Group:
    lines: list[RenderableType] = []
    for number, cause in enumerate(incident.causes):
        text = CAUSES[cause.name]
        lead = "Cause" if number == 0 else "Also "
        line = f"{lead}: {cause.name.value} ({cause.certainty.value}) - {text.title}"
        lines.append(Text(line, "bold"))
        if number == 0:
            lines.append(Text(text.explanation))
        for seen in cause.evidence:
            at = seen.at.strftime("%H:%M:%S")
            lines.append(Text(printable(f"  · {seen.fact}  [{seen.source}, {at} UTC]"), "dim"))
    return Group(*lines)


def _plan(plan: Plan, done: int, approvals: list[Approval], reveal: bool) -> Group:
    lines: list[RenderableType] = [Text("Plan", "bold")]
    lines += [_step(step, number < done, reveal) for number, step in enumerate(plan.steps)]
    policy = plan.policy
    if policy.blocked:
        lines.append(Text(f"  blocked: {policy.blocked}", "red"))
    if policy.approvals:
        why = printable("; ".join(policy.reasons))
        lines.append(Text(f"  needs {policy.approvals} approval(s): {why}"))
    if policy.excluded and reveal:
        nobody = printable(", ".join(policy.excluded))
        lines.append(Text(f"  may not approve: {nobody}", "dim"))
    for approval in approvals:
        state = "" if approval.digest == plan.digest else " (of an earlier plan: void)"
        when = f" at {to_text(approval.at)}"
        style = "green" if not state else "dim"
        lines.append(Text(f"  approved by {approval.person}{when}{state}", style))
    lines.append(Text(f"  digest {plan.digest}", "dim"))
    return Group(*lines)


def _step(step: Step, done: bool, reveal: bool) -> Text:
    reader = show if reveal else mask
    mark = "✓" if done else "→"
    text = Text(f"  {mark} {step.kind.value} {step.target}: ")
    text.append(f"{reader(step.before)} ⇒ {reader(step.after)}")
    if step.note:
        text.append(f"\n    {printable(step.note)}", "dim")
    return text


def _timeline(entries: list[Entry]) -> Group:
    lines: list[RenderableType] = [Text("Timeline", "bold")]
    for entry in entries:
        line = Text(f"  {entry.at:%H:%M:%S} ", "dim")
        line.append(printable(f"{entry.actor}: {entry.what}"))
        if entry.detail:
            line.append(f" - {printable(entry.detail)}", "dim")
        lines.append(line)
    return Group(*lines)


def audit_table(records: Iterable[AuditRecord]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("time (UTC)", "person", "action", "incident", "outcome"):
        table.add_column(name, no_wrap=True)
    table.add_column("what", overflow="fold")
    for record in records:
        what = " - ".join(text for text in (record.detail, record.why) if text)
        refused = record.outcome == "refused"
        table.add_row(
            f"{record.at:%Y-%m-%d %H:%M:%S}",
            record.person,
            record.action or "?",
            record.incident,
            Text(record.outcome, "red" if refused else ""),
            Text(printable(what)),
        )
    return table


def page_view(page: Mapping[str, Any]) -> Panel:
    """A notification as on-call's mail or chat shows it."""
    subject = str(page.get("Subject", ""))
    severity = subject[1:].partition("]")[0]
    return Panel(
        Text(_page_text(str(page.get("Message", "")))),
        title=Text(f"page · {subject}"),
        title_align="left",
        border_style=COLOURS.get(severity, "white"),
    )


def _page_text(message: str) -> str:
    """The inbox is a queue, so it gets the event that machines get; alarms are plain text."""
    try:
        event = json.loads(message)
    except ValueError:
        return message
    return str(event.get("text", message)) if isinstance(event, dict) else message


def console(*, stderr: bool = False) -> Console:
    return Console(stderr=stderr, highlight=False)
