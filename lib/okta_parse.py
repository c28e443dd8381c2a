"""Okta's JSON as the model's objects: tolerant of missing and null keys, strict where it matters.

Errors name fields, never values. Source: the vendor's OpenAPI description of AppUser, User,
LogEvent, UserSchema and ProfileMapping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from lib.errors import Permanent
from lib.model import AppUser, MappingRule, OktaUser, ProfileChange, PushEvent, Subject
from lib.times import from_text_or_none

Json = Mapping[str, object]


def app_user(body: object, subject: Subject) -> AppUser:
    """GET /api/v1/apps/{app}/users/{user}. `profile` is left as Okta wrote it."""
    given = mapping(body)
    return AppUser(
        user_id=text(given, "id") or subject.user_id,
        external_id=text(given, "externalId"),
        user_name=text(mapping(given.get("credentials")), "userName"),
        status=_must(given, "status", "AppUser"),
        scope=text(given, "scope") or "USER",
        last_updated=_moment(given, "lastUpdated", "AppUser"),
        profile=mapping(given.get("profile")),
    )


def embedded_user(body: object) -> OktaUser | None:
    """The user that expand=user puts beside an AppUser; None when Okta left it out."""
    given = mapping(mapping(body).get("_embedded")).get("user")
    return user(given) if given else None


def user(body: object) -> OktaUser:
    """GET /api/v1/users/{id}."""
    given = mapping(body)
    profile = mapping(given.get("profile"))
    return OktaUser(
        id=_must(given, "id", "user"),
        login=text(profile, "login") or "",
        status=_must(given, "status", "user"),
        type_id=text(mapping(given.get("type")), "id"),
        profile=profile,
    )


def features(body: object) -> frozenset[str]:
    """The features of GET /api/v1/apps/{id}; an app without provisioning has an empty list."""
    given = mapping(body).get("features")
    if not isinstance(given, list):
        raise Permanent("Okta's app has no features field")
    return frozenset(feature for feature in given if isinstance(feature, str))


def schema_attributes(body: object) -> dict[str, str | None]:
    """Variable name -> externalName, of what the app brings along and what an admin added."""
    found: dict[str, str | None] = {}
    definitions = mapping(mapping(body).get("definitions"))
    if not definitions:
        raise Permanent("Okta's app schema has no definitions field")
    for part in ("base", "custom"):
        for name, rule in mapping(mapping(definitions.get(part)).get("properties")).items():
            found[name] = text(mapping(rule), "externalName")
    return found


def mapping_of(body: object, app_id: str) -> tuple[str, dict[str, MappingRule]] | None:
    """User type id and rules of one mapping towards the app; None for one that goes elsewhere."""
    given = mapping(body)
    source, target = mapping(given.get("source")), mapping(given.get("target"))
    type_id = text(source, "id")
    if text(target, "id") != app_id or type_id is None or text(source, "type") != "user":
        return None
    rules = {}
    for name, raw in mapping(given.get("properties")).items():
        expression = text(mapping(raw), "expression")
        if expression is not None:
            # Okta's default: mapped on create and update.
            rules[name] = MappingRule(expression, text(mapping(raw), "pushStatus") or "PUSH")
    return type_id, rules


def push_event(raw: object) -> PushEvent | None:
    """One System Log entry; None when it lacks what tells it apart or when it happened."""
    given = mapping(raw)
    uuid, event_type = text(given, "uuid"), text(given, "eventType")
    published = from_text_or_none(given.get("published"))
    if uuid is None or event_type is None or published is None:
        return None
    outcome = mapping(given.get("outcome"))
    return PushEvent(
        uuid=uuid,
        published=published,
        event_type=event_type,
        legacy_event_type=text(given, "legacyEventType"),
        result=text(outcome, "result") or "UNKNOWN",
        reason=text(outcome, "reason"),
        display_message=text(given, "displayMessage") or "",
    )


def profile_change(raw: object) -> ProfileChange | None:
    """Who did it; None when the entry does not say. Okta itself and apps have an id and no login:
    theirs (such as system@okta.com) is no person's.
    """
    given = mapping(raw)
    actor = mapping(given.get("actor"))
    actor_id, published = text(actor, "id"), from_text_or_none(given.get("published"))
    if actor_id is None or published is None:
        return None
    person = text(actor, "type") in ("User", None)
    return ProfileChange(actor_id, text(actor, "alternateId") if person else None, published)


def items(body: object) -> Iterator[object]:
    """The members of a list answer. Raises Permanent when it is none."""
    if not isinstance(body, list):
        raise Permanent("Okta answered something else where a list belongs")
    return iter(body)


def mapping(value: object) -> Json:
    """A JSON object, or an empty one for null, a missing key and anything else."""
    return value if isinstance(value, Mapping) else {}


def text(given: Json, name: str) -> str | None:
    value = given.get(name)
    return value if isinstance(value, str) and value else None


def _must(given: Json, name: str, what: str) -> str:
    value = text(given, name)
    if value is None:
        raise Permanent(f"Okta's {what} has no {name} field")
    return value


def _moment(given: Json, name: str, what: str) -> datetime:
    value = from_text_or_none(given.get(name))
    if value is None:
        raise Permanent(f"Okta's {what} has no usable {name} field")
    return value
