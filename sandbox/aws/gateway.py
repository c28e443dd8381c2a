"""Stands for the HTTP API: the template's routes, IAM authorization and payload limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

import flask
from werkzeug.exceptions import RequestEntityTooLarge

from sandbox.aws.http_event import Arrived, Response, message, request_event, response_of
from sandbox.aws.identities import Identity, by_access_key
from sandbox.aws.runtime import Invocation
from sandbox.aws.shapes import RouteShape
from sandbox.aws.signature import SignedRequest, signer_of

LARGEST_BODY = 10 * 1024 * 1024  # of an HTTP API
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

Invoke = Callable[[str, object], Invocation]


def create_gateway(
    routes: Iterable[RouteShape],
    invoke: Invoke,
    identities: Iterable[Identity],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> flask.Flask:
    """`invoke(function, event)` runs a function; `identities` are those who may sign requests."""
    table = {(route.method, route.path): route for route in routes}
    known = by_access_key(identities)
    app = flask.Flask("gateway")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY

    def answer(path: str) -> flask.Response:
        return _flask_response(_serve(table, known, invoke, f"/{path}", clock()))

    app.add_url_rule(
        "/", "root", answer, defaults={"path": ""}, methods=METHODS, provide_automatic_options=False
    )
    app.add_url_rule(
        "/<path:path>", "any", answer, methods=METHODS, provide_automatic_options=False
    )
    return app


def _serve(
    table: Mapping[tuple[str, str], RouteShape],
    identities: Mapping[str, Identity],
    invoke: Invoke,
    path: str,
    now: datetime,
) -> Response:
    try:
        arrived = _arrived(path, now)
    except RequestEntityTooLarge:
        return message(413, "Request Entity Too Large")
    route = table.get((arrived.method, path))
    if route is None:
        return message(404, "Not Found")
    signer = None
    if route.iam:
        url = flask.request.url
        signed = SignedRequest(arrived.method, url, arrived.headers, arrived.body)
        signer = signer_of(signed, identities, now)
        if signer is None or not signer.allowed:
            return message(403, "Forbidden")
    event = request_event(arrived, f"{route.method} {route.path}", signer)
    result = invoke(route.function, event)
    if result.error is not None:
        return message(500, "Internal Server Error")
    return response_of(result.payload)


def _arrived(path: str, now: datetime) -> Arrived:
    request = flask.request
    return Arrived(
        method=request.method,
        path=path,
        query=request.query_string.decode("ascii", errors="replace"),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.get_data(),
        source_ip=request.remote_addr or "127.0.0.1",
        protocol=str(request.environ.get("SERVER_PROTOCOL", "HTTP/1.1")),
        at=now,
    )


def _flask_response(response: Response) -> flask.Response:
    answer = flask.Response(response.body, response.status)
    for name, value in response.headers.items():
        answer.headers[name] = value
    for cookie in response.cookies:
        answer.headers.add("set-cookie", cookie)
    return answer
