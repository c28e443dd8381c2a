"""Each subscriber's form: the limits of the channel, and one alert that opens and closes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.incident import CauseName, Incident, News, Page, Severity, Status
from lib.model import Attribute
from lib.rules.cause_table import CAUSES, Reach
from lib.rules.page_formats import (
    HttpsPages,
    chat_form,
    event_form,
    facts,
    publication,
    sms_form,
)
from lib.rules.pages import group_page, page
from lib.rules.shared import shared_plan, shared_subject
from tests.fakes.clock import START
from tests.fakes.make import INCIDENT, OBJECT, SUBJECT, TENANT, cause, drift, plan

# GSM 03.38, basic table; the extension table ([]{}^~|\ and the euro) costs two septets each.
GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
OLD = Page("k", INCIDENT, News.OPENED, Severity.HIGH, CauseName.LICENCE, "subject", "text")


def incident(
    name: CauseName, status: Status, severity: Severity, attribute: Attribute, *, everyone: bool
) -> Incident:
    lead, of, subject = cause(name), plan(attribute=attribute, expected=False), SUBJECT
    if everyone and CAUSES[name].reach is not Reach.USER:
        whose = shared_subject(lead, drift(attribute, expected=True), SUBJECT, TENANT, None)
        assert whose is not None
        subject = whose
        of = shared_plan(INCIDENT, whose, drift(attribute), lead, TENANT, None)
    return Incident(
        id=INCIDENT,
        subject=subject,
        attribute=attribute,
        status=status,
        severity=severity,
        causes=(lead,),
        plan=of,
        opened_at=START,
        updated_at=START,
        drift_read_at=START,
    )


INCIDENTS = st.builds(
    incident,
    st.sampled_from(CauseName),
    st.sampled_from(Status),
    st.sampled_from(Severity),
    st.sampled_from(Attribute),
    everyone=st.booleans(),
)
TELLING = st.builds(
    page,
    INCIDENTS,
    st.sampled_from(News),
    st.text("abc def.é→[]", max_size=3000),
    members=st.integers(0, 10**6),
)
PAGES = st.one_of(TELLING, TELLING.map(lambda told: group_page(told, START)), st.just(OLD))
HTTPS = st.sampled_from(HttpsPages)


def opened(news: News = News.OPENED, **changes: Any) -> Page:
    of = incident(
        CauseName.PUSH_FAILED,
        Status.WAITING_APPROVAL,
        changes.pop("severity", Severity.HIGH),
        Attribute.MOBILE_PHONE,
        everyone=False,
    )
    return page(of, news, "The plan waits for 1 approval.", **changes)


@given(PAGES, HTTPS)
def test_what_sns_takes(told: Page, https: HttpsPages) -> None:
    """Publish: 256 KB with every protocol's text, a string each, `default` among them; a subject of
    less than 100 ASCII characters in one line; attributes with a type and no empty value, ten at
    most for queues with raw delivery.
    """
    made = publication(told, https)
    forms = json.loads(made.message)
    assert len(made.message.encode()) < 64 * 1024  # one billed part; four are allowed
    assert "default" in forms
    assert all(isinstance(form, str) and form for form in forms.values())
    assert 0 < len(made.subject) < 100
    assert made.subject.isascii()
    assert made.subject.isprintable()
    assert 0 < len(made.attributes) <= 10
    for attribute in made.attributes.values():
        assert set(attribute) == {"DataType", "StringValue"}
        assert attribute["StringValue"]
        if attribute["DataType"] == "String.Array":
            assert json.loads(attribute["StringValue"])
        else:
            assert attribute["DataType"] == "String"


@given(PAGES)
def test_one_sms_says_how_bad_what_and_which(told: Page) -> None:
    text = sms_form(told)
    assert len(text) <= 140
    assert set(text) <= GSM
    assert told.incident_id in text
    if not told.news.resolves and told is not OLD:
        assert told.severity.value.upper() in text


def test_an_sms_has_the_command_only_if_it_is_whole() -> None:
    text = sms_form(opened())
    assert text == (
        f"Pushproof HIGH: Drift found: mobilePhone in Entra is not what Okta holds ({INCIDENT})"
    )
    over = incident(
        CauseName.PUSH_FAILED,
        Status.RESOLVED,
        Severity.CRITICAL,
        Attribute.MOBILE_PHONE,
        everyone=False,
    )
    assert sms_form(page(over, News.MENDED)) == (
        "Pushproof RESOLVED: Mended and proved: mobilePhone in Entra is what Okta means it to be "
        f"({INCIDENT}). pushproof show {INCIDENT}"
    )


@given(PAGES)
def test_the_chat_form_is_amazon_qs_schema(told: Page) -> None:
    made = chat_form(told)
    assert set(made) == {"version", "source", "id", "content", "metadata"}
    assert (made["version"], made["source"], made["id"]) == ("1.0", "custom", told.key)
    content: Any = made["content"]
    assert set(content) == {"textType", "title", "description", "nextSteps", "keywords"}
    assert content["textType"] == "client-markdown"
    assert 0 < len(content["title"]) <= 250
    assert 0 < len(content["description"]) <= 8000
    metadata: Any = made["metadata"]
    assert set(metadata) == {
        "threadId",
        "summary",
        "eventType",
        "relatedResources",
        "additionalContext",
    }
    assert metadata["threadId"] == told.incident_id
    # NotificationType of a custom action, and its variables.
    assert re.fullmatch(r"[a-zA-Z0-9-]{1,100}", metadata["eventType"])
    for name, value in metadata["additionalContext"].items():
        assert re.fullmatch(r"[A-Za-z0-9-_]{1,100}", name)
        assert isinstance(value, str)
        assert 0 < len(value) <= 1024
    for texts in (content["nextSteps"], content["keywords"], metadata["relatedResources"]):
        assert all(isinstance(text, str) and text for text in texts)


def test_a_chat_reads_the_command_under_next_steps_once() -> None:
    made: Any = chat_form(opened())
    command = f"pushproof show {INCIDENT}, then pushproof approve {INCIDENT}"
    assert made["content"]["nextSteps"] == [
        f"`pushproof show {INCIDENT}`",
        f"`pushproof approve {INCIDENT}`",
    ]
    assert command not in made["content"]["description"]
    assert made["content"]["title"] not in made["content"]["description"]
    assert made["metadata"]["additionalContext"]["next"] == command


@given(PAGES)
def test_an_event_is_pagerdutys_but_for_the_routing_key(told: Page) -> None:
    """Events API v2: event_action, dedup_key of at most 255, payload with summary of at most 1024,
    source and severity.
    """
    made: Any = json.loads(json.dumps(event_form(told)))
    assert set(made) == {"event_action", "dedup_key", "page_key", "payload", "text"}
    assert made["event_action"] in {"trigger", "resolve"}
    assert 0 < len(made["dedup_key"]) <= 255
    assert 0 < len(made["payload"]["summary"]) <= 1024
    assert made["payload"]["source"]
    assert made["payload"]["severity"] in {"critical", "error", "warning"}
    assert made["text"] == told.text


@pytest.mark.parametrize(
    ("severity", "theirs"),
    [
        (Severity.CRITICAL, "critical"),
        (Severity.HIGH, "error"),
        (Severity.WARNING, "warning"),
    ],
)
def test_severity_in_the_receivers_words(severity: Severity, theirs: str) -> None:
    made: Any = event_form(opened(severity=severity))
    assert made["payload"]["severity"] == theirs
    assert made["payload"]["custom_details"]["severity"] == severity.value


@pytest.mark.parametrize("news", News)
def test_all_news_of_an_incident_belong_to_one_alert(news: News) -> None:
    made: Any = event_form(opened(news))
    assert made["dedup_key"] == INCIDENT
    over = news in (News.MENDED, News.DISMISSED)
    assert made["event_action"] == ("resolve" if over else "trigger")
    keys = {event_form(opened(other))["page_key"] for other in News}
    assert len(keys) == len(News)


@pytest.mark.parametrize("https", HttpsPages)
def test_who_gets_which_form(https: HttpsPages) -> None:
    told = opened()
    forms = json.loads(publication(told, https).message)
    assert set(forms) == {"default", "sms", "sqs", "lambda", "firehose", "http", "https"}
    assert forms["default"] == told.text  # mail, too
    for machine in ("sqs", "lambda", "firehose", "http"):
        assert json.loads(forms[machine]) == event_form(told)
    expected = chat_form(told) if https is HttpsPages.CHAT else event_form(told)
    assert json.loads(forms["https"]) == expected


def test_machines_get_the_same_facts_everywhere() -> None:
    chat: Any = chat_form(opened(members=7))
    event: Any = event_form(opened(members=7))
    context = chat["metadata"]["additionalContext"]
    assert event["payload"]["custom_details"] == facts(opened(members=7))
    assert facts(opened(members=7)).items() <= context.items()
    for name in ("event_action", "dedup_key", "page_key"):
        assert context[name] == event[name]
    assert context["entra_object"] == OBJECT
    assert context["members"] == "7"


def test_a_filter_on_one_attribute_does_not_hide_a_group() -> None:
    told = publication(group_page(opened(), START), HttpsPages.CHAT).attributes
    assert told["attribute"]["DataType"] == "String.Array"
    assert "mobilePhone" in json.loads(told["attribute"]["StringValue"])
    alone = publication(opened(), HttpsPages.CHAT).attributes
    assert alone["attribute"] == {"DataType": "String", "StringValue": "mobilePhone"}
    assert {n: a["StringValue"] for n, a in alone.items()} == {
        "severity": "high",
        "cause": "push_failed",
        "news": "opened",
        "incident": INCIDENT,
        "alert": INCIDENT,
        "dedup_key": opened().key,
        "event_action": "trigger",
        "attribute": "mobilePhone",
    }


def test_groups_of_one_kind_are_one_alert_and_each_quarter_is_news() -> None:
    first, again = group_page(opened(), START), group_page(opened(), START.replace(hour=5))
    assert first.incident_id == again.incident_id == "group-push_failed-high"
    assert first.key != again.key
    worse = group_page(opened(severity=Severity.CRITICAL), START)
    assert worse.incident_id != first.incident_id
    assert "More than 20" in worse.text
    assert "Next: pushproof incidents --cause push_failed --severity high" in first.text
