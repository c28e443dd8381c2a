"""HTTP to a token endpoint: timeouts, no redirects, and errors of our own types."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import requests

from lib.errors import NotDone, Permanent, Unavailable
from lib.http import Reply, bounded, new_session
from lib.http_answers import retry_after
from lib.times import utc_now

TIMEOUT = (3.05, 10)
MAX_ANSWER = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """An HTTP answer as MSAL reads it."""

    status_code: int
    text: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    def raise_for_status(self) -> None:
        """Never has to: what MSAL would raise for was raised before."""


class Wire:
    """What MSAL asks for as http_client; the Okta sign-in uses it too. Its errors are our own,
    which pass through MSAL untouched (so its own throttling never hides the vendor's answer).
    """

    def __init__(
        self,
        session: requests.Session | None,
        what: str,
        learn: Callable[[str | None], object],
    ) -> None:
        """`what` begins every error; `learn` is told the Date header of every answer."""
        self._session = session or new_session()
        self._what = what
        self._learn = learn

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> Answer:
        return self._send("GET", url, params, None, headers)

    def post(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> Answer:
        return self._send("POST", url, params, data, headers)

    def close(self) -> None:
        self._session.close()

    def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        data: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        # requests' own exceptions quote what was sent: they are not chained.
        try:
            with self._session.request(
                method,
                url,
                params=params,
                data=data,
                headers=headers,
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as response:
                raw = bounded(response.iter_content(65536), self._what, MAX_ANSWER)
                self._learn(response.headers.get("date"))
                return _checked(response, raw, self._what)
        except requests.Timeout:
            raise Unavailable(f"{self._what}: no answer in time") from None
        except requests.RequestException:
            raise Unavailable(f"{self._what}: the connection failed") from None


def _checked(response: requests.Response, raw: bytes, what: str) -> Answer:
    status = response.status_code
    if status == 429 or status >= 500:
        headers = {name.lower(): value for name, value in response.headers.items()}
        wait = retry_after(Reply(status, headers, None, utc_now()))
        kind = NotDone if status == 429 else Unavailable
        raise kind(f"{what}: HTTP {status}", wait)
    if 300 <= status < 400:
        raise Permanent(f"{what}: HTTP {status}, redirects are not followed")
    text = raw.decode("utf-8", "replace")
    try:
        understood = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        understood = False
    if not understood:  # MSAL trusts what it is given
        raise Unavailable(f"{what}: HTTP {status} without a JSON object")
    return Answer(status, text, response.headers)
