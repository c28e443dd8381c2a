"""The push engine: reacts to changed assignments and writes the whole profile to the tenant.

Source: the vendor's help on profile push ("Okta doesn't support partial profile push") and its
event-type catalog. Started, success and failure share one event type; only legacyEventType tells.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.okta.ids import new_id
from sandbox.okta.journal import Journal, Subject
from sandbox.okta.reasons import (
    REASON_LIMIT,
    Failure,
    GraphRefusal,
    long_form,
    scripted,
    short_form,
    sign_in_refused,
)
from sandbox.okta.records import Transaction
from sandbox.okta.shapes import is_collection
from sandbox.okta.state import App, State, User

PUSH_PROFILE = "application.provision.user.push_profile"
STARTED = "app.user_management.push_profile_update"
_PROFILE_MESSAGE = "Push user's profile to external application"

# Writes Graph property values of one account; None means accepted, whatever became of the values.
Outlet = Callable[[Subject, Mapping[str, object]], GraphRefusal | None]


class Kind(StrEnum):
    PROFILE = "profile"
    NEW = "new"
    DEACTIVATE = "deactivate"


@dataclass(order=True)
class _Job:
    due: float
    number: int
    kind: Kind = field(compare=False)
    subject: Subject = field(compare=False)


class PushEngine:
    """One thread; a job runs `push_seconds` after the change that caused it.

    `reason_limit` is where failure reasons are cut; None keeps them whole, because the vendor's
    schema names 255 characters while its support articles show longer ones.
    """

    def __init__(self, state: State, journal: Journal, outlet: Outlet, push_seconds: float) -> None:
        self._state = state
        self._journal = journal
        self._outlet = outlet
        self.push_seconds = push_seconds
        self.reason_limit: int | None = REASON_LIMIT
        self.suppressed: list[tuple[str, str]] = []
        self._to_suppress: dict[str, str] = {}
        self._to_fail: dict[str, deque[Failure]] = {}
        self._jobs: list[_Job] = []
        self._numbers = itertools.count()
        self._running = False
        self._stopping = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def suppress(self, user_id: str, reason: str) -> None:
        """The next push for this user never happens and leaves no trace in the log."""
        with self._changed:
            self._to_suppress[user_id] = reason

    @property
    def to_suppress(self) -> frozenset[str]:
        """Ids of the users whose next push will never happen."""
        with self._changed:
            return frozenset(self._to_suppress)

    def suppress_nobody(self) -> None:
        with self._changed:
            self._to_suppress.clear()

    def fail_next(self, user_id: str, failure: Failure) -> None:
        with self._changed:
            self._to_fail.setdefault(user_id, deque()).append(failure)

    def profile_changed(self, subject: Subject) -> None:
        if "PUSH_PROFILE_UPDATES" in subject.app.features:
            self._add(Kind.PROFILE, subject)

    def assigned(self, subject: Subject) -> None:
        if "PUSH_NEW_USERS" in subject.app.features:
            self._add(Kind.NEW, subject)

    def deactivated(self, subject: Subject) -> None:
        if "PUSH_USER_DEACTIVATION" in subject.app.features:
            self._add(Kind.DEACTIVATE, subject)

    def start(self) -> None:
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="okta-push", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after the job it is in; what still waits stays undone."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=10)
            self._thread = None

    @property
    def idle(self) -> bool:
        with self._changed:
            return not self._jobs and not self._running

    def wait_idle(self, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._jobs and not self._running, timeout)

    def _add(self, kind: Kind, subject: Subject) -> None:
        with self._changed:
            reason = self._to_suppress.pop(subject.user.id, None)
            if reason is not None:
                self.suppressed.append((subject.user.id, reason))
                return
            due = time.monotonic() + self.push_seconds
            heapq.heappush(self._jobs, _Job(due, next(self._numbers), kind, subject))
            self._changed.notify_all()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._perform(job)
            finally:
                with self._changed:
                    self._running = False
                    self._changed.notify_all()

    def _next(self) -> _Job | None:
        with self._changed:
            while not self._stopping:
                wait = self._jobs[0].due - time.monotonic() if self._jobs else None
                if wait is not None and wait <= 0:
                    self._running = True
                    return heapq.heappop(self._jobs)
                self._changed.wait(wait)
            return None

    def _perform(self, job: _Job) -> None:
        transaction = Transaction("JOB", new_id("job"))
        if job.kind is Kind.DEACTIVATE:
            self._push_deactivation(job.subject, transaction)
            return
        if job.kind is Kind.NEW:
            self._journal.about_push(
                "application.provision.user.push",
                "Push new user to external application",
                job.subject,
                transaction,
            )
        self._push_profile(job.subject, transaction, new=job.kind is Kind.NEW)

    def _push_profile(self, subject: Subject, transaction: Transaction, new: bool) -> None:
        with self._state.lock:
            app_user = self._state.app_users.get((subject.app.id, subject.user.id))
            if app_user is None:
                return
            app = self._state.app(subject.app.id)
            values = _graph_values(app, app_user.profile)
        if new and "REACTIVATE_USERS" in app.features:
            values["accountEnabled"] = True
        self._journal.about_push(
            PUSH_PROFILE, _PROFILE_MESSAGE, subject, transaction, legacy=STARTED
        )
        problem = self._write(subject, values)
        if problem is not None:
            self._profile_failed(subject, transaction, problem)
            return
        with self._state.lock:
            app_user.last_sync = self._state.clock()
        self._journal.about_push(
            PUSH_PROFILE, _PROFILE_MESSAGE, subject, transaction, legacy=f"{STARTED}_success"
        )

    def _push_deactivation(self, subject: Subject, transaction: Transaction) -> None:
        problem = self._write(subject, {"accountEnabled": False})
        event_type = "application.provision.user.deactivate"
        message = "Push user deactivation to external application"
        if problem is None:
            self._journal.about_push(event_type, message, subject, transaction)
            return
        long, short = self._texts(subject, problem)
        self._journal.about_push(event_type, message, subject, transaction, reason=long)
        self._journal.about_push(
            "app.office365.api.error.deactivate.user",
            "Could not deactivate Office 365 user, received error",
            subject,
            transaction,
            reason=short,
        )

    def _profile_failed(
        self, subject: Subject, transaction: Transaction, problem: GraphRefusal | Failure
    ) -> None:
        long, short = self._texts(subject, problem)
        self._journal.about_push(
            "app.office365.api.error.push.profile",
            "Could not push profile for Office 365 user, received error",
            subject,
            transaction,
            reason=short,
        )
        self._journal.about_push(
            PUSH_PROFILE,
            _PROFILE_MESSAGE,
            subject,
            transaction,
            legacy=f"{STARTED}_failure",
            reason=long,
        )

    def _write(
        self, subject: Subject, values: Mapping[str, object]
    ) -> GraphRefusal | Failure | None:
        """A scripted failure writes nothing. Failure itself means that signing in failed."""
        user = self._state.users.get(subject.user.id, subject.user)
        with self._changed:
            failures = self._to_fail.get(user.id)
            failure = failures.popleft() if failures else None
        if failure is not None:
            return scripted(failure, _account(user), user.immutable_id) or failure
        return self._outlet(subject, values)

    def _texts(self, subject: Subject, problem: GraphRefusal | Failure) -> tuple[str, str]:
        if isinstance(problem, GraphRefusal):
            short = short_form(subject.user_name, problem, self._state.clock())
        else:
            short = sign_in_refused(subject.app.id)
        return self._cut(long_form(subject.user_name, short)), self._cut(short)

    def _cut(self, reason: str) -> str:
        return reason if self.reason_limit is None else reason[: self.reason_limit]


def _graph_values(app: App, profile: Mapping[str, object]) -> dict[str, object]:
    """What the app sends. An attribute without a value clears its Graph property; a collection is
    cleared with an empty list."""
    values: dict[str, object] = {}
    for name in app.pushes:
        if name in profile:
            external = app.schema.get(name, name)
            value = profile[name]
            values[external] = [] if value is None and is_collection(external) else value
    return values


def _account(user: User) -> str:
    return user.entra_id or user.login
