"""Request budgets with the headers Graph announces them by.

Source: the vendor's "Microsoft Graph service-specific throttling limits", identity and access;
a tenant of fewer than 50 users is size S.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sandbox.entra.errors import GraphError

RETRY_LATER = "Please retry again later."
_ANNOUNCE_FROM = 0.8


@dataclass
class Limits:
    """Per app in this tenant. Tests may lower them."""

    units_per_10_seconds: int = 3500
    writes_per_150_seconds: int = 3000
    audits_per_10_seconds: int = 5


class Throttle:
    """`spent`: whoever else calls as the same applications leaves them nothing. Okta's connector
    pushes as an application of its own, so that its budget stays. `silent`: refusals do not say
    when to come back, which the vendor allows itself ("use Retry-After; else back off").
    """

    def __init__(self, tenant_id: str, clock: Callable[[], datetime]) -> None:
        self.limits = Limits()
        self.spent = False
        self.silent = False
        self._tenant_id = tenant_id
        self._clock = clock
        self._spent: dict[tuple[str, str], deque[tuple[float, int]]] = {}
        self._lock = threading.Lock()

    def take_units(self, client_id: str, cost: int) -> float:
        """Spends resource units; returns how full the budget is. GraphError (429) when empty."""
        limit = self.limits.units_per_10_seconds
        return self._take(client_id, "ReadWrite", cost, limit, 10, "ResourceUnitLimitExceeded")

    def take_write(self, client_id: str) -> None:
        limit = self.limits.writes_per_150_seconds
        self._take(client_id, "Write", 1, limit, 150, "WriteLimitExceeded")

    def take_audit(self, client_id: str) -> None:
        limit = self.limits.audits_per_10_seconds
        self._take(client_id, "Read", 1, limit, 10, "ResourceUnitLimitExceeded")

    def _take(
        self, client_id: str, kind: str, cost: int, limit: int, window: int, information: str
    ) -> float:
        now = self._clock().timestamp()
        with self._lock:
            spent = self._spent.setdefault((client_id, f"{kind}/{window}"), deque())
            while spent and spent[0][0] <= now - window:
                spent.popleft()
            used = limit if self.spent else sum(each for _, each in spent)
            if used + cost <= limit:
                spent.append((now, cost))
                return (used + cost) / limit
            wait = window if self.spent or not spent else spent[0][0] + window - now
        if self.silent:
            raise throttled({})
        scope = f"Tenant_Application/{kind}/{client_id}/{self._tenant_id}"
        raise throttled(
            {
                # Decimal seconds, as the vendor's sample has.
                "Retry-After": f"{max(wait, 0.001):.3f}",
                "x-ms-throttle-scope": scope,
                "x-ms-throttle-information": information,
                "x-ms-throttle-limit-percentage": f"{(used + cost) / limit:.2f}",
            }
        )


def throttled(headers: dict[str, str]) -> GraphError:
    return GraphError(429, "TooManyRequests", RETRY_LATER, headers)


def percentage_header(share: float) -> dict[str, str]:
    """Announced only above 0.8."""
    return {"x-ms-throttle-limit-percentage": f"{share:.2f}"} if share > _ANNOUNCE_FROM else {}
