"""Stands for Lambda's event source mappings: takes batches from a queue and deletes what succeeded.

Delay, visibility, the order of FIFO groups and redrive to the dead-letter queue are the queue's
(moto's). One thread reads each queue, since moto may give two readers the same message.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.aws.batches import event_of, failed_messages
from sandbox.aws.runtime import Function
from sandbox.aws.shapes import SourceShape

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# moto's long polling sees a delayed message up to a second late, so the queue is asked often.
POLL_SECONDS = 0.1
MOST_PER_RECEIVE = 10  # of SQS
REMEMBERED = 1000  # batches


@dataclass(frozen=True)
class Batch:
    """What became of one invocation."""

    message_ids: tuple[str, ...]
    failed: frozenset[str]
    error: str | None


class EventSource:
    def __init__(
        self, shape: SourceShape, function: Function, sqs: SQSClient, queue_url: str, queue_arn: str
    ) -> None:
        self.shape = shape
        self.batches: deque[Batch] = deque(maxlen=REMEMBERED)
        self._function = function
        self._sqs = sqs
        self._queue_url = queue_url
        self._queue_arn = queue_arn
        self._kept: deque[str] = deque()  # receipt handles of what failed
        self._stopping = threading.Event()
        self._slots = threading.BoundedSemaphore(shape.concurrency)
        self._invokers = ThreadPoolExecutor(
            shape.concurrency, thread_name_prefix=f"source-{shape.queue}"
        )
        self._reader = threading.Thread(target=self._run, name=f"reader-{shape.queue}", daemon=True)

    def start(self) -> None:
        self._reader.start()

    def ask_to_stop(self) -> None:
        """Take no more messages; invocations go on."""
        self._stopping.set()

    def stop(self) -> None:
        """Returns after the last invocation ended."""
        self.ask_to_stop()
        if self._reader.ident is not None:
            self._reader.join()
        self._invokers.shutdown(wait=True)

    def return_failed(self) -> None:
        """Show what failed again at once, as if its visibility timeout had passed."""
        while self._kept:
            with contextlib.suppress(self._sqs.exceptions.ClientError):  # the handle is too old
                self._sqs.change_message_visibility(
                    QueueUrl=self._queue_url,
                    ReceiptHandle=self._kept.popleft(),
                    VisibilityTimeout=0,
                )

    def _run(self) -> None:
        while not self._stopping.is_set():
            if not self._slots.acquire(timeout=POLL_SECONDS):
                continue
            messages = self._gather()
            if not messages or self._stopping.is_set():
                self._slots.release()
                self._stopping.wait(POLL_SECONDS)
                continue
            self._invokers.submit(self._process, messages)

    def _gather(self) -> list[Any]:
        """A first message opens the batching window; a full batch closes it early."""
        messages = self._receive(self.shape.batch_size)
        closes = time.monotonic() + self.shape.window
        while messages and len(messages) < self.shape.batch_size:
            left = closes - time.monotonic()
            if left <= 0 or self._stopping.wait(min(POLL_SECONDS, left)):
                break
            messages += self._receive(self.shape.batch_size - len(messages))
        return messages

    def _receive(self, most: int) -> list[Any]:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=min(most, MOST_PER_RECEIVE),
            WaitTimeSeconds=0,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", []))

    def _process(self, messages: list[Any]) -> None:
        try:
            ids = [message["MessageId"] for message in messages]
            answer = self._function.invoke(event_of(messages, self._queue_arn))
            if answer.error is not None:
                failed = frozenset(ids)
            elif self.shape.partial:
                failed = failed_messages(answer.payload, ids)
            else:
                failed = frozenset()
            self._delete([message for message in messages if message["MessageId"] not in failed])
            self._kept += [m["ReceiptHandle"] for m in messages if m["MessageId"] in failed]
            self.batches.append(Batch(tuple(ids), failed, answer.error))
        finally:
            self._slots.release()

    def _delete(self, messages: list[Any]) -> None:
        for start in range(0, len(messages), MOST_PER_RECEIVE):
            part = messages[start : start + MOST_PER_RECEIVE]
            self._sqs.delete_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
                    for index, message in enumerate(part)
                ],
            )
