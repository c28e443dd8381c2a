"""The simulated Okta org: what tests and the demonstration hold on to."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from flask import g

from sandbox.faults import Faults
from sandbox.okta.callers import Callers
from sandbox.okta.changes import Changes
from sandbox.okta.hook_delivery import HookCaller, HookDelivery
from sandbox.okta.hook_store import Hook, HookStore
from sandbox.okta.journal import BY_SYSTEM, Cause, Journal, by_user
from sandbox.okta.limits import RateLimits
from sandbox.okta.oauth import OAuth
from sandbox.okta.push import Outlet, PushEngine
from sandbox.okta.reasons import Failure
from sandbox.okta.routes_access import Owner, access_routes
from sandbox.okta.routes_apps import app_routes
from sandbox.okta.routes_configuration import configuration_routes
from sandbox.okta.routes_hooks import hook_routes
from sandbox.okta.routes_logs import log_routes
from sandbox.okta.routes_users import user_routes
from sandbox.okta.state import App, AppMapping, AppUser, State, User
from sandbox.okta.syslog import Event, SystemLog
from sandbox.okta.times import iso
from sandbox.okta.web import create_web_app
from sandbox.world_model import OktaClient


class Org:
    """Starts and stops the org's threads and offers what tests and the demonstration script.

    A user is named by the world's handle, by login or by id.
    """

    def __init__(
        self,
        state: State,
        outlet: Outlet,
        *,
        names: Mapping[str, str],
        tokens: Mapping[str, str],
        owners: Mapping[str, Owner],
        clients: Sequence[OktaClient] = (),
        rate_limits: Mapping[str, int],
        push_seconds: float,
        log_delay_seconds: float,
        domain: str,
        administrator: User,
        ca_file: Path | None,
        base_url: Callable[[], str],
    ) -> None:
        clock = state.clock
        self.state = state
        self.calls: Counter[str] = Counter()
        self.faults = Faults()
        self.log = SystemLog(clock, log_delay_seconds)
        self.limits = RateLimits(rate_limits, clock)
        self.hooks = HookStore(clock)
        self.caller = HookCaller(ca_file)
        self.journal = Journal(self.log, clock)
        self.delivery = HookDelivery(
            self.hooks, self.caller, clock, base_url=base_url, failed=self._not_delivered
        )
        self.engine = PushEngine(state, self.journal, outlet, push_seconds)
        self.changes = Changes(state, self.journal, self.engine)
        self.log.listen(self.delivery.offer)
        self._clock = clock
        self._names = dict(names)
        self._administrator = administrator
        self.oauth = OAuth(clients, clock, base_url)
        self.owners = dict(owners)
        callers = Callers(tokens, self.owners, self.oauth, clock, base_url)
        self.flask = create_web_app(callers, self.limits, clock, self.calls, self.faults)
        self.flask.register_blueprint(self.oauth.blueprint())
        self.flask.register_blueprint(
            access_routes(state, self.oauth.clients, self.owners, base_url)
        )
        self.flask.register_blueprint(user_routes(state, self.changes, self._caller, base_url))
        self.flask.register_blueprint(
            app_routes(state, self.changes, self._caller, base_url, domain)
        )
        self.flask.register_blueprint(configuration_routes(state, base_url))
        self.flask.register_blueprint(log_routes(self.log, clock, base_url))
        self.flask.register_blueprint(hook_routes(self.hooks, self.caller, base_url))

    def start(self) -> None:
        self.delivery.start()
        self.engine.start()

    def stop(self) -> None:
        self.faults.release()
        self.engine.stop()
        self.delivery.stop()

    def wait_idle(self, timeout: float = 10.0) -> bool:
        """Waits until every push is done and every event is delivered or given up."""
        deadline = time.monotonic() + timeout
        while not (self.engine.idle and self.delivery.idle):
            left = deadline - time.monotonic()
            if not (self.engine.wait_idle(left) and self.delivery.wait_idle(left)):
                return False
        return True

    def user(self, user: str) -> User:
        return self.state.user(self._names.get(user, user))

    def app_user(self, user: str, app_id: str) -> AppUser:
        """OktaError (404) when the user is not assigned."""
        return self.state.app_user(app_id, self.user(user).id)

    def set_user_profile(
        self, user: str, profile: Mapping[str, object], *, actor: str | None = None
    ) -> None:
        """As an administrator in the console does it; `actor` names another user."""
        self.changes.update_profile(self.user(user), profile, self._cause(actor))

    def set_status(self, user: str, status: str) -> None:
        """Any Okta status, without its log entries: SUSPENDED, LOCKED_OUT, STAGED …"""
        with self.state.lock:
            found = self.user(user)
            found.status = status
            found.status_changed = found.last_updated = self._clock()

    def set_app_profile(
        self, user: str, app_id: str, profile: Mapping[str, object], *, actor: str | None = None
    ) -> None:
        """The same as POST on the assignment, with the same refusals."""
        self.changes.update_app_user(
            self.app_user(user, app_id), {"profile": dict(profile)}, self._cause(actor)
        )

    def assign(
        self,
        user: str,
        app_id: str,
        *,
        profile: Mapping[str, object] | None = None,
        external_id: str | None = None,
        scope: str = "USER",
        actor: str | None = None,
    ) -> AppUser:
        return self.changes.assign(
            self.user(user),
            app_id,
            self._cause(actor),
            profile=profile,
            external_id=external_id,
            scope=scope,
        )

    def unassign(self, user: str, app_id: str, *, actor: str | None = None) -> None:
        self.changes.unassign(self.app_user(user, app_id), self._cause(actor))

    def deactivate(self, user: str, *, actor: str | None = None) -> None:
        self.changes.deactivate(self.user(user), self._cause(actor))

    def suppress_push(self, user: str, reason: str) -> None:
        """The next push for this user never happens; a later change pushes normally."""
        self.engine.suppress(self.user(user).id, reason)

    def fail_next_push(self, user: str, kind: str) -> None:
        """`kind`: 403, 400, AADSTS50079 or licence. Several calls fail several pushes."""
        self.engine.fail_next(self.user(user).id, Failure(kind))

    def emit(self, event: Mapping[str, object], *, delay_seconds: float | None = None) -> Event:
        """Logs an event of the test's own making, delivered to hooks like any other.

        Needs `uuid` and `eventType`; `published` is filled in when it is missing.
        """
        return self.log.append({"published": iso(self._clock()), **event}, delay_seconds)

    def change_app(
        self,
        app_id: str,
        *,
        features: Sequence[str] | None = None,
        pushes: Sequence[str] | None = None,
        mapping: Mapping[str, str] | None = None,
        drop_mapping: str | None = None,
        drop_attribute: str | None = None,
    ) -> App:
        """Reconfigures an app in place; nothing is pushed because of it.

        `mapping` gives AppUser attributes another expression, with pushStatus PUSH.
        """
        expressions = {k: AppMapping(v, "PUSH") for k, v in (mapping or {}).items()}
        with self.state.lock:
            app = self.state.app(app_id)
            app = replace(
                app,
                features=app.features if features is None else frozenset(features),
                pushes=app.pushes if pushes is None else tuple(pushes),
                mappings={
                    name: rule
                    for name, rule in {**app.mappings, **expressions}.items()
                    if name != drop_mapping
                },
                schema={k: v for k, v in app.schema.items() if k != drop_attribute},
            )
            self.state.apps[app_id] = app
        return app

    def _cause(self, actor: str | None) -> Cause:
        if actor is None:
            return by_user(self._administrator)
        return BY_SYSTEM if actor == "system" else by_user(self.user(actor))

    def _caller(self) -> Cause:
        """The administrator whose token the current request carries."""
        return by_user(self._administrator, g.token_id)

    def _not_delivered(self, hook: Hook, answers: Sequence[int | str]) -> None:
        last = answers[-1]
        explanation = "Hook timed out" if last == "timeout" else f"Endpoint answered {last}"
        self.journal.hook_failed(hook.id, hook.name, explanation)
