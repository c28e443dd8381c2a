"""Okta's error answers. Source: the vendor's error-code reference and its OpenAPI description."""

from __future__ import annotations

import secrets
from collections.abc import Sequence


class OktaError(Exception):
    """One refused request: HTTP status, Okta's code and summary, and the causes it lists."""

    def __init__(self, status: int, code: str, summary: str, causes: Sequence[str] = ()) -> None:
        super().__init__(f"{status} {code}: {summary}")
        self.status = status
        self.code = code
        self.summary = summary
        self.causes = tuple(causes)

    def body(self) -> dict[str, object]:
        """The JSON body; `errorLink` repeats the code and `errorId` is for the vendor's support."""
        return {
            "errorCode": self.code,
            "errorSummary": self.summary,
            "errorLink": self.code,
            "errorId": "oae" + secrets.token_urlsafe(16),
            "errorCauses": [{"errorSummary": cause} for cause in self.causes],
        }


def validation(field: str, *causes: str) -> OktaError:
    return OktaError(400, "E0000001", f"Api validation failed: {field}", causes)


def malformed() -> OktaError:
    return OktaError(400, "E0000003", "The request body was not well-formed.")


def not_permitted() -> OktaError:
    summary = "You do not have permission to perform the requested action"
    return OktaError(403, "E0000006", summary)


def invalid_token() -> OktaError:
    return OktaError(401, "E0000011", "Invalid token provided")


def not_found(identifier: str, kind: str) -> OktaError:
    return OktaError(404, "E0000007", f"Not found: Resource not found: {identifier} ({kind})")


def no_such_path() -> OktaError:
    return OktaError(404, "E0000008", "The requested path was not found")


def method_not_supported() -> OktaError:
    return OktaError(405, "E0000022", "The endpoint does not support the provided HTTP method")


def invalid_search() -> OktaError:
    return OktaError(400, "E0000031", "Invalid search criteria.")


def wrong_status() -> OktaError:
    summary = "This operation is not allowed in the user's current status."
    return OktaError(403, "E0000038", summary)


def too_many_requests() -> OktaError:
    return OktaError(429, "E0000047", "API call exceeded rate limit due to too many requests.")


def too_far_back() -> OktaError:
    """System Log queries may reach back 180 days at most."""
    return OktaError(400, "E0000053", "Invalid date range: 'since' is more than 180 days ago.")


def mapped_attribute(attribute: str) -> OktaError:
    """A mapped attribute cannot be written on the AppUser while profile push is on."""
    return OktaError(
        403,
        "E0000075",
        f"Cannot modify the {attribute} attribute because it has a field mapping "
        "and profile push is enabled.",
    )
