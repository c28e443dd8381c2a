"""What went wrong, typed by what the caller should do about it.

Permanent: park it now with the reason.  Transient: back off and try again.
Refused: the vendor understood and said no, which is evidence for a cause.
"""

from __future__ import annotations


class PushproofError(Exception):
    """Base of every error this project raises on purpose."""


class SettingError(PushproofError):
    """A setting makes no sense; the message names the setting and what to do."""


class Permanent(PushproofError):
    """Trying again cannot help: park the work with this reason."""


class NotFound(Permanent):
    """The vendor says the thing does not exist (404)."""


class Unauthorized(Permanent):
    """Our own credentials are refused (401): no piece of work is at fault, a person must act."""


class Transient(PushproofError):
    """Trying again later can help; `retry_after` is in seconds when the vendor named a time."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class NotDone(Transient):
    """The vendor did nothing: it was not asked, or turned the request away unread (429)."""


class Unavailable(Transient):
    """The vendor gave no usable answer, or said that it is down (5xx): an outage if it goes on."""


class Unreached(NotDone, Unavailable):
    """It could not be asked at all, as nobody there or no token for it was to be had."""


class Conflict(Transient):
    """A conditional write lost: somebody stored a newer state. Read again and redo."""


class Refused(PushproofError):
    """The vendor refused the call (400 or 403): name the cause, do not try again.

    `code` and `message` are the vendor's own; `request_id` and `client_request_id`
    join the refusal to the vendor's logs.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        request_id: str | None = None,
        client_request_id: str | None = None,
    ) -> None:
        super().__init__(f"HTTP {status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.client_request_id = client_request_id
