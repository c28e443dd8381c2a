"""One Lambda execution environment: loads a handler once and answers invocations one by one.

Run as a script by sandbox/aws/runtime.py with an inherited socket; imports the standard library
only, so that nothing but the function's own imports is on its conscience. Ends with its parent.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

Handler = Callable[[Any, Any], Any]


class Context:
    """What Lambda passes as the second argument, as far as code reads it."""

    identity = None
    client_context = None

    def __init__(self, request_id: str, arn: str, deadline: float) -> None:
        self.aws_request_id = request_id
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = arn
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def serve(connection: Connection, handler_path: str) -> None:
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    try:
        handler = _load(handler_path)
    except BaseException as problem:  # noqa: BLE001 -- an import may raise anything, SystemExit too
        _send(connection, {"error": _describe(problem)})
        return
    _send(connection, {"ready": True})
    requests: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_read, args=(connection, requests), daemon=True).start()
    while True:
        _send(connection, _answer(handler, requests.get()))


def _load(path: str) -> Handler:
    module, _, name = path.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module), name)
    return handler


def _read(connection: Connection, requests: queue.Queue[dict[str, Any]]) -> None:
    """Reads beside the handler, so that a parent that died ends a busy worker as well."""
    while True:
        try:
            requests.put(json.loads(connection.recv_bytes()))
        except (EOFError, OSError):
            os._exit(0)


def _answer(handler: Handler, request: dict[str, Any]) -> dict[str, Any]:
    context = Context(request["request_id"], request["arn"], time.monotonic() + request["timeout"])
    try:
        return {"payload": json.loads(json.dumps(handler(request["event"], context)))}
    except BaseException as problem:  # noqa: BLE001 -- Lambda reports whatever a handler raises
        return {"error": _describe(problem)}


def _describe(problem: BaseException) -> dict[str, str]:
    """Prints the traceback, as Lambda does into the function's log."""
    print(f"[ERROR] {''.join(traceback.format_exception(problem))}", file=sys.stderr, flush=True)  # noqa: T201
    return {"errorType": type(problem).__name__, "errorMessage": str(problem)}


def _send(connection: Connection, message: dict[str, Any]) -> None:
    sys.stdout.flush()
    try:
        connection.send_bytes(json.dumps(message).encode())
    except OSError:
        os._exit(0)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])), sys.argv[2])
