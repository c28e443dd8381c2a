"""The event hook's shared secret: two live versions, compared in constant time.

Okta signs nothing; a static header is all there is. During a rotation both AWSCURRENT and
AWSPREVIOUS are accepted; a missing AWSPREVIOUS is normal.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from lib.errors import Transient

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# A wrong secret must not let a stranger make us call Secrets Manager for each request.
REFETCH_SECONDS = 30.0


class HookSecret:
    """`seconds` is a monotonic clock. Nothing is fetched before `load` or the first `accepts`."""

    def __init__(
        self, manager: SecretsManagerClient, secret_id: str, seconds: Callable[[], float]
    ) -> None:
        self._manager, self._id, self._seconds = manager, secret_id, seconds
        self._live: tuple[bytes, ...] = ()
        self._fetched_at: float | None = None
        self._failing = True

    def load(self) -> None:
        """Raises Transient when not even the current version can be read."""
        self._fetched_at = self._seconds()
        current = self._version("AWSCURRENT")
        if current is None:
            raise Transient("the hook secret has no current version")
        previous = self._version("AWSPREVIOUS")
        self._live = tuple(value for value in (current, previous) if value)
        self._failing = False

    def accepts(self, given: str | None) -> bool:
        """Raises Transient while the secret can not be read, which is not the caller's fault.

        Okta never retries a 401, so an unknown secret is only wrong after a fetch that worked.
        """
        if not given:
            return False
        # A header is bytes that somebody decoded: whatever is in it, it is compared.
        offered = given.encode("utf-8", "surrogatepass")
        if self._live and self._matches(offered):
            return True
        if self._fetched_at is None or self._seconds() - self._fetched_at >= REFETCH_SECONDS:
            self._failing = True
            self.load()
        if self._failing:
            raise Transient("the hook secret could not be read again")
        return self._matches(offered)

    def _matches(self, offered: bytes) -> bool:
        # Every live version is compared, whichever matches.
        matches = [hmac.compare_digest(offered, live) for live in self._live]
        return any(matches)

    def _version(self, stage: str) -> bytes | None:
        try:
            answer: Any = self._manager.get_secret_value(SecretId=self._id, VersionStage=stage)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise Transient("Secrets Manager refused the hook secret") from None
        except BotoCoreError:
            raise Transient("Secrets Manager can not be reached") from None
        text = answer.get("SecretString")
        # No header begins or ends with white space; a value put from a file may end with a line.
        return text.strip().encode() if isinstance(text, str) and text.strip() else None

    def __repr__(self) -> str:
        return f"HookSecret({len(self._live)} live)"
