"""Queues, the table, alarms and the topic: is anything stuck, raised or unheard?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lib.aws import called
from lib.errors import Transient
from lib.settings import Mode
from lib.store.table import Table
from ops.doctor.finding import Finding
from ops.doctor.texts import finding

WAITING = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed")
FLYING = "ApproximateNumberOfMessagesNotVisible"


def read(what: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    """What may not be read is unknown, never a crash."""
    try:
        return look()
    except Transient as error:
        return [finding("aws_unread", what=what, why=error)]


def queue(sqs: Any, name: str, url: str) -> list[Finding]:
    waiting, flying = _counts(sqs, url)
    return [finding("queue_ready", name=name, count=waiting, flying=flying)]


def dead_letters(sqs: Any, name: str, url: str) -> list[Finding]:
    count = sum(_counts(sqs, url))
    return [finding("dlq_holds" if count else "dlq_empty", name=name, count=count)]


def table(store: Table, default: Mode) -> list[Finding]:
    found = [finding("table_ready", mode=store.mode(default).value)]
    count = len(store.parked())
    return [*found, finding("parked_some" if count else "parked_none", count=count)]


def alarms(cloudwatch: Any, topic_arn: str, *, simulated: bool) -> list[Finding]:
    """Those whose action is our topic."""
    given: list[Mapping[str, Any]] = []
    more: dict[str, str] = {}
    while True:
        answer = called(cloudwatch.describe_alarms, ActionPrefix=topic_arn, **more)
        given += answer.get("MetricAlarms", [])
        if not answer.get("NextToken"):
            break
        more = {"NextToken": answer["NextToken"]}
    if not given:
        return [finding("alarms_simulated" if simulated else "alarms_none")]
    found = []
    undecided = sum(alarm.get("StateValue") == "INSUFFICIENT_DATA" for alarm in given)
    if undecided:
        found.append(finding("alarms_undecided", count=undecided))
    for alarm in given:
        name = alarm.get("AlarmName", "?")
        if alarm.get("StateValue") == "ALARM":
            found.append(finding("alarm_raised", name=name))
        if alarm.get("ActionsEnabled") is False:
            found.append(finding("alarm_muted", name=name))
    return found or [finding("alarms_quiet", count=len(given))]


def topic(sns: Any, topic_arn: str) -> list[Finding]:
    confirmed = waiting = 0
    more: dict[str, str] = {}
    while True:
        answer = called(sns.list_subscriptions_by_topic, TopicArn=topic_arn, **more)
        for each in answer.get("Subscriptions", []):
            # An ARN appears once the address was confirmed; until then PendingConfirmation.
            if str(each.get("SubscriptionArn", "")).startswith("arn:"):
                confirmed += 1
            else:
                waiting += each.get("SubscriptionArn") == "PendingConfirmation"
        if not answer.get("NextToken"):
            break
        more = {"NextToken": answer["NextToken"]}
    found = [finding("topic_read", count=confirmed)] if confirmed else [finding("topic_unheard")]
    return [*found, *([finding("topic_unconfirmed", count=waiting)] if waiting else [])]


def _counts(sqs: Any, url: str) -> tuple[int, int]:
    names = [*WAITING, FLYING]
    answer = called(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=names)
    counts = answer.get("Attributes", {})
    return sum(int(counts.get(name, 0)) for name in WAITING), int(counts.get(FLYING, 0))
