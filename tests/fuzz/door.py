"""The receive function on fake AWS: the shipped handler, wiring, queue client and logger."""

from __future__ import annotations

import importlib
import io
import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from botocore.exceptions import ClientError

from tests.fakes.make import APP, OTHER_APP
from tests.fakes.secrets import FakeSecrets

SECRET = "hook-secret-that-nobody-else-knows"
PREVIOUS = "hook-secret-before-the-rotation"
VARIABLES = {
    "PUSHPROOF_HOOK_SECRET_ID": "hook",
    "PUSHPROOF_CHECK_QUEUE_URL": "https://sqs.example/check",
    "PUSHPROOF_OKTA_APP_IDS": f"{APP},{OTHER_APP}",
    "POWERTOOLS_SERVICE_NAME": "receive",
}
# What a standard queue takes; its documented limit was 256 KiB a batch until 2025.
BATCH_ENTRIES, BATCH_BYTES = 10, 262_144


class StrictSqs:
    """SendMessageBatch with the limits SQS enforces. `down`: it answers as an outage does."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.calls = 0
        self.down = False

    def send_message_batch(self, QueueUrl: str, Entries: Any) -> dict[str, Any]:  # noqa: N803
        self.calls += 1
        if self.down:
            raise _error("ServiceUnavailable")
        if not 1 <= len(Entries) <= BATCH_ENTRIES:
            raise _error("TooManyEntriesInBatchRequest")
        bodies = [entry["MessageBody"] for entry in Entries]
        if sum(len(body.encode()) for body in bodies) > BATCH_BYTES:
            raise _error("BatchRequestTooLong")
        if not all(body and all(_allowed(char) for char in body) for body in bodies):
            raise _error("InvalidMessageContents")
        self.bodies += bodies
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries], "Failed": []}


def _allowed(char: str) -> bool:
    """The characters of XML 1.0, which SQS restricts bodies to."""
    return char in "\t\n\r" or "\x20" <= char <= "\ud7ff" or char >= "\ue000"


def _error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "SendMessageBatch")


class Context:
    """What Lambda passes beside the event, as far as the logger reads it."""

    function_name, memory_limit_in_mb = "receive", 1024
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:receive"
    aws_request_id = "request"


@dataclass(frozen=True)
class Outcome:
    """What one invocation did. `logged`: everything any logger wrote."""

    status: int
    body: Any
    answer: Mapping[str, Any]
    queued: list[Any]
    calls: int
    logged: str


class Door:
    def __init__(self, module: Any, sqs: StrictSqs, secrets: FakeSecrets, log: io.StringIO) -> None:
        self.sqs, self.secrets = sqs, secrets
        self._module, self._log = module, log

    def send(self, event: object) -> Outcome:
        self.sqs.bodies, self.sqs.calls = [], 0
        self._log.seek(0)
        self._log.truncate()
        answer = self._module.handler(event, Context())
        json.dumps(answer)  # Lambda serializes it
        return Outcome(
            answer["statusCode"],
            json.loads(answer["body"]),
            answer,
            [json.loads(body) for body in self.sqs.bodies],
            self.sqs.calls,
            self._log.getvalue(),
        )


@contextmanager
def opened() -> Iterator[Door]:
    """A cold start of handlers/receive.py."""
    sqs = StrictSqs()
    secrets = FakeSecrets(AWSCURRENT=SECRET, AWSPREVIOUS=PREVIOUS)
    clients = {"sqs": sqs, "secretsmanager": secrets}
    log = io.StringIO()
    everything = logging.StreamHandler(log)
    # The function's own lines are written once, by its own handler.
    everything.addFilter(lambda record: record.name != "receive")
    root = logging.getLogger()
    with (
        mock.patch.dict("os.environ", VARIABLES),
        mock.patch("boto3.client", lambda service, **_: clients[service]),
    ):
        sys.modules.pop("handlers.receive", None)
        module = importlib.import_module("handlers.receive")
        handler: Any = module.logger.registered_handler
        stream = handler.setStream(log)
        root.addHandler(everything)
        try:
            yield Door(module, sqs, secrets, log)
        finally:
            root.removeHandler(everything)
            handler.setStream(stream)
            sys.modules.pop("handlers.receive", None)
