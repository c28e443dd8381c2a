"""Runs functions as Lambda does: warm processes of their own, one invocation at a time in each."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from sandbox.aws import worker
from sandbox.aws.logs import LogSink
from sandbox.aws.shapes import FunctionShape
from sandbox.aws.template import ACCOUNT, REGION

INIT_SECONDS = 10.0  # Lambda's own limit for loading a function
CONCURRENCY = 4  # of a function without a limit of its own; enough for one machine


@dataclass(frozen=True)
class Invocation:
    """The answer of one invocation: a payload, or the error's type and message."""

    request_id: str
    payload: Any = None
    error: str | None = None
    message: str = ""


class Gone(Exception):
    """The process ended or had to be ended; the message says why."""


class Worker:
    """One process, started and not yet loaded."""

    def __init__(self, shape: FunctionShape, environment: Mapping[str, str], log: LogSink) -> None:
        self._shape = shape
        self._log = log
        self._ready = False
        self._connection, theirs = multiprocessing.Pipe()
        self._process = subprocess.Popen(  # noqa: S603 -- our own script
            # -P: the script's folder must not be importable.
            [sys.executable, "-P", worker.__file__, str(theirs.fileno()), shape.handler],
            env=dict(environment),
            cwd=environment["LAMBDA_TASK_ROOT"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=(theirs.fileno(),),
            start_new_session=True,  # Ctrl-C is for the parent, which ends us in order
        )
        theirs.close()
        self._reader = threading.Thread(target=self._copy_output, daemon=True)
        self._reader.start()

    def run(self, event: object, request_id: str) -> Invocation:
        """Raises Gone when the process cannot be used again."""
        if not self._ready:
            loaded = _receive(self._connection, INIT_SECONDS, "Loading the function timed out.")
            if "error" in loaded:
                raise Gone(f"{loaded['error']['errorType']}: {loaded['error']['errorMessage']}")
            self._ready = True
        request = {
            "event": event,
            "request_id": request_id,
            "arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self._shape.name}",
            "timeout": self._shape.timeout,
        }
        try:
            self._connection.send_bytes(json.dumps(request).encode())
        except OSError as problem:
            raise Gone("The process ended.") from problem
        answer = _receive(
            self._connection,
            self._shape.timeout,
            f"Task timed out after {self._shape.timeout:.2f} seconds",
        )
        if "error" in answer:
            error = answer["error"]
            return Invocation(request_id, None, error["errorType"], error["errorMessage"])
        return Invocation(request_id, answer["payload"])

    @property
    def process_id(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        """The connection stays open for whoever still waits on it: they read its end."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # with whatever the function started
        self._process.wait()
        self._reader.join(timeout=1)

    def _copy_output(self) -> None:
        stream = self._process.stdout
        if stream is not None:
            with stream:
                for line in stream:
                    self._log.add(self._shape.name, line.rstrip("\n"))


class Function:
    """All processes of one function, at most `limit`; more invocations than that wait."""

    def __init__(
        self,
        shape: FunctionShape,
        environment: Mapping[str, str],
        log: LogSink,
        limit: int = CONCURRENCY,
    ) -> None:
        self.shape = shape
        self.environment = dict(environment)
        self._log = log
        self._slots = threading.BoundedSemaphore(shape.reserved_concurrency or limit)
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._busy: set[Worker] = set()
        self._stopped = False
        self.gone = 0  # invocations whose process ended under them

    def invoke(self, event: object) -> Invocation:
        """Never raises for what the function does; a timeout or a crash is an error as well."""
        request_id = str(uuid.uuid4())
        with self._slots:
            try:
                process = self._take()
            except Gone as problem:
                return Invocation(request_id, None, "Sandbox.Stopped", str(problem))
            with self._lock:
                self._busy.add(process)
            try:
                answer = process.run(event, request_id)
            except Gone as problem:
                self._drop(process)
                self._log.add(self.shape.name, f"{request_id} {problem}")
                return Invocation(request_id, None, "Sandbox.Gone", str(problem))
            with self._lock:
                self._busy.discard(process)
                self._idle.append(process)
            return answer

    def warm(self) -> None:
        """Start one process ahead of the first invocation."""
        with contextlib.suppress(Gone):
            process = self._take()
            with self._lock:
                self._idle.append(process)

    def process_ids(self) -> list[int]:
        with self._lock:
            return [process.process_id for process in self._all]

    def busy_ids(self) -> list[int]:
        """Processes that are at an invocation, the loading before their first one included."""
        with self._lock:
            return [process.process_id for process in self._busy]

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            processes = list(self._all)
        for process in processes:
            process.stop()

    def _take(self) -> Worker:
        with self._lock:
            if self._stopped:
                raise Gone("The sandbox is stopping.")
            if self._idle:
                return self._idle.pop()
            process = Worker(self.shape, self.environment, self._log)
            self._all.add(process)
            return process

    def _drop(self, process: Worker) -> None:
        with self._lock:
            self._all.discard(process)
            self._busy.discard(process)
            stopped = self._stopped
            self.gone += not stopped
        if not stopped:
            process.stop()


def _receive(connection: Connection, seconds: float, too_late: str) -> dict[str, Any]:
    try:
        if not connection.poll(seconds):
            raise Gone(too_late)
        answer: dict[str, Any] = json.loads(connection.recv_bytes())
    except (EOFError, OSError) as problem:
        raise Gone("The process ended.") from problem
    return answer
