"""Our side of the event hook: its address, its secret, and whether the address accepts one."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

import requests

from lib.aws import called
from lib.flows.receive import CHALLENGE
from lib.hook_secret import REFETCH_SECONDS
from lib.http import new_session
from ops.connection import Trouble

# An execution environment that read the secret just before it changed looks again only after
# REFETCH_SECONDS; until then it refuses the new value, and Okta does not repeat after a 401.
SETTLE = REFETCH_SECONDS + 5.0
LONGEST = 180.0
_PAUSE = 2.0


class Door:
    """`manager` is Secrets Manager. `settle`: seconds until every environment takes a new value."""

    def __init__(
        self,
        url: str,
        manager: Any,
        secret_id: str,
        *,
        settle: float = SETTLE,
        sleep: Callable[[float], None] = time.sleep,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url
        self._manager, self._id = manager, secret_id
        self._settle, self._sleep, self._seconds = settle, sleep, seconds

    def secret(self) -> str:
        """The current value. Raises Transient naming AWS's code, Trouble when it is empty."""
        answer = called(self._manager.get_secret_value, SecretId=self._id)
        value = answer.get("SecretString")
        if not isinstance(value, str) or not value:
            raise Trouble("The hook's secret is empty; put a value in Secrets Manager first.")
        return value

    def replace_secret(self, value: str) -> None:
        """Secrets Manager keeps the old value as AWSPREVIOUS, which receive also accepts.

        Returns when receive takes the new one. Raises Trouble when it never does.
        """
        called(self._manager.put_secret_value, SecretId=self._id, SecretString=value)
        began = self._seconds()
        while True:
            passed = self._seconds() - began
            if passed >= self._settle and self.accepts(value):
                return
            if passed >= self._settle + LONGEST:
                raise Trouble(
                    "The hook's address does not accept the new secret; Okta was not told of it "
                    "and the old one stays accepted. Run `pushproof hook install` to go on."
                )
            self._sleep(_PAUSE)

    def accepts(self, secret: str) -> bool:
        """As Okta verifies: GET with a challenge, which has to come back."""
        challenge = secrets.token_urlsafe(24)
        headers = {"Authorization": secret, CHALLENGE: challenge, "Accept": "application/json"}
        try:
            with new_session() as session:
                answer = session.get(
                    self.url, headers=headers, timeout=(3, 5), allow_redirects=False
                )
            return answer.status_code == 200 and answer.json() == {"verification": challenge}
        except (requests.RequestException, ValueError):
            return False
