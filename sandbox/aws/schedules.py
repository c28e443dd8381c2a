"""Stands for EventBridge's rules: runs a function again and again.

As there, the first run comes one interval after the start, and a run that takes longer than the
interval does not hold up the next: what keeps the two apart is the function's own concurrency.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sandbox.aws.runtime import Function, Invocation
from sandbox.aws.template import ACCOUNT, REGION

REMEMBERED = 1000  # runs
WAITING = 2  # invocations that may wait for the function; an event this old has run out


class Schedule:
    """`every` in seconds; 0 never runs by itself."""

    def __init__(self, function: Function, every: float) -> None:
        self.every = every
        self.runs: deque[Invocation] = deque(maxlen=REMEMBERED)
        self._function = function
        self._stopping = threading.Event()
        self._slots = threading.BoundedSemaphore(WAITING)
        name = function.shape.name
        self._invokers = ThreadPoolExecutor(WAITING, thread_name_prefix=f"schedule-{name}")
        self._timer = threading.Thread(target=self._run, name=f"timer-{name}", daemon=True)

    def start(self) -> None:
        if self.every > 0:
            self._timer.start()

    def ask_to_stop(self) -> None:
        """Start no more runs; those under way go on."""
        self._stopping.set()

    def stop(self) -> None:
        """Returns after the last run ended."""
        self.ask_to_stop()
        if self._timer.ident is not None:
            self._timer.join()
        self._invokers.shutdown(wait=True)

    def _run(self) -> None:
        while not self._stopping.wait(self.every):
            if self._slots.acquire(blocking=False):
                self._invokers.submit(self._invoke)

    def _invoke(self) -> None:
        try:
            self.runs.append(self._function.invoke(event(datetime.now(UTC))))
        finally:
            self._slots.release()


def event(at: datetime) -> dict[str, object]:
    """What a rule sends unless it is given an input of its own."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/every"],
        "detail": {},
    }
