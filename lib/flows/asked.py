"""A request to the approve route. Who asks comes from its signature, never from its body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.errors import PushproofError
from lib.store.trail import AuditRecord

ACTIONS = ("approve", "dismiss", "snooze", "mode", "note")
WHY_LEAST, WHY_MOST = 3, 500
_INCIDENT = re.compile(r"inc-[0-9a-f]{10}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class BadRequest(PushproofError):
    """What was asked makes no sense, or is not allowed; `status` is the HTTP status for it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """What the person is told. `given` of `needed` approvals count now."""

    outcome: str
    status: str
    given: int = 0
    needed: int = 0


@dataclass(frozen=True)
class Caller:
    """Of the gateway's request context: whose signature AWS verified, and which request it was."""

    arn: str
    request_id: str = ""
    source_ip: str = ""


@dataclass(frozen=True)
class Asked:
    """Its properties raise BadRequest for what makes no sense."""

    person: str
    caller: Caller
    body: Mapping[str, Any]

    @classmethod
    def of(cls, body: object, caller: Caller) -> Asked:
        """Raises BadRequest when nobody is behind the signature."""
        return cls(person_of(caller.arn), caller, body if isinstance(body, dict) else {})

    @property
    def action(self) -> str:
        given = self.body.get("action")
        if not isinstance(given, str) or given not in ACTIONS:
            raise BadRequest(400, f"Send a JSON object; its action is one of {', '.join(ACTIONS)}.")
        return given

    @property
    def incident(self) -> str:
        name = self.body.get("incident")
        if not isinstance(name, str) or not _INCIDENT.fullmatch(name):
            raise BadRequest(400, "Name the incident, such as inc-0123456789.")
        return name

    @property
    def digest(self) -> str:
        digest = self.body.get("digest")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise BadRequest(400, "Give the digest of the plan you were shown.")
        return digest

    @property
    def why(self) -> str:
        given = self.body.get("why")
        why = given.strip() if isinstance(given, str) else ""
        if not WHY_LEAST <= len(why) <= WHY_MOST or not why.isprintable():
            raise BadRequest(
                400, f"Say why, in one line of {WHY_LEAST} to {WHY_MOST} printable characters."
            )
        return why

    def text(self, name: str) -> str:
        given = self.body.get(name)
        return given if isinstance(given, str) else ""

    def record(self, at: datetime, outcome: str, detail: str = "") -> AuditRecord:
        """Of the body only what is well-formed is kept."""
        return AuditRecord(
            at=at,
            person=self.person,
            caller=self.caller.arn,
            action=self._or_nothing("action"),
            outcome=outcome,
            detail=detail,
            incident=self._or_nothing("incident"),
            digest=self._or_nothing("digest"),
            why=self._or_nothing("why") if self._or_nothing("action") == "dismiss" else "",
            request_id=self.caller.request_id,
            source_ip=self.caller.source_ip,
        )

    def _or_nothing(self, name: str) -> str:
        try:
            return str(getattr(self, name))
        except BadRequest:
            return ""


def person_of(caller_arn: str) -> str:
    """The person behind a signed request: the session name of a role, or the IAM user's name.

    Two roles with one session name are one person, so nobody approves twice by switching role.
    Raises BadRequest for an identity that names nobody, such as the account's root.
    """
    kind, _, rest = caller_arn.partition(":assumed-role/")
    name = rest.partition("/")[2] if rest else caller_arn.partition(":user/")[2].split("/")[-1]
    if not kind or not name:
        raise BadRequest(403, "Sign the request as a person: a role session or an IAM user.")
    return name.casefold()


def same_person(one: str, other: str) -> bool:
    """By local part: an IAM user and a session named by mail address may be one person."""
    return one.casefold().split("@")[0] == other.casefold().split("@")[0]
