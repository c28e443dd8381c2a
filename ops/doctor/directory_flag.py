"""bypassDirSyncOverridesEnabled: true, false or unknown, and how old that answer is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from lib.errors import NotFound, Permanent, Refused, Transient
from lib.graph import Graph
from lib.rules.causes import BypassFact
from ops.doctor.finding import Finding
from ops.doctor.hook import reason
from ops.doctor.texts import age, finding

# Nobody is told when another tool changes the flag.
OLD = timedelta(days=30)

Recorded = Callable[[], BypassFact | None]


def examine(reader: Graph, recorded: Recorded, now: datetime) -> list[Finding]:
    """Refused means unknown, never false: documented for delegated callers only. Whatever keeps the
    reader from telling, what was recorded is told with its age."""
    try:
        seen = reader.directory_sync()
    except (Refused, NotFound) as error:
        return [_recorded(recorded, finding("flag_unknown", why=reason(error)), now)]
    except (Permanent, Transient) as error:
        return [_recorded(recorded, finding("flag_not_read", why=error), now)]
    code = "flag_on" if seen.bypass_enabled else "flag_off"
    return [finding(code, how="read by the reader", age=age(0))]


def _recorded(recorded: Recorded, otherwise: Finding, now: datetime) -> Finding:
    try:
        fact = recorded()
    except Transient as error:
        return finding("aws_unread", what="the recorded answer about the tenant's flag", why=error)
    if fact is None or fact.enabled is None:
        return otherwise
    passed = now - fact.at
    if passed > OLD:
        value = str(fact.enabled).lower()
        return finding("flag_old", value=value, age=age(passed.total_seconds()))
    code = "flag_on" if fact.enabled else "flag_off"
    return finding(code, how="recorded", age=age(passed.total_seconds()))
