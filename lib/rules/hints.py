"""From what Okta sends to hints: which subjects may need proof. Events are never believed.

Source of the shapes: Okta's event hook and System Log documentation. Only uuid, eventType,
published and target are relied on; target elements are matched by type, never by position.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from lib.model import Subject
from lib.times import from_text_or_none

# Types a hook can carry (tagged event-hook-eligible in Okta's catalog 2026.08.1).
HOOK_EVENTS = (
    "application.provision.user.push_profile",
    "application.provision.user.push",
    "application.provision.user.sync",
    "application.provision.user.reactivate",
    "application.user_membership.add",
    "application.user_membership.remove",
    "application.user_membership.update",
    "user.account.update_profile",
    "user.lifecycle.activate",
    "user.lifecycle.deactivate",
    "user.lifecycle.reactivate",
)

# Types only the System Log carries.
LOG_ONLY_EVENTS = (
    "application.provision.user.activate",
    "application.provision.user.deactivate",
    "application.provision.user.deprovision",
    "app.office365.api.error.deactivate.user",
    "app.office365.api.error.push.profile",
    "app.office365.api.error.reactivate.user",
    "app.office365.api.error.sync.user",
    "app.office365.user.lifecycle.action.failed",
)

WATCHED_EVENTS = frozenset(HOOK_EVENTS + LOG_ONLY_EVENTS)

# The one type whose targets have kinds of their own: app_instance_id, app_username and others.
DEPROVISION = "application.provision.user.deprovision"

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Okta's user names end at 100 characters, counted as UTF-16 does; 25 of those fit a message.
LONGEST_NAME = 100


@dataclass(frozen=True)
class Hint:
    """One subject that may need proof. `published` None: the event did not say when.

    `guessed`: the event named the user and no app, so each watched app is only a possibility.
    """

    subject: Subject
    published: datetime | None
    uuids: tuple[str, ...] = ()
    guessed: bool = False


@dataclass(frozen=True)
class NamelessHint:
    """A watched event that named an app user but not the Okta user behind it."""

    app_id: str
    app_user_name: str
    published: datetime | None
    uuids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What one delivery comes to, with counts of what was left aside and why."""

    hints: tuple[Hint, ...] = ()
    nameless: tuple[NamelessHint, ...] = ()
    unwatched: int = 0
    strangers: int = 0
    malformed: tuple[str, ...] = ()  # uuids, or "?" where even that is missing
    unnamed: tuple[str, ...] = ()  # of these, watched events that name nobody: a person looks


def read_events(events: Iterable[object], app_ids: tuple[str, ...]) -> Reading:
    """Events of a hook delivery or the System Log -> hints, coalesced by subject."""
    hints: dict[Subject, Hint] = {}
    nameless: dict[tuple[str, str], NamelessHint] = {}
    unwatched = strangers = 0
    malformed: list[str] = []
    unnamed: list[str] = []
    for event in events:
        if not isinstance(event, Mapping):
            malformed.append("?")
            continue
        kind = event.get("eventType")
        if not isinstance(kind, str) or kind not in WATCHED_EVENTS:
            unwatched += 1
            continue
        uuid = event.get("uuid")
        uuid = uuid if isinstance(uuid, str) and is_id(uuid) else "?"
        published = from_text_or_none(event.get("published"))
        targets = _targets(event.get("target"))
        apps = app_ids
        guessed = "AppInstance" not in targets
        if not guessed:
            apps = tuple(app for app in app_ids if app == targets["AppInstance"][0])
        if not apps or (guessed and kind == DEPROVISION):
            # A deprovision that names no app we know is one of the org's many other apps; of ours
            # the end of the assignment tells as well.
            strangers += 1
            continue
        if "User" in targets:
            for app in apps:
                hint = Hint(Subject(app, targets["User"][0]), published, (uuid,), guessed)
                hints[hint.subject] = _join(hints.get(hint.subject), hint)
        elif name := _name(targets):
            for app in apps:
                other = NamelessHint(app, name, published, (uuid,))
                nameless[app, name] = _join_nameless(nameless.get((app, name)), other)
        else:
            malformed.append(uuid)
            unnamed.append(uuid)
    return Reading(
        tuple(hints.values()),
        tuple(nameless.values()),
        unwatched,
        strangers,
        tuple(malformed),
        tuple(dict.fromkeys(unnamed)),
    )


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later publication; an unknown one counts as the latest, so it can not hide anything."""
    if one is None or other is None:
        return None
    return max(one, other)


def _join(known: Hint | None, new: Hint) -> Hint:
    if known is None:
        return new
    return replace(
        new,
        published=later(known.published, new.published),
        uuids=_some(known.uuids + new.uuids),
        guessed=known.guessed and new.guessed,
    )


def _join_nameless(known: NamelessHint | None, new: NamelessHint) -> NamelessHint:
    if known is None:
        return new
    published = later(known.published, new.published)
    return replace(new, published=published, uuids=_some(known.uuids + new.uuids))


def _some(uuids: tuple[str, ...]) -> tuple[str, ...]:
    """Three are enough to find the events again; hundreds would not fit a message."""
    return tuple(dict.fromkeys(uuids))[-3:]


def _name(targets: Mapping[str, tuple[str, str | None]]) -> str | None:
    """The app user's name, where there is one ("unknown" is Okta's word for none)."""
    name = targets["AppUser"][1] if "AppUser" in targets else None
    return name if name and name != "unknown" and is_name(name) else None


def is_id(text: str) -> bool:
    """Whether a text can be an id of Okta's or ours: what keys, paths and filters are made of."""
    return _ID.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Whether a text can be an app user's name: no control characters, no halves of characters."""
    return text.isprintable() and len(text.encode("utf-16-le")) // 2 <= LONGEST_NAME


def _targets(target: object) -> dict[str, tuple[str, str | None]]:
    """type -> (id, alternateId). Elements without a usable id are left out."""
    found: dict[str, tuple[str, str | None]] = {}
    for element in target if isinstance(target, list) else []:
        if not isinstance(element, Mapping):
            continue
        kind, identifier = element.get("type"), element.get("id")
        alternate = element.get("alternateId")
        if kind == "app_username" and isinstance(identifier, str):
            known = isinstance(alternate, str) and alternate != "unknown"
            found.setdefault("AppUser", (identifier, alternate if known else identifier))
            continue
        kind = "AppInstance" if kind == "app_instance_id" else kind
        if isinstance(kind, str) and isinstance(identifier, str) and is_id(identifier):
            found.setdefault(kind, (identifier, alternate if isinstance(alternate, str) else None))
    return found
