"""The simulated truth: people in Okta, their accounts in Entra, what was pushed and logged.

Every value of a person looks like a canary, so that one in a page or a log line is found.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lib.model import (
    AppConfiguration,
    AppUser,
    Attribute,
    AuditActor,
    AuditEntry,
    EntraUser,
    MappingRule,
    OktaUser,
    ProfileChange,
    PushEvent,
    Standing,
    Subject,
    Value,
)
from tests.fakes.make import APP, CONNECTOR, OTHER_APP, TENANT, configuration, role, standing
from tests.simulation.clocks import Clocks
from tests.simulation.log import PROFILE, PUSH, REMOVED, Log

FIELDS = {
    Attribute.MOBILE_PHONE: "mobile_phone",
    Attribute.OTHER_MAILS: "other_mails",
    Attribute.ACCOUNT_ENABLED: "account_enabled",
}
TOUCHED = "department"
ADMINISTRATOR = "administrator"
APPS = (APP, OTHER_APP)
__all__ = ["ADMINISTRATOR", "APPS", "TENANT", "World"]


@dataclass
class Person:
    """`protected`: a push of it is accepted and changes nothing. `spare`: another account."""

    subject: Subject
    object_id: str
    okta: OktaUser
    app: AppUser | None
    protected: bool = False
    standing: Standing | None = None
    changers: list[ProfileChange] = field(default_factory=list)
    pushes: list[PushEvent] = field(default_factory=list)
    changed_at: float = 0.0  # when anything about it last changed, in the world's seconds
    hinted_at: float = -1.0  # when the last event about it was published
    named_at: float = -1.0  # when the last one that named the app was


class World:
    """`tell` writes the story."""

    def __init__(
        self,
        rng: random.Random,
        clocks: Clocks,
        tell: Callable[[str], None],
        company: tuple[str, ...],
    ) -> None:
        self.clocks, self._tell = clocks, tell
        self.log = Log(clocks)
        self.people: list[Person] = []
        self.entra: dict[str, list[tuple[float, EntraUser | None]]] = {}
        self.audits: dict[str, list[tuple[float, AuditEntry]]] = {}
        self.flag: list[tuple[float, bool]] = [(0.0, False)]
        self._numbers = 0
        self.config = _configuration()
        for number in range(rng.choice((1, 2, 2, 3))):
            self._settle(number, rng.choice(company) if number else company[0])

    # -- who there is -----------------------------------------------------------------------

    def _settle(self, number: int, kind: str) -> None:
        subject = Subject(APP, f"00uSIMULATED0000000{number}")
        object_id = _object(number)
        login = f"canary.{number}@corp.example"
        external: str | None = object_id
        if kind == "synced":
            external = f"immutable-{number}"
        if kind == "unlinked":
            external = None
        values = self._values()
        profile = {"mobilePhone": values[0], "otherMails": list(values[1])}
        okta = OktaUser(subject.user_id, login, "ACTIVE", "oty1", {"login": login, **profile})
        app = AppUser(
            subject.user_id,
            external,
            login,
            "PROVISIONED",
            "USER",
            self.clocks.okta_date(),
            {**profile, TOUCHED: None},
        )
        entra = EntraUser(
            object_id=object_id,
            user_principal_name=login,
            mobile_phone=values[0],
            other_mails=values[1],
            account_enabled=True,
            synced=True if kind == "synced" else None,
            immutable_id=external if kind == "synced" else None,
            restricted=False,
        )
        person = Person(subject, object_id, okta, app, protected=kind in ("synced", "privileged"))
        if kind == "privileged":
            person.standing = standing(role(), object_id=object_id)
        self.people.append(person)
        self.entra[object_id] = [(0.0, entra)]
        spare = replace(entra, object_id=_object(50 + number), user_principal_name="canary.spare")
        self.entra[spare.object_id] = [(0.0, replace(spare, immutable_id=None))]

    def person(self, subject: Subject) -> Person | None:
        return next((each for each in self.people if each.subject == subject), None)

    def standing(self, object_id: str) -> Standing:
        for each in self.people:
            if each.object_id == object_id and each.standing:
                return replace(each.standing, object_id=object_id)
        return standing(object_id=object_id, service_principal=object_id == CONNECTOR)

    def held(self, object_id: str, ago: float = 0.0) -> EntraUser | None:
        """What Entra holds, or held so many seconds ago: a read may be stale."""
        found = None
        for since, user in self.entra.get(object_id, []):
            if since <= self.clocks.now - ago or found is None:
                found = user
        return found

    @property
    def flagged(self) -> bool:
        return self.flag[-1][1]

    # -- what happens -----------------------------------------------------------------------

    def write(
        self, object_id: str, changes: Mapping[Attribute, Value], by: AuditActor
    ) -> EntraUser | None:
        """Entra's own change, with the audit entry it makes (which comes late)."""
        now = self.held(object_id)
        if now is None:
            return None
        fields: dict[str, Any] = {FIELDS[name]: value for name, value in changes.items()}
        self.entra[object_id].append((self.clocks.now, replace(now, **fields)))
        entry = AuditEntry(
            at=self.clocks.graph(),
            succeeded=True,
            actor=by,
            names=frozenset(changes),
            written=dict(changes),
        )
        self.audits.setdefault(object_id, []).append((self.clocks.now + 40.0, entry))
        for person in self.people:
            if person.object_id == object_id:
                person.changed_at = self.clocks.now
        return replace(now, **fields)

    def change_profile(self, person: Person, rng: random.Random, *, mapped: bool = True) -> None:
        """Somebody edits the Okta profile. `mapped` False: the AppUser keeps an override."""
        phone, mails = self._values()
        which = rng.choice(("phone", "mails", "both"))
        new: dict[str, object] = {}
        if which != "mails":
            new["mobilePhone"] = phone
        if which != "phone":
            new["otherMails"] = list(mails)
        person.okta = replace(person.okta, profile={**person.okta.profile, **new})
        if person.app is not None and mapped:
            profile = {**person.app.profile, **new}
            person.app = replace(person.app, profile=profile, last_updated=self.clocks.okta_date())
        actor = rng.choice(("changer", person.subject.user_id))
        change = ProfileChange(actor, f"canary.{actor}@corp.example", self.clocks.okta())
        person.changers.append(change)
        person.changed_at = self.clocks.now
        self._tell(f"{person.subject.user_id[-1]}: profile changed ({which}) by {actor}")
        self.event(PROFILE, person, app=False)

    def push(self, person: Person, rng: random.Random, how: str = "") -> None:
        """Okta pushes the AppUser: it lands, changes nothing, or fails; the log says which two."""
        if person.app is None:
            return
        silent = person.protected and not (self.flagged and self._synced(person))
        how = how or rng.choice(("lands", "silent", "silent", "fails"))
        if silent and how == "lands":
            how = "silent"
        if how == "lands":
            phone, mails = person.app.profile["mobilePhone"], person.app.profile["otherMails"]
            changes: dict[Attribute, Value] = {
                Attribute.MOBILE_PHONE: str(phone),
                Attribute.OTHER_MAILS: tuple(str(m) for m in mails),  # type: ignore[attr-defined]
            }
            held = self.held(person.object_id)
            named = {
                name: value for name, value in changes.items() if held and held.value(name) != value
            }
            if named:
                self.write(person.object_id, named, AuditActor(CONNECTOR, "app-of-okta"))
        result = "FAILURE" if how == "fails" else "SUCCESS"
        self._tell(f"{person.subject.user_id[-1]}: push {how}")
        event = self.event(PUSH, person, result=result)
        self._pushed(person, event, PUSH, result)

    def touch(self, person: Person, attribute: str, value: str, rng: random.Random) -> None:
        """A changed AppUser: Okta pushes by itself."""
        if person.app is None:
            return
        profile = {**person.app.profile, attribute: value}
        person.app = replace(person.app, profile=profile, last_updated=self.clocks.okta_date())
        self.push(person, rng)

    def unassign(self, person: Person, rng: random.Random) -> None:
        person.app = None
        if rng.random() < 0.5:
            person.okta = replace(person.okta, status="DEPROVISIONED")
        if rng.random() < 0.4:
            off: Mapping[Attribute, Value] = {Attribute.ACCOUNT_ENABLED: False}
            self.write(person.object_id, off, AuditActor(CONNECTOR, "app-of-okta"))
        person.changed_at = self.clocks.now
        self._tell(f"{person.subject.user_id[-1]}: unassigned, {person.okta.status}")
        event = self.event(REMOVED, person)
        self._pushed(person, event, REMOVED, "SUCCESS")

    def assign(self, person: Person, object_id: str) -> None:
        """Assigned again, or linked to another account."""
        values = person.okta.profile
        profile = {"mobilePhone": values["mobilePhone"], "otherMails": values["otherMails"]}
        person.okta = replace(person.okta, status="ACTIVE")
        person.object_id = object_id
        person.app = AppUser(
            person.subject.user_id,
            object_id,
            person.okta.login,
            "PROVISIONED",
            "USER",
            self.clocks.okta_date(),
            {**profile, TOUCHED: None},
        )
        person.changed_at = self.clocks.now
        self._tell(f"{person.subject.user_id[-1]}: linked to {object_id[:8]}")
        self.event("application.user_membership.add", person)

    def set_flag(self, enabled: bool) -> None:
        self.flag.append((self.clocks.now, enabled))

    def event(
        self, kind: str, person: Person, *, app: bool = True, result: str = "SUCCESS"
    ) -> dict[str, Any]:
        person.hinted_at = self.clocks.now
        person.named_at = self.clocks.now if app else person.named_at
        return self.log.add(kind, person.subject, app=app, result=result)

    # -- inside -----------------------------------------------------------------------------

    def _pushed(self, person: Person, event: dict[str, Any], kind: str, result: str) -> None:
        done = "app.user_management.push_profile_success"
        person.pushes.append(
            PushEvent(event["uuid"], self.clocks.okta(), kind, done, result, reason=None)
        )

    def _synced(self, person: Person) -> bool:
        held = self.held(person.object_id)
        return held is not None and bool(held.synced)

    def values(self) -> tuple[str, tuple[str, ...]]:
        return self._values()

    def _values(self) -> tuple[str, tuple[str, ...]]:
        """Of the kind that must never be seen, and never the same twice."""
        self._numbers += 1
        return f"+1555777{self._numbers:04}", (f"canary-{self._numbers}@home.example",)


def _configuration() -> AppConfiguration:
    rules = {name: MappingRule(f"user.{name}", "PUSH") for name in ("mobilePhone", "otherMails")}
    schema = dict.fromkeys(("mobilePhone", "otherMails", TOUCHED))
    return configuration(mappings={"oty1": rules}, schema_attributes=schema)


def _object(number: int) -> str:
    return f"{number:08}-aaaa-4aaa-8aaa-111111111111"
