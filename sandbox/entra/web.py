"""What every Graph answer has in common: token, budget, ids, headers, errors, faults, counts."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from sandbox.entra import errors
from sandbox.entra.callers import Caller
from sandbox.entra.errors import GraphError
from sandbox.entra.query import Page
from sandbox.entra.throttle import RETRY_LATER, Throttle, percentage_header
from sandbox.entra.tokens import Tokens
from sandbox.faults import Fault, Faults

PART = "sandbox.entra.part"  # marks a request that is a part of a $batch
_GRAPH = "/graph/"
_CONTENT_TYPE = (
    "application/json;odata.metadata=minimal;odata.streaming=true;"
    "IEEE754Compatible=false;charset=utf-8"
)
_SERVER_INFO = {
    "ServerInfo": {
        "DataCenter": "Sandbox",
        "Slice": "E",
        "Ring": "3",
        "ScaleUnit": "000",
        "RoleInstance": "SANDBOX0000000",
    }
}
_FAULT_CODES = {
    400: ("BadRequest", "The request is malformed or incorrect."),
    401: ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    403: ("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
    404: ("Request_ResourceNotFound", "Resource does not exist."),
    429: ("TooManyRequests", RETRY_LATER),
    500: ("InternalServerError", "An internal server error occurred."),
    503: ("serviceNotAvailable", "The service is temporarily unavailable."),
    504: ("UnknownError", "The request timed out."),
}


@dataclass
class Counts:
    """Requests per route, and parts of a $batch per route, which are not requests."""

    calls: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)


def route_name() -> str:
    """`GET /v1.0/users/{id}`: how a request is counted and faults are matched."""
    rule = request.url_rule.rule if request.url_rule else request.path
    return f"{request.method} {rule.removeprefix('/graph').replace('<', '{').replace('>', '}')}"


class Gate:
    """Stands before and behind every route."""

    def __init__(
        self,
        tokens: Tokens,
        throttle: Throttle,
        faults: Faults,
        counts: Counts,
        clock: Callable[[], datetime],
    ) -> None:
        self._tokens = tokens
        self._throttle = throttle
        self._faults = faults
        self._counts = counts
        self._clock = clock

    def create_app(self) -> Flask:
        """A Flask app without routes."""
        app = Flask("sandbox.entra", static_folder=None)
        app.json.sort_keys = False  # type: ignore[attr-defined]
        # A name in a path may hold two slashes; a redirect to a tidier path would be no answer.
        app.url_map.merge_slashes = False
        app.before_request(self._admit)
        app.after_request(self._announce)
        app.register_error_handler(GraphError, self._refused)
        app.register_error_handler(HTTPException, self._unknown)
        return app

    def _admit(self) -> Response | None:
        name = route_name()
        part = PART in request.environ
        (self._counts.parts if part else self._counts.calls)[name] += 1
        g.request_id = str(uuid.uuid4())
        fault = self._faults.take(name)
        if fault is not None:
            answers = part or isinstance(fault.status, int)
            return self._failed(fault) if answers else self._faults.break_connection(fault)
        if request.path.startswith(_GRAPH):
            self._authenticate()
            # A $batch spends nothing itself: its parts are throttled one by one.
            if not request.path.endswith("/$batch"):
                self._spend()
        return None

    def _authenticate(self) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise errors.unauthenticated("Access token is empty.")
        found = self._tokens.caller(token)
        if found is None:
            raise errors.unauthenticated(
                "Lifetime validation failed, the token is expired."
                if token.count(".") == 2
                else "IDX14100: JWT is not well formed, there are no dots (.)."
            )
        g.caller = found

    def _spend(self) -> None:
        g.units = cost()
        share = self._throttle.take_units(caller().client_id, g.units)
        g.throttle = percentage_header(share)
        if request.method not in {"GET", "HEAD"}:
            self._throttle.take_write(caller().client_id)

    def _failed(self, fault: Fault) -> Response:
        error = failure(fault)
        if request.path.startswith(_GRAPH):
            return self._refused(error)
        body = {"error": "temporarily_unavailable", "error_description": "Try again later."}
        response = answer(body, error.status)
        response.headers.update(error.headers)
        return response

    def _announce(self, response: Response) -> Response:
        response.headers["Date"] = format_datetime(self._clock(), usegmt=True)
        if not request.path.startswith(_GRAPH):
            return response
        response.headers["request-id"] = g.request_id
        response.headers["client-request-id"] = client_request_id()
        response.headers["x-ms-ags-diagnostic"] = json.dumps(_SERVER_INFO, separators=(",", ":"))
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
        response.headers["Cache-Control"] = "no-cache"
        if "units" in g:
            response.headers["x-ms-resource-unit"] = str(g.units)
        response.headers.update(g.get("throttle", {}))
        if response.status_code == 204:
            del response.headers["Content-Type"]
        else:
            response.headers["OData-Version"] = "4.0"
        return response

    def _refused(self, error: GraphError) -> Response:
        inner: dict[str, object] = {
            "date": self._clock().strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": g.request_id,
            "client-request-id": client_request_id(),
        }
        if error.status == 429:
            inner |= {"code": "429", "message": "Please retry after", "status": "429"}
        body = {"error": {"code": error.code, "message": error.message, "innerError": inner}}
        response = answer(body, error.status)
        response.headers.update(error.headers)
        return response

    def _unknown(self, error: HTTPException) -> Response:
        if error.code == 404:
            return self._refused(errors.no_such_segment(request.path.rpartition("/")[2]))
        if error.code == 405:
            message = "Specified HTTP method is not allowed for the request target."
            return self._refused(GraphError(405, "Request_BadRequest", message))
        return self._refused(GraphError(error.code or 500, "BadRequest", error.name))


def failure(fault: Fault) -> GraphError:
    """A fault as an answer; where no connection can be broken, that is a gateway's time-out."""
    status = fault.status if isinstance(fault.status, int) else 504
    code, message = _FAULT_CODES.get(status, ("UnknownError", ""))
    return GraphError(status, code, message, dict(fault.headers))


def caller() -> Caller:
    found: Caller = g.caller
    return found


def client_request_id() -> str:
    """The caller's own id echoed; without one the request id."""
    return request.headers.get("client-request-id") or str(g.request_id)


def options() -> dict[str, str]:
    """Query options; when one is repeated, its first value."""
    return request.args.to_dict()


def root() -> str:
    """The address of this API version, e.g. https://host/graph/v1.0."""
    version = request.path.removeprefix(_GRAPH).partition("/")[0]
    return f"{request.host_url}graph/{version}"


def cost() -> int:
    """Resource units of the request: listing users and memberships 2, anything else 1."""
    path = request.path.removeprefix(_GRAPH).partition("/")[2]
    units = 2 if path == "users" or "emberOf" in path else 1
    if request.method == "GET":
        top = request.args.get("$top", "100")
        units -= "$select" in request.args
        units -= top.isdecimal() and int(top) < 20
    return max(units, 1)


def body_json() -> Mapping[str, object]:
    """The request body, which has to be a JSON object."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise GraphError(400, "BadRequest", "Unable to read JSON request payload.")
    return body


def answer(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status=status, content_type=_CONTENT_TYPE)


def entity(context: str, values: Mapping[str, object]) -> Response:
    return answer({"@odata.context": f"{root()}/$metadata#{context}", **values})


def collection(context: str, page: Page, count: int | None = None) -> Response:
    """A list as Graph answers it; the next link is absolute and there only when needed."""
    body: dict[str, object] = {"@odata.context": f"{root()}/$metadata#{context}"}
    if count is not None:
        body["@odata.count"] = count
    if page.next_query is not None:
        path = request.path.removeprefix(_GRAPH).partition("/")[2]
        body["@odata.nextLink"] = f"{root()}/{path}?{page.next_query}"
    body["value"] = list(page.items)
    return answer(body)


def no_content() -> Response:
    return Response(status=204)


def eventual() -> bool:
    """Whether the caller asked for advanced queries: the header and $count=true."""
    header = request.headers.get("ConsistencyLevel", "").lower() == "eventual"
    return header and request.args.get("$count", "").lower() == "true"
