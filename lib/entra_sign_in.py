"""Signing in to Entra through MSAL: an application as itself, an administrator by device code.

Tokens live in memory only and are kept as long as the object is. No error text holds a secret, a
token or what the vendor says in prose: only the AADSTS code.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msal
import requests

from lib.entra_credential import entra_credential
from lib.errors import Permanent, Transient, Unauthorized
from lib.server_clock import TOLERANCE, ServerClock
from lib.sign_in_wire import Wire
from lib.times import Clock, utc_now

# A token this close to its end (seconds) is not sent any more.
MARGIN = 60.0
# What the vendor's list of AADSTS codes calls temporary, and a federated credential that was
# created minutes ago (70021).
_TEMPORARY = frozenset(
    {"AADSTS70021", "AADSTS90006", "AADSTS90012", "AADSTS90024", "AADSTS90033", "AADSTS90055"}
)
_HINTS = {
    "AADSTS7000215": "the client secret is wrong",
    "AADSTS7000222": "the client secret has expired",
    "AADSTS700016": "the tenant does not know this application",
    "AADSTS90002": "there is no such tenant",
    "AADSTS700024": "the assertion's time is not Entra's time",
    "AADSTS700027": "the application has no such certificate",
    "AADSTS700211": "no federated credential names this AWS account's issuer",
    "AADSTS700212": "no federated credential names this audience",
    "AADSTS700213": "no federated credential names this role",
}
_WRONG_TIME = "AADSTS700024"
_WHAT = "Entra sign-in"
_AADSTS = re.compile(r"AADSTS\d+")
_WORD = re.compile(r"[a-z_]{1,60}")

# Delegated permissions of the two things a person signs in for.
PRIVILEGED_WRITE = ("Directory.AccessAsUser.All",)
BYPASS = ("OnPremDirectorySynchronization.ReadWrite.All", "Directory.AccessAsUser.All")


@dataclass(frozen=True)
class DevicePrompt:
    """What the administrator has to be shown. `expires_in` is in seconds."""

    user_code: str = field(repr=False)
    verification_uri: str
    expires_in: int


class AppSignIn:
    """Client credentials: by what `secret` returns (entra_credential.py), which is called again
    after a refusal, or by `federated`, which returns a fresh token of the trusted issuer.

    `graph_root` is the resource; the permission is always all that the application was granted.
    """

    def __init__(
        self,
        authority: str,
        tenant_id: str,
        client_id: str,
        secret: Callable[[], str],
        graph_root: str,
        http_client: requests.Session | None = None,
        *,
        federated: Callable[[], str] | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self._authority = f"{authority.rstrip('/')}/{tenant_id}"
        self._client_id = client_id
        self._secret = secret
        self._federated = federated
        self._scope = f"{graph_root.rstrip('/')}/.default"
        self._clock = ServerClock(clock)
        self._wrong = 0.0  # seconds by which the last answer corrected the clock
        self._wire = Wire(http_client, _WHAT, self._learn)
        self._app: msal.ConfidentialClientApplication | None = None
        self._lock = threading.Lock()

    def headers(self) -> dict[str, str]:
        """MSAL keeps the token until shortly before its end. Raises Permanent and Transient."""
        with self._lock:
            credential = self._credential() if self._app is None else ""
            try:
                return _bearer(_guarded(lambda: self._acquire(credential)))
            except Permanent:
                self._app = None  # a rotated secret is read at the next try
                raise

    def refresh(self) -> None:
        """Forgets token and secret, as after a 401."""
        with self._lock:
            self._app = None

    def _credential(self) -> str | dict[str, Callable[[], str]]:
        """As MSAL takes it. It signs assertions with the machine's clock, so ours are handed in."""
        if self._federated is not None:
            return {"client_assertion": self._federated}
        given = entra_credential(self._secret())
        if isinstance(given, str):
            return given
        endpoint = f"{self._authority}/oauth2/v2.0/token"
        return {
            "client_assertion": lambda: given.assertion(self._client_id, endpoint, self._clock())
        }

    def _acquire(self, credential: object) -> Mapping[str, object]:
        if self._app is None:
            self._app = msal.ConfidentialClientApplication(
                self._client_id,
                client_credential=credential,
                authority=self._authority,
                instance_discovery=False,
                http_client=self._wire,
            )
        result = _object(self._app.acquire_token_for_client([self._scope]))
        if _code(result) == _WRONG_TIME and self._wrong > TOLERANCE:
            # Entra's time is known only now; an assertion is made anew for every request.
            result = _object(self._app.acquire_token_for_client([self._scope]))
        return result

    def _learn(self, date: str | None) -> None:
        self._wrong = self._clock.learn(date)


class DeviceSignIn:
    """Device code. `show` is called with what the administrator must see; `cancelled` is asked
    every second while they sign in. A sign-in happens at the first call of `headers`.
    """

    def __init__(
        self,
        authority: str,
        tenant_id: str,
        client_id: str,
        graph_root: str,
        show: Callable[[DevicePrompt], None],
        *,
        permissions: Sequence[str] = PRIVILEGED_WRITE,
        cancelled: Callable[[], bool] = lambda: False,
        http_client: requests.Session | None = None,
    ) -> None:
        self._authority = f"{authority.rstrip('/')}/{tenant_id}"
        self._client_id = client_id
        self._scopes = [f"{graph_root.rstrip('/')}/{name}" for name in permissions]
        self._show = show
        self._cancelled = cancelled
        self._wire = Wire(http_client, _WHAT, lambda _: None)
        self._app: msal.PublicClientApplication | None = None
        self._kept: dict[str, str] | None = None
        self._kept_until = 0.0

    def headers(self) -> dict[str, str]:
        """Raises Permanent with one sentence when the sign-in was declined, ran out or was
        cancelled, and Transient when Entra could not be reached to begin with.
        """
        if self._kept is None or time.monotonic() >= self._kept_until:
            result = _guarded(self._acquire)
            self._kept = _bearer(result)
            lifetime = result.get("expires_in")
            seconds = float(lifetime) if isinstance(lifetime, int | str) else 0.0
            self._kept_until = time.monotonic() + max(0.0, seconds - MARGIN)
        return dict(self._kept)

    def refresh(self) -> None:
        """Forgets the token, as after a 401; the next call renews it or signs in again."""
        self._kept = None

    def _acquire(self) -> Mapping[str, object]:
        if self._app is None:
            self._app = msal.PublicClientApplication(
                self._client_id,
                authority=self._authority,
                instance_discovery=False,
                http_client=self._wire,
            )
        for account in self._app.get_accounts():
            renewed = self._app.acquire_token_silent(self._scopes, account, force_refresh=True)
            if renewed and "access_token" in renewed:
                return _object(renewed)
        flow = self._app.initiate_device_flow(self._scopes)
        if "user_code" not in flow:
            raise _refusal(flow)
        self._show(
            DevicePrompt(
                str(flow["user_code"]), str(flow["verification_uri"]), int(flow["expires_in"])
            )
        )
        return self._poll(self._app, flow)

    def _poll(
        self, app: msal.PublicClientApplication, flow: dict[str, object]
    ) -> Mapping[str, object]:
        """An outage while the administrator is signing in does not end the sign-in."""

        def over(_: object = None) -> bool:
            return self._cancelled() or time.time() >= float(str(flow["expires_at"]))

        while True:
            try:
                result = _object(app.acquire_token_by_device_flow(flow, exit_condition=over))
            except Transient:
                if over():
                    raise
                time.sleep(1)
                continue
            if "access_token" in result:
                return result
            if self._cancelled():
                raise Permanent("The sign-in was cancelled.")
            match result.get("error"):
                case "authorization_declined" | "access_denied":
                    raise Permanent("The sign-in was declined.")
                case "expired_token" | "code_expired" | "authorization_pending" | "slow_down":
                    raise Permanent("The sign-in code ran out before it was used; start again.")
            raise _refusal(result)


def _guarded(acquire: Callable[[], Mapping[str, object]]) -> Mapping[str, object]:
    """MSAL's own exceptions quote addresses and answers: they are not chained."""
    try:
        result = acquire()
    except (ValueError, KeyError, TypeError, RuntimeError, msal.exceptions.MsalError):
        raise Unauthorized("Entra sign-in: the authority or the tenant is not known") from None
    if "access_token" not in result:
        raise _refusal(result)
    return result


def _refusal(result: Mapping[str, object]) -> Permanent | Transient:
    code, word = _code(result), result.get("error")
    if code in _TEMPORARY or word in ("temporarily_unavailable", "server_error"):
        return Transient(f"{_WHAT}: {code}")
    hint = f", {_HINTS[code]}" if code in _HINTS else ""
    return Unauthorized(f"{_WHAT}: {code}{hint}")


def _code(result: Mapping[str, object]) -> str:
    """The AADSTS code, or OAuth's own word where there is none."""
    found = _AADSTS.search(str(result.get("error_description") or ""))
    word = str(result.get("error") or "")
    return found[0] if found else (word if _WORD.fullmatch(word) else "an unknown error")


def _bearer(result: Mapping[str, object]) -> dict[str, str]:
    return {"Authorization": f"Bearer {result['access_token']}"}


def _object(result: object) -> Mapping[str, object]:
    return result if isinstance(result, Mapping) else {}
