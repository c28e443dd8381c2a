"""Every write that reached a vendor, as the vendor saw it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, request

from sandbox.run import Sandbox


@dataclass(frozen=True)
class Write:
    """`attribute` and `value` of one PATCH at Microsoft or one changed AppUser at Okta."""

    vendor: str
    path: str
    attribute: str
    value: str
    status: int


class Witness:
    """Begins with its making, which has to come before the sandbox's start."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.writes: list[Write] = []
        self._lock = threading.Lock()
        self._watch("Microsoft", sandbox.tenant.flask, "PATCH")
        self._watch("Okta", sandbox.org.flask, "POST", "profile")

    def _watch(self, vendor: str, app: Flask, method: str, part: str = "") -> None:
        @app.after_request
        def note(response: Response) -> Response:
            if request.method == method and "/users/" in request.path:
                body: Any = request.get_json(force=True, silent=True) or {}
                changes = body.get(part, {}) if part else body
                with self._lock:
                    self.writes += [
                        Write(vendor, request.path, name, repr(value), response.status_code)
                        for name, value in changes.items()
                    ]
            return response
