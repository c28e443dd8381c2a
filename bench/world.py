"""Vendors of the bench: a tenant of any size on a virtual clock, with the documented limits.

Nobody is kept: a user is made from their number whenever a page asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from lib.errors import Transient
from lib.graph import IN_VALUES
from lib.graph_batch import PARTS, TRIPS
from lib.http_answers import Reply
from lib.model import (
    AppConfiguration,
    AppUser,
    AppUserPage,
    EntraUser,
    MappingRule,
    OktaReading,
    OktaUser,
    Subject,
    UserKey,
)
from lib.rate import Budget
from lib.rules.sweep import PAGE

APP = "0oaBENCHBENCHBENCH01"
TENANT = "00000000-dddd-4ddd-8ddd-000000000000"
START = datetime(2026, 1, 2, 3, 0, 0, tzinfo=UTC)
# Okta's older published table: 100 a minute below /api/v1/apps, half of a bucket for one token.
OKTA_A_MINUTE = 50
# Microsoft's throttling guide: tenants above 500 users, per app and tenant; `GET users` costs 2
# resource units, one less with $select.
GRAPH_UNITS, GRAPH_SECONDS, UNITS_A_PART = 8_000, 10.0, 1


@dataclass(frozen=True)
class Latency:
    """Assumed, in seconds: no vendor documents any."""

    okta_page: float = 1.2
    okta_read: float = 0.3
    graph_trip: float = 0.6
    dynamodb: float = 0.005
    hop: float = 0.1  # SQS to Lambda


class VirtualClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Calls:
    okta: int = 0
    graph: int = 0
    units: int = 0
    refused: int = 0


class BenchOkta:
    """`drifted`: every so many users' pushes did not land. The limit is kept as Okta keeps it: by
    the minute, with headers that lib/rate.py reads.
    """

    def __init__(self, users: int, clock: VirtualClock, latency: Latency, calls: Calls) -> None:
        self._users, self._clock, self._latency, self._calls = users, clock, latency, calls
        self._budget = Budget(now=lambda: clock.seconds)
        self._used: dict[int, int] = {}

    def app_user_page(self, app_id: str, link: str = "") -> AppUserPage:
        first = int(link or 0)
        self._call(f"/api/v1/apps/{app_id}/users", self._latency.okta_page)
        numbers = range(first, min(first + PAGE, self._users))
        taken_at = self._clock().replace(microsecond=0)
        readings = tuple(_reading(number, taken_at) for number in numbers)
        return AppUserPage(
            taken_at, readings, (), str(numbers.stop) if numbers.stop < self._users else ""
        )

    def configuration(self, app_id: str) -> AppConfiguration:  # noqa: ARG002
        """Three calls: the app (a bucket of its own), its schema, one mapping."""
        self._calls.okta += 3
        self._clock.pass_by(3 * self._latency.okta_read)
        return CONFIGURATION

    def read_one(self, number: int) -> None:
        """As one check does it. Raises Transient."""
        self._call(f"/api/v1/apps/{APP}/users/{number}", self._latency.okta_read)

    def now(self) -> float:
        return self._clock.seconds

    def calls_a_minute(self) -> float | None:
        return self._budget.a_minute("apps")

    def _call(self, path: str, seconds: float) -> None:
        """Raises Transient as lib/okta.py does when only the reserve is left."""
        self._budget.enter(path)
        window = int(self._clock.seconds // 60)
        self._calls.okta += 1
        self._used[window] = self._used.get(window, 0) + 1
        left = OKTA_A_MINUTE - self._used[window]
        if left < 0:
            self._calls.refused += 1
            self._budget.leave(path, None)
            raise Transient("429", 60.0 * (window + 1) - self._clock.seconds)
        headers = {
            "x-rate-limit-limit": str(OKTA_A_MINUTE),
            "x-rate-limit-remaining": str(left),
            "x-rate-limit-reset": str(int(START.timestamp()) + 60 * (window + 1)),
        }
        self._clock.pass_by(seconds)
        headers["date"] = format_datetime(self._clock(), usegmt=True)
        self._budget.leave(path, Reply(200, headers, None, self._clock()))


class BenchGraph:
    """Parts and round trips are counted as lib/graph.py makes them."""

    def __init__(
        self,
        clock: VirtualClock,
        latency: Latency,
        calls: Calls,
        drifted: Callable[[int], bool],
    ) -> None:
        self._clock, self._latency, self._calls = clock, latency, calls
        self._drifted = drifted
        self._window, self._used = -1, 0

    def read_users(self, keys: Sequence[UserKey]) -> dict[UserKey, EntraUser]:
        parts = -(-len(keys) // IN_VALUES)
        trips = -(-parts // PARTS)
        self._calls.graph += trips
        self._units(parts * UNITS_A_PART)
        self._clock.pass_by(self._latency.graph_trip * -(-trips // TRIPS))
        return {key: self._user(number_of(key.value), key.value) for key in keys}

    def _user(self, number: int, object_id: str) -> EntraUser:
        phone = "+15550199" if self._drifted(number) else "+15550100"
        return EntraUser(object_id, f"user{number}", phone, (), True, None, None, None)

    def _units(self, units: int) -> None:
        window = int(self._clock.seconds // GRAPH_SECONDS)
        self._used = units if window != self._window else self._used + units
        self._window = window
        self._calls.units += units
        if self._used > GRAPH_UNITS:
            self._calls.refused += 1
            raise Transient("429", GRAPH_SECONDS * (window + 1) - self._clock.seconds)


def overlapping(clock: VirtualClock) -> Callable[..., Iterator[AppUserPage]]:
    """Reading ahead on a virtual clock: the next page is under way while one is worked on."""

    def ahead(fetch: Callable[[str], AppUserPage], link: str, most: int) -> Iterator[AppUserPage]:
        page = fetch(link)
        for number in range(1, most + 1):
            coming: AppUserPage | Transient | None = None
            began = clock.seconds
            if page.next and number < most:
                try:
                    coming = fetch(page.next)
                except Transient as error:
                    coming = error
            ready, clock.seconds = clock.seconds, began
            yield page
            clock.seconds = max(clock.seconds, ready)
            if coming is None:
                return
            if isinstance(coming, Transient):
                raise coming
            page = coming

    return ahead


def subject_of(number: int) -> Subject:
    return Subject(APP, f"00u{number:017d}")


def number_of(identifier: str) -> int:
    """Of a user id or an object id."""
    return int(identifier[-12:])


def _reading(number: int, taken_at: datetime) -> OktaReading:
    subject = subject_of(number)
    name = f"user{number}"
    profile = {"mobilePhone": "+15550100"}
    held = AppUser(
        subject.user_id,
        f"11111111-aaaa-4aaa-8aaa-{number:012d}",
        name,
        "PROVISIONED",
        "USER",
        START,
        profile,
    )
    return OktaReading(
        subject, taken_at, held, OktaUser(subject.user_id, name, "ACTIVE", "oty1", profile)
    )


CONFIGURATION = AppConfiguration(
    app_id=APP,
    features=frozenset({"PUSH_PROFILE_UPDATES"}),
    schema_attributes={"mobilePhone": None},
    mappings={"oty1": {"mobilePhone": MappingRule("user.mobilePhone", "PUSH")}},
    read_at=START,
)
