"""Gathers what causes are named from, once per subject at its last look.

A part that the vendor refuses is None (unknown); a part that fails for now raises Transient,
so that nothing is decided on a guess.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from lib.errors import NotFound, Permanent, Refused, Unauthorized
from lib.incident import Drift
from lib.model import (
    AppConfiguration,
    EntraUser,
    Link,
    OktaReading,
    ProfileChange,
    PushLog,
    Standing,
)
from lib.ports import GraphPort, OktaPort
from lib.rules.causes import BypassFact, Case
from lib.rules.expected import Expectation
from lib.store.table import Table
from lib.times import Clock

# Facts that change rarely are kept this long across invocations.
FACT_AGE = timedelta(minutes=5)
# Okta keeps 90 days of System Log.
LOG_REACH = timedelta(days=89)
# How far back the removal of a leaver and the changers of a profile are looked for.
RECENT = timedelta(days=7)


@dataclass(frozen=True)
class Findings:
    """What was read of one subject beside its values."""

    configuration: AppConfiguration | None
    standing: Standing | None
    connector_roles: frozenset[str] | None
    push_log: PushLog | None
    bypass: BypassFact | None
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
            connector_roles=self.connector_roles,
            push_log=self.push_log,
            bypass=self.bypass,
            watched=watched,
            changes=self.changes,
            changes_read=self.changes_read,
            excluded_before=excluded_before,
        )


class Evidence:
    """Reads findings; caches what changes rarely for the life of the execution environment."""

    def __init__(
        self,
        okta: OktaPort,
        graph: GraphPort,
        table: Table,
        connector_object_id: str | None,
        clock: Clock,
    ) -> None:
        self._okta, self._graph, self._table = okta, graph, table
        self._connector = connector_object_id
        self._clock = clock
        self._configurations: dict[str, tuple[datetime, AppConfiguration | None]] = {}
        self._connector_roles: tuple[datetime, frozenset[str] | None] | None = None
        self._bypass: tuple[datetime, BypassFact | None] | None = None

    def configuration(self, app_id: str) -> AppConfiguration | None:
        """None when Okta refuses it; attributes then carry no opinion."""
        kept = self._configurations.get(app_id)
        if kept and self._fresh(kept[0]):
            return kept[1]
        try:
            found = self._okta.configuration(app_id)
        except Unauthorized:
            raise
        except (Refused, Permanent):
            found = None
        self._configurations[app_id] = (self._clock(), found)
        return found

    def gather(self, reading: OktaReading, entra: EntraUser | None) -> Findings:
        subject = reading.subject
        changed = reading.app_user.last_updated if reading.app_user else reading.taken_at - RECENT
        since = max(changed - timedelta(minutes=5), reading.taken_at - LOG_REACH)
        push_log = changes = None
        with suppress(Refused, NotFound):
            push_log = self._okta.push_log(subject, since)
        with suppress(Refused, NotFound):
            changes = self._okta.profile_changes(subject.user_id, reading.taken_at - RECENT)
        return Findings(
            configuration=self.configuration(subject.app_id),
            standing=self._standing(entra.object_id) if entra else None,
            connector_roles=self.connector_roles(),
            push_log=push_log,
            bypass=self.bypass() if entra and entra.synced else None,
            changes=changes or (),
            changes_read=changes is not None,
        )

    def _standing(self, object_id: str) -> Standing | None:
        try:
            return self._graph.standing(object_id)
        except (Refused, NotFound):
            return None

    def connector_roles(self) -> frozenset[str] | None:
        """Tenant-wide active roles of Okta's connector, or None: unknown."""
        if self._connector is None:
            return None
        if self._connector_roles and self._fresh(self._connector_roles[0]):
            return self._connector_roles[1]
        try:
            roles = self._graph.standing(self._connector).active_roles
        except (Refused, NotFound):
            roles = None
        held = None
        if roles is not None:
            held = frozenset(role.template_id.lower() for role in roles if role.scope == "/")
        self._connector_roles = (self._clock(), held)
        return held

    def bypass(self) -> BypassFact | None:
        """Documented as delegated only: a refusal means unknown, so the recorded answer is used."""
        if self._bypass is None or not self._fresh(self._bypass[0]):
            self._bypass = (self._clock(), self._read_bypass())
        return self._bypass[1] or self._table.bypass_fact()

    def _read_bypass(self) -> BypassFact | None:
        """A flag that was on already keeps the date it was first seen so: only a push later than
        that tells whether the flag was the cause."""
        try:
            sync = self._graph.directory_sync()
        except (Refused, NotFound):
            return None
        recorded = self._table.bypass_fact()
        if recorded and recorded.enabled and sync.bypass_enabled:
            return recorded
        source = "graph GET onPremisesSynchronization"
        seen = BypassFact(sync.bypass_enabled, self._clock(), source)
        if recorded is None or recorded.enabled is not seen.enabled:
            self._table.record_bypass(seen)
        return seen

    def _fresh(self, at: datetime) -> bool:
        return self._clock() - at < FACT_AGE
