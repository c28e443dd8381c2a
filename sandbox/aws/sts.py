"""The one STS action moto does not know: a role's identity as a signed token.

Source: the API reference of GetWebIdentityToken and the IAM guide on outbound federation. Requests
are not authenticated; whose token it is, is given when it is made.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from xml.sax.saxutils import escape

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask, Response, request

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


class WebIdentityIssuer:
    """One account's issuer and one role's tokens; `flask` speaks the query protocol."""

    def __init__(self, issuer: str, role_arn: str, clock: Callable[[], datetime]) -> None:
        self.issuer = issuer
        self.role_arn = role_arn
        self.enabled = True  # outbound federation has to be switched on for the account
        self._clock = clock
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.flask = Flask("sandbox.sts")
        self.flask.add_url_rule("/", view_func=self._answer, methods=["POST"])

    @property
    def public_key(self) -> str:
        """PEM; the real issuer publishes it as a JWKS."""
        return (
            self._key.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode()
        )

    def token(self, audience: str, seconds: int = 300, algorithm: str = "RS256") -> str:
        now = int(self._clock().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": audience,
            "sub": self.role_arn,
            "iat": now,
            "exp": now + seconds,
            "jti": str(uuid.uuid4()),
            "https://sts.amazonaws.com/": {"aws_account": self.role_arn.split(":")[4]},
        }
        return jwt.encode(claims, self._key, algorithm, {"kid": "RSA_0"})

    def _answer(self) -> Response:
        form = request.form
        if form.get("Action") != "GetWebIdentityToken":
            return _error("InvalidAction")
        if not self.enabled:
            return _error("OutboundWebIdentityFederationDisabled")
        seconds = int(form.get("DurationSeconds", "300"))
        audience = form.get("Audience.member.1")
        # ES384 is offered by the real one and of no use to Entra.
        if not 60 <= seconds <= 3600 or not audience or form.get("SigningAlgorithm") != "RS256":
            return _error("ValidationError")
        token = escape(self.token(audience, seconds))
        ends = datetime.fromtimestamp(self._clock().timestamp() + seconds, self._clock().tzinfo)
        return _xml(
            f'<GetWebIdentityTokenResponse xmlns="{_NAMESPACE}"><GetWebIdentityTokenResult>'
            f"<WebIdentityToken>{token}</WebIdentityToken><Expiration>{ends.isoformat()}"
            "</Expiration></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>"
        )


def _error(code: str) -> Response:
    body = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{code}</Message></Error>"
    return _xml(f'<ErrorResponse xmlns="{_NAMESPACE}">{body}</ErrorResponse>', 400)


def _xml(text: str, status: int = 200) -> Response:
    return Response(text, status, content_type="text/xml")
