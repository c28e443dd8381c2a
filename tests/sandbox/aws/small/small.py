"""Handlers to try the local cloud with."""

# ruff: noqa: T201 -- what a function prints is what the tests read

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

calls = 0


def echo(event: dict[str, Any], context: Any) -> Any:
    """`event["do"]` chooses; an HTTP event comes back as the body of its answer."""
    global calls  # noqa: PLW0603 -- shows that the module stays loaded
    calls += 1
    todo = event.get("do")
    if todo == "environment":
        return dict(os.environ)
    if todo == "context":
        return {
            "name": context.function_name,
            "arn": context.invoked_function_arn,
            "memory": context.memory_limit_in_mb,
            "request": context.aws_request_id,
            "left": context.get_remaining_time_in_millis(),
        }
    if todo == "calls":
        return [os.getpid(), calls]
    if todo == "print":
        print("to stdout")
        print("to stderr", file=sys.stderr)
        return None
    if todo == "sleep":
        print("asleep", flush=True)
        time.sleep(600)
    if todo == "raise":
        raise ValueError("no good")
    if todo == "exit":
        os._exit(3)
    if todo == "unserialisable":
        return {1, 2}
    if json.loads(event.get("body") or "{}").get("fail"):
        raise ValueError("told to fail")
    return {"statusCode": 201, "headers": {"X-Seen": "yes"}, "body": json.dumps(event)}


def slow(event: dict[str, Any], context: Any) -> Any:
    print("slow begins", flush=True)
    if event.get("sleep"):
        time.sleep(600)
    return os.getpid()


def batch(event: dict[str, Any], context: Any) -> Any:
    """A message's body says what becomes of it; `seen` lines in the log tell the order."""
    failed = []
    for record in event["Records"]:
        attributes = record["attributes"]
        print("seen", json.dumps({"body": record["body"], **attributes}), flush=True)
        count = int(attributes["ApproximateReceiveCount"])
        if record["body"].startswith("crash"):
            raise RuntimeError("crashed")
        if record["body"].startswith("poison") or (
            record["body"].startswith("second try") and count == 1
        ):
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
