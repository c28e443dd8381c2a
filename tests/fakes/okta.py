"""An Okta that says what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from lib.errors import Permanent, Refused, Transient
from lib.model import (
    AppConfiguration,
    AppUser,
    AppUserPage,
    OktaReading,
    OktaUser,
    ProfileChange,
    PushEvent,
    PushLog,
    Receipt,
    Subject,
)
from tests.fakes.clock import FakeClock
from tests.fakes.make import SUBJECT, USER, app_user, configuration, okta_user

Trouble = Transient | Permanent | Refused


class FakeOkta:
    """`trouble` by subject; "configuration", "push_log" and "touch" fail those calls."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.assigned: dict[Subject, AppUser] = {SUBJECT: app_user()}
        self.users: dict[str, OktaUser] = {USER: okta_user()}
        self.config: AppConfiguration = configuration()
        self.log: list[PushEvent] = []
        self.log_complete = True
        self.changer: ProfileChange | None = None
        self.asked_apps: tuple[str, ...] = ()
        self.pushed: dict[str, datetime] = {}  # by app: when anybody was last pushed
        self.names: dict[tuple[str, str], Subject] = {}
        self.trouble: dict[object, Trouble] = {}
        self.page_size, self.rate = 3, 45.0
        self.calls: list[str] = []
        self.touches: list[tuple[Subject, str, str]] = []
        self.after_read: Callable[[], None] = lambda: None
        self.after_touch: Callable[[], None] = lambda: None

    def read_subject(self, subject: Subject, other_apps: Sequence[str] = ()) -> OktaReading:
        self.calls.append("read_subject")
        self._fail(subject)
        reading = OktaReading(
            subject,
            self.clock.date(),
            self.assigned.get(subject),
            self.users.get(subject.user_id),
            any(Subject(app, subject.user_id) in self.assigned for app in other_apps),
        )
        self.after_read()
        return reading

    def read_subjects(
        self, subjects: Sequence[Subject], watched_apps: Sequence[str]
    ) -> dict[Subject, OktaReading | Transient | Permanent | Refused]:
        found: dict[Subject, OktaReading | Transient | Permanent | Refused] = {}
        for subject in subjects:
            others = [app for app in watched_apps if app != subject.app_id]
            try:
                found[subject] = self.read_subject(subject, others)
            except (Transient, Permanent, Refused) as error:
                found[subject] = error
        return found

    def configuration(self, app_id: str) -> AppConfiguration:
        self.calls.append("configuration")
        self._fail("configuration")
        return replace(self.config, app_id=app_id)

    def push_log(self, subject: Subject, since: datetime, *, max_pages: int = 5) -> PushLog:
        self.calls.append("push_log")
        self._fail("push_log")
        events = tuple(event for event in self.log if event.published >= since)
        return PushLog(events, since, self.clock.date(), self.log_complete)

    def profile_changes(
        self, user_id: str, since: datetime, app_ids: Sequence[str]
    ) -> tuple[ProfileChange, ...]:
        self.calls.append("profile_changes")
        self.asked_apps = tuple(app_ids)
        return (self.changer,) if self.changer else ()

    def pushed_since(self, app_id: str, since: datetime) -> datetime | None:
        self.calls.append("pushed_since")
        self._fail("pushed_since")
        found = self.pushed.get(app_id)
        return found if found and found > since else None

    def app_users(self, app_id: str) -> Iterator[AppUser]:
        return (found for subject, found in self.assigned.items() if subject.app_id == app_id)

    def app_user_page(self, app_id: str, link: str = "") -> AppUserPage:
        """`page_size` a page, in the order of user ids; the link is Okta's own secret."""
        self.calls.append("app_user_page")
        self._fail("app_user_page")
        self._fail(f"app_user_page {link}")
        after = link.removeprefix("next:")
        every = sorted(s for s in self.assigned if s.app_id == app_id and s.user_id > after)
        here = every[: self.page_size]
        known = [s for s in here if s.user_id in self.users]
        readings = tuple(
            OktaReading(s, self.clock.date(), self.assigned[s], self.users[s.user_id])
            for s in known
        )
        unreadable = tuple(s.user_id for s in here if s not in known)
        more = f"next:{here[-1].user_id}" if len(every) > len(here) else ""
        page = AppUserPage(self.clock.date(), readings, unreadable, more)
        self.after_read()
        return page

    def calls_a_minute(self) -> float | None:
        return self.rate

    def touch(self, subject: Subject, attribute: str, value: str) -> Receipt:
        self.touches.append((subject, attribute, value))
        self._fail("touch")
        held = self.assigned[subject]
        self.assigned[subject] = replace(
            held, profile={**held.profile, attribute: value}, last_updated=self.clock.date()
        )
        self.after_touch()
        return Receipt(self.clock.date(), 200, "okta-request")

    def find_subject(self, app_id: str, app_user_name: str) -> Subject | None:
        self.calls.append("find_subject")
        self._fail("find_subject")
        return self.names.get((app_id, app_user_name))

    def unassign(self, subject: Subject = SUBJECT) -> None:
        del self.assigned[subject]

    def _fail(self, what: object) -> None:
        if what in self.trouble:
            raise self.trouble[what]
