"""Device codes between the terminal that asks for one and the person who enters it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

# The vendor's codes leave out letters and digits that look alike.
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass
class DeviceCode:
    """`user_id` is set once somebody signed in; `declined` once somebody refused."""

    device_code: str
    user_code: str
    client_id: str
    scopes: tuple[str, ...]
    expires: datetime
    user_id: str | None = None
    declined: bool = False
    redeemed: bool = False


class DeviceCodes:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.lifetime_seconds = 900
        self.interval_seconds = 5
        self._clock = clock
        self._codes: list[DeviceCode] = []
        self._lock = threading.Lock()

    def create(self, client_id: str, scopes: tuple[str, ...]) -> DeviceCode:
        user_code = "".join(secrets.choice(_ALPHABET) for _ in range(9))
        expires = self._clock() + timedelta(seconds=self.lifetime_seconds)
        code = DeviceCode(secrets.token_urlsafe(96), user_code, client_id, scopes, expires)
        with self._lock:
            self._codes.append(code)
        return code

    def by_device(self, device_code: str, client_id: str) -> DeviceCode | None:
        with self._lock:
            for code in self._codes:
                if code.device_code == device_code and code.client_id == client_id:
                    return code
        return None

    def by_user(self, user_code: str) -> DeviceCode | None:
        """An open code, however it was typed; a used or expired one is not found."""
        typed = user_code.strip().replace("-", "").replace(" ", "").upper()
        with self._lock:
            for code in self._codes:
                used = code.user_id is not None or code.declined
                if code.user_code == typed and not used and not self.expired(code):
                    return code
        return None

    def expired(self, code: DeviceCode) -> bool:
        return self._clock() >= code.expires
