"""Proves on a named test user that a touch makes Okta push, and that nothing else changes.

A touch re-pushes the whole profile of an assignment, so it is tried before it is trusted. Only an
ordinary, linked user whose values agree is touched: the push then has nothing else to change.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from lib.errors import Permanent, PushproofError, Refused, Transient
from lib.graph import Graph
from lib.model import (
    AppConfiguration,
    AppUser,
    Attribute,
    EntraUser,
    KeyKind,
    PushEvent,
    Subject,
    UserKey,
)
from lib.okta import Okta
from lib.rules.compare import Comparison, compare
from lib.rules.expected import as_value, attribute_name
from lib.rules.matrix import fully_read, protection
from lib.rules.pushlog import push_story
from lib.times import Clock
from ops.doctor.finding import Finding
from ops.doctor.hook import reason
from ops.doctor.okta_app import touch_trouble
from ops.doctor.proof_record import ProofRecord, TouchProof
from ops.doctor.texts import finding

LONGEST = 300.0
PAUSE = 5.0


class NotTried(Exception):
    """Why nobody was touched, in a few words."""


@dataclass(frozen=True)
class Both:
    """One user on both sides, read at about the same time."""

    app_user: AppUser
    entra: EntraUser


class TouchTrial:
    """`settle`: seconds until a push shows at Microsoft. `longest`: how long a push may take."""

    def __init__(
        self,
        okta: Okta,
        graph: Graph,
        proofs: ProofRecord,
        clock: Clock,
        *,
        settle: float,
        longest: float = LONGEST,
        pause: float = PAUSE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._okta, self._graph, self._proofs, self._clock = okta, graph, proofs, clock
        self._settle, self._longest, self._pause = settle, longest, pause
        self._sleep = sleep

    def find(self, app_ids: tuple[str, ...], login: str) -> Subject:
        """The app assignment with this user name; the first watched app that has one counts."""
        for app_id in app_ids:
            found = self._okta.find_subject(app_id, login)
            if found is not None:
                return found
        raise NotTried("no watched app has an assignment with this user name")

    def run(self, subject: Subject, attribute: str) -> list[Finding]:
        """Raises NotTried before anything is changed, and what the vendors' reads raise."""
        configuration = self._okta.configuration(subject.app_id)
        trouble = touch_trouble(attribute, configuration)
        if trouble is not None:
            raise NotTried(trouble.seen)
        before = self._read(subject)
        self._ordinary(before, configuration)
        value = f"pushproof proof {self._clock():%Y-%m-%d %H:%M:%S}"
        try:
            receipt = self._okta.touch(subject, attribute, value)
        except Refused as error:
            return [finding("proof_refused", app=subject.app_id, why=reason(error))]
        except (Transient, Permanent) as error:
            # Whether it happened is not known, so it is taken back all the same.
            found = [finding("proof_broke_off", app=subject.app_id, why=error)]
            return [*found, *self._restore(subject, attribute, before)]
        try:
            found = self._watch(subject, attribute, before, value, receipt.at)
        except NotTried as error:
            found = [finding("proof_broke_off", app=subject.app_id, why=error)]
        except PushproofError as error:
            found = [finding("proof_broke_off", app=subject.app_id, why=reason(error))]
        finally:
            kept = self._restore(subject, attribute, before)
        return [*found, *kept]

    def _watch(
        self, subject: Subject, attribute: str, before: Both, value: str, touched_at: datetime
    ) -> list[Finding]:
        app = subject.app_id
        push = self._push(subject, touched_at)
        if push is None:
            return [finding("proof_no_push", app=app, seconds=self._longest)]
        if push.result != "SUCCESS":
            return [finding("proof_push_failed", app=app)]
        self._sleep(self._settle)
        after = self._read(subject)
        if after.app_user.scope != before.app_user.scope:
            scopes = {"before": before.app_user.scope, "after": after.app_user.scope}
            return [finding("proof_scope_changed", app=app, **scopes)]
        changed = _changed(before, after, attribute)
        if after.app_user.profile.get(attribute) != value:
            changed.append(f"AppUser.{attribute} (not by us)")
        if changed:
            return [finding("proof_changed_more", app=app, names=", ".join(changed))]
        seconds = max(0.0, (push.published - touched_at).total_seconds())
        self._proofs.write(
            TouchProof(app, attribute, subject.user_id, self._clock(), push.uuid, seconds)
        )
        return [finding("proof_recorded", app=app, seconds=seconds)]

    def _push(self, subject: Subject, touched_at: datetime) -> PushEvent | None:
        """The completed push after the touch, which Okta dated in whole seconds."""
        waited = 0.0
        while True:
            log = self._okta.push_log(subject, touched_at - timedelta(seconds=1))
            last = push_story(log, touched_at).last
            if last is not None:
                return last
            if waited >= self._longest:
                return None
            self._sleep(self._pause)
            waited += self._pause

    def _restore(self, subject: Subject, attribute: str, before: Both) -> list[Finding]:
        """Back to the text it had; that is one more push, of the same profile as before."""
        old = before.app_user.profile.get(attribute)
        left = [finding("proof_left", app=subject.app_id, attribute=attribute)]
        if not isinstance(old, str):
            return left
        try:
            self._okta.touch(subject, attribute, old)
        except (Refused, Transient, Permanent):
            return left
        return []

    def _read(self, subject: Subject) -> Both:
        app_user = self._okta.read_subject(subject).app_user
        if app_user is None:
            raise NotTried("the user is not assigned any more")
        return Both(app_user, self._linked(app_user))

    def _linked(self, app_user: AppUser) -> EntraUser:
        """By external id only: a name is not good enough to write through."""
        external = app_user.external_id
        if external is None:
            raise NotTried("the assignment is not linked to an Entra user")
        kind = KeyKind.OBJECT_ID if external.count("-") == 4 else KeyKind.IMMUTABLE_ID
        key = UserKey(kind, external)
        found = self._graph.read_users([key])[key]
        if isinstance(found, PushproofError):
            raise found
        user = self._graph.read_user(found.object_id) if found else None
        if user is None:
            raise NotTried("the assignment's external id names no Entra user")
        return user

    def _ordinary(self, both: Both, configuration: AppConfiguration) -> None:
        standing = self._graph.standing(both.entra.object_id)
        if not fully_read(standing) or protection(standing).privileged or standing.eligible_roles:
            raise NotTried("the user holds a role, may activate one, or Graph does not say")
        if both.app_user.scope != "USER":
            raise NotTried("the assignment comes from a group; take one that is the user's own")
        for attribute in (Attribute.MOBILE_PHONE, Attribute.OTHER_MAILS):
            name = attribute_name(attribute, configuration)
            if name is None:
                continue
            pushed = as_value(attribute, both.app_user.profile.get(name))
            if compare(attribute, pushed, both.entra.value(attribute)) is Comparison.DIFFERENT:
                raise NotTried(f"{attribute} differs already; take a user whose values agree")


def _changed(before: Both, after: Both, attribute: str) -> list[str]:
    """Names only, never values."""
    old, new = before.app_user.profile, after.app_user.profile
    names = sorted(old.keys() | new.keys())
    changed = [
        f"AppUser.{name}" for name in names if name != attribute and old.get(name) != new.get(name)
    ]
    if before.app_user.external_id != after.app_user.external_id:
        changed.append("AppUser.externalId")
    if before.app_user.status != after.app_user.status:
        changed.append("AppUser.status")
    changed += [
        f"Entra.{each}" for each in Attribute if before.entra.value(each) != after.entra.value(each)
    ]
    return changed
