"""What on-call reads. One page per piece of news; ids only: no value, name, phone or address."""

from __future__ import annotations

from datetime import datetime

from lib.incident import (
    NEXT,
    THEN,
    CauseName,
    Incident,
    News,
    Page,
    Status,
    StepKind,
)
from lib.model import Attribute
from lib.rules.cause_table import CAUSES, Reach
from lib.rules.page_detail import cut, without_people
from lib.rules.page_flood import QUARTER, limit

# SNS takes a subject of less than 100 ASCII characters in one line (Publish, Subject).
SUBJECT_MOST = 99
DETAIL_MOST = 1000

_OPENED = {
    Attribute.MOBILE_PHONE: "mobilePhone in Entra is not what Okta holds",
    Attribute.OTHER_MAILS: "otherMails in Entra are not what Okta holds",
}
_OF_MANY = {
    Attribute.MOBILE_PHONE: "mobile numbers",
    Attribute.OTHER_MAILS: "other mail addresses",
    Attribute.ACCOUNT_ENABLED: "account states",
}
# Shared causes that concern one attribute; the others stop whole pushes.
_ONE_ATTRIBUTE = frozenset(
    {CauseName.MAPPING_MISSING, CauseName.MAPPING_CREATE_ONLY, CauseName.DIRSYNC_OVERRIDE}
)
_NEWS = {
    News.OPENED: "Drift found",
    News.CHANGED: "Drift changed",
    News.NEEDS_YOU: "Your turn",
    News.REFUSED: "Microsoft or Okta refused",
    News.MENDED: "Mended and proved",
    News.GAVE_UP: "The mend did not land",
    News.DISMISSED: "Dismissed",
}


def headline(incident: Incident, members: int = 0) -> str:
    """`members`: how many an incident of everyone lists; 0 when that is not known here."""
    if incident.everyone:
        return _of_everyone(incident, members)
    if incident.status is Status.RESOLVED:
        return f"{incident.attribute.value} in Entra is what Okta means it to be"
    if incident.status is Status.DISMISSED:
        return f"{incident.attribute.value} in Entra is left as it is"
    if incident.attribute is Attribute.ACCOUNT_ENABLED:
        if incident.plan.expected is False:
            return "a leaver's account is still enabled"
        if incident.lead.name is CauseName.NOT_LINKED:
            return "an assigned user has no Entra account that can be trusted"
        return "the account is disabled in Entra while Okta says active"
    return _OPENED[incident.attribute]


def _of_everyone(incident: Incident, members: int) -> str:
    name = incident.lead.name
    title = CAUSES[name].title
    if incident.status is Status.RESOLVED:
        return f"{title}: it lists nobody any more"
    if incident.status is Status.DISMISSED:
        return f"{title}: it is left as it is"
    users = {0: "several users", 1: "1 user"}.get(members, f"{members} users")
    if name in _ONE_ATTRIBUTE:
        return f"{_OF_MANY[incident.attribute]} of {users} in Entra are not what Okta holds"
    return f"{title}: pushes of {users} do not land"


def page(
    incident: Incident, news: News, detail: str = "", once: str = "", *, members: int = 0
) -> Page:
    """`detail` says what happens next and must hold no value and no name; what looks like one is
    withheld. `once` tells repeated news apart in the key.
    """
    link, subject = incident.plan.link, incident.subject
    what = _first_line(incident, news, members)
    lines = [what + "."]
    if not news.resolves:
        lines.append(_cause(incident))
    if told := without_people(detail, incident.plan):
        lines.append(cut(told, DETAIL_MOST))
    lines.append(NEXT + next_command(incident))
    lines.append(_whose(incident))
    return Page(
        key=f"{incident.id}-{news.value}-{once or incident.attempt}",
        incident_id=incident.id,
        news=news,
        severity=incident.severity,
        cause=incident.lead.name,
        subject_line=cut(what, SUBJECT_MOST),
        text="\n".join(lines),
        attributes=_attributes(incident),
        certainty=incident.lead.certainty.value,
        app_id="" if _of_tenant(incident) else subject.app_id,
        user_id="" if incident.everyone else subject.user_id,
        object_id=link.object_id if link else "",
        everyone=incident.everyone,
        members=members,
        at=incident.updated_at,
    )


def group_page(like: Page, start: datetime) -> Page:
    """The one page for all like this one that are not sent in the quarter hour since `start`."""
    most, over = limit(like), start + QUARTER
    alert = f"group-{like.cause.value}-{like.severity.value}"
    what = f"[{like.severity.value}] More than {most} of {like.cause.value}: {_NEWS[like.news]}"
    lines = (
        what + ".",
        _told(like.cause, like.certainty),
        f"{most} pages were sent since {start:%H:%M} UTC. Further ones until {over:%H:%M} UTC are "
        "listed and not paged; each keeps its incident.",
        "Close this alert by hand: it belongs to no single incident.",
        f"{NEXT}pushproof incidents --cause {like.cause.value} --severity {like.severity.value}",
    )
    return Page(
        key=f"{alert}-{like.news.value}-{start:%Y%m%dT%H%MZ}",
        incident_id=alert,
        news=like.news,
        severity=like.severity,
        cause=like.cause,
        subject_line=cut(what, SUBJECT_MOST),
        text="\n".join(lines),
        # Many: whoever takes only one attribute's pages must not miss it.
        attributes=tuple(Attribute),
        certainty=like.certainty,
        group=True,
        at=like.at,
    )


def next_command(incident: Incident) -> str:
    step, status = incident.next_step, incident.status
    if status is Status.SHARED and incident.parent:
        return f"pushproof show {incident.parent}"
    waits = status in (Status.WAITING_APPROVAL, Status.WAITING_PERSON)
    if waits and step and step.kind is StepKind.BYPASS_ENABLE:
        if status is Status.WAITING_PERSON:
            return f"pushproof bypass status{THEN}pushproof bypass enable"
        return THEN.join(
            (
                "pushproof bypass status",
                "pushproof bypass preview",
                f"pushproof approve {incident.id}",
            )
        )
    if status is Status.WAITING_APPROVAL:
        return f"pushproof show {incident.id}{THEN}pushproof approve {incident.id}"
    if (
        status is Status.WAITING_PERSON
        and step
        and step.kind is StepKind.PRIVILEGED_WRITE
        and not incident.plan.policy.blocked
    ):
        return f"pushproof write {incident.id}"
    return f"pushproof show {incident.id}"


def worth_telling(before: int, after: int) -> bool:
    """A list that grew from `before` to `after` is news at 10, 100, 1000 and so on."""
    mark = 10
    while mark <= before:
        mark *= 10
    return after >= mark


def _first_line(incident: Incident, news: News, members: int) -> str:
    how_bad = "resolved" if news.resolves else incident.severity.value
    return f"[{how_bad}] {_NEWS[news]}: {headline(incident, members)}"


def _cause(incident: Incident) -> str:
    return _told(incident.lead.name, incident.lead.certainty.value)


def _told(name: CauseName, certainty: str) -> str:
    text = CAUSES[name]
    code = f"{name.value}, {certainty}" if certainty else name.value
    return f"Cause: {text.title} ({code}). {text.explanation}"


def _whose(incident: Incident) -> str:
    told, subject, link = f"Incident {incident.id}", incident.subject, incident.plan.link
    if _of_tenant(incident):
        return f"{told}, the whole tenant."
    if incident.everyone:
        return f"{told}, everyone of the Okta app {subject.app_id}."
    told += f", Okta user {subject.user_id} in app {subject.app_id}"
    return told + (f", Entra object {link.object_id}." if link else ".")


def _of_tenant(incident: Incident) -> bool:
    return incident.everyone and CAUSES[incident.lead.name].reach is Reach.TENANT


def _attributes(incident: Incident) -> tuple[Attribute, ...]:
    if incident.everyone and incident.lead.name not in _ONE_ATTRIBUTE:
        return tuple(Attribute)
    return (incident.attribute,)
