"""The sign-in authority: discovery, client credentials, device code, refresh.

Source: the vendor's v2.0 endpoint pages; the shapes are those MSAL Python 1.39 reads.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from flask import Blueprint, Response, jsonify, request

from sandbox.entra import sign_in_errors as errors
from sandbox.entra.assertions import Assertions
from sandbox.entra.callers import Caller
from sandbox.entra.device_codes import DeviceCodes
from sandbox.entra.directory import Directory, User
from sandbox.entra.sign_in_errors import SignInError
from sandbox.entra.tokens import RefreshToken, Tokens, base64url, encode
from sandbox.world_model import FederatedCredential, Identity

_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_OPENID = frozenset({"openid", "profile", "offline_access", "email"})

Json = dict[str, object]


class Authority:
    def __init__(
        self,
        directory: Directory,
        identities: Mapping[str, Identity],
        tokens: Tokens,
        codes: DeviceCodes,
        clock: Callable[[], datetime],
        federated: Iterable[FederatedCredential] = (),
    ) -> None:
        self._directory = directory
        self._identities = identities
        self._tokens = tokens
        self._codes = codes
        self._clock = clock
        self._assertions = Assertions(federated, clock)

    @property
    def _tenant(self) -> str:
        return self._directory.tenant_id

    def blueprint(self) -> Blueprint:
        routes = Blueprint("authority", __name__)
        discovery = "/<tenant>/v2.0/.well-known/openid-configuration"
        routes.add_url_rule(discovery, view_func=self._discovery)
        routes.add_url_rule("/<tenant>/discovery/v2.0/keys", view_func=self._keys)
        token = "/<tenant>/oauth2/v2.0/token"
        routes.add_url_rule(token, view_func=self._token, methods=["POST"])
        code = "/<tenant>/oauth2/v2.0/devicecode"
        routes.add_url_rule(code, view_func=self._device_code, methods=["POST"])

        @routes.errorhandler(SignInError)
        def refused(error: SignInError) -> tuple[Response, int]:
            correlation = request.headers.get("client-request-id")
            return jsonify(error.body(self._clock(), correlation)), error.status

        return routes

    def caller(self, identity: Identity, user: User | None = None) -> Caller:
        """Who calls with a token of this identity; `user` signed in to a public client.

        A delegated token carries every permission consented to, whatever was asked for.
        """
        object_id = user.id if user else identity.object_id
        if object_id is None:
            raise ValueError(f"somebody has to sign in to {identity.name}")
        permissions = frozenset(identity.permissions)
        return Caller(identity.client_id, identity.name, object_id, permissions, user is not None)

    def _discovery(self, tenant: str) -> Response:
        self._check_tenant(tenant)
        root = request.host_url.rstrip("/")
        base = f"{root}/{tenant}"
        return jsonify(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_types_supported": ["code", "id_token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "scopes_supported": sorted(_OPENID),
                "tenant_region_scope": "NA",
                "cloud_instance_name": "microsoftonline.com",
            }
        )

    def _keys(self, tenant: str) -> Response:
        self._check_tenant(tenant)
        return jsonify({"keys": []})

    def _token(self, tenant: str) -> Response:
        self._check_tenant(tenant)
        form = request.form
        match form.get("grant_type", ""):
            case "client_credentials":
                return jsonify(self._for_app(form))
            case grant if grant == _DEVICE_GRANT:
                return jsonify(self._for_device(form))
            case "refresh_token":
                return jsonify(self._for_refresh(form))
            case grant:
                raise errors.unsupported_grant(grant)

    def _for_app(self, form: Mapping[str, str]) -> Json:
        identity = self._identity(form)
        if "client_assertion" in form:
            base = f"{request.host_url}{self._tenant}"
            audiences = (f"{base}/oauth2/v2.0/token", f"{base}/v2.0")
            self._assertions.check(identity, form["client_assertion"], audiences)
        elif "client_secret" not in form:
            raise errors.secret_required()
        elif not _same(form["client_secret"], identity.secret):
            raise errors.invalid_secret(identity.client_id)
        scope = form.get("scope", "")
        if not scope.endswith("/.default") or " " in scope:
            raise errors.invalid_scope(scope)
        self._check_resource(scope.removesuffix("/.default"))
        caller = self.caller(identity)
        return self._granted(caller)

    def _device_code(self, tenant: str) -> Response:
        self._check_tenant(tenant)
        identity = self._public(request.form)
        scopes = self._scopes(request.form)
        code = self._codes.create(identity.client_id, scopes)
        page = f"{request.host_url}device"
        return jsonify(
            {
                "user_code": code.user_code,
                "device_code": code.device_code,
                "verification_uri": page,
                "expires_in": self._codes.lifetime_seconds,
                "interval": self._codes.interval_seconds,
                "message": (
                    f"To sign in, use a web browser to open the page {page} and enter the code "
                    f"{code.user_code} to authenticate."
                ),
            }
        )

    def _for_device(self, form: Mapping[str, str]) -> Json:
        identity = self._public(form)
        code = self._codes.by_device(form.get("device_code", ""), identity.client_id)
        if code is None or code.redeemed:
            raise errors.bad_code()
        if self._codes.expired(code):
            raise errors.expired_code()
        if code.declined:
            raise errors.declined()
        if code.user_id is None:
            raise errors.pending()
        code.redeemed = True
        return self._for_user(identity, code.user_id, code.scopes, form)

    def _for_refresh(self, form: Mapping[str, str]) -> Json:
        identity = self._public(form)
        found = self._tokens.redeem_refresh(form.get("refresh_token", ""), identity.client_id)
        if found is None:
            raise errors.bad_refresh_token()
        return self._for_user(identity, found.user_id, self._scopes(form) or found.scopes, form)

    def _for_user(
        self, identity: Identity, user_id: str, scopes: tuple[str, ...], form: Mapping[str, str]
    ) -> Json:
        user = self._directory.user(user_id)
        if user is None or user.values["accountEnabled"] is not True:
            raise errors.disabled_user()
        granted = self._granted(self.caller(identity, user))
        resource = f"{request.host_url}graph"
        granted["scope"] = " ".join(f"{resource}/{name}" for name in sorted(identity.permissions))
        if "openid" in scopes:
            granted["id_token"] = self._id_token(identity, user)
        if "offline_access" in scopes:
            granted["refresh_token"] = self._tokens.issue_refresh(
                RefreshToken(identity.client_id, user.id, scopes)
            )
        if form.get("client_info") == "1":
            info = json.dumps({"uid": user.id, "utid": self._tenant})
            granted["client_info"] = base64url(info.encode())
        return granted

    def _granted(self, caller: Caller) -> Json:
        token = self._tokens.issue(caller, f"{request.host_url}graph", self._tenant)
        lifetime = self._tokens.lifetime_seconds
        return {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": token,
        }

    def _id_token(self, identity: Identity, user: User) -> str:
        now = int(self._clock().timestamp())
        return encode(
            {
                "aud": identity.client_id,
                "iss": f"{request.host_url}{self._tenant}/v2.0",
                "iat": now,
                "nbf": now,
                "exp": now + self._tokens.lifetime_seconds,
                "name": user.values["displayName"],
                "oid": user.id,
                "preferred_username": user.user_principal_name,
                "sub": uuid.uuid5(uuid.UUID(user.id), identity.client_id).hex,
                "tid": self._tenant,
                "ver": "2.0",
            }
        )

    def _check_tenant(self, tenant: str) -> None:
        if tenant.lower() != self._tenant:
            raise errors.unknown_tenant(tenant)

    def _identity(self, form: Mapping[str, str]) -> Identity:
        client_id = form.get("client_id", "").lower()
        if client_id not in self._identities:
            raise errors.unknown_app(client_id, self._tenant)
        return self._identities[client_id]

    def _public(self, form: Mapping[str, str]) -> Identity:
        identity = self._identity(form)
        if identity.kind != "public_client":
            raise errors.not_public()
        return identity

    def _scopes(self, form: Mapping[str, str]) -> tuple[str, ...]:
        scopes = tuple(form.get("scope", "").split())
        for scope in scopes:
            if scope not in _OPENID:
                self._check_resource(scope.rpartition("/")[0])
        return scopes

    def _check_resource(self, resource: str) -> None:
        if resource.rstrip("/") != f"{request.host_url}graph":
            raise errors.unknown_resource(resource, self._tenant)


def _same(given: str, secret: str | None) -> bool:
    return secret is not None and secrets.compare_digest(given.encode(), secret.encode())
