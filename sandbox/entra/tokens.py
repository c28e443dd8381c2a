"""Tokens that the authority issues and Graph accepts."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.entra.callers import Caller


@dataclass(frozen=True)
class _Issued:
    caller: Caller
    expires: datetime


@dataclass(frozen=True)
class RefreshToken:
    client_id: str
    user_id: str
    scopes: tuple[str, ...]


class Tokens:
    """Access tokens look like JWTs and are only good for looking up: nobody checks a signature."""

    def __init__(self, clock: Callable[[], datetime], lifetime_seconds: int = 3599) -> None:
        self._clock = clock
        self.lifetime_seconds = lifetime_seconds
        self._issued: dict[str, _Issued] = {}
        self._refresh: dict[str, RefreshToken] = {}
        self._lock = threading.Lock()

    def issue(self, caller: Caller, audience: str, tenant_id: str) -> str:
        now = self._clock()
        expires = now + timedelta(seconds=self.lifetime_seconds)
        names = sorted(caller.permissions)
        granted = {"scp": " ".join(names)} if caller.delegated else {"roles": names}
        token = encode(
            {
                "aud": audience,
                "iss": f"https://sts.windows.net/{tenant_id}/",
                "iat": int(now.timestamp()),
                "nbf": int(now.timestamp()),
                "exp": int(expires.timestamp()),
                "appid": caller.client_id,
                "oid": caller.object_id,
                "tid": tenant_id,
                "uti": uuid.uuid4().hex,
                **granted,
            }
        )
        with self._lock:
            self._issued[token] = _Issued(caller, expires)
        return token

    def caller(self, token: str) -> Caller | None:
        """None for a token never issued, expired or revoked."""
        with self._lock:
            found = self._issued.get(token)
        return found.caller if found and self._clock() < found.expires else None

    def revoke_all(self) -> None:
        """Every access token stops working, as after an expiry; refresh tokens stay good."""
        with self._lock:
            self._issued.clear()

    def issue_refresh(self, refresh: RefreshToken) -> str:
        token = f"1.{secrets.token_urlsafe(48)}"
        with self._lock:
            self._refresh[token] = refresh
        return token

    def redeem_refresh(self, token: str, client_id: str) -> RefreshToken | None:
        with self._lock:
            found = self._refresh.get(token)
        return found if found and found.client_id == client_id else None


def encode(claims: Mapping[str, object]) -> str:
    """A JWT by its looks, with a signature of random bytes."""
    parts = [json.dumps(each).encode() for each in ({"typ": "JWT", "alg": "RS256"}, claims)]
    return ".".join(base64url(part) for part in (*parts, secrets.token_bytes(32)))


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
