"""Client assertions in place of a secret: signed by a certificate's key, or by a trusted issuer.

Source: the vendor's pages on certificate credentials and on workload identity federation. Which
number answers a federated token with a wrong algorithm or signature is not confirmed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from sandbox.entra import sign_in_errors as errors
from sandbox.world_model import FederatedCredential, Identity

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SKEW = timedelta(minutes=5)


class Assertions:
    def __init__(
        self, credentials: Iterable[FederatedCredential], clock: Callable[[], datetime]
    ) -> None:
        self._credentials = tuple(credentials)
        self._clock = clock
        self._started = clock()

    def check(self, identity: Identity, assertion: str, audiences: tuple[str, ...]) -> None:
        """SignInError unless the assertion proves `identity`. `audiences`: the token endpoint's
        addresses, which a certificate's assertion may be made for.
        """
        try:
            header = jwt.get_unverified_header(assertion)
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.PyJWTError:
            header, claims = {}, {}
        if header.keys() & {"x5t", "x5t#S256"}:
            self._by_certificate(identity, assertion, header, claims, audiences)
        else:
            self._by_issuer(identity, assertion, header, claims)
        self._check_times(claims)

    def _by_certificate(
        self,
        identity: Identity,
        assertion: str,
        header: Mapping[str, Any],
        claims: Mapping[str, Any],
        audiences: tuple[str, ...],
    ) -> None:
        if identity.certificate is None:
            raise errors.unknown_certificate(identity.client_id)
        registered = x509.load_pem_x509_certificate(identity.certificate.encode())
        sha1, sha256 = hashes.SHA1(), hashes.SHA256()  # noqa: S303 - the vendor's older thumbprint
        for name, kind in (("x5t", sha1), ("x5t#S256", sha256)):
            own = base64.urlsafe_b64encode(registered.fingerprint(kind)).rstrip(b"=").decode()
            if name in header and str(header[name]).rstrip("=") != own:
                raise errors.unknown_certificate(identity.client_id)
        if not registered.not_valid_before_utc <= self._clock() < registered.not_valid_after_utc:
            raise errors.expired_certificate(identity.client_id)
        if not _signed(assertion, registered.public_key(), ["RS256", "PS256"]):
            raise errors.unknown_certificate(identity.client_id)
        if not claims.get("iss") == claims.get("sub") == identity.client_id:
            raise errors.another_client()
        if claims.get("aud") not in audiences:
            raise errors.wrong_audience()

    def _by_issuer(
        self,
        identity: Identity,
        assertion: str,
        header: Mapping[str, Any],
        claims: Mapping[str, Any],
    ) -> None:
        running = self._clock() - self._started
        found = [
            each
            for each in self._credentials
            if each.app == identity.name and running.total_seconds() >= each.found_after_seconds
        ]
        if not found:
            raise errors.no_federated_identity()
        if header.get("alg") != "RS256":
            raise errors.malformed_assertion()
        # Letter by letter, one after the other: each has its own number.
        for name, claim, refusal in (
            ("issuer", "iss", errors.no_federated_issuer),
            ("subject", "sub", errors.no_federated_subject),
            ("audience", "aud", errors.no_federated_audience),
        ):
            given = claims.get(claim)
            if isinstance(given, list) and len(given) == 1:
                given = given[0]
            found = [each for each in found if getattr(each, name) == given]
            if not found:
                raise refusal(str(given))
        if not any(_signed(assertion, each.public_key, ["RS256"]) for each in found):
            raise errors.bad_signature()

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock().timestamp()
        begins = claims.get("nbf", claims.get("iat", now))
        ends = claims.get("exp", 0)
        if not begins - _SKEW.total_seconds() <= now < ends + _SKEW.total_seconds():
            raise errors.wrong_time()


def _signed(assertion: str, key: Any, algorithms: list[str]) -> bool:
    try:
        jwt.decode(
            assertion,
            key,
            algorithms=algorithms,
            options={
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "verify_aud": False,
            },
        )
    except (jwt.PyJWTError, TypeError):
        return False
    return True
