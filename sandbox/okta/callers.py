"""Who calls the API: an API token, or a service app's access token with its scopes.

The WWW-Authenticate header of a refused proof, with its empty body, is as reported by users of the
vendor's own SDKs; that of expired and revoked tokens and of missing scopes is not confirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from flask import request

from sandbox.okta import errors
from sandbox.okta.admin_roles import allowed, resource_of
from sandbox.okta.dpop import DpopError
from sandbox.okta.oauth import AccessToken, OAuth
from sandbox.okta.routes_access import Owner


@dataclass
class Challenge(Exception):
    """A refusal that is told by its header, and by `body` where there is one."""

    status: int
    headers: Mapping[str, str]
    body: errors.OktaError | None


class Callers:
    def __init__(
        self,
        tokens: Mapping[str, str],
        owners: Mapping[str, Owner],
        oauth: OAuth,
        clock: Callable[[], datetime],
        base_url: Callable[[], str],
    ) -> None:
        """`tokens` maps an API token to the id that names it in the log, `owners` that id to
        who made it."""
        self._tokens = dict(tokens)
        self._owners = owners
        self._oauth = oauth
        self._clock = clock
        self._base_url = base_url

    def admit(self) -> str:
        """The id by which the log names the credentials of the current request."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme == "SSWS" and value in self._tokens:
            token_id = self._tokens[value]
            _check_roles(self._owners[token_id].roles)
            return token_id
        if scheme not in ("Bearer", "DPoP"):
            raise errors.invalid_token()
        token = self._oauth.find(value)
        if token is None:
            raise self._refused(401, scheme, "invalid_token", "The access token is invalid.")
        if self._clock() >= token.expires:
            raise self._refused(401, scheme, "invalid_token", "The token has expired.")
        self._check_binding(scheme, value, token)
        if not token.scopes & _opening():
            text = "The access token provided does not contain the required scopes."
            raise self._refused(403, scheme, "insufficient_scope", text)
        client_id = token.client.client_id
        _check_roles(self._oauth.clients[client_id].roles)
        return client_id

    def _check_binding(self, scheme: str, value: str, token: AccessToken) -> None:
        if token.thumbprint is None:
            if scheme != "Bearer":
                text = "The access token is not bound to a key."
                raise self._refused(401, scheme, "invalid_token", text)
            return
        proof = request.headers.get("DPoP")
        if scheme != "DPoP" or proof is None:
            text = "The DPoP proof JWT header is missing."
            raise self._refused(400, "DPoP", "invalid_dpop_proof", text)
        # Compared with the decoded path, as the vendor does, and without the query.
        url = self._base_url() + unquote(request.path)
        proofs = self._oauth.proofs
        try:
            proofs.of_api_call(proof, request.method, url, value, token.thumbprint)
        except DpopError as error:
            if error.error == "use_dpop_nonce":  # RFC 9449, section 9
                more = {"dpop-nonce": proofs.nonce}
                raise self._refused(401, "DPoP", error.error, error.text, more) from None
            raise self._refused(400, "DPoP", error.error, error.text) from None

    def _refused(
        self, status: int, scheme: str, error: str, text: str, more: Mapping[str, str] | None = None
    ) -> Challenge:
        org = self._base_url()
        algorithms = 'algs="RS256 RS384 RS512 ES256 ES384 ES512", ' if scheme == "DPoP" else ""
        header = (
            f'{scheme} {algorithms}authorization_uri="{org}/oauth2/v1/authorize", realm="{org}", '
            f'scope="{" ".join(sorted(_opening()))}", error="{error}", error_description="{text}", '
            f'resource="{request.path}"'
        )
        body = {401: errors.invalid_token(), 403: errors.not_permitted()}.get(status)
        return Challenge(status, {"WWW-Authenticate": header, **(more or {})}, body)


def _opening() -> set[str]:
    """The scopes any of which opens the current request."""
    name = resource_of(request.path)
    manage = {f"okta.{name}.manage"}
    return manage | {f"okta.{name}.read"} if request.method == "GET" else manage


def _check_roles(roles: Sequence[str]) -> None:
    """A path nobody knows is nobody's resource: its 404 comes first."""
    resource = resource_of(request.path)
    reading = request.method == "GET"
    if resource != "nothing" and not allowed(roles, resource, reading=reading):
        raise errors.not_permitted()
