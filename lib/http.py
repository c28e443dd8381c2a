"""HTTP to one vendor: connections kept, every call timed out, no redirect followed, no netrc."""

from __future__ import annotations

import copy
import json as json_format
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Protocol
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from lib.errors import NotDone, Permanent, PushproofError, Transient, Unavailable, Unreached
from lib.http_answers import Reply, error_for, shown_path
from lib.times import Clock, utc_now

__all__ = ["Breaker", "Gate", "Http", "Reply", "bounded", "new_session", "segment"]

POOL_SIZE = 16
MAX_BODY = 20 * 1024 * 1024
# The read timeout bounds the silence between two packets; this bounds the whole body (seconds).
MAX_SECONDS = 30.0
QUICK_PAUSES = (0.25, 1.0)
LONGEST_QUICK_WAIT = 2.0
_QUICK_STATUSES = frozenset({429, 502, 503, 504})
_PORTS = {"https": 443, "http": 80}

# urllib3 logs whole addresses, and their query strings name users.
logging.getLogger("urllib3").setLevel(logging.ERROR)


class Gate(Protocol):
    """Asked before and told after every exchange on the wire, to stay inside a rate limit."""

    def enter(self, path: str) -> None:
        """Returns when a request to `path` may go out; NotDone when none may for now."""

    def leave(self, path: str, reply: Reply | None) -> None:
        """`reply` is None when no answer came."""


class Breaker(Protocol):
    """Decides whether a vendor is asked at all, and is shown how each request ended."""

    def __call__(self, ask: Callable[[], Reply], /) -> Reply:
        """What `ask` answers or raises; NotDone, without asking, while the vendor is down."""


class _NoCredentials(AuthBase):
    """With any auth set, requests does not look into a netrc file."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Interrupted(Unavailable):
    """The connection broke: for a read worth another try at once."""


def new_session() -> requests.Session:
    """Keeps connections and cookies apart: the first are reused, the second never stored.

    trust_env stays on, so the standard proxy and certificate bundle variables work.
    """
    session = requests.Session()
    session.auth = _NoCredentials()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=POOL_SIZE, max_retries=0))
    return session


def segment(identifier: str) -> str:
    """One path segment. Dots alone would climb out of the path. Raises Permanent."""
    if not identifier.strip("."):
        raise Permanent("an empty identifier cannot be asked for")
    return quote(identifier, safe="")


class Http:
    """JSON over HTTP against `base_url`.

    `headers` is called for every request (credentials live there), and so is `sign`, with method
    and address, where credentials depend on them. `on_unauthorized` is called once after a 401,
    then the request is repeated once. `on_challenge` is told every answer; when it says that a
    refused request will do if it is signed again, that is repeated once too. `timeout`: connect
    and read seconds.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Callable[[], Mapping[str, str]] = dict,
        sign: Callable[[str, str], Mapping[str, str]] | None = None,
        timeout: tuple[float, float] = (3.05, 10),
        sleep: Callable[[float], None] = time.sleep,
        session: requests.Session | None = None,
        on_unauthorized: Callable[[], None] | None = None,
        on_challenge: Callable[[Reply], bool] | None = None,
        clock: Clock = utc_now,
        gate: Gate | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._origin = _origin(self._base)
        self._headers = headers
        self._sign = sign
        self._timeout = timeout
        self._sleep = sleep
        self._session = session or new_session()
        self._on_unauthorized = on_unauthorized
        self._on_challenge = on_challenge
        self._clock = clock
        self._gate = gate
        self._breaker = breaker

    def behind(self, gate: Gate) -> Http:
        """The same client, same connections, with every exchange passing `gate`."""
        guarded = copy.copy(self)
        guarded._gate = gate
        return guarded

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        accept: Collection[int] = (),
    ) -> Reply:
        """One call. `url` is a path below the base, or an absolute next link of the same origin.

        `repeatable` (by default GET) allows two quick repeats; `accept` names further statuses
        to return. Raises Refused (400, 403), NotFound (404), Unavailable (5xx, no answer, no
        JSON), NotDone (429, and where it was not sent; of a repeated call it tells the last try),
        Transient (409 and the like) and Permanent (401 and everything else).
        """

        def ask() -> Reply:
            return self._ask(method, url, params, json, headers, repeatable, accept)

        return self._breaker(ask) if self._breaker else ask()

    def _ask(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        json: object,
        headers: Mapping[str, str] | None,
        repeatable: bool | None,
        accept: Collection[int],
    ) -> Reply:
        address = self._address(url)
        path = urlsplit(address).path
        what = f"{method} {shown_path(path)}"
        pauses = iter(
            QUICK_PAUSES if repeatable or (repeatable is None and method == "GET") else ()
        )
        refreshed = signed_again = False
        while True:
            problem: PushproofError
            reply: Reply | None = None
            try:
                reply = self._exchange(method, address, path, what, params, json, headers)
            except _Interrupted as error:
                problem = error
            else:
                challenged = self._on_challenge is not None and self._on_challenge(reply)
                if 200 <= reply.status < 300 or reply.status in accept:
                    return reply
                if challenged and not signed_again:
                    signed_again = True
                    continue
                if reply.status == 401 and self._on_unauthorized and not refreshed:
                    refreshed = True
                    self._on_unauthorized()
                    continue
                problem = error_for(reply, what)
            pause = _pause(problem, reply, pauses)
            if pause is None:
                raise problem
            self._sleep(pause)

    def _exchange(
        self,
        method: str,
        address: str,
        path: str,
        what: str,
        params: Mapping[str, str] | None,
        json: object,
        headers: Mapping[str, str] | None,
    ) -> Reply:
        sent = {"Accept": "application/json", "User-Agent": "pushproof", **(headers or {})}
        try:
            sent.update(self._headers())
            if self._sign:
                sent.update(self._sign(method, address))
        except Transient as error:  # of whoever gives the tokens
            raise _unsent(error) from None
        reply: Reply | None = None
        if self._gate:
            self._gate.enter(path)
        # The vendor's exceptions quote the address with its query string: they are not chained.
        try:
            with self._session.request(
                method,
                address,
                params=params,
                json=json,
                headers=sent,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                reply = self._reply(response, what)
        except requests.ConnectTimeout:
            raise Unreached(f"{what}: no connection in time") from None
        except requests.Timeout:
            raise Unavailable(f"{what}: no answer in time") from None
        except requests.exceptions.SSLError:
            raise Unavailable(f"{what}: no trusted TLS connection") from None
        except (
            requests.ConnectionError,
            requests.exceptions.ChunkedEncodingError,
            requests.exceptions.ContentDecodingError,
        ):
            raise _Interrupted(f"{what}: the connection failed") from None
        except requests.RequestException as error:
            raise Permanent(f"{what}: cannot be sent ({type(error).__name__})") from None
        finally:
            if self._gate:
                self._gate.leave(path, reply)
        return reply

    def _reply(self, response: requests.Response, what: str) -> Reply:
        raw = bounded(response.iter_content(65536), what)
        headers = {name.lower(): value for name, value in response.headers.items()}
        body: object = None
        try:
            body = json_format.loads(raw) if raw.strip() else None
        except (ValueError, RecursionError):
            if response.ok and not 300 <= response.status_code < 400:
                raise Unavailable(f"{what}: the answer is not JSON") from None
        return Reply(response.status_code, headers, body, self._clock())

    def _address(self, url: str) -> str:
        if url.startswith("/"):
            return self._base + url
        if _origin(url) != self._origin:
            raise Permanent("a link to another origin is not followed")
        return url


def bounded(chunks: Iterator[bytes], what: str, limit: int = MAX_BODY) -> bytes:
    """The whole body. Permanent above `limit` bytes, Unavailable when it only trickles in."""
    began = time.monotonic()
    parts, size = [], 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise Permanent(f"{what}: the answer is larger than {limit} bytes")
        if time.monotonic() - began > MAX_SECONDS:
            raise Unavailable(f"{what}: no answer in time")
        parts.append(chunk)
    return b"".join(parts)


def _origin(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise Permanent("a link that is no address is not followed") from None
    if not parts.hostname or parts.scheme not in _PORTS or parts.username is not None:
        raise Permanent("a link that is no address is not followed")
    return parts.scheme, parts.hostname, port


def _unsent(error: Transient) -> NotDone:
    kind = Unreached if isinstance(error, Unavailable) else NotDone
    return kind(str(error), error.retry_after)


def _pause(problem: PushproofError, reply: Reply | None, pauses: Iterator[float]) -> float | None:
    """Seconds until a quick repeat, or None: not worth one."""
    if not isinstance(problem, Transient):
        return None
    if reply is not None and reply.status not in _QUICK_STATUSES:
        return None
    wait = problem.retry_after
    if wait is None and reply is not None and reply.status == 429:
        return None
    if wait is not None and wait > LONGEST_QUICK_WAIT:
        return None
    pause = next(pauses, None)
    return pause if pause is None or wait is None else max(wait, QUICK_PAUSES[0])
