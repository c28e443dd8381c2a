"""Breaks what the product calls, until it is mended.

All of it is met on the wire, so that it hits whoever calls a vendor and never who looks at the
directories from here. What would also hit Okta's own pushes does: see Tenant.connector_write.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sandbox.entra.app import Tenant
from sandbox.faults import Fault, Status
from sandbox.okta.org import Org

# What can be broken, and how.
TROUBLES: Mapping[str, tuple[str, ...]] = {
    "okta": ("throttled", "out", "hanging"),
    "graph": ("throttled", "throttled_silently", "out"),
    "hook": ("losing",),
}
_OUT = 503
# Signing in at Entra is another service, and goes on.
_GRAPH = (" /v1.0/", " /beta/")


@dataclass(frozen=True)
class Broken:
    """`met`: requests (of the hook: events) since then."""

    part: str
    trouble: str
    since: datetime
    met: int


class Troubles:
    """At most one a part."""

    def __init__(self, org: Org, tenant: Tenant) -> None:
        self._org, self._tenant = org, tenant
        self._broken: dict[str, Broken] = {}
        self._faults = {"okta": org.faults, "graph": tenant.faults}
        self._outages: dict[str, list[Fault]] = {}
        self._lock = threading.Lock()

    def begin(self, part: str, trouble: str) -> None:
        """Instead of what the part was broken by until now."""
        with self._lock:
            self._end(part)
            now = self._org.state.clock()
            self._broken[part] = Broken(part, trouble, now, self._count(part, trouble))
            match part, trouble:
                case "okta", "throttled":
                    self._org.limits.crowded = True
                case "okta", _:
                    self._go(part, "*", _OUT if trouble == "out" else "timeout")
                case "graph", "out":
                    for root in _GRAPH:
                        self._go(part, f"*{root}*", _OUT)
                case "graph", _:
                    self._tenant.throttle.silent = trouble == "throttled_silently"
                    self._tenant.throttle.spent = True
                case _:
                    self._org.delivery.losing = True

    def mend(self) -> None:
        """Everything, also the faults that others asked for and pushes that were to be lost."""
        with self._lock:
            for part in TROUBLES:
                self._end(part)
            for faults in self._faults.values():
                faults.clear()
            self._org.engine.suppress_nobody()

    def broken(self) -> list[Broken]:
        with self._lock:
            return [
                replace(each, met=self._count(each.part, each.trouble) - each.met)
                for each in self._broken.values()
            ]

    def others(self) -> list[tuple[str, Fault]]:
        """Faults that are pending and not from here, with the part they are of."""
        with self._lock:
            ours = {id(outage) for outages in self._outages.values() for outage in outages}
        return [
            (part, fault)
            for part, faults in self._faults.items()
            for fault in faults.pending
            if id(fault) not in ours
        ]

    def _go(self, part: str, match: str, status: Status) -> None:
        self._outages.setdefault(part, []).append(self._faults[part].begin(match, status))

    def _end(self, part: str) -> None:
        self._broken.pop(part, None)
        for outage in self._outages.pop(part, ()):
            self._faults[part].end(outage)
        match part:
            case "okta":
                self._org.limits.crowded = False
            case "graph":
                self._tenant.throttle.spent = self._tenant.throttle.silent = False
            case "hook":
                self._org.delivery.losing = False

    def _count(self, part: str, trouble: str) -> int:
        """What met the part so far."""
        if part == "hook":
            return self._org.delivery.lost
        if part == "okta":
            return sum(dict(self._org.calls).values())
        # Throttled one by one, the parts of a $batch are refused and the $batch itself is not.
        batches = trouble == "out"
        return sum(
            count
            for counted in (dict(self._tenant.calls), dict(self._tenant.parts))
            for route, count in counted.items()
            if any(root in route for root in _GRAPH) and (batches or "$batch" not in route)
        )
