"""Okta's management API as administrators use it: event hooks, and probes of what may be read.

Source: the vendor's OpenAPI description of EventHook and its event-hook guides. A created hook is
ACTIVE and UNVERIFIED; only ACTIVE and VERIFIED ones receive events; a changed channel has to be
verified again; only an INACTIVE one can be deleted. The header's value is write-only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lib import okta_log
from lib.errors import Permanent
from lib.http import Http, Reply, segment
from lib.model import PushEvent
from lib.okta_parse import Json, items, mapping, push_event, text

HOOKS = "/api/v1/eventHooks"
# What every hook's name says unless an administrator gave it another.
NAME = "pushproof"
# Events about an app carry it as a target; those about a user alone name no app.
_APP_EVENTS = "application."
_ID = re.compile(r"\bid\s+eq\s+'([^']*)'")


@dataclass(frozen=True)
class EventHook:
    """One registration. `filtered`: the event types that have a filter condition."""

    id: str
    name: str
    uri: str
    active: bool
    verified: bool
    event_types: tuple[str, ...]
    filtered: frozenset[str]
    body: Json = field(repr=False)

    @property
    def receives(self) -> bool:
        return self.active and self.verified


class OktaAdmin:
    """Raises what lib/http.py raises; Refused when the token may not do it."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def hooks(self) -> tuple[EventHook, ...]:
        """Every hook of the org (25 may be active), page by page."""
        found: list[EventHook] = []
        reply = self._http.request("GET", HOOKS)
        while True:
            found += [event_hook(each) for each in items(reply.body)]
            if reply.next_link is None:
                return tuple(found)
            reply = self._http.request("GET", reply.next_link)

    def create(self, body: Json) -> EventHook:
        return event_hook(self._http.request("POST", HOOKS, json=body).body)

    def replace(self, hook_id: str, body: Json) -> EventHook:
        return event_hook(self._http.request("PUT", _path(hook_id), json=body).body)

    def delete(self, hook_id: str) -> None:
        self._http.request("DELETE", _path(hook_id))

    def verify(self, hook_id: str) -> EventHook:
        """Okta calls the address with GET; Refused (400) when the answer is not the challenge."""
        return self._lifecycle(hook_id, "verify")

    def activate(self, hook_id: str) -> EventHook:
        return self._lifecycle(hook_id, "activate")

    def deactivate(self, hook_id: str) -> EventHook:
        return self._lifecycle(hook_id, "deactivate")

    def events(self, since: datetime, types: Sequence[str]) -> Iterator[list[object]]:
        """Pages of the System Log since `since`, of these event types."""
        wanted = " or ".join(f'eventType eq "{name}"' for name in types)
        for _, entries in okta_log.poll(self._http, since, wanted):
            yield entries

    def profile_pushes(self, app_id: str, since: datetime) -> tuple[PushEvent, ...]:
        """The newest hundred entries about profile pushes of an app, newest first."""
        entries = okta_log.latest(self._http, since, okta_log.app_push_filter(app_id))
        found = [push_event(entry) for entry in entries]
        return tuple(event for event in found if event is not None)

    def probe(self, path: str, params: Mapping[str, str] | None = None) -> Reply:
        """One GET, for whether it is answered."""
        return self._http.request("GET", path, params=params)

    def _lifecycle(self, hook_id: str, step: str) -> EventHook:
        path = f"{_path(hook_id)}/lifecycle/{step}"
        return event_hook(self._http.request("POST", path).body)


def event_hook(raw: object) -> EventHook:
    """Raises Permanent when it lacks what tells one hook from another."""
    given = mapping(raw)
    events = mapping(given.get("events"))
    config = mapping(mapping(given.get("channel")).get("config"))
    identifier = text(given, "id")
    if identifier is None:
        raise Permanent("Okta's event hook has no id field")
    listed = events.get("items")
    return EventHook(
        id=identifier,
        name=text(given, "name") or "",
        uri=text(config, "uri") or "",
        active=given.get("status") == "ACTIVE",
        verified=given.get("verificationStatus") == "VERIFIED",
        event_types=tuple(each for each in listed if isinstance(each, str))
        if isinstance(listed, list)
        else (),
        filtered=frozenset(
            name for each in _conditions(given) if (name := text(each, "event")) is not None
        ),
        body=given,
    )


def hook_body(
    url: str,
    secret: str,
    event_types: Sequence[str],
    app_ids: Sequence[str],
    known: EventHook | None = None,
    *,
    filtered: bool = True,
) -> Json:
    """What POST and PUT take. Of a `known` hook its name, description, other headers, further
    event types and their conditions stay as they are."""
    old = known.body if known else {}
    config = mapping(mapping(old.get("channel")).get("config"))
    types = tuple(dict.fromkeys((*event_types, *(known.event_types if known else ()))))
    kept = [each for each in _conditions(old) if each.get("event") not in event_types]
    ours = conditions(event_types, app_ids) if filtered else []
    body: dict[str, object] = {
        "name": text(old, "name") or NAME,
        "events": {"type": "EVENT_TYPE", "items": list(types), "filter": _filter(kept + ours)},
        "channel": {
            "type": "HTTP",
            "version": "1.0.0",
            "config": {
                "uri": url,
                "headers": config.get("headers") or [],
                "authScheme": {"type": "HEADER", "key": "Authorization", "value": secret},
            },
        },
    }
    if description := text(old, "description"):
        body["description"] = description
    return body


def conditions(event_types: Sequence[str], app_ids: Sequence[str]) -> list[Json]:
    """One condition for each type that names an app: only events of the watched apps.

    Source: the vendor's page on event hook filters, which shows this form for groups.
    """
    wanted = " || ".join(f"id eq '{app_id}'" for app_id in app_ids)
    if len(app_ids) > 1:
        wanted = f"({wanted})"
    expression = f"event.target.?[type eq 'AppInstance' && {wanted}].size()>0"
    return [
        {"event": name, "condition": {"expression": expression}}
        for name in event_types
        if name.startswith(_APP_EVENTS)
    ]


def misfiltered(
    hook: EventHook, event_types: Sequence[str], app_ids: Sequence[str]
) -> tuple[str, ...]:
    """The types whose condition is another one than that for these apps: events of them that are
    waited for do not arrive. A type without a condition arrives as a whole.
    """
    wanted = {text(each, "event"): _form(each) for each in conditions(event_types, app_ids)}
    given = {text(each, "event"): _form(each) for each in _conditions(hook.body)}
    return tuple(n for n in event_types if n in given and given[n] != wanted.get(n))


def _form(entry: Json) -> tuple[str, list[str]]:
    """What a condition says, whatever the order of its ids and its spaces."""
    expression = text(mapping(entry.get("condition")), "expression") or ""
    return "".join(_ID.sub("id", expression).split()), sorted(_ID.findall(expression))


def _filter(entries: list[Json]) -> Json | None:
    return {"type": "EXPRESSION_LANGUAGE", "eventFilterMap": entries} if entries else None


def _conditions(body: Json) -> list[Json]:
    listed = mapping(mapping(body.get("events")).get("filter")).get("eventFilterMap")
    return [mapping(each) for each in listed] if isinstance(listed, list) else []


def _path(hook_id: str) -> str:
    return f"{HOOKS}/{segment(hook_id)}"
