"""The directory audit log: who updated one user, and which watched attributes that touched.

Sources: the vendor's directoryAudit resource and its published samples. Old and new values are JSON
inside a string; `Included Updated Properties` names what changed. The log's own names of the
attributes are not documented, so every likely spelling is taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from lib.graph_parse import Json, mapping, members, next_link
from lib.http import Http
from lib.model import Attribute, AuditActor, AuditEntry, AuditLog, Value
from lib.times import from_text_or_none

PATH = "/v1.0/auditLogs/directoryAudits"
# One page: each further one would be another request of the five in ten seconds.
PAGE_SIZE = 100
UPDATE = "Update user"
_NAMES: Mapping[str, Attribute] = {
    "mobile": Attribute.MOBILE_PHONE,
    "mobilephone": Attribute.MOBILE_PHONE,
    "othermail": Attribute.OTHER_MAILS,
    "othermails": Attribute.OTHER_MAILS,
    "accountenabled": Attribute.ACCOUNT_ENABLED,
}
_INCLUDED = "included updated properties"
_CLIENT = "action client name"
_UNTOLD = object()
# Ids go into evidence; whatever looks otherwise might be a name.
_PLAIN = re.compile(r"[A-Za-z0-9-]{1,64}")


def read_audit(http: Http, object_id: str, since: datetime) -> AuditLog:
    """One request, never repeated inside. Needs AuditLog.Read.All.

    Raises Refused without it, Transient (429, with the seconds to wait) when the budget of 5
    requests in 10 seconds for one application in one tenant is spent.
    """
    quoted = object_id.replace("'", "''")
    clauses = (
        f"activityDisplayName eq '{UPDATE}'",
        f"targetResources/any(t:t/id eq '{quoted}')",
        f"activityDateTime ge {since:%Y-%m-%dT%H:%M:%SZ}",
    )
    reply = http.request(
        "GET",
        PATH,
        params={"$filter": " and ".join(clauses), "$top": str(PAGE_SIZE)},
        repeatable=False,
    )
    parsed = [audit_entry(each, object_id) for each in members(reply.body)]
    return AuditLog(
        entries=tuple(entry for entry in parsed if entry is not None),
        since=since,
        taken_at=reply.date,
        complete=None not in parsed and next_link(reply.body) is None,
        request_id=reply.headers.get("request-id"),
        client_request_id=reply.headers.get("client-request-id"),
    )


def audit_entry(raw: object, object_id: str) -> AuditEntry | None:
    """None when it is not an update of this user, or does not say when it happened."""
    given = mapping(raw)
    at = from_text_or_none(given.get("activityDateTime"))
    changes = _modified(given.get("targetResources"), object_id)
    if at is None or changes is None or given.get("activityDisplayName") != UPDATE:
        return None
    return AuditEntry(
        at=at,
        succeeded=given.get("result") == "success",
        actor=_actor(mapping(given.get("initiatedBy"))),
        names=_names(changes),
        correlation_id=_id(given, "correlationId"),
        by_sync=any(_name(each) == _CLIENT and _inner(each) == "DirectorySync" for each in changes),
        written=dict(_written(changes)),
    )


def _modified(targets: object, object_id: str) -> list[Json] | None:
    for target in targets if isinstance(targets, list) else []:
        given = mapping(target)
        identifier = given.get("id")
        if isinstance(identifier, str) and identifier.casefold() == object_id.casefold():
            found = given.get("modifiedProperties")
            return [mapping(each) for each in found] if isinstance(found, list) else []
    return None


def _actor(given: Json) -> AuditActor:
    app, user = mapping(given.get("app")), mapping(given.get("user"))
    if app:
        return AuditActor(_id(app, "servicePrincipalId"), _id(app, "appId") or "unknown")
    return AuditActor(_id(user, "id"))


def _id(given: Json, name: str) -> str | None:
    value = given.get(name)
    return value.lower() if isinstance(value, str) and _PLAIN.fullmatch(value) else None


def _names(changes: Iterable[Json]) -> frozenset[Attribute] | None:
    """None where the entry neither lists its properties nor shows one that is watched."""
    listed: list[str] = []
    told = False
    for each in changes:
        name, inner = _name(each), _inner(each)
        if name in _NAMES:
            listed.append(name)
            told = True
        elif name == _INCLUDED and isinstance(inner, str | list):
            parts = inner.split(",") if isinstance(inner, str) else inner
            listed += [str(part).strip().casefold() for part in parts]
            told = True
    return frozenset(_NAMES[name] for name in listed if name in _NAMES) if told else None


def _written(changes: Iterable[Json]) -> Iterable[tuple[Attribute, Value]]:
    for each in changes:
        attribute = _NAMES.get(_name(each))
        if attribute is None:
            continue
        value = _value(attribute, _inner(each))
        if value is not _UNTOLD:
            yield attribute, value  # type: ignore[misc]


def _name(change: Json) -> str:
    return str(change.get("displayName") or "").strip().casefold()


def _inner(change: Json) -> object:
    """newValue is JSON inside a string."""
    text = change.get("newValue")
    if not isinstance(text, str):
        return _UNTOLD
    try:
        inner: object = json.loads(text)
    except (ValueError, RecursionError):
        return _UNTOLD
    return inner


def _value(attribute: Attribute, inner: object) -> object:
    """The directory keeps every property as a list; a bare value is taken as well."""
    if inner is _UNTOLD:
        return _UNTOLD
    given = inner if isinstance(inner, list) else [] if inner is None else [inner]
    if attribute is Attribute.OTHER_MAILS:
        return tuple(given) if all(isinstance(each, str) for each in given) else _UNTOLD
    kind = bool if attribute is Attribute.ACCOUNT_ENABLED else str
    if not given:
        return None
    return given[0] if len(given) == 1 and isinstance(given[0], kind) else _UNTOLD
