"""Sends deliveries to a hook's address with the hook's secret, as Okta would."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from urllib.parse import urlsplit

import requests

from lib.aws import client
from lib.times import Clock, utc_now
from ops.connection import Connection, Misuse, Trouble
from ops.hook_door import Door
from ops.samples import Sample

# Only this variable is read: an argument would be in the list of processes.
SECRET = "PUSHPROOF_HOOK_SECRET"  # noqa: S105
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
# The secret is ours to set; the others belong to the connection.
_NOT_OURS = frozenset({"authorization", "host", "content-length", "transfer-encoding", "cookie"})


@dataclass(frozen=True)
class Sent:
    """What the hook answered to one delivery, and when."""

    sample: str
    status: int
    answer: str
    at: datetime

    @property
    def taken(self) -> bool:
        return self.status == 200


@dataclass(frozen=True)
class Target:
    """Where deliveries go. `name` is what a person is asked about."""

    name: str
    url: str
    secret: str = field(repr=False)


def target_of(connection: Connection) -> Target:
    """The hook of the sandbox or of a stack. Raises Trouble and Transient."""
    url = connection.output("HookUrl")
    door = Door(url, client("secretsmanager"), connection.output("HookSecretId"))
    return Target(connection.name, url, door.secret())


def target_at(url: str) -> Target:
    """Any address; its secret comes from the environment. Raises Misuse."""
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not (parts.hostname and (local or parts.scheme == "https")) or parts.username is not None:
        raise Misuse("--url takes an https address, or http on this machine.")
    secret = os.environ.get(SECRET, "")
    if not secret:
        raise Misuse(f"Set {SECRET} to the secret that the hook at --url expects.")
    return Target(url, url, secret)


class Post:
    """One connection for all deliveries. Use as a context manager."""

    def __init__(self, target: Target, clock: Clock = utc_now) -> None:
        self._target, self._clock = target, clock
        self._session = requests.Session()

    def send(self, sample: Sample) -> Sent:
        """Raises Trouble when there is no answer."""
        headers = {n: v for n, v in sample.headers.items() if n.lower() not in _NOT_OURS}
        at = self._clock()
        try:
            answer = self._session.request(
                sample.method,
                self._target.url,
                headers={**headers, "Authorization": self._target.secret},
                data=sample.body.encode() if sample.body is not None else None,
                timeout=(3, 10),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            kind = type(error).__name__
            raise Trouble(f"The hook could not be reached ({kind}).") from None
        return Sent(sample.name, answer.status_code, answer.text[:200], at)

    def __enter__(self) -> Post:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()
