"""Okta's event hook: registered so that it can be done twice, and its secret rotated safely.

A hook whose channel changed receives nothing until it is verified again, and Okta keeps nothing
for it meanwhile: what happened in between is read from the System Log and handed to the check
queue. Hints cost nothing twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from lib.errors import Permanent, Refused, Transient
from lib.flows.receive import Sender
from lib.messages import pack
from lib.okta_admin import EventHook, OktaAdmin, hook_body, misfiltered
from lib.rules.hints import HOOK_EVENTS, read_events
from lib.times import Clock
from ops.connection import Refusal, Trouble
from ops.hook_door import Door

# The System Log is inserted with a delay nobody documents; reading more costs little.
OVERLAP = timedelta(minutes=2)


@dataclass(frozen=True)
class HookState:
    """`hook` None: none is registered for this address. `others`: further ones for it.
    `app_ids`: the watched apps, whose events it has to bring.
    """

    hook: EventHook | None
    others: int = 0
    app_ids: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        known = self.hook.event_types if self.hook else ()
        return tuple(name for name in HOOK_EVENTS if name not in known)

    @property
    def misfiltered(self) -> tuple[str, ...]:
        """Types whose filter in Okta is not the one `install` registers for the watched apps."""
        return misfiltered(self.hook, HOOK_EVENTS, self.app_ids) if self.hook else ()

    @property
    def additional(self) -> tuple[str, ...]:
        return tuple(n for n in self.hook.event_types if n not in HOOK_EVENTS) if self.hook else ()

    @property
    def ready(self) -> bool:
        complete = not self.missing and not self.misfiltered
        return self.hook is not None and self.hook.receives and complete


@dataclass(frozen=True)
class Installed:
    """What install came to. `caught_up`: events of the gap that were handed to the queue."""

    state: HookState
    created: bool
    filtered: bool
    caught_up: int


def state_of(admin: OktaAdmin, url: str, app_ids: tuple[str, ...]) -> HookState:
    """The hook that receives comes first where several have this address."""
    own = [hook for hook in admin.hooks() if hook.uri == url]
    own.sort(key=lambda hook: (not hook.receives, not hook.active))
    return HookState(own[0] if own else None, max(0, len(own) - 1), app_ids)


class HookDesk:
    """All that can be done with the hook of one address. `new_secret` makes a value."""

    def __init__(
        self,
        admin: OktaAdmin,
        door: Door,
        queue: Sender,
        app_ids: tuple[str, ...],
        clock: Clock,
        new_secret: Callable[[], str] = lambda: secrets.token_urlsafe(36),
    ) -> None:
        self._admin, self._door, self._queue = admin, door, queue
        self._app_ids, self._clock, self._new_secret = app_ids, clock, new_secret

    def state(self) -> HookState:
        return state_of(self._admin, self._door.url, self._app_ids)

    def install(self) -> Installed:
        """Registers, or corrects what is registered; always ends active and verified.

        Okta never shows the secret, so it is sent again each time.
        Raises Trouble when the hook can not be verified.
        """
        return self._put(self._door.secret())

    def rotate(self) -> Installed:
        """Okta gets the current secret first: one that was left behind by a rotation that broke
        off would not be accepted any more after the next new value.

        Raises Trouble; the old secret then still works.
        """
        self._put(self._door.secret())
        old, new = self._door.secret(), self._new_secret()
        self._door.replace_secret(new)
        try:
            return self._put(new)
        except (Trouble, Refused, Transient, Permanent) as error:
            # What the hook had is accepted as long as no third value is put.
            self._put(old)
            raise Trouble(
                "The hook could not be given the new secret, so it has the old one again, which "
                f"stays accepted: {error}"
            ) from None

    def verify(self) -> HookState:
        hook = self._known()
        began = self._clock()
        self._verify(hook)
        self._catch_up(began, hook.receives)
        return self.state()

    def remove(self) -> EventHook:
        hook = self._known()
        if hook.active:
            self._admin.deactivate(hook.id)
        self._admin.delete(hook.id)
        return hook

    def _put(self, secret: str) -> Installed:
        known = self.state().hook
        began = self._clock()
        hook, filtered = self._write(known, secret)
        if not hook.active:
            hook = self._admin.activate(hook.id)
        gap = not hook.verified
        if gap:
            hook = self._verify(hook)
        count = self._catch_up(began, gap and known is not None)
        return Installed(self.state(), known is None, filtered, count)

    def _write(self, known: EventHook | None, secret: str) -> tuple[EventHook, bool]:
        """Filters are an Early Access feature: without it Okta refuses the body as a whole."""

        def write(filtered: bool) -> EventHook:
            body = hook_body(
                self._door.url, secret, HOOK_EVENTS, self._app_ids, known, filtered=filtered
            )
            if known is None:
                return self._admin.create(body)
            return self._admin.replace(known.id, body)

        try:
            return write(filtered=True), True
        except Refused as error:
            if error.status != 400:
                raise
        return write(filtered=False), False

    def _verify(self, hook: EventHook) -> EventHook:
        try:
            return self._admin.verify(hook.id)
        except Refused as error:
            raise Trouble(
                f"Okta could not verify the hook {hook.id} ({error.code}): the address has to "
                "answer its GET within 3 seconds, with the stack's secret. The receive function's "
                "log says what it was asked."
            ) from None

    def _catch_up(self, began: datetime, needed: bool) -> int:
        """Everything a hook would have been told since shortly before `began`."""
        if not needed:
            return 0
        count = 0
        for entries in self._admin.events(began - OVERLAP, HOOK_EVENTS):
            reading = read_events(entries, self._app_ids)
            messages = list(pack(reading.hints, reading.nameless, self._clock()))
            if messages:
                self._queue.send_all(messages)
            count += len(entries)
        return count

    def _known(self) -> EventHook:
        hook = self.state().hook
        if hook is None:
            raise Refusal("No hook is registered for this address; `pushproof hook install`.")
        return hook
