"""The authority's refusals, in the shape of its token endpoint.

Source: the vendor's "Authentication and authorization error codes" and "OAuth 2.0 device
authorization grant" pages.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime


@dataclass
class SignInError(Exception):
    """`number` is the AADSTS number; None where the vendor documents only the OAuth word."""

    status: int
    error: str
    number: int | None
    text: str

    def body(self, at: datetime, correlation_id: str | None) -> dict[str, object]:
        trace = str(uuid.uuid4())
        correlation = correlation_id or str(uuid.uuid4())
        stamp = at.strftime("%Y-%m-%d %H:%M:%SZ")
        prefix = f"AADSTS{self.number}: " if self.number else ""
        return {
            "error": self.error,
            "error_description": (
                f"{prefix}{self.text} Trace ID: {trace} Correlation ID: {correlation} "
                f"Timestamp: {stamp}"
            ),
            "error_codes": [self.number] if self.number else [],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
        }


def unknown_tenant(tenant: str) -> SignInError:
    return SignInError(
        400,
        "invalid_tenant",
        90002,
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are "
        "signing into the correct cloud.",
    )


def unknown_app(client_id: str, tenant_id: str) -> SignInError:
    return SignInError(
        400,
        "unauthorized_client",
        700016,
        f"Application with identifier '{client_id}' was not found in the directory '{tenant_id}'.",
    )


def invalid_secret(client_id: str) -> SignInError:
    return SignInError(
        401,
        "invalid_client",
        7000215,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client "
        "secret value, not the client secret ID, for a secret added to app "
        f"'{client_id}'.",
    )


def secret_required() -> SignInError:
    return SignInError(
        401,
        "invalid_client",
        7000216,
        "'client_assertion', 'client_secret' or 'request' is required for the "
        "'client_credentials' grant type.",
    )


def not_public() -> SignInError:
    return SignInError(
        401,
        "invalid_client",
        7000218,
        "The request body must contain the following parameter: 'client_assertion' or "
        "'client_secret'.",
    )


def no_federated_identity() -> SignInError:
    return SignInError(
        400,
        "invalid_request",
        70021,
        "No matching federated identity record found for presented assertion.",
    )


def no_federated_issuer(issuer: str) -> SignInError:
    return _no_federated(700211, f"issuer '{issuer}'")


def no_federated_audience(audience: str) -> SignInError:
    return _no_federated(700212, f"audience '{audience}'")


def no_federated_subject(subject: str) -> SignInError:
    return _no_federated(700213, f"subject '{subject}'")


def _no_federated(number: int, what: str) -> SignInError:
    text = f"No matching federated identity record found for presented assertion {what}."
    return SignInError(401, "invalid_client", number, text)


def malformed_assertion() -> SignInError:
    return SignInError(401, "invalid_client", 50027, "JWT token is invalid or malformed.")


def bad_signature() -> SignInError:
    return SignInError(401, "invalid_client", 50013, "Assertion failed signature validation.")


def unknown_certificate(client_id: str) -> SignInError:
    return SignInError(
        401,
        "invalid_client",
        700027,
        "The certificate with identifier used to sign the client assertion is not registered on "
        f"application. [Reason - The key was not found, app Id '{client_id}'.]",
    )


def expired_certificate(client_id: str) -> SignInError:
    return SignInError(
        401,
        "invalid_client",
        700027,
        "The certificate with identifier used to sign the client assertion is expired on "
        f"application. [Reason - The key used is expired, app Id '{client_id}'.]",
    )


def another_client() -> SignInError:
    return SignInError(
        401,
        "invalid_client",
        700021,
        "Client assertion application identifier doesn't match 'client_id' parameter.",
    )


def wrong_audience() -> SignInError:
    return SignInError(
        401,
        "invalid_client",
        700023,
        "Client assertion audience claim does not match Realm issuer.",
    )


def wrong_time() -> SignInError:
    return SignInError(
        401, "invalid_client", 700024, "Client assertion is not within its valid time range."
    )


def invalid_scope(scope: str) -> SignInError:
    return SignInError(
        400,
        "invalid_scope",
        70011,
        f"The provided value for the input parameter 'scope' is not "
        f"valid. The scope {scope} is not valid.",
    )


def unknown_resource(resource: str, tenant_id: str) -> SignInError:
    return SignInError(
        400,
        "invalid_resource",
        500011,
        f"The resource principal named {resource} was not found in the tenant named {tenant_id}.",
    )


def unsupported_grant(grant: str) -> SignInError:
    return SignInError(
        400,
        "unsupported_grant_type",
        70003,
        f"The app requested an unsupported grant type '{grant}'.",
    )


def pending() -> SignInError:
    return SignInError(
        400,
        "authorization_pending",
        70016,
        "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
    )


def declined() -> SignInError:
    return SignInError(
        400, "authorization_declined", None, "The end user denied the authorization request."
    )


def bad_code() -> SignInError:
    return SignInError(400, "bad_verification_code", 70018, "Invalid verification code.")


def expired_code() -> SignInError:
    return SignInError(400, "expired_token", 70019, "Verification code expired.")


def bad_refresh_token() -> SignInError:
    return SignInError(
        400, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid."
    )


def disabled_user() -> SignInError:
    return SignInError(400, "invalid_grant", 50057, "The user account is disabled.")
