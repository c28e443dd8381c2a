"""A vendor without a network: an adapter for requests that answers from a function or a script."""

from __future__ import annotations

import io
import json as json_format
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPMessage
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from lib.http import Http, new_session

BASE = "https://vendor.example/root"
DATE = "Wed, 01 Jan 2025 00:00:00 GMT"


@dataclass
class Answer:
    """`headers` may be pairs, so that a name can come twice. A Date is added unless `date` is
    None."""

    status: int = 200
    json: object = None
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    raw: bytes | None = None
    date: str | None = DATE


@dataclass
class Sent:
    """One request as it left the client."""

    method: str
    path: str
    query: dict[str, str]
    body: object
    headers: Mapping[str, str]
    url: str
    timeout: object
    form: dict[str, str] = field(default_factory=dict)


Step = Answer | Exception
Handler = Callable[[Sent], Step]


class FakeVendor(BaseAdapter):
    """Mount it on a session; `sent` is everything that was asked."""

    def __init__(self, handler: Handler | Iterable[Step]) -> None:
        super().__init__()
        script = iter(()) if callable(handler) else iter(handler)
        self._handler: Handler = handler if callable(handler) else lambda _: next(script)
        self.sent: list[Sent] = []

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: object = True,
        cert: object = None,
        proxies: object = None,
    ) -> requests.Response:
        sent = _sent(request, timeout)
        self.sent.append(sent)
        step = self._handler(sent)
        if isinstance(step, Exception):
            raise step
        return _response(request, step)

    def close(self) -> None:
        pass

    @property
    def calls(self) -> list[str]:
        return [f"{sent.method} {sent.path}" for sent in self.sent]


def session_of(vendor: FakeVendor) -> requests.Session:
    session = new_session()
    session.mount("https://", vendor)
    return session


def http_of(
    vendor: FakeVendor,
    *,
    base: str = BASE,
    token: str = "token-1",
    pauses: list[float] | None = None,
    **options: object,
) -> Http:
    """A client whose sleeping only records."""
    recorded = pauses if pauses is not None else []
    options.setdefault("headers", lambda: {"Authorization": f"Bearer {token}"})
    return Http(
        base,
        sleep=recorded.append,
        session=session_of(vendor),
        **options,  # type: ignore[arg-type]
    )


def _sent(request: requests.PreparedRequest, timeout: object) -> Sent:
    parts = urlsplit(str(request.url))
    raw = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
    is_json = request.headers.get("Content-Type") == "application/json"
    return Sent(
        method=str(request.method),
        path=parts.path,
        query={name: values[0] for name, values in parse_qs(parts.query).items()},
        body=json_format.loads(raw) if is_json else raw,
        headers=request.headers,
        url=str(request.url),
        timeout=timeout,
        form={} if is_json else {k: v[0] for k, v in parse_qs(raw).items()},
    )


def _response(request: requests.PreparedRequest, answer: Answer) -> requests.Response:
    raw = answer.raw
    if raw is None:
        raw = b"" if answer.json is None else json_format.dumps(answer.json).encode()
    headers = HTTPHeaderDict({"Content-Type": "application/json"})
    if answer.date is not None:
        headers.add("Date", answer.date)
    given = answer.headers.items() if isinstance(answer.headers, Mapping) else answer.headers
    for name, value in given:
        headers.add(name, value)
    # Where requests looks for cookies: the headers as http.client read them.
    message = HTTPMessage()
    for name, value in headers.iteritems():
        message[name] = value
    wire = HTTPResponse(
        body=io.BytesIO(raw),
        original_response=SimpleNamespace(msg=message, isclosed=lambda: True),  # type: ignore[arg-type]
        headers=headers,
        status=answer.status,
        preload_content=False,
        decode_content=True,
    )
    return HTTPAdapter().build_response(request, wire)
