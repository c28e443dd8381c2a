"""What travels through the queues. Nothing in a message is state: it says where to look."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lib.errors import Permanent
from lib.model import Subject
from lib.rules.hints import Hint, NamelessHint, is_id, is_name
from lib.rules.hook_health import Road
from lib.times import from_text, from_text_or_none, to_text

VERSION = 1
# 25 subjects of about 150 bytes keep ten messages far below SQS's 256 KiB a batch, and a
# thousand users within four SendMessageBatch calls.
SUBJECTS_A_MESSAGE = 25
UUIDS_A_MESSAGE = 250
# Who may publish to a queue is not always us: more subjects than a function has time for, or a
# number that no arithmetic holds, would take down the messages beside it.
MOST_SUBJECTS = 4 * SUBJECTS_A_MESSAGE
MOST_ATTEMPTS = 1_000_000


@dataclass(frozen=True)
class CheckMessage:
    """Subjects to check. `look`: due by itself, whatever coverage says. `road`: how the hints came,
    where the other road could have brought them too.
    """

    hints: tuple[Hint, ...] = ()
    nameless: tuple[NamelessHint, ...] = ()
    unnamed: tuple[str, ...] = ()  # uuids of watched events that name nobody
    first_seen: datetime | None = None
    attempt: int = 0
    look: bool = False
    road: Road | None = None

    def text(self) -> str:
        body: dict[str, object] = {"v": VERSION, "subjects": [_hint(h) for h in self.hints]}
        if self.nameless:
            body["nameless"] = [
                {"app": n.app_id, "name": n.app_user_name, **_when(n)} for n in self.nameless
            ]
        if self.unnamed:
            body["unnamed"] = list(self.unnamed)
        if self.first_seen:
            body["first_seen"] = to_text(self.first_seen)
        if self.attempt:
            body["attempt"] = self.attempt
        if self.look:
            body["look"] = True
        if self.road:
            body["road"] = self.road.value
        return json.dumps(body, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> CheckMessage:
        """Raises Permanent for anything that is not one of our messages."""
        body = _object(text)
        try:
            return cls(
                hints=tuple(
                    Hint(
                        Subject(_id(s["app"]), _id(s["user"])),
                        *_known(s),
                        guessed=bool(s.get("guessed", False)),
                    )
                    for s in _few(body["subjects"], MOST_SUBJECTS)
                ),
                nameless=tuple(
                    NamelessHint(_id(n["app"]), _name(n["name"]), *_known(n))
                    for n in _few(body.get("nameless", []), MOST_SUBJECTS)
                ),
                unnamed=tuple(map(_uuid, _few(body.get("unnamed", []), UUIDS_A_MESSAGE))),
                first_seen=from_text_or_none(body.get("first_seen")),
                attempt=_attempt(body.get("attempt", 0)),
                look=bool(body.get("look", False)),
                road=Road(body["road"]) if "road" in body else None,
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise Permanent("the check message has fields this version does not know") from None

    @classmethod
    def look_at(
        cls, subject: Subject, first_seen: datetime | None = None, *, guessed: bool = False
    ) -> CheckMessage:
        return cls((Hint(subject, None, guessed=guessed),), first_seen=first_seen, look=True)


@dataclass(frozen=True)
class RemediationMessage:
    """Run one plan. `attempt` tells repeated runs of one plan apart for FIFO deduplication."""

    incident_id: str
    digest: str
    attempt: int
    group: str

    @property
    def deduplication_id(self) -> str:
        return f"{self.incident_id}-{self.digest[:32]}-{self.attempt}"

    def text(self) -> str:
        fields = {"incident": self.incident_id, "digest": self.digest, "attempt": self.attempt}
        return json.dumps({"v": VERSION, **fields, "group": self.group})

    @classmethod
    def parse(cls, text: str) -> RemediationMessage:
        body = _object(text)
        try:
            return cls(
                _id(body["incident"]),
                _id(body["digest"]),
                _attempt(body["attempt"]),
                _id(body["group"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError):
            raise Permanent("the remediation message lacks a field") from None


def pack(
    hints: Sequence[Hint],
    nameless: Sequence[NamelessHint],
    first_seen: datetime,
    unnamed: Sequence[str] = (),
    road: Road | None = None,
) -> Iterator[CheckMessage]:
    """As few messages as SUBJECTS_A_MESSAGE allows."""
    for start in range(0, len(hints), SUBJECTS_A_MESSAGE):
        part = tuple(hints[start : start + SUBJECTS_A_MESSAGE])
        yield CheckMessage(part, first_seen=first_seen, road=road)
    for start in range(0, len(nameless), SUBJECTS_A_MESSAGE):
        yield CheckMessage(
            nameless=tuple(nameless[start : start + SUBJECTS_A_MESSAGE]), first_seen=first_seen
        )
    for start in range(0, len(unnamed), UUIDS_A_MESSAGE):
        yield CheckMessage(
            unnamed=tuple(unnamed[start : start + UUIDS_A_MESSAGE]), first_seen=first_seen
        )


def again(message: CheckMessage, hints: Sequence[Hint], now: datetime) -> CheckMessage:
    """What is left of a message, one attempt later; names not yet resolved stay in it."""
    return replace(
        message,
        hints=tuple(hints),
        first_seen=message.first_seen or now,
        attempt=message.attempt + 1,
    )


def _object(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise Permanent("the message is not JSON") from None
    if not isinstance(body, dict) or body.get("v") != VERSION:
        raise Permanent("the message is not one of ours, or of another version")
    return body


def _hint(hint: Hint) -> dict[str, object]:
    known = {"app": hint.subject.app_id, "user": hint.subject.user_id, **_when(hint)}
    return {**known, "guessed": True} if hint.guessed else known


def _when(hint: Hint | NamelessHint) -> dict[str, object]:
    known: dict[str, object] = {}
    if hint.published:
        known["published"] = to_text(hint.published)
    if hint.uuids:
        known["uuids"] = list(hint.uuids)
    return known


def _known(entry: dict[str, Any]) -> tuple[datetime | None, tuple[str, ...]]:
    published, uuids = entry.get("published"), entry.get("uuids", [])
    when = from_text(published) if isinstance(published, str) else None
    return when, tuple(_uuid(uuid) for uuid in uuids[-3:]) if isinstance(uuids, list) else ()


# Each raises ValueError for what no message of ours holds.


def _id(value: object) -> str:
    """It becomes part of a key, an address or a filter."""
    if not (isinstance(value, str) and is_id(value)):
        raise ValueError("not an id")
    return value


def _name(value: object) -> str:
    if not (isinstance(value, str) and is_name(value)):
        raise ValueError("not a name")
    return value


def _uuid(value: object) -> str:
    return value if isinstance(value, str) and is_id(value) else "?"


def _attempt(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MOST_ATTEMPTS:
        raise ValueError("not a number of attempts")
    return value


def _few(value: object, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError("not a list, or too long a one")
    return value
