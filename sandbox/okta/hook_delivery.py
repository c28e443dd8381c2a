"""Calls event hooks as Okta does: 3 seconds, one retry, no redirects, then the events are gone.

Source: the vendor's event-hook concept page and hook best practices. 200 and 204 are success;
5xx and timeouts are tried once more, anything else is not.
"""

from __future__ import annotations

import json
import queue
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import requests

from sandbox.okta.event_types import hook_eligible
from sandbox.okta.hook_store import Hook, HookStore
from sandbox.okta.records import envelope
from sandbox.okta.syslog import Event

TIMEOUT_SECONDS = 3.0
SUCCESS = frozenset({200, 204})
_CHUNK = 65_536


@dataclass(frozen=True)
class Delivery:
    """One POST to one hook. `answers` holds a status or the word timeout/unreachable per try."""

    hook_id: str
    event_id: str
    uuids: tuple[str, ...]
    answers: tuple[int | str, ...]

    @property
    def delivered(self) -> bool:
        return bool(self.answers) and self.answers[-1] in SUCCESS


class HookCaller:
    """One HTTP client for the verification GET and the delivery POST."""

    def __init__(self, ca_file: Path | None, timeout: float = TIMEOUT_SECONDS) -> None:
        self.timeout = timeout
        self._ca_file = ca_file

    def verify(self, hook: Hook) -> bool:
        """The one-time GET; the endpoint has to give the challenge back as JSON."""
        challenge = secrets.token_urlsafe(32)
        headers = {
            "User-Agent": "Okta-Integrations",
            "Accept": "application/json",
            "X-Okta-Request-Id": secrets.token_urlsafe(20),
            "X-Okta-Verification-Challenge": challenge,
            **hook.request_headers(),
        }
        answers, body = self._try_twice("GET", hook.uri, headers, None)
        if answers[-1] != 200:
            return False
        try:
            answer = json.loads(body)
        except ValueError:
            return False
        return isinstance(answer, dict) and answer.get("verification") == challenge

    def deliver(self, hook: Hook, payload: bytes) -> tuple[int | str, ...]:
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            **hook.request_headers(),
        }
        return self._try_twice("POST", hook.uri, headers, payload)[0]

    def _try_twice(
        self, method: str, uri: str, headers: dict[str, str], payload: bytes | None
    ) -> tuple[tuple[int | str, ...], bytes]:
        first, body = self._once(method, uri, headers, payload)
        if first != "timeout" and not (isinstance(first, int) and first >= 500):
            return (first,), body
        second, body = self._once(method, uri, headers, payload)
        return (first, second), body

    def _once(
        self, method: str, uri: str, headers: dict[str, str], payload: bytes | None
    ) -> tuple[int | str, bytes]:
        deadline = time.monotonic() + self.timeout
        with requests.Session() as session:
            # A proxy or a .netrc of the machine must not change what the hook receives.
            session.trust_env = False
            session.verify = str(self._ca_file) if self._ca_file else True
            try:
                with session.request(
                    method,
                    uri,
                    headers=headers,
                    data=payload,
                    timeout=self.timeout,
                    allow_redirects=False,
                    stream=True,
                ) as answer:
                    body = b""
                    for chunk in answer.iter_content(_CHUNK):
                        body += chunk
                        if time.monotonic() > deadline:
                            return "timeout", b""
                    return answer.status_code, body
            except requests.Timeout:
                return "timeout", b""
            except requests.RequestException:
                return "unreachable", b""


class HookDelivery:
    """The thread that carries new events to every hook that lists their type.

    `drop`, `duplicate` and `reverse` ask for what at-least-once, unordered delivery allows.
    While `losing`, every envelope is lost as `drop` loses the next; `lost` counts events.
    """

    def __init__(
        self,
        hooks: HookStore,
        caller: HookCaller,
        clock: Callable[[], datetime],
        *,
        base_url: Callable[[], str],
        failed: Callable[[Hook, Sequence[int | str]], None],
        amalgamate_seconds: float = 0.05,
    ) -> None:
        self._hooks = hooks
        self._caller = caller
        self._clock = clock
        self._base_url = base_url
        self._failed = failed
        self.amalgamate_seconds = amalgamate_seconds
        self.max_events: int | None = None
        self.losing = False
        self.lost = 0
        self.deliveries: list[Delivery] = []
        self._waiting: queue.Queue[Event | None] = queue.Queue()
        self._mischief: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._busy = 0
        self._idle = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None

    def drop(self, times: int = 1) -> None:
        """The next envelopes are lost without a trace, as after an outage on the vendor's side."""
        with self._lock:
            self._mischief["drop"] += times

    def duplicate(self, times: int = 1) -> None:
        """The next envelopes are delivered twice: same `eventId`, same events."""
        with self._lock:
            self._mischief["duplicate"] += times

    def reverse(self, times: int = 1) -> None:
        """The next batches arrive as single-event envelopes, newest first."""
        with self._lock:
            self._mischief["reverse"] += times

    def offer(self, event: Event) -> None:
        """Takes a new event; those no hook can carry are left out here."""
        if hook_eligible(str(event.get("eventType"))):
            with self._lock:
                self._busy += 1
            self._waiting.put(event)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="okta-hooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after the delivery it is in; what still waits is lost."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(timeout=4 * self._caller.timeout)
            self._thread = None

    def wait_idle(self, timeout: float) -> bool:
        with self._idle:
            return self._idle.wait_for(lambda: self._busy == 0, timeout)

    @property
    def idle(self) -> bool:
        with self._lock:
            return self._busy == 0

    def _run(self) -> None:
        while (event := self._waiting.get()) is not None:
            batch = [event]
            time.sleep(self.amalgamate_seconds)
            ended = False
            while not self._waiting.empty():
                more = self._waiting.get()
                if more is None:
                    ended = True
                    break
                batch.append(more)
            self._carry(batch)
            with self._idle:
                self._busy -= len(batch)
                self._idle.notify_all()
            if ended:
                return

    def _carry(self, batch: list[Event]) -> None:
        for hook in self._hooks.all():
            wanted = [event for event in batch if hook.wants(event)]
            if hook.receives and wanted:
                for events in self._envelopes(wanted):
                    self._send(hook, events)

    def _envelopes(self, events: list[Event]) -> list[list[Event]]:
        if self._spend("reverse"):
            return [[event] for event in reversed(events)]
        size = self.max_events or len(events)
        return [events[start : start + size] for start in range(0, len(events), size)]

    def _send(self, hook: Hook, events: list[Event]) -> None:
        if self.losing or self._spend("drop"):
            self.lost += len(events)
            return
        url = f"{self._base_url()}/api/v1/eventHooks/{hook.id}"
        body = envelope(url, events, self._clock())
        payload = json.dumps(body).encode()
        uuids = tuple(str(event["uuid"]) for event in events)
        for _ in range(2 if self._spend("duplicate") else 1):
            answers = self._caller.deliver(hook, payload)
            delivery = Delivery(hook.id, str(body["eventId"]), uuids, answers)
            self.deliveries.append(delivery)
            if not delivery.delivered:
                self._failed(hook, answers)

    def _spend(self, name: str) -> bool:
        with self._lock:
            asked = self._mischief[name] > 0
            self._mischief[name] -= asked
            return asked
