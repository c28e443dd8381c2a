"""Ends processes of functions where they stand, at points a seed chooses."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time

from sandbox.aws.local import LocalCloud

# Every function that events pass; approve is asked by people, who see that it failed.
FUNCTIONS = (
    "CheckFunction",
    "RemediateFunction",
    "CheckFunction",
    "RemediateFunction",
    "TickFunction",
    "CatchUpFunction",
    "ReceiveFunction",
)
# Seconds: a run lasts a few tenths, and loading a function about one.
LONGEST = 0.7


class Killer:
    """A thread of its own. `stop` before the end, or nothing ever comes to rest."""

    def __init__(self, cloud: LocalCloud, seed: int) -> None:
        self._cloud, self._chance = cloud, random.Random(seed)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="killer", daemon=True)
        self.shots = 0

    @property
    def hits(self) -> int:
        """Invocations that lost their process; a shot may come just after the end of one."""
        return sum(self._cloud.gone().values())

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            busy = self._cloud.busy_ids(self._chance.choice(FUNCTIONS))
            if not busy:
                time.sleep(0.005)
                continue
            victim = self._chance.choice(busy)
            if self._stopping.wait(self._chance.uniform(0, LONGEST)):
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                self.shots += 1
            # Some are let live, or the same message would be shot until it is set aside.
            self._stopping.wait(self._chance.uniform(0, 2 * LONGEST))
