"""One delivery: sent, and told event by event what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from lib.model import Subject
from lib.settings import SETTLE_SECONDS, Environment, watched_apps
from lib.store.table import Table
from lib.times import Clock, utc_now
from ops.connection import Connection
from ops.replay.deliveries import events_of
from ops.replay.fates import Outcome, worst
from ops.replay.following import Following, Lane
from ops.replay.names import Find, Names, key_of
from ops.replay.readings import EventRead, Verdict, read_each
from ops.replay.send import Post, Sent
from ops.samples import Sample


@dataclass(frozen=True)
class Row:
    """One event. `became` in words; `ended`: nothing more happens without a person; `well`: as one
    would wish, or as it has to be. `outcome`: the worst of its lanes.
    """

    event: EventRead
    became: str
    ended: bool
    well: bool = True
    lanes: tuple[Lane, ...] = ()
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Rules:
    """What receive and check go by, as deployed; `clock` is this machine's."""

    app_ids: tuple[str, ...]
    settle: timedelta
    clock: Clock = utc_now

    @classmethod
    def of(cls, connection: Connection, clock: Clock = utc_now) -> Rules:
        env = Environment(connection.settings())
        settle = timedelta(seconds=env.number("SETTLE_SECONDS", SETTLE_SECONDS))
        return cls(watched_apps(env), settle, clock)


class Delivered:
    """`following` None: whoever answered has no table that we may read."""

    def __init__(
        self, sent: Sent, events: Sequence[EventRead], following: Following | None
    ) -> None:
        self.sent, self.events, self.following = sent, tuple(events), following
        self._lanes: Mapping[Subject, Lane] = {}

    @property
    def rows(self) -> list[Row]:
        """As of the last look."""
        return [self._row(event) for event in self.events]

    @property
    def lanes(self) -> list[Lane]:
        """As of the last look."""
        return list(self._lanes.values())

    def look(self) -> list[Row]:
        """Raises Transient."""
        if self.following and self.sent.maybe:
            self._lanes = self.following.look()
        return self.rows

    def _row(self, event: EventRead) -> Row:
        if not self.sent.maybe:
            refused = f"was refused ({self.sent.status})" if self.sent.status else "was not sent"
            return Row(event, refused, ended=True, well=False)
        if self.following is None:
            return Row(event, "was taken" if self.sent.taken else "may have been taken", ended=True)
        lanes = tuple(self._lanes[s] for s in self._subjects(event) if s in self._lanes)
        if event.nameless and len(lanes) < len(event.hints) + len(event.nameless):
            return self._nameless(event, self.following, lanes)
        if lanes:
            now = worst(lane.outcome for lane in lanes)
            parked = any(lane.parked for lane in lanes)
            ended = all(lane.outcome.ended for lane in lanes)
            return Row(event, now.value, ended, not parked, lanes, now)
        if event.verdict is Verdict.NAMED:
            return Row(event, "was taken, and is not followed yet", ended=False)
        well = event.verdict is not Verdict.UNREADABLE
        return Row(event, event.verdict.value, ended=True, well=well)

    def _nameless(self, event: EventRead, following: Following, lanes: tuple[Lane, ...]) -> Row:
        """Somebody of it is known by an app user's name only."""
        keys = [key_of(each) for each in event.nameless]
        for key in keys:
            if key in following.parked_names:
                became = f"is parked: {following.parked_names[key]}"
                return Row(event, became, ended=True, well=False, lanes=lanes)
        for key in keys:
            if key in following.names.nobody:
                became = following.names.nobody[key]
                return Row(event, became, ended=True, well=False, lanes=lanes)
        return Row(event, "names an app user, whom Okta is to tell", ended=False, lanes=lanes)

    def _subjects(self, event: EventRead) -> list[Subject]:
        found = self.following.names.found if self.following else {}
        named = [found.get(key_of(each)) for each in event.nameless]
        return [*(hint.subject for hint in event.hints), *(s for s in named if s)]


def deliver(post: Post, sample: Sample, table: Table, rules: Rules, find: Find) -> Delivered:
    """Raises Transient before anything is sent."""
    told_by = prepared(events_of(sample), table, rules, find)
    return told_by(post.send(sample))


def prepared(
    entries: Sequence[object], table: Table, rules: Rules, find: Find
) -> Callable[[Sent], Delivered]:
    """Reads what is stored, before anything is sent; takes what became of the sending."""
    events = read_each(entries, rules.app_ids)
    following = followed(events, table, rules, find)
    return lambda sent: Delivered(sent, events, following)


def followed(
    events: Sequence[EventRead], table: Table, rules: Rules, find: Find, *, look: bool = False
) -> Following:
    hints = [hint for event in events for hint in event.hints]
    names = Names([each for event in events for each in event.nameless], find)
    return Following(table, hints, names, rules.settle, look=look, clock=rules.clock)
