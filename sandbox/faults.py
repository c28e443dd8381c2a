"""Faults that tests inject into the simulators, and how each is played to a client."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from flask import Response, request

Status = int | Literal["timeout", "reset"]


@dataclass
class Fault:
    """`match` is a route name ("GET /v1.0/users/{id}"), in which * stands for anything."""

    match: str
    status: Status
    times: int
    headers: Mapping[str, str] = field(default_factory=dict)


class Faults:
    """What goes wrong next. The first that matches is used up first."""

    def __init__(self) -> None:
        self._pending: list[Fault] = []
        self._lock = threading.Lock()
        self._released = threading.Event()

    def add(
        self,
        match: str,
        status: Status,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """The next `times` requests to `match` answer `status`, hang or lose their connection.

        `headers` replace those the simulator would send with that status, so that an empty
        mapping means a 429 without Retry-After.
        """
        with self._lock:
            self._pending.append(Fault(match, status, times, dict(headers or {})))

    def take(self, route: str) -> Fault | None:
        with self._lock:
            for fault in self._pending:
                if fnmatchcase(route, fault.match):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._pending.remove(fault)
                    return fault
        return None

    def clear(self) -> None:
        with self._lock:
            self._pending.clear()

    def release(self) -> None:
        """Lets requests that hang answer now; for the end of a test."""
        self._released.set()

    def break_connection(self, fault: Fault, longest_seconds: float = 60.0) -> Response:
        """Plays "timeout" and "reset" to the client of the current request.

        A timeout holds the request until the client gave up, `release`, or `longest_seconds`;
        either way the connection is cut and the returned response never arrives.
        """
        if fault.status == "timeout":
            self._released.wait(longest_seconds)
        connection = request.environ.get("werkzeug.socket")
        if isinstance(connection, socket.socket):
            with contextlib.suppress(OSError):  # the client was faster
                connection.shutdown(socket.SHUT_RDWR)
        return Response(status=504)
