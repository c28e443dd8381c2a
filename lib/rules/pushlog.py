"""What the System Log tells of one subject's pushes, and what a failure's reason says.

Started, success and failure share one eventType: legacyEventType and outcome tell. An outcome
of SUCCESS is not evidence that a value changed (Okta's own article says so).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lib.model import PushEvent, PushLog

# Okta's schema caps outcome.reason at 255 characters.
REASON_LIMIT = 255
_PIECE = re.compile(
    r"(httpStatusCode|errorCode|errorMessage|client-request-id|request-id|method|url)="
    r"(\"[^\"]*\"?|'[^']*'?|\S+)"
)
_AADSTS = re.compile(r"AADSTS\d+")
# Codes and ids look like this; anything else might be a value or a name.
_PLAIN = re.compile(r"[A-Za-z0-9_.\-]{1,80}")
_ON_PREMISES = "on-premises mastered"


class FailureKind(StrEnum):
    LICENCE = "licence"
    REFUSED = "refused"  # Authorization_RequestDenied on the user itself
    ON_PREMISES = "on_premises_mastered"
    CONNECTOR_AUTH = "connector_auth"
    UNDECIDED = "undecided"  # the part that would tell was cut off
    OTHER = "other"


@dataclass(frozen=True)
class Failure:
    """A parsed outcome.reason. `truncated`: Okta cut it, so missing pieces prove nothing."""

    kind: FailureKind
    truncated: bool
    http_status: str | None = None
    error_code: str | None = None
    request_id: str | None = None
    client_request_id: str | None = None
    aadsts: str | None = None

    def describe(self) -> str:
        """Codes and ids only: the raw reason names users."""
        pieces = [
            self.kind.value,
            f"HTTP {self.http_status}" if self.http_status else None,
            self.error_code,
            self.aadsts,
            "reason truncated by Okta" if self.truncated else None,
        ]
        return ", ".join(piece for piece in pieces if piece)


def parse_reason(reason: str | None) -> Failure:
    text = reason or ""
    pieces = {name: value.strip("\"'") for name, value in _PIECE.findall(text)}
    plain = {name: value for name, value in pieces.items() if _PLAIN.fullmatch(value)}
    # Exactly at the limit: cut. Support articles show longer reasons, which are then whole.
    truncated = len(text) == REASON_LIMIT
    aadsts = _AADSTS.search(text)
    return Failure(
        kind=_kind(text, pieces, truncated, aadsts is not None),
        truncated=truncated,
        http_status=plain.get("httpStatusCode"),
        error_code=plain.get("errorCode"),
        request_id=plain.get("request-id"),
        client_request_id=plain.get("client-request-id"),
        aadsts=aadsts[0] if aadsts else None,
    )


def _kind(text: str, pieces: dict[str, str], truncated: bool, aadsts: bool) -> FailureKind:
    if aadsts or pieces.get("httpStatusCode") == "401":
        return FailureKind.CONNECTOR_AUTH
    if "assignLicense" in text:
        return FailureKind.LICENCE
    if _ON_PREMISES in text:
        return FailureKind.ON_PREMISES
    if pieces.get("errorCode") == "Authorization_RequestDenied":
        # Licence and user refusals differ only in the url, which comes last and is cut first.
        complete = "url" in pieces and not truncated
        return FailureKind.REFUSED if complete else FailureKind.UNDECIDED
    return FailureKind.UNDECIDED if truncated else FailureKind.OTHER


@dataclass(frozen=True)
class PushStory:
    """The last completed push since a moment, if any."""

    last: PushEvent | None
    complete: bool  # the log was read to its end

    @property
    def succeeded(self) -> bool:
        return self.last is not None and self.last.result == "SUCCESS"

    @property
    def failed(self) -> bool:
        return self.last is not None and not self.succeeded

    @property
    def never(self) -> bool:
        """No completed push: only a completely read log can say so."""
        return self.last is None and self.complete


# Okta's catalog: the push of a deactivation. Only the System Log carries these, never a hook.
DEACTIVATIONS = frozenset(
    {
        "application.provision.user.deactivate",
        "application.provision.user.deprovision",
        "app.office365.api.error.deactivate.user",
    }
)
REMOVAL = "application.user_membership.remove"


def deactivation_story(log: PushLog) -> PushStory | None:
    """The last completed deactivation since the user was unassigned; None if that is not logged."""
    removed = [e.published for e in log.events if e.event_type == REMOVAL]
    if not removed:
        return None
    done = [e for e in log.events if e.event_type in DEACTIVATIONS and e.published >= max(removed)]
    return PushStory(max(done, key=lambda event: event.published, default=None), log.complete)


def push_story(log: PushLog, since: datetime) -> PushStory:
    completed = [
        e
        for e in log.events
        if not e.started
        and e.published >= since
        and e.event_type != REMOVAL
        and e.event_type not in DEACTIVATIONS
    ]
    last = max(completed, key=lambda event: event.published, default=None)
    return PushStory(last, log.complete and log.since <= since)
