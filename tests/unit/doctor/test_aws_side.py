"""Secrets, queues, the table, alarms, subscriptions and clocks."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from lib.errors import Transient
from lib.settings import Mode
from ops.doctor import aws_state, clocks, secrets
from ops.doctor.finding import Finding
from tests.fakes.clock import START
from tests.unit.doctor.aws import FakeAws

TOPIC = "arn:aws:sns:x:1:topic"


def codes(found: list[Finding]) -> list[str]:
    return [each.code for each in found]


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


def secret(aws: FakeAws, output: str = "OktaSecretId") -> Finding:
    (found,) = secrets.examine(aws, {output: "arn:x"}, START)
    return found


def test_a_secret_with_a_value(aws: FakeAws) -> None:
    found = secret(aws)
    assert found.code == "secret_present"
    assert "1 day" in found.seen
    assert "OktaSecret" in found.seen


def test_a_secret_that_was_never_put(aws: FakeAws) -> None:
    aws.stages = {}
    assert secret(aws).code == "secret_empty"


def test_an_old_secret_names_its_own_remedy(aws: FakeAws) -> None:
    aws.put = START - timedelta(days=400)
    # The version before and the one that is being made say nothing about the value in use.
    aws.stages = {"v0": ["AWSPREVIOUS"], "v1": ["AWSCURRENT"], "v2": ["AWSPENDING"]}
    assert secret(aws).code == "secret_old"
    found = secret(aws, "HookSecretId")
    assert found.code == "hook_secret_old"
    assert "--rotate" in found.remedy


def test_secrets_that_nothing_uses(aws: FakeAws) -> None:
    """Where the applications trust the functions' roles, an empty secret is right."""

    def look() -> list[Finding]:
        ids = {"EntraReaderSecretId": "arn:x", "EntraWriterSecretId": "arn:y"}
        readers = ["arn:check", "arn:sweep", "arn:remediate"]
        return secrets.examine_unused(aws, ids, readers, "arn:remediate")

    aws.stages = {}
    (told,) = look()
    assert told.code == "secrets_federated"
    assert told.severity == "ok"
    assert "arn:check, arn:sweep, arn:remediate, the writer as arn:remediate" in told.seen
    aws.stages = {"v1": ["AWSPREVIOUS"]}
    assert codes(look()) == ["secrets_federated"]
    aws.stages = {"v1": ["AWSCURRENT"]}
    assert codes(look()) == ["secrets_federated", "secret_left", "secret_left"]
    aws.error = "AccessDeniedException"
    assert codes(look()) == ["secrets_federated", "aws_unread", "aws_unread"]


def test_what_may_not_be_seen_is_unknown(aws: FakeAws) -> None:
    aws.error = "AccessDeniedException"
    found = [
        secret(aws),
        *aws_state.read("a queue", partial(aws_state.queue, aws, "a queue", "url")),
        *aws_state.read("alarms", partial(aws_state.alarms, aws, TOPIC, simulated=False)),
        *aws_state.read("the topic", partial(aws_state.topic, aws, TOPIC)),
    ]
    assert codes(found) == ["aws_unread"] * 4
    assert all("AccessDeniedException" in each.seen for each in found)
    # AWS's own text repeats resource names and parameters.
    assert not any("arn:secret" in each.seen for each in found)


def test_queues(aws: FakeAws) -> None:
    aws.counts["q"] = {
        "ApproximateNumberOfMessages": "1",
        "ApproximateNumberOfMessagesDelayed": "2",
        "ApproximateNumberOfMessagesNotVisible": "4",
    }
    (found,) = aws_state.queue(aws, "the check queue", "q")
    assert found.code == "queue_ready"
    assert "3 waiting, 4 being" in found.seen
    (dead,) = aws_state.dead_letters(aws, "the dead", "q")
    assert dead.code == "dlq_holds"
    assert "7" in dead.seen
    assert codes(aws_state.dead_letters(aws, "the dead", "empty")) == ["dlq_empty"]


class FakeTable:
    def __init__(self, parked: int = 0) -> None:
        self._parked = parked

    def mode(self, default: Mode) -> Mode:
        return default

    def parked(self) -> list[str]:
        return ["x"] * self._parked


def test_the_table() -> None:
    healthy = aws_state.table(FakeTable(), Mode.AUTO)  # type: ignore[arg-type]
    assert codes(healthy) == ["table_ready", "parked_none"]
    assert "auto" in healthy[0].seen
    found = aws_state.table(FakeTable(2), Mode.AUTO)  # type: ignore[arg-type]
    assert codes(found) == ["table_ready", "parked_some"]


def test_alarms(aws: FakeAws) -> None:
    assert codes(aws_state.alarms(aws, TOPIC, simulated=False)) == ["alarms_none"]
    assert codes(aws_state.alarms(aws, TOPIC, simulated=True)) == ["alarms_simulated"]
    aws.alarms = [[{"AlarmName": "a", "StateValue": "OK"}], [{"AlarmName": "b"}]]
    (quiet,) = aws_state.alarms(aws, TOPIC, simulated=False)
    assert quiet.code == "alarms_quiet"
    assert "2" in quiet.seen
    aws.alarms = [[{"AlarmName": "a", "StateValue": "OK"}], [{"StateValue": "INSUFFICIENT_DATA"}]]
    (undecided,) = aws_state.alarms(aws, TOPIC, simulated=False)
    assert (undecided.code, undecided.severity) == ("alarms_undecided", "unknown")
    assert "1" in undecided.seen
    # On the second page.
    aws.alarms[1] = [{"AlarmName": "b", "StateValue": "ALARM", "ActionsEnabled": False}]
    assert codes(aws_state.alarms(aws, TOPIC, simulated=False)) == ["alarm_raised", "alarm_muted"]


def test_subscriptions(aws: FakeAws) -> None:
    assert codes(aws_state.topic(aws, TOPIC)) == ["topic_read"]
    aws.subscriptions = [["PendingConfirmation"]]
    assert codes(aws_state.topic(aws, TOPIC)) == ["topic_unheard", "topic_unconfirmed"]
    aws.subscriptions = [["PendingConfirmation"], ["arn:aws:sns:x:1:t:1"]]
    assert codes(aws_state.topic(aws, TOPIC)) == ["topic_read", "topic_unconfirmed"]
    aws.subscriptions = [["Deleted"]]
    assert codes(aws_state.topic(aws, TOPIC)) == ["topic_unheard"]


@pytest.mark.parametrize(
    ("off", "code"),
    [
        (0, "clock_agrees"),
        (-0.9, "clock_agrees"),  # a Date header is cut to whole seconds
        (4, "clock_agrees"),
        (6, "clock_differs"),
        (-7, "clock_differs"),
        (-300, "clock_far_off"),
        (300, "clock_far_off"),
    ],
)
def test_clocks(off: float, code: str) -> None:
    found = clocks.examine("Okta", lambda: START + timedelta(seconds=off), lambda: START)
    assert found.code == code


def test_a_slow_answer_is_no_difference() -> None:
    moments = iter([START, START + timedelta(seconds=20)])
    found = clocks.examine("Okta", lambda: START + timedelta(seconds=10), lambda: next(moments))
    assert found.code == "clock_agrees"


def test_a_clock_that_can_not_be_read() -> None:
    def ask():
        raise Transient("no answer in time")

    assert clocks.examine("AWS", ask, lambda: START).code == "clock_unknown"
