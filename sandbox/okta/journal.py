"""Writes what happened in the org into its System Log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sandbox.okta.ids import app_user_id, new_id
from sandbox.okta.records import (
    SYSTEM_ACTOR,
    Target,
    Transaction,
    app_instance_target,
    app_user_target,
    log_event,
    user_target,
)
from sandbox.okta.state import App, User
from sandbox.okta.syslog import Event, SystemLog


@dataclass(frozen=True)
class Cause:
    """Who made something happen: the actor, and the API token if it came through the API."""

    actor: Mapping[str, object]
    api_token_id: str | None = None

    def web(self) -> Transaction:
        return Transaction("WEB", new_id("req"), self.api_token_id)


BY_SYSTEM = Cause(SYSTEM_ACTOR)


def by_user(user: User, api_token_id: str | None = None) -> Cause:
    return Cause(user_target(user.id, user.login, user.display_name), api_token_id)


@dataclass(frozen=True)
class Subject:
    """Whom a provisioning event is about; the AppUser may be gone by the time it is logged."""

    app: App
    user: User
    user_name: str

    def targets(self) -> list[Target]:
        name = self.user.display_name
        return [
            app_user_target(app_user_id(self.app.id, self.user.id), self.user_name, name),
            app_instance_target(self.app.id, self.app.label),
            user_target(self.user.id, self.user.login, name),
        ]


class Journal:
    """The only writer of the System Log."""

    def __init__(self, log: SystemLog, clock: Callable[[], datetime]) -> None:
        self._log = log
        self._clock = clock

    def about_user(
        self, event_type: str, message: str, user: User, cause: Cause, **debug: object
    ) -> Event:
        return self._log.append(
            log_event(
                event_type,
                message,
                self._clock(),
                targets=[user_target(user.id, user.login, user.display_name)],
                transaction=cause.web(),
                actor=dict(cause.actor),
                debug=debug,
            )
        )

    def about_assignment(
        self,
        event_type: str,
        message: str,
        subject: Subject,
        cause: Cause,
        legacy: str | None = None,
    ) -> Event:
        return self._log.append(
            log_event(
                event_type,
                message,
                self._clock(),
                targets=subject.targets(),
                transaction=cause.web(),
                actor=dict(cause.actor),
                legacy=legacy,
                debug={"appname": subject.app.label},
            )
        )

    def about_push(
        self,
        event_type: str,
        message: str,
        subject: Subject,
        job: Transaction,
        *,
        legacy: str | None = None,
        reason: str | None = None,
    ) -> Event:
        """A step of a push: Okta itself acts, in a JOB; a reason makes it a FAILURE."""
        return self._log.append(
            log_event(
                event_type,
                message,
                self._clock(),
                targets=subject.targets(),
                transaction=job,
                result="SUCCESS" if reason is None else "FAILURE",
                reason=reason,
                legacy=legacy,
                debug={"appname": "office365"},
            )
        )

    def hook_failed(self, hook_id: str, hook_name: str, explanation: str) -> Event:
        target: Target = {
            "id": hook_id,
            "type": "EventHook",
            "alternateId": "unknown",
            "displayName": hook_name,
            "detailEntry": None,
        }
        return self._log.append(
            log_event(
                "event_hook.delivery",
                "Event hook delivery",
                self._clock(),
                targets=[target],
                transaction=Transaction("JOB", new_id("job")),
                result="FAILURE",
                reason=f'Hook "{hook_name}" execution failed. {explanation}',
            )
        )
