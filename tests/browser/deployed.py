"""The sandbox and consoles of it, as a person starts them: each command in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.integration.test_commands import STARTING, environment, pushproof, start


class Deployed:
    """A sandbox below a folder. `console` and `run` are commands typed there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sandbox = start(folder)
        self._consoles: dict[str, tuple[subprocess.Popen[str], str]] = {}
        until = time.monotonic() + STARTING
        while not (folder / ".pushproof" / "sandbox.json").exists():
            assert self._sandbox.poll() is None, self._sandbox.communicate()
            assert time.monotonic() < until
            time.sleep(0.1)

    def console(self, person: str) -> str:
        """The address that lets a browser in at the console of this operator."""
        if person not in self._consoles:
            process = self.begin("console", "--port", "0", "--as", person)
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said.startswith("Console of sandbox: "), said
            self._consoles[person] = process, said.split()[-1]
        return self._consoles[person][1]

    def run(self, *arguments: str) -> str:
        done = pushproof(self.folder, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "ops", *arguments],
            cwd=self.folder,
            env=environment(),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def stop(self) -> None:
        """Consoles before the sandbox they ask."""
        for process in [*(each for each, _ in self._consoles.values()), self._sandbox]:
            process.terminate()
            process.communicate(timeout=30)
