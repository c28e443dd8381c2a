"""Event hooks as registered: create, read, replace, delete, verify, switch on and off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from sandbox.okta import errors
from sandbox.okta.event_types import hook_eligible
from sandbox.okta.hook_filters import passes, read_filter
from sandbox.okta.ids import new_id
from sandbox.okta.times import iso

# Limits of the vendor's event-hook documentation.
MAX_ACTIVE_VERIFIED = 25
MAX_EVENT_TYPES = 300


@dataclass(frozen=True)
class Hook:
    """One registration. `secret` is the write-only `authScheme.value`, sent verbatim."""

    id: str
    name: str
    description: str | None
    uri: str
    event_types: tuple[str, ...]
    event_filter: object
    headers: tuple[tuple[str, str], ...]
    auth_header: str
    secret: str = field(repr=False)
    created_at: datetime
    updated_at: datetime
    active: bool = True
    verified: bool = False

    @property
    def receives(self) -> bool:
        return self.active and self.verified

    def wants(self, event: Mapping[str, object]) -> bool:
        """Whether the hook lists the event's type and its filter lets it through."""
        return event.get("eventType") in self.event_types and passes(
            read_filter(self.event_filter, self.event_types), event
        )

    def request_headers(self) -> dict[str, str]:
        """What Okta sends on the verification GET and on every delivery alike."""
        sent = dict(self.headers)
        if self.secret:
            sent[self.auth_header] = self.secret
        return sent

    def json(self, base_url: str) -> dict[str, object]:
        """The management API's view; the secret is never part of it."""
        me = f"{base_url}/api/v1/eventHooks/{self.id}"
        toggle = "deactivate" if self.active else "activate"
        return {
            "id": self.id,
            "status": "ACTIVE" if self.active else "INACTIVE",
            "verificationStatus": "VERIFIED" if self.verified else "UNVERIFIED",
            "name": self.name,
            "description": self.description,
            "created": iso(self.created_at),
            "createdBy": None,
            "lastUpdated": iso(self.updated_at),
            "events": {
                "type": "EVENT_TYPE",
                "items": list(self.event_types),
                "filter": self.event_filter,
            },
            "channel": {
                "type": "HTTP",
                "version": "1.0.0",
                "config": {
                    "uri": self.uri,
                    "headers": [{"key": key, "value": value} for key, value in self.headers],
                    "method": "POST",
                    "authScheme": {"type": "HEADER", "key": self.auth_header},
                },
            },
            "_links": {
                "self": {"href": me},
                "verify": {"href": f"{me}/lifecycle/verify", "hints": {"allow": ["POST"]}},
                toggle: {"href": f"{me}/lifecycle/{toggle}", "hints": {"allow": ["POST"]}},
            },
        }


class HookStore:
    """All registrations of one org. `filters`: whether the Early Access feature is on."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.filters = True
        self._hooks: dict[str, Hook] = {}
        self._lock = threading.Lock()

    def create(self, body: object) -> Hook:
        """A new hook is ACTIVE and UNVERIFIED, so it receives nothing yet."""
        hook = self._checked(_read(body, new_id("who"), self._clock()))
        with self._lock:
            self._hooks[hook.id] = hook
        return hook

    def get(self, hook_id: str) -> Hook:
        with self._lock:
            hook = self._hooks.get(hook_id)
        if hook is None:
            raise errors.not_found(hook_id, "EventHook")
        return hook

    def all(self) -> list[Hook]:
        with self._lock:
            return list(self._hooks.values())

    def put(self, hook_id: str, body: object) -> Hook:
        """Replaces a registration. Another channel has to be verified again."""
        old = self.get(hook_id)
        new = self._checked(_read(body, hook_id, self._clock(), known_secret=old.secret))
        same_channel = (new.uri, new.headers, new.auth_header, new.secret) == (
            old.uri,
            old.headers,
            old.auth_header,
            old.secret,
        )
        return self._store(
            replace(
                new,
                created_at=old.created_at,
                active=old.active,
                verified=old.verified and same_channel,
            )
        )

    def delete(self, hook_id: str) -> None:
        if self.get(hook_id).active:
            cause = "status: an event hook must be INACTIVE to be deleted"
            raise errors.validation("status", cause)
        with self._lock:
            del self._hooks[hook_id]

    def set_active(self, hook_id: str, active: bool) -> Hook:
        return self._store(replace(self.get(hook_id), active=active, updated_at=self._clock()))

    def set_verified(self, hook_id: str) -> Hook:
        hook = self.get(hook_id)
        if sum(other.receives for other in self.all()) >= MAX_ACTIVE_VERIFIED:
            cause = f"eventHooks: at most {MAX_ACTIVE_VERIFIED} can be active and verified"
            raise errors.validation("eventHooks", cause)
        return self._store(replace(hook, verified=True, updated_at=self._clock()))

    def _checked(self, hook: Hook) -> Hook:
        if hook.event_filter is not None and not self.filters:
            raise errors.validation("filter", "filter: event hook filters are not enabled")
        read_filter(hook.event_filter, hook.event_types)
        return hook

    def _store(self, hook: Hook) -> Hook:
        with self._lock:
            self._hooks[hook.id] = hook
        return hook


def _read(body: object, hook_id: str, now: datetime, known_secret: str = "") -> Hook:
    """Reads what POST and PUT take; OktaError E0000001 names the part that makes no sense."""
    events = _part(body, "events")
    config = _part(_part(body, "channel"), "config")
    scheme = config.get("authScheme")
    auth: Mapping[str, object] = scheme if isinstance(scheme, Mapping) else {}
    description = body.get("description") if isinstance(body, Mapping) else None
    return Hook(
        id=hook_id,
        name=_text(body, "name"),
        description=str(description) if description is not None else None,
        uri=_https(_text(config, "uri")),
        event_types=_event_types(events.get("items")),
        event_filter=events.get("filter"),
        headers=_headers(config.get("headers")),
        auth_header=str(auth.get("key", "Authorization")),
        secret=str(auth.get("value") or known_secret),
        created_at=now,
        updated_at=now,
    )


def _part(body: object, name: str) -> Mapping[str, object]:
    value = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(value, Mapping):
        raise errors.validation(name, f"{name}: The field cannot be left blank")
    return value


def _text(body: object, name: str) -> str:
    value = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(value, str) or not value:
        raise errors.validation(name, f"{name}: The field cannot be left blank")
    return value


def _https(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.scheme != "https" or not parts.hostname:
        raise errors.validation("uri", "uri: must be an https address")
    return uri


def _event_types(items: object) -> tuple[str, ...]:
    if not isinstance(items, list) or not items or len(items) > MAX_EVENT_TYPES:
        cause = f"events: between 1 and {MAX_EVENT_TYPES} event types are needed"
        raise errors.validation("events", cause)
    for item in items:
        if not isinstance(item, str) or not hook_eligible(item):
            raise errors.validation("events", f"events: {item} is not eligible for event hooks")
    return tuple(items)


def _headers(items: object) -> tuple[tuple[str, str], ...]:
    if items is None:
        return ()
    if not isinstance(items, list):
        raise errors.validation("headers", "headers: must be a list of key and value")
    return tuple((_text(item, "key"), _text(item, "value")) for item in items)
