"""POST /$batch.

Source: the vendor's "Combine multiple HTTP requests using JSON batching": at most 20 parts,
relative addresses, answers in any order, a failed dependency gives 424, no nesting.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, request

from sandbox.entra import web
from sandbox.entra.errors import GraphError

MOST_PARTS = 20
_METHODS = frozenset({"GET", "PATCH", "POST", "PUT", "DELETE"})

Json = dict[str, object]


@dataclass(frozen=True)
class _Part:
    id: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: object
    depends_on: tuple[str, ...]


def batch_routes(app: Flask) -> Blueprint:
    routes = Blueprint("batch", __name__)

    @routes.post("/$batch")
    def batch() -> Response:
        parts = _parts(web.body_json())
        prefix = request.path.removesuffix("/$batch")
        answers: dict[str, Json] = {}
        for part in parts:
            failed = any(_status(answers[each]) >= 400 for each in part.depends_on)
            answers[part.id] = _failed_dependency(part) if failed else _run(app, prefix, part)
        shuffled = list(answers.values())
        # Any order is allowed, so none may be relied upon; seeded to be the same every run.
        random.Random(len(shuffled)).shuffle(shuffled)
        return web.answer({"responses": shuffled})

    return routes


def _run(app: Flask, prefix: str, part: _Part) -> Json:
    if part.url.split("?")[0].endswith("/$batch"):
        return _refused(part, 400, "BadRequest", "Batch requests cannot be nested.")
    if part.body is not None and "content-type" not in {name.lower() for name in part.headers}:
        message = "Write request id : {} does not contain Content-Type header or body."
        return _refused(part, 400, "BadRequest", message.format(part.id))
    headers = {"Authorization": request.headers["Authorization"], **part.headers}
    with app.test_client() as client:
        reply = client.open(
            f"{prefix}{part.url}",
            method=part.method,
            base_url=request.host_url,
            headers=headers,
            data=None if part.body is None else json.dumps(part.body),
            environ_overrides={web.PART: True},
        )
    kept = {name: reply.headers[name] for name, _ in reply.headers if name != "Content-Length"}
    return {
        "id": part.id,
        "status": reply.status_code,
        "headers": kept,
        "body": None if reply.status_code == 204 else reply.get_json(force=True),
    }


def _parts(body: Mapping[str, object]) -> list[_Part]:
    found = body.get("requests")
    if not isinstance(found, list) or not found:
        raise _invalid("Invalid batch payload format.")
    if len(found) > MOST_PARTS:
        message = f"Number of batch request steps exceeds the maximum value of {MOST_PARTS}."
        raise GraphError(400, "MaximumValueExceeded", message)
    parts: list[_Part] = []
    for entry in found:
        part = _part(entry)
        known = {each.id for each in parts}
        if part.id in known:
            raise _invalid(f"Duplicate request id '{part.id}'.")
        if not known.issuperset(part.depends_on) or len(part.depends_on) > 1:
            raise _invalid(f"Invalid dependsOn of request id '{part.id}'.")
        parts.append(part)
    return parts


def _part(entry: object) -> _Part:
    if not isinstance(entry, dict):
        raise _invalid("Invalid batch payload format.")
    part_id, method, url = entry.get("id"), entry.get("method"), entry.get("url")
    if not isinstance(part_id, str) or not part_id:
        raise _invalid("Batch request id cannot be empty or missing.")
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise _invalid(f"Invalid method of request id '{part_id}'.")
    if not isinstance(url, str) or not url.startswith("/"):
        raise _invalid(f"The url of request id '{part_id}' must be relative and start with '/'.")
    headers, depends_on = entry.get("headers") or {}, entry.get("dependsOn") or []
    if not isinstance(headers, dict) or not isinstance(depends_on, list):
        raise _invalid("Invalid batch payload format.")
    text = {str(name): str(value) for name, value in headers.items()}
    depends = tuple(str(each) for each in depends_on)
    return _Part(part_id, method.upper(), url, text, entry.get("body"), depends)


def _failed_dependency(part: _Part) -> Json:
    return _refused(part, 424, "FailedDependency", "A request this one depends on has failed.")


def _refused(part: _Part, status: int, code: str, message: str) -> Json:
    body = {"error": {"code": code, "message": message}}
    return {"id": part.id, "status": status, "headers": {}, "body": body}


def _invalid(message: str) -> GraphError:
    return GraphError(400, "BadRequest", message)


def _status(answer: Json) -> int:
    return int(str(answer["status"]))
