"""What every answer of the org has in common: token, rate limit, Date, errors, call counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox.faults import Fault, Faults
from sandbox.okta import errors, oauth
from sandbox.okta.callers import Callers, Challenge
from sandbox.okta.ids import new_id
from sandbox.okta.limits import RateLimits, bucket_of

Json = dict[str, object]


def route_name() -> str:
    """`GET /api/v1/apps/{app}/users/{user}`: how a request is counted and faults are matched."""
    rule = request.url_rule.rule if request.url_rule else request.path
    return f"{request.method} {rule.replace('<', '{').replace('>', '}')}"


def create_web_app(
    callers: Callers,
    limits: RateLimits,
    clock: Callable[[], datetime],
    calls: Counter[str],
    faults: Faults,
) -> Flask:
    """A Flask app without routes."""
    app = Flask("sandbox.okta")
    # Error bodies are Okta's own, also for a path or method nobody knows.
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.json.sort_keys = False  # type: ignore[attr-defined]

    @app.before_request
    def admit() -> Response | None:
        calls[route_name()] += 1
        fault = faults.take(route_name())
        if fault is not None:
            return _play(faults, fault)
        g.limit = limits.take(bucket_of(request.path))
        if request.path != oauth.PATH:
            g.token_id = callers.admit()
        if g.limit.exceeded:
            raise errors.too_many_requests()
        return None

    @app.after_request
    def announce(response: Response) -> Response:
        response.headers["Date"] = format_datetime(clock(), usegmt=True)
        response.headers["X-Okta-Request-Id"] = new_id("req")
        if "limit" in g:
            response.headers.update(g.limit.headers())
        return response

    @app.errorhandler(errors.OktaError)
    def refused(error: errors.OktaError) -> tuple[Response, int]:
        return jsonify(error.body()), error.status

    @app.errorhandler(Challenge)
    def challenged(challenge: Challenge) -> Response:
        response = jsonify(challenge.body.body()) if challenge.body else Response()
        response.status_code = challenge.status
        response.headers.update(challenge.headers)
        return response

    @app.errorhandler(HTTPException)
    def unknown(error: HTTPException) -> tuple[Response, int]:
        match error.code:
            case 404:
                return refused(errors.no_such_path())
            case 405:
                return refused(errors.method_not_supported())
            case 400 | 415:
                return refused(errors.malformed())
        internal = errors.OktaError(error.code or 500, "E0000009", "Internal Server Error")
        return refused(internal)

    return app


def _play(faults: Faults, fault: Fault) -> Response:
    """A fault comes from in front of the org: no rate-limit headers but those it names itself."""
    if not isinstance(fault.status, int):
        return faults.break_connection(fault)
    error = errors.OktaError(fault.status, "E0000009", "Internal Server Error")
    if fault.status == 429:
        error = errors.too_many_requests()
    response = jsonify(error.body())
    response.status_code = fault.status
    response.headers.update(fault.headers)
    return response


def body_json() -> object:
    """The request body; E0000003 when it is not JSON."""
    body: object = request.get_json(force=True)
    return body


def arguments() -> dict[str, str]:
    """Query arguments; when one is repeated, its first value."""
    return request.args.to_dict()


def whole_number(name: str, otherwise: int, most: int) -> int:
    text = request.args.get(name, str(otherwise))
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise errors.validation(name, f"{name}: must be a number from 1 to {most}")
    return int(text)


def linked(body: object, base_url: str, next_query: str | None) -> Response:
    """A list with its Link headers: always `self`, and `next` when there is another page."""
    response = jsonify(body)
    query = request.query_string.decode()
    here = f"{base_url}{request.path}"
    me = f"{here}?{query}" if query else here
    response.headers.add("Link", f'<{me}>; rel="self"')
    if next_query is not None:
        response.headers.add("Link", f'<{here}?{next_query}>; rel="next"')
    return response
