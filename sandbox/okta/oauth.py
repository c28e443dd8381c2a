"""The org authorization server for service apps: client assertions in, access tokens out.

Source: the vendor's guides for service apps and for DPoP. The two texts about an assertion's time
are as reported by users of the vendor's own SDKs; the other texts of `invalid_client` are not
confirmed.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from flask import Blueprint, Response, jsonify, request

from sandbox.okta.dpop import DpopError, Proofs
from sandbox.world_model import OktaClient

PATH = "/oauth2/v1/token"
LIFETIME_SECONDS = 3600  # fixed, says the vendor
LONGEST_ASSERTION = timedelta(hours=1)
_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]


@dataclass
class OAuthError(Exception):
    """`nonce` goes into the dpop-nonce header."""

    status: int
    error: str
    text: str
    nonce: str | None = None


@dataclass(frozen=True)
class AccessToken:
    """`thumbprint`: of the key it is bound to; None for a bearer token."""

    client: OktaClient
    scopes: frozenset[str]
    expires: datetime
    thumbprint: str | None


class OAuth:
    """Issues tokens and knows them again. `proofs` also checks those of resource calls."""

    def __init__(
        self,
        clients: Iterable[OktaClient],
        clock: Callable[[], datetime],
        base_url: Callable[[], str],
    ) -> None:
        self.clients = {client.client_id: client for client in clients}
        self._clock = clock
        self._base_url = base_url
        self.proofs = Proofs(clock)
        self._tokens: dict[str, AccessToken] = {}
        self._used: set[str] = set()
        self._lock = threading.Lock()

    def blueprint(self) -> Blueprint:
        routes = Blueprint("oauth", __name__)
        routes.add_url_rule(PATH, view_func=self._token, methods=["POST"])

        @routes.errorhandler(OAuthError)
        def refused(error: OAuthError) -> tuple[Response, int]:
            answer = jsonify({"error": error.error, "error_description": error.text})
            if error.nonce:
                answer.headers["dpop-nonce"] = error.nonce
            return answer, error.status

        return routes

    def find(self, token: str) -> AccessToken | None:
        """None for a token never issued or revoked; whether it expired is for the caller."""
        with self._lock:
            return self._tokens.get(token)

    def revoke_all(self) -> None:
        with self._lock:
            self._tokens.clear()

    def _token(self) -> Response:
        form = request.form
        if form.get("grant_type") != "client_credentials":
            raise OAuthError(400, "unsupported_grant_type", "The grant type is not supported.")
        client = self._client()
        thumbprint = self._thumbprint(client)
        scopes = frozenset(form.get("scope", "").split())
        if not scopes or not scopes <= set(client.scopes):
            raise OAuthError(
                400, "invalid_scope", "One or more scopes are not configured for the client."
            )
        value = secrets.token_urlsafe(64)
        expires = self._clock() + timedelta(seconds=LIFETIME_SECONDS)
        with self._lock:
            self._tokens[value] = AccessToken(client, scopes, expires, thumbprint)
        return jsonify(
            {
                "token_type": "DPoP" if thumbprint else "Bearer",
                "expires_in": LIFETIME_SECONDS,
                "access_token": value,
                "scope": " ".join(sorted(scopes)),
            }
        )

    def _client(self) -> OktaClient:
        assertion = request.form.get("client_assertion", "")
        if request.form.get("client_assertion_type") != _TYPE or not assertion:
            raise _invalid("Client authentication failed. Service apps use private_key_jwt.")
        try:
            claimed = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.PyJWTError:
            raise _invalid("The client_assertion token is malformed.") from None
        client = self.clients.get(str(claimed.get("sub")))
        if client is None:
            raise _invalid("Invalid value for 'client_id' parameter.")
        try:
            # The times are checked against the org's clock, which tests move.
            claims = jwt.decode(
                assertion,
                client.public_key,
                algorithms=_ALGORITHMS,
                audience=f"{self._base_url()}{PATH}",
                issuer=client.client_id,
                options={
                    "require": ["exp", "aud", "iss", "sub"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidAudienceError:
            raise _invalid("The audience claim of the client_assertion token is wrong.") from None
        except jwt.InvalidIssuerError:
            raise _invalid("The issuer claim of the client_assertion token is wrong.") from None
        except jwt.InvalidSignatureError:
            raise _invalid("The client_assertion token's signature is invalid.") from None
        except jwt.PyJWTError:
            raise _invalid("The client_assertion token is invalid.") from None
        self._check_times(claims)
        return client

    def _check_times(self, claims: dict[str, object]) -> None:
        left = float(str(claims["exp"])) - self._clock().timestamp()
        if left <= 0:
            raise _invalid("The client_assertion token is expired.")
        if left > LONGEST_ASSERTION.total_seconds():
            raise _invalid("The client_assertion token has an expiration too far into the future.")
        used = claims.get("jti")
        with self._lock:
            if used in self._used:
                raise _invalid("The client_assertion token has already been used.")
            if used is not None:
                self._used.add(str(used))

    def _thumbprint(self, client: OktaClient) -> str | None:
        proof = request.headers.get("DPoP")
        if proof is None:
            if client.require_dpop:
                raise OAuthError(400, "invalid_dpop_proof", "The DPoP proof JWT header is missing.")
            return None
        try:
            return self.proofs.of_token_request(
                proof, "POST", f"{self._base_url()}{PATH}", client.public_key
            )
        except DpopError as error:
            nonce = self.proofs.nonce if error.error == "use_dpop_nonce" else None
            raise OAuthError(400, error.error, error.text, nonce) from None


def _invalid(text: str) -> OAuthError:
    return OAuthError(401, "invalid_client", text)
