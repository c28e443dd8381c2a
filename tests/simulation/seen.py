"""What the witness remembers: what runs have read, what was stored, sent and written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.incident import Page
from lib.model import EntraUser, OktaReading, Subject
from tests.simulation.clocks import Clocks
from tests.simulation.effects import Effects

CLOSED = ("resolved", "dismissed")


class Violation(AssertionError):
    """Something that must always hold did not."""


@dataclass(frozen=True)
class Given:
    """An approval as stored, for the plan whose text was looked at."""

    person: str
    plan: str
    at: datetime


@dataclass(frozen=True)
class Rules:
    """What the deployment was told: the sides of policy that the table does not hold."""

    break_glass: frozenset[str]
    writes_per_hour: int
    disables_per_hour: int
    approval_hours: float
    touch_attribute: str | None
    default_mode: str


class Seen:
    """Everything that was seen so far; `effects` and `truth` are set by whoever builds both."""

    def __init__(self, clocks: Clocks, rules: Rules) -> None:
        self.clocks, self.rules = clocks, rules
        self.effects: Effects
        self.truth: Callable[[Subject], Any]  # the person
        self.heads: dict[str, dict[str, Any]] = {}  # incident id -> stored body
        self.open: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self.plans: dict[str, str] = {}  # digest -> the plan it was shown for
        self.given: dict[str, list[Given]] = defaultdict(list)
        self.modes: list[tuple[int, str]] = [(0, rules.default_mode)]
        self.locks: list[tuple[int, str, datetime]] = []  # since, holder ("" for none), until
        self.ruled: dict[tuple[str, str, str], str] = {}
        self.news: dict[str, Page] = {}  # by key, as published
        self.told: dict[tuple[str, str], set[str]] = defaultdict(set)  # page keys of an incident
        self.said: dict[str, str] = {}  # page key -> what its row says
        self.steps: dict[str, int] = {}  # incident -> number of its last vendor write
        self.drift_read: dict[str, int] = {}
        self.mended: dict[tuple[str, ...], datetime] = {}
        self.writes: Counter[str] = Counter()
        self.pages = 0

    # -- what was read ----------------------------------------------------------------------

    def read_okta(self, reading: OktaReading) -> None:
        if self.effects.run:
            self.effects.run.readings[reading.subject] = (self.effects.number, reading)

    def read_graph(self, object_id: str, user: EntraUser | None) -> None:
        if self.effects.run:
            self.effects.run.users[object_id] = (self.effects.number, user)

    def read_standing(self, object_id: str) -> None:
        if self.effects.run:
            self.effects.run.standings[object_id] = self.effects.number
