"""One vendor answer, and which error it is. Knows both vendors' bodies and headers, does no I/O."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lib.errors import (
    NotDone,
    NotFound,
    Permanent,
    PushproofError,
    Refused,
    Transient,
    Unauthorized,
    Unavailable,
)

# 409 and 423: somebody else writes the same object now. 424: a part whose predecessor failed.
_TRANSIENT = frozenset({408, 409, 423, 424, 425})
_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,80}")
_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))*)")
_REL = re.compile(r";\s*rel\s*=\s*\"?([^\";]*)", re.IGNORECASE)
# The patterns below take the square of a text's length in the worst case; 300 are shown.
_LONGEST_PROSE = 2000
_MAIL = re.compile(r"[^\s'\"<>(),;:=/?&]+(?:@|%40)[^\s'\"<>(),;:=/?&]+", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w+-])\+?\(?\d[\d ().\-]{5,}\d(?![\w-])")
_QUERY = re.compile(r"\?[^\s'\"<>]*")


@dataclass(frozen=True)
class Reply:
    """One answer. Header names are lower-case; `body` is the JSON, None when there was none.

    `received_at` is our own clock and stands in only where the vendor's time is not evidence.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: object = field(repr=False)
    received_at: datetime

    @property
    def date(self) -> datetime:
        """The vendor's Date header (RFC 7231, one-second resolution). Transient when absent."""
        found = http_date(self.headers.get("date"))
        if found is None:
            raise Transient("answer without a Date header")
        return found

    @property
    def next_link(self) -> str | None:
        """The rel="next" address of the Link headers (RFC 8288), however many there are."""
        for target, parameters in _LINK.findall(self.headers.get("link", "")):
            rel = _REL.search(parameters)
            if rel and "next" in rel[1].lower().split():
                return str(target)
        return None


def http_date(text: str | None) -> datetime | None:
    """Any of the three forms of RFC 7231, as UTC; None for anything else."""
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError, IndexError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def retry_after(reply: Reply) -> float | None:
    """Seconds the vendor asked to wait, None when it named no time.

    Microsoft: Retry-After, possibly with decimals; RFC 7231 also allows a date.
    Okta: X-Rate-Limit-Reset, UTC epoch seconds, to be compared with its own Date header.
    """
    now = http_date(reply.headers.get("date")) or reply.received_at
    given = reply.headers.get("retry-after", "").strip()
    if given:
        seconds = _number(given)
        moment = http_date(given) if seconds is None else None
        if moment is not None:
            seconds = (moment - now).total_seconds()
        if seconds is not None:
            return max(0.0, seconds)
    reset = _number(reply.headers.get("x-rate-limit-reset", ""))
    if reply.status == 429 and reset is not None:
        return max(0.0, reset - now.timestamp())
    return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@dataclass(frozen=True)
class VendorError:
    """What the vendor said of its refusal, without values."""

    code: str
    message: str
    request_id: str | None
    client_request_id: str | None


def vendor_error(reply: Reply) -> VendorError:
    """Graph: {"error": {code, message, innerError}}. Okta: errorCode, errorSummary, errorCauses."""
    body = reply.body if isinstance(reply.body, Mapping) else {}
    error = body.get("error")
    if isinstance(error, Mapping):
        code, message = error.get("code"), error.get("message")
        inner = error.get("innerError") or error.get("innererror")
    else:
        code = body.get("errorCode") or error
        message = _okta_message(body)
        inner = None
    inner = inner if isinstance(inner, Mapping) else {}
    headers = reply.headers
    request_id = inner.get("request-id") or headers.get("request-id")
    return VendorError(
        code=code if isinstance(code, str) and _CODE.fullmatch(code) else "unknown",
        message=scrub(message) if isinstance(message, str) else "",
        request_id=_text(request_id or headers.get("x-okta-request-id")),
        client_request_id=_text(inner.get("client-request-id") or headers.get("client-request-id")),
    )


def _okta_message(body: Mapping[str, object]) -> str:
    causes = body.get("errorCauses")
    parts = [body.get("errorSummary")]
    if isinstance(causes, list):
        parts += [cause.get("errorSummary") for cause in causes if isinstance(cause, Mapping)]
    return "; ".join(part for part in parts if isinstance(part, str))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def error_for(reply: Reply, what: str) -> PushproofError:
    """The error an unwanted answer is. `what` names the call and holds no value."""
    status = reply.status
    said = vendor_error(reply)
    told = f"{what}: HTTP {status}" + (f" {said.code}" if said.code != "unknown" else "")
    if status >= 500:
        return Unavailable(told, retry_after(reply))
    if status == 429:
        return NotDone(told, retry_after(reply))
    if status in _TRANSIENT:
        return Transient(told, retry_after(reply))
    if status == 404:
        return NotFound(told)
    if status == 400 and "www-authenticate" in reply.headers:
        # So Okta refuses a proof of possession; it says nothing about what was asked for.
        return Unauthorized(f"{told}, the credentials are not accepted")
    if status in (400, 403):
        return Refused(status, said.code, said.message, said.request_id, said.client_request_id)
    if status == 401:
        return Unauthorized(f"{told}, the credentials are not accepted")
    if 300 <= status < 400:
        return Permanent(f"{told}, redirects are not followed")
    return Permanent(told)


def scrub(text: str) -> str:
    """Vendor prose without mail addresses, user names, phone numbers and query strings."""
    if len(text) > _LONGEST_PROSE:
        # Whole words only: half an address would not be known for one.
        text = text[:_LONGEST_PROSE].rpartition(" ")[0]
    for pattern, stand_in in ((_QUERY, "?…"), (_MAIL, "…@…"), (_PHONE, "…")):
        text = pattern.sub(stand_in, text)
    return text[:300]


def shown_path(path: str) -> str:
    """A path for error text: no query, and nothing that looks like a user name or a value."""
    segments = path.partition("?")[0].split("/")
    return "/".join("…" if re.search(r"@|%40|'|%27", s, re.IGNORECASE) else s for s in segments)
