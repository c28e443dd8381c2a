"""One page in the forms that subscribers of an SNS topic take. Pure: lib/aws_pager.py publishes.

SNS chooses by protocol (Publish with MessageStructure "json"); what has no form of its own gets
`default`, the text for people: mail, mail as JSON, mobile push.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lib.incident import NEXT, THEN, Page, Severity
from lib.model import Attribute
from lib.rules.page_detail import cut
from lib.times import to_text

# One SMS: 140 characters whatever the encoding that stays within GSM 03.38 (SNS, Publish, Message).
SMS_MOST = 140
# GSM 03.38 without its extension table, whose characters count twice; of it, what ASCII has too.
_GSM = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !\"#$%&'()*+,-./:;<=>?@_"
)
# Not confirmed by Amazon: the lengths that other senders of custom notifications keep to.
CHAT_TITLE_MOST, CHAT_TEXT_MOST = 250, 8000
# PagerDuty, Events API v2: `payload.summary`.
SUMMARY_MOST = 1024


class HttpsPages(StrEnum):
    """What https subscribers get: SNS can not tell a chat from another one."""

    CHAT = "chat"
    EVENTS = "events"


@dataclass(frozen=True)
class Publication:
    """Arguments of SNS Publish. `message` is a JSON object of texts by protocol."""

    subject: str
    message: str
    attributes: Mapping[str, Mapping[str, str]]


def publication(page: Page, https: HttpsPages) -> Publication:
    event = json.dumps(event_form(page))
    forms = {
        "default": page.text,
        "sms": sms_form(page),
        "sqs": event,
        "lambda": event,
        "firehose": event,
        "http": event,
        "https": event if https is HttpsPages.EVENTS else json.dumps(chat_form(page)),
    }
    return Publication(page.subject_line, json.dumps(forms), attributes(page))


def attributes(page: Page) -> dict[str, dict[str, str]]:
    """For subscriptions' filter policies. At most ten reach a queue with raw delivery."""
    known = {
        "severity": page.severity.value,
        "cause": page.cause.value,
        "news": page.news.value,
        "incident": page.incident_id,
        "alert": page.incident_id,
        "dedup_key": page.key,
        "event_action": action(page),
    }
    made = {
        name: {"DataType": "String", "StringValue": value} for name, value in known.items() if value
    }
    if page.attributes:
        made["attribute"] = _attribute(page.attributes)
    return made


def _attribute(those: tuple[Attribute, ...]) -> dict[str, str]:
    if len(those) == 1:
        return {"DataType": "String", "StringValue": those[0].value}
    # A filter matches when any of the array does.
    return {"DataType": "String.Array", "StringValue": json.dumps([a.value for a in those])}


def action(page: Page) -> str:
    return "resolve" if page.news.resolves else "trigger"


def event_form(page: Page) -> dict[str, object]:
    """For machines: an event of PagerDuty's Events API v2 but for its `routing_key`.

    `dedup_key` is the alert (stable: a later resolve closes it), `page_key` the piece of news.
    """
    payload: dict[str, object] = {
        "summary": cut(_summary(page), SUMMARY_MOST),
        "source": "pushproof",
        "severity": _pagerduty_severity(page),
        "class": page.cause.value,
        "custom_details": facts(page),
    }
    if page.attributes:
        payload["component"] = _names(page)
    if page.app_id:
        payload["group"] = page.app_id
    if page.at:
        payload["timestamp"] = to_text(page.at)
    return {
        "event_action": action(page),
        "dedup_key": page.incident_id,
        "page_key": page.key,
        "payload": payload,
        "text": page.text,
    }


def _pagerduty_severity(page: Page) -> str:
    return {
        Severity.CRITICAL: "critical",
        Severity.HIGH: "error",
        Severity.WARNING: "warning",
    }[page.severity]


def facts(page: Page) -> dict[str, str]:
    """Ids and words only, each a text, as Amazon Q's additionalContext asks for."""
    known = {
        "incident": page.incident_id,
        "news": page.news.value,
        "severity": page.severity.value,
        "cause": page.cause.value,
        "certainty": page.certainty,
        "attribute": _names(page),
        "okta_app": page.app_id,
        "okta_user": page.user_id,
        "entra_object": page.object_id,
        "members": str(page.members) if page.members else "",
        "at": to_text(page.at) if page.at else "",
        "next": command(page),
    }
    return {name: value for name, value in known.items() if value}


def chat_form(page: Page) -> dict[str, object]:
    """Amazon Q Developer in chat applications, custom notification 1.0.

    https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
    All news of one incident share a thread.
    """
    machine = facts(page) | {
        "event_action": action(page),
        "dedup_key": page.incident_id,
        "page_key": page.key,
    }
    related = (page.incident_id, page.object_id, page.user_id, page.app_id)
    return {
        "version": "1.0",
        "source": "custom",
        "id": page.key,
        "content": {
            "textType": "client-markdown",
            "title": cut(_summary(page), CHAT_TITLE_MOST),
            "description": cut(_body(page), CHAT_TEXT_MOST),
            "nextSteps": [f"`{one}`" for one in command(page).split(THEN) if one],
            "keywords": [page.severity.value, page.cause.value, page.news.value],
        },
        "metadata": {
            "threadId": page.incident_id,
            "summary": page.subject_line,
            # Letters, digits and hyphens: what a custom action may be attached to.
            "eventType": f"pushproof-{page.news.value.replace('_', '-')}",
            "relatedResources": [one for one in related if one],
            "additionalContext": machine,
        },
    }


def sms_form(page: Page) -> str:
    """Severity, what and which; the command where it still fits into one message."""
    how_bad, _, what = _summary(page).removeprefix("[").partition("] ")
    start, end = f"Pushproof {how_bad.upper()}: ", f" ({page.incident_id})"
    text = start + cut(what.rstrip("."), SMS_MOST - len(start) - len(end)) + end
    more = f". {command(page)}"
    if len(more) > 2 and len(text + more) <= SMS_MOST:
        text += more
    return "".join(letter if letter in _GSM else "?" for letter in text)


def command(page: Page) -> str:
    found = [line for line in page.text.splitlines() if line.startswith(NEXT)]
    return found[0].removeprefix(NEXT) if found else ""


def _summary(page: Page) -> str:
    return page.text.splitlines()[0] if page.text else page.subject_line


def _body(page: Page) -> str:
    lines = page.text.splitlines()
    # The guide asks for a description in every notification.
    body = [line for line in lines[1:] if not line.startswith(NEXT)] or lines[:1]
    return "\n".join(body) or page.subject_line


def _names(page: Page) -> str:
    return ",".join(one.value for one in page.attributes)
