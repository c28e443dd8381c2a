"""AWS as the flows need it: queues, topic, secrets; boto3 and its standard endpoint variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from lib.errors import Transient, Unauthorized
from lib.messages import CheckMessage, RemediationMessage

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

# Every call has an end: three tries of at most 1 s to connect and 5 s to answer.
CONFIG = Config(
    connect_timeout=1, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)
# Okta allows 3 s for a delivery, so receive's calls are shorter and tried twice.
SHORT = Config(
    connect_timeout=0.5, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2}
)

# SendMessageBatch takes ten entries.
BATCH = 10
# SQS's longest delay; a later look is sent again for the rest when it arrives early.
LONGEST_DELAY = 900


def client(service: Any, config: Config = CONFIG) -> Any:
    return boto3.client(service, config=config)


def called(operation: Callable[..., Any], **arguments: Any) -> Any:
    """Raises Transient naming the error's code only: AWS errors repeat parameters."""
    try:
        return operation(**arguments)
    except ClientError as error:
        raise Transient(f"AWS answered {error.response['Error']['Code']}") from None
    except (BotoCoreError, ResponseParserError) as error:
        raise Transient(f"AWS can not be reached ({type(error).__name__})") from None


class SqsCheckQueue:
    def __init__(self, sqs: SQSClient, url: str) -> None:
        self._sqs, self._url = sqs, url

    def send(self, message: CheckMessage, delay: float | None = None) -> None:
        more: dict[str, Any] = {}
        if delay is not None:
            # Rounded up: a look that arrives early is only put off again.
            more["DelaySeconds"] = max(0, min(LONGEST_DELAY, int(-(-delay // 1))))
        called(self._sqs.send_message, QueueUrl=self._url, MessageBody=message.text(), **more)

    def send_all(self, messages: Sequence[CheckMessage]) -> None:
        """All or nothing for the caller: raises Transient unless SQS took every message.

        What was refused is tried once more; messages that were taken before a failure are
        repeated by Okta's retry, and coverage makes the repeat free.
        """
        left = [message.text() for message in messages]
        for _ in range(2):
            left = [
                text
                for start in range(0, len(left), BATCH)
                for text in self._batch(left[start : start + BATCH])
            ]
            if not left:
                return
        raise Transient(f"SQS did not take {len(left)} of {len(messages)} messages")

    def _batch(self, texts: Sequence[str]) -> list[str]:
        entries = [{"Id": str(n), "MessageBody": text} for n, text in enumerate(texts)]
        answer = called(self._sqs.send_message_batch, QueueUrl=self._url, Entries=entries)
        taken = {entry["Id"] for entry in answer.get("Successful", [])}
        return [text for n, text in enumerate(texts) if str(n) not in taken]


class SqsRemediationQueue:
    def __init__(self, sqs: SQSClient, url: str) -> None:
        self._sqs, self._url = sqs, url

    def send(self, message: RemediationMessage) -> None:
        called(
            self._sqs.send_message,
            QueueUrl=self._url,
            MessageBody=message.text(),
            MessageGroupId=message.group,
            MessageDeduplicationId=message.deduplication_id,
        )


class Secret:
    """One vendor secret of Secrets Manager. Whoever signs in with it keeps it, and asks again when
    it was refused: it may have been rotated.

    Its value never appears in a repr or an error; `name` says which one it is.
    """

    def __init__(self, manager: SecretsManagerClient, secret_id: str, name: str) -> None:
        self._manager, self._id, self._name = manager, secret_id, name

    def __call__(self) -> str:
        answer = called(self._manager.get_secret_value, SecretId=self._id)
        text = answer.get("SecretString") or ""
        if not text.strip():
            raise Unauthorized(f"the {self._name} secret is empty; put its value first")
        return str(text)

    def __repr__(self) -> str:
        return f"Secret({self._name})"
