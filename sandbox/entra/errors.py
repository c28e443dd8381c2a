"""Graph's refusals: status, code and message as the vendor words them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class GraphError(Exception):
    """One refused request. The body's innerError is added where the request is known."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


def denied() -> GraphError:
    """One body for a missing permission, a privileged target and a restricted unit alike."""
    return GraphError(
        403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
    )


def on_premises_mastered() -> GraphError:
    return GraphError(
        400,
        "Request_BadRequest",
        "Unable to update the specified properties for on-premises mastered Directory Sync objects "
        "or objects currently undergoing migration.",
    )


def not_found(key: str) -> GraphError:
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{key}' does not exist or one of its queried reference-property objects are "
        "not present.",
    )


def no_such_segment(segment: str) -> GraphError:
    return GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def bad_request(message: str) -> GraphError:
    return GraphError(400, "Request_BadRequest", message)


def unsupported_query(message: str) -> GraphError:
    return GraphError(400, "Request_UnsupportedQuery", message)


def invalid_value(name: str) -> GraphError:
    return bad_request(f"Invalid value specified for property '{name}' of resource 'User'.")


def invalid_identifier(value: str) -> GraphError:
    return bad_request(f"Invalid object identifier '{value}'.")


def unauthenticated(message: str) -> GraphError:
    return GraphError(401, "InvalidAuthenticationToken", message)


def not_modelled(what: str) -> GraphError:
    """Graph can do this and the simulator cannot: say so rather than answer something false."""
    return GraphError(501, "NotModelled", f"The simulated tenant does not model {what}.")
