"""Follows what was sent: receive, check, remediate, proof, as the table tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lib.flows.unpark import message_of
from lib.incident import Entry, Incident
from lib.messages import CheckMessage, RemediationMessage
from lib.model import Subject
from lib.rules.hints import Hint, NamelessHint, later
from lib.store.parked import ParkedWork
from lib.store.records import SubjectState
from lib.store.table import Table
from lib.times import Clock, utc_now
from ops.replay.fates import Outcome, Seen, answered, outcome
from ops.replay.names import Key, Names, key_of

# Of the functions' clocks and this machine's.
SKEW = timedelta(minutes=10)


@dataclass(frozen=True)
class Moment:
    """One decision: whose, when, and what."""

    at: datetime
    actor: str
    what: str
    detail: str = ""


@dataclass(frozen=True)
class Parked:
    """Why work was set aside, and whose it was: check's or remediate's."""

    reason: str
    by: str = "check"


@dataclass(frozen=True)
class Lane:
    """One subject's way."""

    hint: Hint
    outcome: Outcome
    state: SubjectState
    incidents: tuple[Incident, ...] = ()
    moments: tuple[Moment, ...] = ()
    parked: Parked | None = None

    @property
    def subject(self) -> Subject:
        return self.hint.subject


@dataclass
class _Way:
    """What is remembered between two looks at one subject."""

    hint: Hint
    before: SubjectState
    fixed: Outcome | None
    touched: dict[str, None] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)
    final: bool = False


class Following:
    """Made before the event is sent: what is stored then is what is compared with.

    `names`: whom Okta is still to be asked for. `settle`: as deployed. `look`: no event, but a look
    that is due by itself. A lane that has ended is still told as the table has it, since a person
    may go on with it.
    """

    def __init__(
        self,
        table: Table,
        hints: Sequence[Hint],
        names: Names,
        settle: timedelta,
        *,
        look: bool = False,
        clock: Clock = utc_now,
    ) -> None:
        self._table, self.names, self._look = table, names, look
        self._since = clock() - SKEW
        merged = _merged(hints)
        states = table.subjects(list(merged))
        self._parked_before = {work.sk for work in table.parked(self._since)}
        known = [name for state in states.values() for name in state.open.values()]
        self._versions = {i.id: i.version for i in table.incidents(known).values()}
        self._told = {name: set(table.timeline(name)) for name in known}
        self._read: dict[str, tuple[int, list[Entry]]] = {}
        self._ways = {
            subject: _Way(
                hint,
                states[subject],
                None if look else answered(hint, states[subject], states, settle),
                dict.fromkeys(states[subject].open.values()),
            )
            for subject, hint in merged.items()
        }
        self.parked_names: dict[Key, str] = {}

    def look(self) -> dict[Subject, Lane]:
        """One look at everybody: two or three reads of the table for each hundred, one for each
        incident that moved, what was parked since the sending, and at most a few questions to Okta.

        Raises Transient.
        """
        for nameless, subject in self.names.ask():
            self._join(nameless, subject)
        states = self._table.subjects(list(self._ways))
        for subject, way in self._ways.items():
            way.touched.update(dict.fromkeys(states[subject].open.values()))
        names = {name for way in self._ways.values() for name in way.touched}
        incidents = self._table.incidents(sorted(names))
        news = {i.id: self._news(i) for i in incidents.values()}
        moving = [s for s, way in self._ways.items() if not way.final]
        parked = self._parked() if moving or self.names.unresolved else []
        self.parked_names.update(_names_of(parked))
        still = [s for s in moving if states[s].last_read == self._ways[s].before.last_read]
        marked = self._table.wanted(still) if still else {}
        lanes = {}
        for subject, way in self._ways.items():
            found = tuple(incidents[name] for name in way.touched if name in incidents)
            why = _parked_about(parked, subject, found)
            seen = Seen(
                states[subject],
                tuple(i for i in found if i.status.open or self._moved(i)),
                why is not None,
                subject in marked,
            )
            lanes[subject] = self._lane(way, seen, [e for i in found for e in news[i.id]], why)
        return lanes

    # -- within --------------------------------------------------------------------------------

    def _join(self, nameless: NamelessHint, subject: Subject) -> None:
        """Somebody whose name was told only now: any stored read that is late enough counts."""
        hint = Hint(subject, nameless.published, nameless.uuids)
        self._ways.setdefault(subject, _Way(hint, SubjectState(subject), None))

    def _lane(self, way: _Way, seen: Seen, entries: Sequence[Entry], parked: Parked | None) -> Lane:
        now = way.fixed or outcome(way.hint, way.before, seen, look=self._look)
        way.final = now.final
        told = _of_read(way.before, seen.state, now)
        if way.fixed is None and told and told not in way.moments:
            way.moments.append(told)
        decisions = [Moment(e.at, e.actor, e.what, e.detail) for e in entries]
        moments = sorted([*way.moments, *decisions], key=lambda moment: moment.at)
        return Lane(way.hint, now, seen.state, seen.incidents, tuple(moments), parked)

    def _moved(self, incident: Incident) -> bool:
        return incident.version != self._versions.get(incident.id)

    def _news(self, incident: Incident) -> list[Entry]:
        """Read again only when the incident changed since the last look."""
        if not self._moved(incident):
            return []
        version, entries = self._read.get(incident.id, (-1, []))
        if version != incident.version:
            before = self._told.get(incident.id, set())
            entries = [
                entry
                for entry in self._table.timeline(incident.id)
                if entry not in before and entry.at > self._since
            ]
            self._read[incident.id] = (incident.version, entries)
        return entries

    def _parked(self) -> list[ParkedWork]:
        found = self._table.parked(self._since)
        return [work for work in found if work.sk not in self._parked_before]


def _merged(hints: Sequence[Hint]) -> dict[Subject, Hint]:
    """The latest of each subject's, as receive coalesces them."""
    merged: dict[Subject, Hint] = {}
    for hint in hints:
        known = merged.get(hint.subject, hint)
        merged[hint.subject] = replace(
            hint,
            published=later(known.published, hint.published),
            guessed=known.guessed and hint.guessed,
        )
    return merged


def _of_read(before: SubjectState, state: SubjectState, now: Outcome) -> Moment | None:
    """What check stored with its last read."""
    if state.last_read is None or state.last_read == before.last_read:
        return None
    detail = ""
    if state.chain:
        what = f"look {state.chain.looks}: differs"
    elif state.open or state.ruled:
        what = "read both sides: differs"
        detail = ", ".join(sorted({*(a.value for a in state.open), *state.ruled}))
    elif now is Outcome.NOBODY:
        what = "found nobody"
    else:
        what = "read both sides: equal"
    if state.next_look:
        detail = f"again at {state.next_look:%H:%M:%S} UTC"
    return Moment(state.last_read, "check", what, detail)


def _parked_about(
    parked: Sequence[ParkedWork], subject: Subject, incidents: Sequence[Incident]
) -> Parked | None:
    """Work about this subject, or about one of its incidents."""
    names = {incident.id for incident in incidents}
    for work in parked:
        match message_of(work):
            case CheckMessage() as message:
                if any(hint.subject == subject for hint in message.hints):
                    return Parked(work.reason)
            case RemediationMessage() as message:
                if message.incident_id in names:
                    return Parked(work.reason, "remediate")
    return None


def _names_of(parked: Sequence[ParkedWork]) -> dict[Key, str]:
    """Why those that only an app user's name was known of were set aside."""
    messages = [(message_of(work), work.reason) for work in parked]
    return {
        key_of(each): reason
        for message, reason in messages
        if isinstance(message, CheckMessage)
        for each in message.nameless
    }
