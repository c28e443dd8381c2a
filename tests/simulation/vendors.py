"""Okta and Graph as the flows see them: slow to agree, sometimes silent, never on our side."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from lib.errors import NotDone, NotFound, Permanent, Refused, Transient, Unauthorized
from lib.model import (
    AppConfiguration,
    AppUser,
    AppUserPage,
    Attribute,
    AuditActor,
    AuditLog,
    DirectorySync,
    EntraUser,
    KeyKind,
    OktaReading,
    ProfileChange,
    PushLog,
    Receipt,
    Standing,
    Subject,
    UserKey,
    Value,
)
from lib.okta_log import PROFILE_PUSH, LogPage
from tests.simulation.effects import Effects, Fault
from tests.simulation.witness import Witness
from tests.simulation.world import ADMINISTRATOR, TENANT, World

T = TypeVar("T")
PAGE = 2
# How old an answer may be, in seconds: a read by id, and one by a filter's index. Both below the
# settle time, which is what the settle time is for.
STALE, LAGGING = 15.0, 60.0

LATER: tuple[Fault, ...] = (
    lambda: NotDone("HTTP 429", retry_after=20),
    lambda: NotDone("HTTP 429"),
    lambda: Transient("HTTP 503"),
    lambda: Transient("no answer in time"),
)
REFUSED: Fault = lambda: Refused(403, "Authorization_RequestDenied", "Insufficient")  # noqa: E731
LOCKED: Fault = lambda: Unauthorized("HTTP 401, the credentials are not accepted")  # noqa: E731
GONE: Fault = lambda: NotFound("HTTP 404")  # noqa: E731
READ = (*LATER, *LATER, LOCKED)
LOST: tuple[Fault, ...] = (lambda: Transient("no answer in time"), lambda: Transient("HTTP 502"))


class SimOkta:
    def __init__(self, world: World, effects: Effects, witness: Witness) -> None:
        self._world, self._effects, self._witness = world, effects, witness

    def read_subject(self, subject: Subject, other_apps: Sequence[str] = ()) -> OktaReading:
        return self._effects("okta read", lambda: self._reading(subject), (*READ, REFUSED))

    def read_subjects(
        self, subjects: Sequence[Subject], watched_apps: Sequence[str]
    ) -> dict[Subject, OktaReading | Transient | Permanent | Refused]:
        found: dict[Subject, OktaReading | Transient | Permanent | Refused] = {}
        for subject in subjects:
            try:
                found[subject] = self.read_subject(subject)
            except (Transient, Permanent, Refused) as error:
                found[subject] = error
        return found

    def configuration(self, app_id: str) -> AppConfiguration:
        return self._effects("okta configuration", lambda: self._world.config, READ)

    def push_log(self, subject: Subject, since: datetime, *, max_pages: int = 5) -> PushLog:
        person = self._world.person(subject)
        pushes = person.pushes if person else []
        found = tuple(each for each in pushes if each.published >= since)
        date = self._world.clocks.okta_date()
        answer = PushLog(found, since, date, complete=True)
        return self._effects("okta log", lambda: answer, (*READ, REFUSED))

    def pushed_since(self, app_id: str, since: datetime) -> datetime | None:
        done = [
            each.published
            for person in self._world.people
            if person.subject.app_id == app_id
            for each in person.pushes
            if each.event_type == PROFILE_PUSH and each.result == "SUCCESS" and not each.started
        ]
        found = max((at for at in done if at > since), default=None)
        return self._effects("okta pushes of the app", lambda: found, (*READ, REFUSED))

    def profile_changes(
        self, user_id: str, since: datetime, app_ids: Sequence[str]
    ) -> tuple[ProfileChange, ...]:
        found = tuple(
            change
            for person in self._world.people
            if person.subject.user_id == user_id
            for change in person.changers
        )
        return self._effects("okta changes", lambda: found, (*READ, REFUSED))

    def app_users(self, app_id: str) -> Iterator[AppUser]:
        found = [p.app for p in self._world.people if p.app and p.subject.app_id == app_id]
        return iter(self._effects("okta list", lambda: found, READ))

    def app_user_page(self, app_id: str, link: str = "") -> AppUserPage:
        """Two a page; `link` is where the next begins. Everybody of a page is read at once."""
        people = [p for p in self._world.people if p.app and p.subject.app_id == app_id]
        first = int(link or 0)
        following = str(first + PAGE) if first + PAGE < len(people) else ""

        def page() -> AppUserPage:
            readings = tuple(self._reading(p.subject) for p in people[first : first + PAGE])
            return AppUserPage(self._world.clocks.okta_date(), readings, (), following)

        return self._effects("okta page", page, READ)

    def calls_a_minute(self) -> float | None:
        return None

    def touch(self, subject: Subject, attribute: str, value: str) -> Receipt:
        person = self._world.person(subject)
        run = self._effects.run
        self._witness.touch(subject, attribute, value)

        def touch() -> Receipt:
            if person is None or person.app is None:
                raise NotFound("HTTP 404")
            self._world.touch(person, attribute, value, run.rng if run else random.Random(0))
            return Receipt(self._world.clocks.okta_date(), 200, "okta-request")

        return self._effects("okta touch", touch, (*LATER, REFUSED, GONE, LOCKED), LOST)

    def find_subject(self, app_id: str, app_user_name: str) -> Subject | None:
        return self._effects("okta find", lambda: None, READ)

    def _reading(self, subject: Subject) -> OktaReading:
        person, clocks = self._world.person(subject), self._world.clocks
        mine = person if person and person.subject == subject else None
        others = [p for p in self._world.people if p.subject.user_id == subject.user_id]
        known = mine or next(iter(others), None)
        reading = OktaReading(
            subject,
            clocks.okta_date(),
            mine.app if mine else None,
            known.okta if known else None,
            any(p.app for p in others if p is not mine),
        )
        self._witness.read_okta(reading)
        return reading


class SimLog:
    """As lib/flows/catch_up.py reads it."""

    def __init__(self, world: World, effects: Effects) -> None:
        self._world, self._effects = world, effects

    def now(self) -> datetime:
        return self._effects("okta time", self._world.clocks.okta_date, LATER)

    def since(self, since: datetime, expression: str) -> LogPage:
        return self._effects("okta log since", lambda: self._world.log.since(since), LATER)

    def follow(self, link: str) -> LogPage:
        lost: Fault = lambda: Refused(400, "E0000001", "Invalid after")  # noqa: E731
        page: Callable[[], LogPage] = lambda: self._world.log.page(link)  # noqa: E731
        return self._effects("okta log page", page, (*LATER, lost))


class SimGraph:
    """`actor` None: one of our applications; else an administrator who signed in."""

    def __init__(
        self, world: World, effects: Effects, witness: Witness, actor: str | None = None
    ) -> None:
        self._world, self._effects, self._witness = world, effects, witness
        self._actor = actor

    def read_users(
        self, keys: Sequence[UserKey]
    ) -> dict[UserKey, EntraUser | Transient | Refused | None]:
        found: dict[UserKey, EntraUser | Transient | Refused | None] = {}
        for key in keys:
            try:
                found[key] = self._effects(
                    "graph filter", lambda key=key: self._by(key), (*LATER, REFUSED)
                )
            except (Transient, Refused) as error:
                found[key] = error
        return found

    def read_user(self, object_id: str) -> EntraUser | None:
        def read() -> EntraUser | None:
            user = self._world.held(object_id, self._ago(STALE))
            self._witness.read_graph(object_id, user)
            return user

        return self._effects("graph read", read, (*READ, REFUSED))

    def standing(self, object_id: str) -> Standing:
        def read() -> Standing:
            self._witness.read_standing(object_id)
            return self._world.standing(object_id)

        return self._effects("graph roles", read, (*READ, REFUSED))

    def audit_log(self, object_id: str, since: datetime) -> AuditLog:
        entries = tuple(
            entry
            for known_at, entry in self._world.audits.get(object_id, ())
            if known_at <= self._world.clocks.now and entry.at >= since
        )
        log = AuditLog(entries, since, self._world.clocks.graph(), complete=True)
        return self._effects("graph audit", lambda: log, (*READ, REFUSED))

    def directory_sync(self) -> DirectorySync:
        read: Callable[[], DirectorySync] = lambda: DirectorySync(  # noqa: E731
            TENANT, self._world.flagged
        )
        if self._actor is None:
            return self._effects("graph flag", _refused(read), (*LATER, LOCKED))
        return self._effects("graph flag", read, (*READ, REFUSED))

    def set_bypass(self, directory_sync_id: str, enabled: bool) -> Receipt:
        self._witness.set_bypass(enabled, self._actor)

        def write() -> Receipt:
            self._world.set_flag(enabled)
            return Receipt(self._world.clocks.graph_date(), 204, "graph-request")

        return self._effects("graph set flag", write, (*LATER, REFUSED, LOCKED), LOST)

    def patch_user(self, object_id: str, changes: Mapping[Attribute, Value]) -> Receipt:
        self._witness.patch(object_id, changes, self._actor)

        def write() -> Receipt:
            held = self._world.held(object_id)
            if held is None:
                raise NotFound("HTTP 404")
            privileged = bool(self._world.standing(object_id).active_roles)
            if privileged and self._actor is None:
                raise Refused(403, "Authorization_RequestDenied", "Insufficient")
            if Attribute.MOBILE_PHONE in changes and held.synced:
                raise Refused(400, "Request_BadRequest", "mastered on premises")
            by = AuditActor(ADMINISTRATOR) if self._actor else AuditActor("ours", "our-app")
            self._world.write(object_id, changes, by)
            return Receipt(self._world.clocks.graph_date(), 204, "graph-request")

        return self._effects("graph write", write, (*LATER, REFUSED, GONE, LOCKED), LOST)

    def synced_users(self) -> Iterator[EntraUser]:
        users = [self._world.held(object_id) for object_id in self._world.entra]
        found = [user for user in users if user is not None and user.synced]
        return iter(self._effects("graph synced users", lambda: found, READ))

    def signed_in_user(self) -> str:
        return str(self._actor)

    def _ago(self, most: float) -> float:
        run = self._effects.run
        return run.rng.choice((0.0, 0.0, 0.3, 1.0)) * most if run else 0.0

    def _by(self, key: UserKey) -> EntraUser | None:
        ago = self._ago(LAGGING)
        for object_id in self._world.entra:
            user = self._world.held(object_id, ago)
            if user is None:
                continue
            names = {
                KeyKind.OBJECT_ID: user.object_id,
                KeyKind.IMMUTABLE_ID: user.immutable_id,
                KeyKind.USER_PRINCIPAL_NAME: user.user_principal_name,
            }
            if names[key.kind] == key.value:
                return user
        return None


def _refused(_read: Callable[[], DirectorySync]) -> Callable[[], DirectorySync]:
    """Documented as delegated only."""

    def refuse() -> DirectorySync:
        raise Refused(403, "Authorization_RequestDenied", "Insufficient")

    return refuse
