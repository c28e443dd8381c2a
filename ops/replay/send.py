"""Sends deliveries to a hook's address with the hook's secret, as Okta would."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

import requests

from lib.aws import client
from lib.http import new_session
from lib.times import Clock, utc_now
from ops.connection import Connection, Misuse
from ops.hook_door import Door
from ops.samples import Sample

# Only this variable is read: an argument would be in the list of processes.
SECRET = "PUSHPROOF_HOOK_SECRET"  # noqa: S105
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
# The secret is ours to set; the others belong to the connection.
_NOT_OURS = frozenset({"authorization", "host", "content-length", "transfer-encoding", "cookie"})


@dataclass(frozen=True)
class Sent:
    """What the hook answered to one delivery, and when it was sent. `status` 0: nothing.

    `unsure`: no answer came in time, so it may have been taken.
    """

    sample: str
    status: int
    answer: str
    at: datetime
    unsure: bool = False

    @property
    def taken(self) -> bool:
        return self.status == 200

    @property
    def maybe(self) -> bool:
        return self.taken or self.unsure


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
    if not (url.startswith("https://") or _is_local(url)) or not _is_plain(url):
        raise Misuse("--url takes an https address, or http on this machine.")
    secret = os.environ.get(SECRET, "")
    if not secret or not (secret.isascii() and secret.isprintable()):
        raise Misuse(f"Set {SECRET} to the secret that the hook at --url expects.")
    return Target(url, url, secret)


class Post:
    """One connection for all deliveries. Use as a context manager."""

    def __init__(self, target: Target, clock: Clock = utc_now) -> None:
        self._target, self._clock = target, clock
        self._session = new_session()
        if _is_local(target.url):
            # What stays on this machine is nothing for a proxy, least of all the secret.
            self._session.trust_env = False
            self._session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True

    def send(self, sample: Sample) -> Sent:
        """Where no answer came, that is the answer: what was sent before it is still to be told."""
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
        except requests.ReadTimeout:
            return Sent(sample.name, 0, "no answer in 10 s; it may have been taken", at, True)
        except requests.RequestException as error:
            kind = type(error).__name__
            return Sent(sample.name, 0, f"the hook could not be reached ({kind})", at)
        return Sent(sample.name, answer.status_code, answer.text[:200], at)

    def __enter__(self) -> Post:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()


def _is_local(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.hostname in _LOOPBACK


def _is_plain(url: str) -> bool:
    """An address that names a host and nobody's password."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        return False
