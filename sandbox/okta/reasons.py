"""What Okta writes into `outcome.reason` when Microsoft refuses a push.

Source: the vendor's support articles on Office 365 provisioning failures. The long form (a push
task) opens with "Automatic profile push of user …"; the `app.office365.*` event carries the short
one. The log's schema allows 255 characters, which cuts the long form before its errorCode.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum

REASON_LIMIT = 255
APP_TITLE = "Microsoft Office 365"


class Failure(StrEnum):
    """The failures a test or a demonstration can ask for."""

    FORBIDDEN = "403"
    ON_PREMISES_MASTERED = "400"
    MULTI_FACTOR = "AADSTS50079"
    LICENCE = "licence"


@dataclass(frozen=True)
class GraphRefusal:
    """One refused Graph call as the push engine sees it; `path` follows the Graph root."""

    status: int
    code: str
    message: str
    method: str
    path: str
    request_id: str
    client_request_id: str


_FORBIDDEN = ("Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
_MASTERED = (
    "Request_BadRequest",
    "Unable to update the specified properties for on-premises mastered Directory Sync objects "
    "or objects currently undergoing migration.",
)


def scripted(failure: Failure, object_id: str, immutable_id: str | None) -> GraphRefusal | None:
    """The refusal behind a scripted failure; None when signing in already failed."""
    path = f"/users/{object_id}"
    match failure:
        case Failure.FORBIDDEN:
            return _refusal(403, *_FORBIDDEN, "PATCH", path)
        case Failure.ON_PREMISES_MASTERED:
            return _refusal(400, *_MASTERED, "PATCH", f"/users/{immutable_id or object_id}")
        case Failure.LICENCE:
            return _refusal(403, *_FORBIDDEN, "POST", f"{path}/microsoft.graph.assignLicense")
        case Failure.MULTI_FACTOR:
            return None


def _refusal(status: int, code: str, message: str, method: str, path: str) -> GraphRefusal:
    ids = str(uuid.uuid4()), str(uuid.uuid4())
    return GraphRefusal(status, code, message, method, path, *ids)


def short_form(login: str, refusal: GraphRefusal, at: datetime) -> str:
    """The reason of `app.office365.api.error.push.profile`, uncut."""
    return (
        f"Could not push profile for Office 365 user {login}, received error: "
        f"Received response with HTTP status code {refusal.status}. "
        f'httpStatusCode={refusal.status} errorCode={refusal.code} errorMessage="{refusal.message}"'
        f" client-request-id={refusal.client_request_id} request-id={refusal.request_id}"
        f" timestamp='{format_datetime(at, usegmt=True)}' method={refusal.method}"
        f" url=https://graph.microsoft.com/v1.0{refusal.path}"
    )


def sign_in_refused(app_id: str) -> str:
    """Conditional access asks Okta's service account for a second factor it cannot give."""
    return (
        "Office365ProvisioningException: 400 AADSTS50079: Due to a configuration change made by "
        "your administrator, or because you moved to a new location, you must enroll in "
        f"multi-factor authentication to access. Account: svc_OKTA_sync_{app_id}"
    )


def long_form(login: str, cause: str) -> str:
    """The reason of `application.provision.user.push_profile`, uncut."""
    return f"Automatic profile push of user {login} to app {APP_TITLE} failed: {cause}"
