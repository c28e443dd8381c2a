"""Both simulated directories side by side, judged as the product would if it read them now.

The product reads through interfaces that lag and can be broken; this is how things are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.model import (
    AppConfiguration,
    AppUser,
    Attribute,
    MappingRule,
    OktaReading,
    OktaUser,
    Subject,
    Value,
)
from lib.rules.compare import Comparison, compare
from lib.rules.expected import Expectation, as_value, expectations
from lib.rules.mask import show
from lib.store.records import SubjectState

Json = Mapping[str, Any]
ENABLED = {True: "enabled", False: "disabled"}


@dataclass(frozen=True)
class Pair:
    """One watched attribute. `assignment`: what the app user has instead of the user's value;
    `incidents`: the open ones about it.
    """

    attribute: Attribute
    okta: str
    entra: str
    verdict: Comparison
    assignment: str = ""
    incidents: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        return self.verdict is Comparison.DIFFERENT


@dataclass(frozen=True)
class Proving:
    """How far the product is with one subject of a person."""

    label: str
    last_read: datetime | None
    covered_to: datetime | None


@dataclass(frozen=True)
class Person:
    """`okta` and `entra` as the control tells them; None: not in that directory."""

    name: str
    okta: Json | None
    entra: Json | None
    apps: tuple[str, ...]
    pairs: tuple[Pair, ...]
    proving: tuple[Proving, ...]

    @property
    def differs(self) -> bool:
        return any(pair.differs for pair in self.pairs)

    def typed(self, side: str, attribute: str) -> str:
        """The value of a side as its form takes it."""
        held = self.okta["profile"] if side == "okta" and self.okta else self.entra
        value = as_value(Attribute(attribute), held.get(attribute) if held else None)
        return ", ".join(value) if isinstance(value, tuple) else str(value or "")


class Directories:
    """`told` is the control's answer, `watched` the ids of the apps that the product looks at."""

    def __init__(self, told: Json, watched: Sequence[str], now: datetime) -> None:
        self.told, self._now = told, now
        self.apps: dict[str, Json] = {app["id"]: app for app in told["apps"]}
        self._watched = [app_id for app_id in self.apps if app_id in watched]
        self._configurations = {app_id: self._configuration(app_id) for app_id in self._watched}

    def subjects(self) -> list[Subject]:
        """Whom to ask the table for: of everybody told, in one read."""
        return [
            Subject(app_id, person["okta"]["id"])
            for person in self.told["people"]
            if person["okta"]
            for app_id in self._watched
        ]

    def people(self, states: Mapping[Subject, SubjectState]) -> list[Person]:
        return [self._person(person, states) for person in self.told["people"]]

    def _person(self, person: Json, states: Mapping[Subject, SubjectState]) -> Person:
        okta, entra = person["okta"], person["entra"]
        if okta is None:
            pairs = tuple(
                Pair(each, "–", _held(each, entra), Comparison.NO_OPINION) for each in Attribute
            )
            return Person(person["name"], None, entra, (), pairs, ())
        assigned = {each["app"]: each for each in okta["assigned"]}
        own = {app_id: states[Subject(app_id, okta["id"])] for app_id in self._watched}
        return Person(
            person["name"],
            okta,
            entra,
            tuple(self.apps[app_id]["label"] for app_id in assigned),
            tuple(self._pairs(okta, entra, assigned, own.values())),
            tuple(
                Proving(self.apps[app_id]["label"], state.last_read, state.covered_to)
                for app_id, state in own.items()
                if state.version or app_id in assigned
            ),
        )

    def _pairs(
        self,
        okta: Json,
        entra: Json | None,
        assigned: Mapping[str, Json],
        states: Collection[SubjectState],
    ) -> Iterator[Pair]:
        expected = self._expected(okta, assigned)
        for attribute in Attribute:
            meant = expected.get(attribute)
            held = _value(attribute, entra)
            yield Pair(
                attribute,
                _meant(attribute, meant, okta),
                _held(attribute, entra),
                compare(attribute, meant.value if meant else None, held),
                show(meant.on_app_user) if meant and meant.stale else "",
                tuple(state.open[attribute] for state in states if attribute in state.open),
            )

    def _expected(self, okta: Json, assigned: Mapping[str, Json]) -> dict[Attribute, Expectation]:
        """Of the apps that the person is assigned to, the first that has an opinion."""
        found: dict[Attribute, Expectation] = {}
        watched = [app_id for app_id in self._watched if app_id in assigned]
        for app_id in watched or self._watched[:1]:
            reading = self._reading(okta, app_id, assigned.get(app_id), len(watched) > 1)
            for each in expectations(reading, self._configurations[app_id]):
                known = found.get(each.attribute)
                if known is None or known.value in (None, ()):
                    found[each.attribute] = each
        return found

    def _reading(
        self, okta: Json, app_id: str, assigned: Json | None, elsewhere: bool
    ) -> OktaReading:
        user_id, login = okta["id"], okta["login"]
        app_user = assigned and AppUser(
            user_id,
            None,
            login,
            assigned["status"],
            assigned["scope"],
            self._now,
            assigned["profile"],
        )
        user = OktaUser(user_id, login, okta["status"], None, okta["profile"])
        return OktaReading(Subject(app_id, user_id), self._now, app_user or None, user, elsewhere)

    def _configuration(self, app_id: str) -> AppConfiguration:
        app = self.apps[app_id]
        rules = {
            name: MappingRule(rule["expression"], rule["pushStatus"])
            for name, rule in app["mappings"].items()
        }
        # The sandbox's org has one user type.
        return AppConfiguration(
            app_id, frozenset(app["features"]), app["schema"], {"": rules}, self._now
        )


def _meant(attribute: Attribute, meant: Expectation | None, okta: Json) -> str:
    if attribute is Attribute.ACCOUNT_ENABLED:
        value = meant.value if meant else None
        return ENABLED[value] if isinstance(value, bool) else "no opinion"
    known = meant.on_user if meant and meant.on_user else None
    return show(known or as_value(attribute, okta["profile"].get(attribute.value)))


def _held(attribute: Attribute, entra: Json | None) -> str:
    if entra is None:
        return "nobody"
    if entra["deleted"]:
        return "deleted"
    if attribute is Attribute.ACCOUNT_ENABLED:
        return ENABLED[entra["accountEnabled"]]
    return show(as_value(attribute, entra[attribute.value]))


def _value(attribute: Attribute, entra: Json | None) -> Value:
    """An absent or deleted account is as good as a disabled one."""
    gone = entra is None or entra["deleted"]
    if attribute is Attribute.ACCOUNT_ENABLED:
        return not gone and entra is not None and bool(entra["accountEnabled"])
    return None if gone or entra is None else as_value(attribute, entra[attribute.value])
