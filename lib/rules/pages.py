"""What on-call reads. One page per piece of news; ids only: no value, name, phone or address."""

from __future__ import annotations

from lib.incident import CauseName, Incident, News, Page, Status, StepKind
from lib.model import Attribute
from lib.rules.cause_table import CAUSES

_OPENED = {
    Attribute.MOBILE_PHONE: "mobilePhone in Entra is not what Okta holds",
    Attribute.OTHER_MAILS: "otherMails in Entra are not what Okta holds",
}

_NEWS = {
    News.OPENED: "Drift found",
    News.CHANGED: "Drift changed",
    News.NEEDS_YOU: "Your turn",
    News.REFUSED: "Microsoft or Okta refused",
    News.MENDED: "Mended and proved",
    News.GAVE_UP: "The mend did not land",
}


def headline(incident: Incident) -> str:
    if incident.status is Status.RESOLVED:
        return f"{incident.attribute.value} in Entra is what Okta means it to be"
    if incident.attribute is Attribute.ACCOUNT_ENABLED:
        if incident.plan.expected is False:
            return "a leaver's account is still enabled"
        if incident.lead.name is CauseName.NOT_LINKED:
            return "an assigned user has no Entra account that can be trusted"
        return "the account is disabled in Entra while Okta says active"
    return _OPENED[incident.attribute]


def page(incident: Incident, news: News, detail: str = "", once: str = "") -> Page:
    """`detail` must hold no value and no name. `once` tells repeated news apart in the key."""
    text = CAUSES[incident.lead.name]
    lines = [
        f"{_NEWS[news]}: {headline(incident)}.",
        f"Incident {incident.id}, severity {incident.severity.value}.",
        f"Subject: Okta user {incident.subject.user_id} in app {incident.subject.app_id}"
        + (f", Entra object {incident.plan.link.object_id}." if incident.plan.link else "."),
    ]
    if news is not News.MENDED:
        lines.append(f"Cause: {incident.lead.name.value} ({incident.lead.certainty.value}), ")
        lines[-1] += f"{text.title}."
    if detail:
        lines.append(detail)
    lines.append(f"Next: {next_command(incident)}")
    return Page(
        key=f"{incident.id}-{news.value}-{once or incident.attempt}",
        incident_id=incident.id,
        news=news,
        severity=incident.severity,
        cause=incident.lead.name,
        subject_line=f"[{incident.severity.value}] {_NEWS[news]}: {headline(incident)}"[:100],
        text="\n".join(lines),
    )


def next_command(incident: Incident) -> str:
    step = incident.next_step
    match incident.status:
        case Status.WAITING_APPROVAL:
            return f"pushproof show {incident.id}, then pushproof approve {incident.id}"
        case Status.WAITING_PERSON if step and step.kind in (
            StepKind.PRIVILEGED_WRITE,
            StepKind.BYPASS_ENABLE,
        ):
            return f"pushproof write {incident.id}"
        case _:
            return f"pushproof show {incident.id}"


def worth_telling(before: int, after: int) -> bool:
    """A list that grew from `before` to `after` is news at 10, 100, 1000 and so on."""
    mark = 10
    while mark <= before:
        mark *= 10
    return after >= mark
