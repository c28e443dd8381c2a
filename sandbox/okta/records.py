"""System Log events in the shape of the LogEvent schema, with the values provisioning uses."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox.okta.syslog import Event
from sandbox.okta.times import iso

Target = dict[str, object]

SYSTEM_ACTOR: Target = {
    "id": "sysokta0000000000000",
    "type": "SystemPrincipal",
    "alternateId": "system@okta.com",
    "displayName": "Okta System",
    "detailEntry": None,
}

# "Targets are not always in the same array location": every event takes the next of these orders.
_ORDERS = itertools.cycle(itertools.permutations(range(3)))


@dataclass(frozen=True)
class Transaction:
    """WEB for a request somebody waits for, JOB for a task that runs on its own."""

    kind: str
    id: str
    api_token_id: str | None = None

    def json(self) -> dict[str, object]:
        detail = {"requestApiTokenId": self.api_token_id} if self.api_token_id else {}
        return {"type": self.kind, "id": self.id, "detail": detail}


def user_target(user_id: str, login: str, name: str) -> Target:
    return _target(user_id, "User", login, name)


def app_user_target(app_user_id: str, user_name: str, name: str) -> Target:
    return _target(app_user_id, "AppUser", user_name, name)


def app_instance_target(app_id: str, label: str) -> Target:
    """`alternateId` is the instance's label; `displayName` is the catalog's name of the app."""
    return _target(app_id, "AppInstance", label, "Microsoft Office 365")


def _target(identifier: str, kind: str, alternate_id: str, name: str) -> Target:
    return {
        "id": identifier,
        "type": kind,
        "alternateId": alternate_id,
        "displayName": name,
        "detailEntry": None,
    }


def shuffled(targets: Sequence[Target]) -> list[Target]:
    """Three targets in the next of the six possible orders; other counts stay as they are."""
    if len(targets) != 3:
        return list(targets)
    return [targets[index] for index in next(_ORDERS)]


def log_event(
    event_type: str,
    message: str,
    published: datetime,
    *,
    targets: Sequence[Target],
    transaction: Transaction,
    actor: Target = SYSTEM_ACTOR,
    result: str = "SUCCESS",
    reason: str | None = None,
    legacy: str | None = None,
    debug: dict[str, object] | None = None,
) -> Event:
    """One event as GET /api/v1/logs returns it."""
    return {
        "actor": actor,
        "client": {
            "userAgent": None,
            "zone": None,
            "device": None,
            "id": None,
            "ipAddress": None,
            "geographicalContext": None,
        },
        "device": None,
        "authenticationContext": {
            "authenticationProvider": None,
            "credentialProvider": None,
            "credentialType": None,
            "issuer": None,
            "interface": None,
            "authenticationStep": 0,
            "externalSessionId": transaction.id,
        },
        "displayMessage": message,
        "eventType": event_type,
        "outcome": {"result": result, "reason": reason},
        "published": iso(published),
        "securityContext": {
            "asNumber": None,
            "asOrg": None,
            "isp": None,
            "domain": None,
            "isProxy": None,
        },
        "severity": "INFO" if result == "SUCCESS" else "ERROR",
        "debugContext": {"debugData": debug or {}},
        "legacyEventType": legacy,
        "transaction": transaction.json(),
        "uuid": str(uuid.uuid4()),
        "version": "0",
        "request": {"ipChain": []},
        "target": shuffled(targets),
    }


def as_hook_event(event: Event) -> Event:
    """The same event inside a hook delivery: `ipChain` sits under `client`, not under `request`."""
    sent = {key: value for key, value in event.items() if key != "request"}
    request, client = event.get("request"), event.get("client")
    chain = request.get("ipChain", []) if isinstance(request, dict) else []
    sent["client"] = {**(client if isinstance(client, dict) else {}), "ipChain": chain}
    sent["insertionTimestamp"] = None
    return sent


def envelope(hook_url: str, events: Sequence[Event], now: datetime) -> dict[str, object]:
    """The body of one delivery. `eventId` names the envelope, not an event."""
    return {
        "eventType": "com.okta.event_hook",
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "source": hook_url,
        "eventId": str(uuid.uuid4()),
        "data": {"events": [as_hook_event(event) for event in events]},
        "eventTime": iso(now),
        "contentType": "application/json",
    }
