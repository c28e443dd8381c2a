"""Signing in to Okta: by API token, or as a service app with its own key (and DPoP if demanded).

Source: the vendor's guides "Implement OAuth for Okta with a service app" and "Configure OAuth 2.0
Demonstrating Proof-of-Possession". Tokens live in memory; errors name OAuth's error word only.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import requests

from lib.client_assertion import GRANT, client_assertion
from lib.dpop import ProofKey, challenge
from lib.errors import Permanent, PushproofError, Transient, Unauthorized
from lib.http import Reply
from lib.okta_credential import ApiToken, ServiceApp, okta_credential
from lib.server_clock import TOLERANCE, ServerClock
from lib.sign_in_wire import Wire
from lib.times import Clock, utc_now

# Each scope is what the calls of lib/okta.py ask for; the app needs an admin role besides.
READ = (
    "okta.apps.read",
    "okta.logs.read",
    "okta.profileMappings.read",
    "okta.schemas.read",
    "okta.users.read",
)
TOUCH = "okta.apps.manage"
# A token this close to its end (seconds) is not sent any more.
MARGIN = 60.0
# A refused or unanswered sign-in is not tried again for so long (seconds): of the many requests
# waiting for one token, each would otherwise wait for a time-out of its own.
PAUSE = 5.0
# Proof demanded, nonce demanded, time corrected, nonce rotated meanwhile, and the answer.
_ROUNDS = 5
_TEMPORARY = frozenset({"temporarily_unavailable", "server_error"})
_WORD = re.compile(r"[a-z_]{1,60}")
_WHAT = "Okta sign-in"


@dataclass(frozen=True)
class _Token:
    """`renew_at` is monotonic; `ends` is the server's time of the same moment."""

    value: str = field(repr=False)
    proof: ProofKey | None
    renew_at: float
    ends: datetime


class OktaSignIn:
    """Give `sign`, `refresh` and `challenged` to Http. Safe for many threads.

    `secret` is what the Okta secret holds now (okta_credential.py); it is asked for again after a
    refusal. That an org demands DPoP is learnt from its answer, once per process.
    """

    def __init__(
        self,
        org_url: str,
        secret: Callable[[], str],
        scopes: Sequence[str] = READ,
        *,
        session: requests.Session | None = None,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint = f"{org_url.rstrip('/')}/oauth2/v1/token"
        self._secret = secret
        self._scope = " ".join(sorted(scopes))
        self._monotonic = monotonic
        self._clock = ServerClock(clock, monotonic)
        self._wrong = 0.0  # seconds by which the last answer of the endpoint corrected the clock
        self._wire = Wire(session, _WHAT, self._learn)
        self._lock = threading.Lock()
        self._credential: ApiToken | ServiceApp | None = None
        self._token: _Token | None = None
        self._failed: tuple[float, Callable[[], PushproofError]] | None = None
        self._proof: ProofKey | None = None
        self._endpoint_nonce: str | None = None
        self._resource_nonce: str | None = None
        self._sent = threading.local()  # what this thread sent last, to forget no newer one

    def sign(self, method: str, url: str) -> dict[str, str]:
        """The headers of one request. Raises Permanent and Transient."""
        with self._lock:
            if self._credential is None:
                self._credential = okta_credential(self._secret())
            credential = self._credential
            if isinstance(credential, ApiToken):
                self._sent.value = credential.token
                return {"Authorization": f"SSWS {credential.token}"}
            token = self._current(credential)
        self._sent.value = token.value
        if token.proof is None:
            return {"Authorization": f"Bearer {token.value}"}
        proof = token.proof.proof(
            method, url, self._clock(), token=token.value, nonce=self._resource_nonce
        )
        return {"Authorization": f"DPoP {token.value}", "DPoP": proof}

    def refresh(self) -> None:
        """After a 401: forgets what this thread sent, unless another thread already did."""
        sent = getattr(self._sent, "value", None)
        with self._lock:
            if isinstance(self._credential, ApiToken) and self._credential.token == sent:
                self._credential = None
            if self._token is not None and self._token.value == sent:
                self._token = None

    def challenged(self, reply: Reply) -> bool:
        """Is told every answer; whether the request will do when it is signed again."""
        wrong = self._clock.learn(reply.headers.get("date"))
        nonce = reply.headers.get("dpop-nonce")
        if nonce:
            self._resource_nonce = nonce
        if reply.status not in (400, 401):
            return False
        word = challenge(reply.headers.get("www-authenticate", ""))
        if word == "use_dpop_nonce":
            return bool(nonce)
        return word == "invalid_dpop_proof" and wrong > TOLERANCE

    def _learn(self, date: str | None) -> None:
        self._wrong = self._clock.learn(date)

    def _current(self, app: ServiceApp) -> _Token:
        token = self._token
        if (
            token is not None
            and self._monotonic() < token.renew_at
            and self._clock() < token.ends - timedelta(seconds=MARGIN)
        ):
            return token
        if self._failed is not None and self._monotonic() < self._failed[0]:
            raise self._failed[1]()
        try:
            self._token = self._acquire(app)
        except (Permanent, Transient) as error:
            self._token = None
            self._failed = self._monotonic() + PAUSE, _again(error)
            if isinstance(error, Permanent):
                self._credential = None  # a rotated key is read at the next try
            raise
        self._failed = None
        return self._token

    def _acquire(self, app: ServiceApp) -> _Token:
        corrected = False
        for _ in range(_ROUNDS):
            proof, nonce, began = self._proof, self._endpoint_nonce, self._monotonic()
            body = self._ask(app, proof, nonce)
            if "access_token" in body:
                return self._granted(body, proof, began)
            word = _word(body)
            if word == "invalid_dpop_proof" and proof is None:
                self._proof = ProofKey()
            elif word == "use_dpop_nonce" and self._endpoint_nonce not in (None, nonce):
                self._proof = self._proof or ProofKey()
            elif (
                word in ("invalid_client", "invalid_dpop_proof")
                and self._wrong > TOLERANCE
                and not corrected
            ):
                # Okta says in prose only that it was about time; our clocks differ, so it may be.
                corrected = True
            elif word in _TEMPORARY:
                raise Transient(f"{_WHAT}: {word}")
            else:
                raise Unauthorized(f"{_WHAT}: {word}")
        raise Transient(f"{_WHAT}: asked for another proof {_ROUNDS} times")

    def _ask(
        self, app: ServiceApp, proof: ProofKey | None, nonce: str | None
    ) -> Mapping[str, object]:
        now = self._clock()
        headers = {"Accept": "application/json", "User-Agent": "pushproof"}
        if proof is not None:
            headers["DPoP"] = proof.proof("POST", self._endpoint, now, nonce=nonce)
        answer = self._wire.post(
            self._endpoint,
            headers=headers,
            data={
                "grant_type": "client_credentials",
                "scope": self._scope,
                "client_assertion_type": GRANT,
                "client_assertion": client_assertion(
                    app.key, app.client_id, self._endpoint, now, {"kid": app.key_id}
                ),
            },
        )
        self._endpoint_nonce = answer.headers.get("dpop-nonce") or self._endpoint_nonce
        body: Mapping[str, object] = json.loads(answer.text)
        return body

    def _granted(self, body: Mapping[str, object], proof: ProofKey | None, began: float) -> _Token:
        value, kind = body["access_token"], str(body.get("token_type", "")).lower()
        lifetime = body.get("expires_in")
        if not isinstance(value, str) or not isinstance(lifetime, int) or lifetime <= 0:
            raise Unauthorized(f"{_WHAT}: a token that cannot be used")
        if kind not in ("bearer", "dpop") or (kind == "dpop" and proof is None):
            raise Unauthorized(f"{_WHAT}: a token of a type that cannot be used")
        return _Token(
            value,
            proof if kind == "dpop" else None,
            began + lifetime - MARGIN,
            self._clock() + timedelta(seconds=lifetime),
        )


def _word(body: Mapping[str, object]) -> str:
    """Okta's token endpoint answers in OAuth's shape, and now and then in that of its API."""
    word = str(body.get("error") or body.get("errorCode") or "")
    return word if _WORD.fullmatch(word) else "an unknown error"


def _again(error: Permanent | Transient) -> Callable[[], PushproofError]:
    text = str(error)
    if not isinstance(error, Transient):
        return lambda: Unauthorized(text)
    # Plain, whatever it was: nobody is asked again, so no outage is counted again.
    after = error.retry_after
    return lambda: Transient(text, after)
