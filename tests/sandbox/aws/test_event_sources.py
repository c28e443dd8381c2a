"""The loop that stands for Lambda's event sources, on moto's queues."""

from __future__ import annotations

import json
import time
from typing import Any

from sandbox.aws.local import LocalCloud

QUIET = 60.0  # seconds after which a loop that should have ended counts as hanging


def send(cloud: LocalCloud, queue: str, *bodies: str, group: str | None = None) -> None:
    more: dict[str, Any] = {}
    for body in bodies:
        if group is not None:
            more = {"MessageGroupId": group, "MessageDeduplicationId": f"{group}-{body}"}
        cloud.client("sqs").send_message(QueueUrl=cloud.ids[queue], MessageBody=body, **more)


def seen(cloud: LocalCloud, function: str) -> list[dict[str, str]]:
    """Attributes and body of every record the function saw, in order."""
    lines = cloud.logs.lines(function)
    return [json.loads(line.removeprefix("seen ")) for line in lines if line.startswith("seen ")]


def receives(cloud: LocalCloud, function: str, body: str) -> list[str]:
    records = seen(cloud, function)
    return [r["ApproximateReceiveCount"] for r in records if r["body"] == body]


def bodies_of_dead(cloud: LocalCloud) -> list[str]:
    url = cloud.ids["Dead"]
    sqs = cloud.client("sqs")
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return sorted(found)


def test_only_what_failed_comes_again(cloud: LocalCloud) -> None:
    send(cloud, "Plain", "good 1", "second try 1", "good 2")
    assert cloud.wait_until_quiet(QUIET)
    assert receives(cloud, "PlainFunction", "good 1") == ["1"]
    assert receives(cloud, "PlainFunction", "good 2") == ["1"]
    assert receives(cloud, "PlainFunction", "second try 1") == ["1", "2"]
    assert bodies_of_dead(cloud) == []


def test_poison_ends_in_the_dead_letter_queue(cloud: LocalCloud) -> None:
    send(cloud, "Plain", "poison 1", "good 3")
    assert cloud.wait_until_quiet(QUIET, skip_visibility=True)
    assert receives(cloud, "PlainFunction", "poison 1") == ["1", "2", "3"]
    assert receives(cloud, "PlainFunction", "good 3") == ["1"]
    assert bodies_of_dead(cloud) == ["poison 1"]


def test_a_crash_keeps_the_whole_batch(cloud: LocalCloud) -> None:
    """The window puts both into one batch, so the crash of one is felt by the other."""
    before = len(cloud.sources[0].batches)
    send(cloud, "Plain", "crash 1", "beside a crash")
    assert cloud.wait_until_quiet(QUIET, skip_visibility=True)
    assert "crash 1" in bodies_of_dead(cloud)
    crashed = [b for b in list(cloud.sources[0].batches)[before:] if b.error == "RuntimeError"]
    assert len(crashed) == 3
    assert all(batch.failed == frozenset(batch.message_ids) for batch in crashed)


def test_the_window_gathers_a_batch_up_to_its_size(cloud: LocalCloud) -> None:
    before = len(cloud.sources[0].batches)
    send(cloud, "Plain", *(f"many {number}" for number in range(45)))
    assert cloud.wait_until_quiet(QUIET)
    sizes = [len(batch.message_ids) for batch in list(cloud.sources[0].batches)[before:]]
    assert sum(sizes) == 45
    assert max(sizes) <= 20
    # More than one ReceiveMessage (10 at most) went into a batch.
    assert max(sizes) > 10


def test_without_partial_responses_an_answer_deletes_everything(cloud: LocalCloud) -> None:
    """DelayedFunction's mapping does not report batch item failures, so its list is not read."""
    send(cloud, "Delayed", "poison 2")
    assert cloud.wait_until_quiet(QUIET)
    assert receives(cloud, "DelayedFunction", "poison 2") == ["1"]


def test_the_queues_delay_is_honoured(cloud: LocalCloud) -> None:
    send(cloud, "Delayed", "wait for it")
    assert cloud.wait_until_quiet(QUIET)
    (record,) = [r for r in seen(cloud, "DelayedFunction") if r["body"] == "wait for it"]
    waited = int(record["ApproximateFirstReceiveTimestamp"]) - int(record["SentTimestamp"])
    assert waited >= 2000  # the Delay of this stack, by the queue's own stamps


def test_a_group_stays_in_order_behind_a_failure(cloud: LocalCloud) -> None:
    send(cloud, "Ordered", "a1", "second try a2", "a3", group="a")
    send(cloud, "Ordered", "b1", "b2", group="b")
    while not receives(cloud, "OrderedFunction", "b2"):
        time.sleep(0.05)
    # The other group is through, and this one waits behind its failure.
    assert receives(cloud, "OrderedFunction", "a3") == []
    assert cloud.wait_until_quiet(QUIET, skip_visibility=True)
    records = seen(cloud, "OrderedFunction")
    in_group = {
        group: [r["body"] for r in records if r["MessageGroupId"] == group] for group in ("a", "b")
    }
    assert in_group["a"] == ["a1", "second try a2", "second try a2", "a3"]
    assert in_group["b"] == ["b1", "b2"]


def test_a_message_with_a_known_deduplication_id_is_dropped(cloud: LocalCloud) -> None:
    for _ in range(2):
        cloud.client("sqs").send_message(
            QueueUrl=cloud.ids["Ordered"],
            MessageBody="once",
            MessageGroupId="c",
            MessageDeduplicationId="same",
        )
    assert cloud.wait_until_quiet(QUIET)
    assert receives(cloud, "OrderedFunction", "once") == ["1"]


def test_stopping_leaves_unfinished_work_in_the_queue(cloud: LocalCloud) -> None:
    """Last in this module: it stops the loops."""
    for source in cloud.sources:
        source.stop()
    send(cloud, "Plain", "left behind")
    assert cloud.backlog()["Plain"] == 1
    assert receives(cloud, "PlainFunction", "left behind") == []
