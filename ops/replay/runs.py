"""One delivery: sent, and told event by event what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError

from lib.errors import PushproofError
from lib.model import Subject
from lib.okta import Okta
from lib.rules.hints import Hint
from lib.settings import Environment, watched_apps
from lib.store.table import Table
from ops.connection import Connection
from ops.replay.deliveries import events_of
from ops.replay.fates import Outcome, worst
from ops.replay.following import Find, Following, Lane, told_names
from ops.replay.readings import EventRead, Verdict, read_each
from ops.replay.send import Post, Sent
from ops.samples import Sample
from ops.vendors import okta_as_reader


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
    """What receive and check go by, as deployed."""

    app_ids: tuple[str, ...]
    settle: timedelta

    @classmethod
    def of(cls, connection: Connection) -> Rules:
        env = Environment(connection.settings())
        return cls(watched_apps(env), timedelta(seconds=env.number("SETTLE_SECONDS", 90)))


Names = Mapping[tuple[str, str], Subject]


class Delivered:
    """`following` None: whoever answered has no table that we may read. `names`: whose the app
    users are that events named.
    """

    def __init__(
        self,
        sent: Sent,
        events: Sequence[EventRead],
        following: Following | None,
        names: Names | None = None,
    ) -> None:
        self.sent, self.events, self.following = sent, tuple(events), following
        self._names = names or {}
        self._lanes: Mapping[Subject, Lane] = {}

    @property
    def lanes(self) -> list[Lane]:
        """As of the last look."""
        return list(self._lanes.values())

    def look(self) -> list[Row]:
        """Raises Transient."""
        if self.following and self.sent.taken:
            self._lanes = self.following.look()
        return [self._row(event) for event in self.events]

    def _row(self, event: EventRead) -> Row:
        if not self.sent.taken:
            return Row(event, f"was refused ({self.sent.status})", ended=True, well=False)
        if self.following is None:
            return Row(event, "was taken", ended=True)
        lanes = tuple(self._lanes[s] for s in self._subjects(event) if s in self._lanes)
        if lanes:
            now = worst(lane.outcome for lane in lanes)
            parked = any(lane.reason for lane in lanes)
            return Row(
                event, now.value, all(x.outcome.ended for x in lanes), not parked, lanes, now
            )
        if event.verdict is Verdict.NAMED:
            return Row(event, "was taken", ended=True)
        if event.verdict is Verdict.NAMELESS:
            return Row(event, "names an app user that Okta does not tell", ended=True, well=False)
        well = event.verdict is not Verdict.UNREADABLE
        return Row(event, event.verdict.value, ended=True, well=well)

    def _subjects(self, event: EventRead) -> list[Subject]:
        named = [self._names.get((n.app_id, n.app_user_name)) for n in event.nameless]
        return [*(hint.subject for hint in event.hints), *(s for s in named if s)]


def deliver(post: Post, sample: Sample, table: Table, rules: Rules, find: Find) -> Delivered:
    """Raises Trouble and Transient."""
    told_by = prepared(events_of(sample), table, rules, find)
    return told_by(post.send(sample))


def prepared(
    entries: Sequence[object], table: Table, rules: Rules, find: Find
) -> Callable[[Sent], Delivered]:
    """Reads what is stored, before anything is sent; takes what became of the sending."""
    events = read_each(entries, rules.app_ids)
    names = told_names([each for event in events for each in event.nameless], find)
    following = Following(table, hints_of(events, names), rules.settle)
    return lambda sent: Delivered(sent, events, following, names)


def hints_of(events: Sequence[EventRead], names: Names) -> list[Hint]:
    """Those that name a user, and those whose app user could be told."""
    hints = [hint for event in events for hint in event.hints]
    for each in (each for event in events for each in event.nameless):
        subject = names.get((each.app_id, each.app_user_name))
        if subject:
            hints.append(Hint(subject, each.published, each.uuids))
    return hints


def asks_okta(connection: Connection) -> Find:
    """As check asks, with what the operator may read; whoever may not is told so by the row."""

    def find(app_id: str, app_user_name: str) -> Subject | None:
        try:
            okta = Okta(okta_as_reader(Environment(connection.settings())))
            return okta.find_subject(app_id, app_user_name)
        except (PushproofError, ClientError, BotoCoreError):
            return None

    return find
