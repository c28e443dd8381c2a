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
    """`match` is a route name ("GET /v1.0/users/{id}"), in which * stands for anything.

    `times` None: an outage, which lasts until it is ended.
    """

    match: str
    status: Status
    times: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    over: bool = False


class Faults:
    """What goes wrong next. The first that matches is used up first."""

    def __init__(self) -> None:
        self._pending: list[Fault] = []
        self._changed = threading.Condition()
        self._released = False

    @property
    def pending(self) -> list[Fault]:
        with self._changed:
            return list(self._pending)

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
        with self._changed:
            self._pending.append(Fault(match, status, times, dict(headers or {})))

    def begin(self, match: str, status: Status) -> Fault:
        """An outage: from now on every request to `match` meets it, until `end`."""
        outage = Fault(match, status, None)
        with self._changed:
            self._pending.append(outage)
        return outage

    def end(self, outage: Fault) -> None:
        """Requests that hang in it lose their connection now."""
        with self._changed:
            outage.over = True
            self._pending = [fault for fault in self._pending if fault is not outage]
            self._changed.notify_all()

    def outage(self, route: str) -> Fault | None:
        """The one that lasts for `route`; it is everybody's, whoever calls and however."""
        with self._changed:
            lasting = [fault for fault in self._pending if fault.times is None]
        return next((fault for fault in lasting if fnmatchcase(route, fault.match)), None)

    def take(self, route: str) -> Fault | None:
        with self._changed:
            for fault in self._pending:
                if fnmatchcase(route, fault.match):
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self._pending.remove(fault)
                    return fault
        return None

    def clear(self) -> None:
        for fault in self.pending:
            self.end(fault)

    def release(self) -> None:
        """Lets requests that hang answer now; for the end of a test."""
        with self._changed:
            self._released = True
            self._changed.notify_all()

    def break_connection(self, fault: Fault, longest_seconds: float = 60.0) -> Response:
        """Plays "timeout" and "reset" to the client of the current request.

        A timeout holds the request until the client gave up, `release`, the end of the outage or
        `longest_seconds`; in any case the connection is cut and the returned response never
        arrives.
        """
        if fault.status == "timeout":
            with self._changed:
                self._changed.wait_for(lambda: self._released or fault.over, longest_seconds)
        connection = request.environ.get("werkzeug.socket")
        if isinstance(connection, socket.socket):
            with contextlib.suppress(OSError):  # the client was faster
                connection.shutdown(socket.SHUT_RDWR)
        return Response(status=504)
