"""The topic as SNS treats it: a form for each protocol, filters, and errors without a value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lib.aws_pager import SnsPager
from lib.errors import SettingError, Transient
from lib.incident import CauseName, Incident, News, Page, Severity, Status
from lib.rules.page_formats import HttpsPages, event_form
from lib.rules.pages import group_page, page
from lib.settings import Environment
from lib.wiring.pager import pager
from tests.fakes.clock import START
from tests.fakes.make import INCIDENT, SECRETS, SUBJECT, cause, plan

REGION = "eu-west-1"


def told(news: News = News.OPENED, severity: Severity = Severity.HIGH) -> Page:
    of = Incident(
        id=INCIDENT,
        subject=SUBJECT,
        attribute=plan().attribute,
        status=Status.WAITING_APPROVAL,
        severity=severity,
        causes=(cause(CauseName.LICENCE),),
        plan=plan(),
        opened_at=START,
        updated_at=START,
        drift_read_at=START,
    )
    return page(of, news)


class Topic:
    def __init__(self) -> None:
        self.sns: Any = boto3.client("sns", region_name=REGION)
        self._sqs: Any = boto3.client("sqs", region_name=REGION)
        self.arn: str = self.sns.create_topic(Name="pages")["TopicArn"]

    def queue(self, name: str, policy: dict[str, Any] | None = None) -> str:
        url: str = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        more = {"Attributes": {"FilterPolicy": json.dumps(policy)}} if policy else {}
        arn = f"arn:aws:sqs:{REGION}:123456789012:{name}"
        self.sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=arn, **more)
        return url

    def got(self, url: str) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Iterator[Topic]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield Topic()


def test_a_queue_gets_the_event_and_attributes_to_drop_repeats_by(topic: Topic) -> None:
    url = topic.queue("machines")
    SnsPager(topic.sns, topic.arn).page(told())
    (got,) = topic.got(url)
    assert json.loads(got["Message"]) == event_form(told())
    assert got["Subject"] == told().subject_line
    values = {name: one["Value"] for name, one in got["MessageAttributes"].items()}
    assert values["dedup_key"] == told().key
    assert values["alert"] == values["incident"] == INCIDENT


def test_filters_find_their_pages_and_groups_pass_them(topic: Topic) -> None:
    loud = topic.queue("loud", {"severity": ["critical"], "event_action": ["trigger"]})
    phones = topic.queue("phones", {"attribute": ["mobilePhone"]})
    mails = topic.queue("mails", {"attribute": ["otherMails"]})
    sender = SnsPager(topic.sns, topic.arn)
    for one in (
        told(),
        told(severity=Severity.CRITICAL),
        told(News.MENDED, Severity.CRITICAL),
        group_page(told(), START),
    ):
        sender.page(one)
    assert len(topic.got(loud)) == 1
    assert len(topic.got(phones)) == 4
    (group,) = topic.got(mails)
    assert "More than 5" in group["Subject"]


@pytest.mark.parametrize("https", HttpsPages)
def test_only_https_depends_on_the_setting(topic: Topic, https: HttpsPages) -> None:
    class Sns:
        def publish(self, **arguments: Any) -> None:
            self.given = arguments

    sns: Any = Sns()
    SnsPager(sns, topic.arn, https).page(told())
    assert sns.given["MessageStructure"] == "json"
    forms = json.loads(sns.given["Message"])
    is_chat = json.loads(forms["https"]).get("source") == "custom"
    assert is_chat is (https is HttpsPages.CHAT)
    assert json.loads(forms["sqs"]) == event_form(told())


def test_a_topic_that_refuses_is_waited_for_without_repeating_the_page(topic: Topic) -> None:
    gone = SnsPager(topic.sns, topic.arn + "-gone")
    with pytest.raises(Transient) as raised:
        gone.page(told())
    assert not [one for one in (*SECRETS, INCIDENT) if one in str(raised.value)]


def test_the_setting_is_one_of_two(topic: Topic) -> None:
    given = {"PUSHPROOF_TOPIC_ARN": topic.arn, "AWS_DEFAULT_REGION": REGION}
    with pytest.raises(SettingError, match="HTTPS_PAGES must be one of chat, events"):
        pager(Environment(given | {"PUSHPROOF_HTTPS_PAGES": "slack"}))
