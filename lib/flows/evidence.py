"""Gathers what causes are named from, once per subject at its last look.

A part that the vendor refuses is None (unknown); a part that fails for now raises Transient,
so that nothing is decided on a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from lib.errors import NotFound, Permanent, Refused, Unauthorized
from lib.flows.audits import Audits, told
from lib.flows.connectors import Connectors
from lib.incident import Cause, Drift
from lib.model import (
    AppConfiguration,
    AuditLog,
    EntraUser,
    Link,
    OktaReading,
    ProfileChange,
    PushEvent,
    PushLog,
    Standing,
    TouchProof,
)
from lib.ports import GraphPort, OktaPort
from lib.rules.case import (
    APP_PUSHES,
    AUDIT,
    FLAG,
    OKTA_APP,
    ROLES,
    SYSTEM_LOG,
    BypassFact,
    Case,
    story_of,
)
from lib.rules.connector import BEFORE, Connector
from lib.rules.expected import Expectation
from lib.rules.pushlog import FailureKind, PushStory, parse_reason
from lib.store.table import Table
from lib.times import Clock

# Facts that change rarely are kept this long across invocations.
FACT_AGE = timedelta(minutes=5)
# Okta keeps 90 days of System Log.
LOG_REACH = timedelta(days=89)
# How far back the removal of a leaver and the changers of a profile are looked for.
RECENT = timedelta(days=7)

T = TypeVar("T")


@dataclass(frozen=True)
class Findings:
    """What was read of one subject beside its values."""

    configuration: AppConfiguration | None
    standing: Standing | None
    connector: Connector
    push_log: PushLog | None
    pushed_since: datetime | None
    bypass: BypassFact | None
    audit: AuditLog | None
    unread: Mapping[str, str]
    touch_proof: TouchProof | None
    changes: tuple[ProfileChange, ...]
    changes_read: bool

    def case(
        self,
        drift: Drift,
        expectation: Expectation,
        reading: OktaReading,
        entra: EntraUser | None,
        link: Link | None,
        read_at: datetime,
        watched: str,
        excluded_before: tuple[str, ...],
        named_before: tuple[Cause, ...] = (),
    ) -> Case:
        return Case(
            drift=drift,
            expectation=expectation,
            reading=reading,
            entra=entra,
            link=link,
            read_at=read_at,
            configuration=self.configuration,
            standing=self.standing,
            connector=self.connector,
            push_log=self.push_log,
            pushed_since=self.pushed_since,
            bypass=self.bypass,
            audit=self.audit,
            unread=self.unread,
            touch_proof=self.touch_proof,
            watched=watched,
            changes=self.changes,
            changes_read=self.changes_read,
            excluded_before=excluded_before,
            named_before=named_before,
        )


class Evidence:
    """Reads findings; caches what changes rarely for the life of the execution environment.

    `app_ids`: the watched apps, for who changed an assignment; a subject's own is always one.
    """

    def __init__(
        self,
        okta: OktaPort,
        graph: GraphPort,
        table: Table,
        connector_object_id: str | None,
        clock: Clock,
        app_ids: tuple[str, ...] = (),
    ) -> None:
        self._app_ids = app_ids
        self._okta, self._graph, self._table = okta, graph, table
        self._clock = clock
        self._audits = Audits(graph, clock)
        self._connectors = Connectors(graph, table, connector_object_id, clock, FACT_AGE)
        self._configurations: dict[str, tuple[datetime, AppConfiguration | None]] = {}
        self._proofs: dict[str, tuple[datetime, TouchProof | None]] = {}
        self._bypass: tuple[datetime, BypassFact | None] | None = None
        self._pushed: dict[str, tuple[datetime, datetime, datetime | None]] = {}
        self._refused: dict[str, str] = {}  # why a kept fact is unknown

    def configuration(self, app_id: str) -> AppConfiguration | None:
        """None when Okta refuses it; attributes then carry no opinion."""
        kept = self._configurations.get(app_id)
        if kept and self._fresh(kept[0]):
            return kept[1]
        self._refused.pop(app_id, None)
        try:
            found = self._okta.configuration(app_id)
        except Unauthorized:
            raise
        except (Refused, Permanent) as error:
            found = None
            self._refused[app_id] = told(error)
        self._configurations[app_id] = (self._clock(), found)
        return found

    def gather(self, reading: OktaReading, entra: EntraUser | None) -> Findings:
        subject = reading.subject
        changed = reading.app_user.last_updated if reading.app_user else reading.taken_at - RECENT
        since = max(changed - timedelta(minutes=5), reading.taken_at - LOG_REACH)
        unread: dict[str, str] = {}
        push_log = _read(SYSTEM_LOG, lambda: self._okta.push_log(subject, since), unread)
        week = reading.taken_at - RECENT
        apps = tuple(dict.fromkeys((subject.app_id, *self._app_ids)))
        changes = _read(
            "okta System Log, changes",
            lambda: self._okta.profile_changes(subject.user_id, week, apps),
            unread,
        )
        configuration = self.configuration(subject.app_id)
        if configuration is None and subject.app_id in self._refused:
            unread[OKTA_APP] = self._refused[subject.app_id]
        standing = bypass = None
        if entra is not None:
            standing = _read(ROLES, lambda: self._graph.standing(entra.object_id), unread)
        if entra is not None and entra.synced:
            bypass = self.bypass()
            if bypass is None and FLAG in self._refused:
                unread[FLAG] = self._refused[FLAG]
        story = story_of(reading, push_log)
        push = story.last if story and story.succeeded else None
        audit = self._audit(entra, push, unread)
        target_id = entra.object_id if entra else None
        return Findings(
            configuration=configuration,
            standing=standing,
            connector=self._connectors.of(subject.app_id, target_id, push, audit),
            push_log=push_log,
            pushed_since=self._pushed_since(subject.app_id, story, unread),
            bypass=bypass,
            audit=audit,
            unread=unread,
            touch_proof=self._touch_proof(subject.app_id),
            changes=changes or (),
            changes_read=changes is not None,
        )

    def bypass(self) -> BypassFact | None:
        """Documented as delegated only: a refusal means unknown, so the recorded answer is used.

        The newer of Graph's kept answer and the recorded one: an administrator may have set the
        flag since Graph was asked.
        """
        if self._bypass is None or not self._fresh(self._bypass[0]):
            self._bypass = (self._clock(), self._read_bypass())
        known = [fact for fact in (self._bypass[1], self._table.bypass_fact()) if fact]
        return max(known, key=lambda fact: fact.at, default=None)

    def _read_bypass(self) -> BypassFact | None:
        """A flag that was on already keeps the date it was first seen so: only a push later than
        that tells whether the flag was the cause."""
        self._refused.pop(FLAG, None)
        try:
            sync = self._graph.directory_sync()
        except (Refused, NotFound) as error:
            self._refused[FLAG] = told(error)
            return None
        recorded = self._table.bypass_fact()
        if recorded and recorded.enabled and sync.bypass_enabled:
            return recorded
        seen = BypassFact(sync.bypass_enabled, self._clock(), FLAG)
        if recorded is None or recorded.enabled is not seen.enabled:
            self._table.record_bypass(seen)
        return seen

    def _pushed_since(
        self, app_id: str, story: PushStory | None, unread: dict[str, str]
    ) -> datetime | None:
        """Asked only where the connector's sign-in failed: is it still so? Kept for the app,
        because an outage makes everybody ask."""
        failed = story.last if story and story.failed else None
        if failed is None or parse_reason(failed.reason).kind is not FailureKind.CONNECTOR_AUTH:
            return None
        since = max(failed.published, self._clock() - LOG_REACH)
        kept = self._pushed.get(app_id)
        if kept is None or not self._fresh(kept[0]) or since < kept[1]:
            found = _read(APP_PUSHES, lambda: self._okta.pushed_since(app_id, since), unread)
            kept = self._pushed[app_id] = (self._clock(), since, found)
        return kept[2] if kept[2] and kept[2] > since else None

    def _audit(
        self, entra: EntraUser | None, push: PushEvent | None, unread: dict[str, str]
    ) -> AuditLog | None:
        """Asked only where it can tell something: after a push that succeeded."""
        if entra is None or push is None:
            return None
        found = self._audits.read(entra.object_id, push.published - BEFORE)
        if isinstance(found, str):
            unread[AUDIT] = found
            return None
        return found

    def _touch_proof(self, app_id: str) -> TouchProof | None:
        kept = self._proofs.get(app_id)
        if kept is None or not self._fresh(kept[0]):
            kept = self._proofs[app_id] = (self._clock(), self._table.touch_proof(app_id))
        return kept[1]

    def _fresh(self, at: datetime) -> bool:
        return self._clock() - at < FACT_AGE


def _read(source: str, ask: Callable[[], T], unread: dict[str, str]) -> T | None:
    """None when the vendor refuses, and `unread` then says how."""
    try:
        return ask()
    except (Refused, NotFound) as error:
        unread[source] = told(error)
        return None
