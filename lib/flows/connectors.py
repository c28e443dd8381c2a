"""Who Okta's connector is in the tenant: configured, or learned once from the audit log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lib.errors import NotFound, Refused
from lib.flows.audits import told
from lib.model import AuditLog, PushEvent
from lib.ports import GraphPort
from lib.rules.connector import Connector, ConnectorFact, Known, agreed, learn, learned_text
from lib.store.table import Table
from lib.times import Clock


@dataclass(frozen=True)
class _Roles:
    roles: frozenset[str] | None
    application: bool | None
    at: datetime
    why: str = ""


class Connectors:
    """`configured`: an Entra object id, which counts for every app."""

    def __init__(
        self,
        graph: GraphPort,
        table: Table,
        configured: str | None,
        clock: Clock,
        keep: timedelta,
    ) -> None:
        self._graph, self._table, self._clock = graph, table, clock
        self._configured, self._keep = configured, keep
        self._roles: dict[str, _Roles] = {}
        self._facts: dict[str, tuple[datetime, ConnectorFact | None]] = {}

    def of(
        self, app_id: str, target_id: str | None, push: PushEvent | None, log: AuditLog | None
    ) -> Connector:
        """`push` and `log`: a successful push of the target and the audit log around it, if read.

        Raises Transient when Graph or the table can not answer for now.
        """
        if self._configured is not None:
            return self._with_roles(
                Connector(Known.CONFIGURED, self._configured.lower()), application=None
            )
        known = self._fact(app_id)
        if push is not None and log is not None and target_id is not None:
            known = self._learn(known, learn(log, push, target_id, app_id, self._clock()))
        if known is None:
            return Connector()
        if not known.principal_id:
            return Connector(why="two pushes of this app were written by two actors")
        found = Connector(Known.LEARNED, known.principal_id, learned=learned_text(known))
        return self._with_roles(found, application=known.application)

    def _fact(self, app_id: str) -> ConnectorFact | None:
        kept = self._facts.get(app_id)
        if kept is None or self._clock() - kept[0] >= self._keep:
            kept = self._facts[app_id] = (self._clock(), self._table.connector_fact(app_id))
        return kept[1]

    def _learn(
        self, known: ConnectorFact | None, seen: ConnectorFact | None
    ) -> ConnectorFact | None:
        new = agreed(known, seen)
        if new is not None and new != known:
            self._table.record_connector(new)
            self._facts[new.app_id] = (self._clock(), new)
        return new

    def _with_roles(self, found: Connector, *, application: bool | None) -> Connector:
        principal = str(found.principal_id)
        kept = self._roles.get(principal)
        if kept is None or self._clock() - kept.at >= self._keep:
            kept = self._roles[principal] = self._read(principal)
        known = kept.application if kept.application is not None else application
        return replace(found, roles=kept.roles, application=known, at=kept.at, why=kept.why)

    def _read(self, principal: str) -> _Roles:
        """Tenant-wide active roles only: a scoped one does not outrank in the whole tenant."""
        at = self._clock()
        try:
            standing = self._graph.standing(principal)
        except (Refused, NotFound) as error:
            return _Roles(None, None, at, told(error))
        if standing.active_roles is None:
            why = "Graph does not show its roles"
            return _Roles(None, standing.service_principal, at, why)
        held = (role for role in standing.active_roles if role.scope == "/")
        roles = frozenset(role.template_id.lower() for role in held)
        return _Roles(roles, standing.service_principal, at)
