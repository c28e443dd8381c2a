"""Follows what was sent: receive, check, remediate, proof, as the table tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from ops.replay.fates import Outcome, Seen, answered, outcome

# Of app and app user's name: whose it is. None: nobody's, or Okta could not be asked.
Find = Callable[[str, str], Subject | None]
MOST_NAMES = 20


@dataclass(frozen=True)
class Moment:
    """One decision: whose, when, and what."""

    at: datetime
    actor: str
    what: str
    detail: str = ""


@dataclass(frozen=True)
class Lane:
    """One subject's way. `reason`: why its work was parked."""

    hint: Hint
    outcome: Outcome
    state: SubjectState
    incidents: tuple[Incident, ...] = ()
    moments: tuple[Moment, ...] = ()
    reason: str = ""

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


class Following:
    """Made before the event is sent: what is stored then is what is compared with.

    `settle`: as deployed. `look`: no event, but a look that is due by itself. A lane that has ended
    is still told as the table has it, since a person may go on with it.
    """

    def __init__(
        self, table: Table, hints: Sequence[Hint], settle: timedelta, *, look: bool = False
    ) -> None:
        self._table, self._look = table, look
        merged = _merged(hints)
        states = table.subjects(list(merged))
        self._parked_before = {work.sk for work in table.parked()} if merged else set()
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

    @property
    def subjects(self) -> list[Subject]:
        return list(self._ways)

    def look(self) -> dict[Subject, Lane]:
        """One look at everybody: two or three reads of the table for each hundred, and one for
        each incident that moved. Raises Transient.
        """
        states = self._table.subjects(list(self._ways))
        for subject, way in self._ways.items():
            way.touched.update(dict.fromkeys(states[subject].open.values()))
        names = {name for way in self._ways.values() for name in way.touched}
        incidents = self._table.incidents(sorted(names))
        news = {i.id: self._news(i) for i in incidents.values()}
        still = [s for s, way in self._ways.items() if states[s].last_read == way.before.last_read]
        parked = self._parked() if still or incidents else {}
        marked = self._table.wanted(still) if still else {}
        lanes = {}
        for subject, way in self._ways.items():
            found = tuple(incidents[name] for name in way.touched if name in incidents)
            seen = Seen(
                states[subject],
                tuple(i for i in found if i.status.open or self._moved(i)),
                _reason(parked, subject, found),
                subject in marked,
            )
            lanes[subject] = self._lane(way, seen, [e for i in found for e in news[i.id]])
        return lanes

    # -- within --------------------------------------------------------------------------------

    def _lane(self, way: _Way, seen: Seen, entries: Sequence[Entry]) -> Lane:
        now = way.fixed or outcome(way.hint, way.before, seen, look=self._look)
        told = _of_read(way.before, seen.state, now)
        if way.fixed is None and told and told not in way.moments:
            way.moments.append(told)
        decisions = [Moment(e.at, e.actor, e.what, e.detail) for e in entries]
        moments = sorted([*way.moments, *decisions], key=lambda moment: moment.at)
        return Lane(way.hint, now, seen.state, seen.incidents, tuple(moments), seen.parked)

    def _moved(self, incident: Incident) -> bool:
        return incident.version != self._versions.get(incident.id)

    def _news(self, incident: Incident) -> list[Entry]:
        """Read again only when the incident changed since the last look."""
        if not self._moved(incident):
            return []
        version, entries = self._read.get(incident.id, (-1, []))
        if version != incident.version:
            before = self._told.get(incident.id, set())
            entries = [e for e in self._table.timeline(incident.id) if e not in before]
            self._read[incident.id] = (incident.version, entries)
        return entries

    def _parked(self) -> dict[str, ParkedWork]:
        return {w.sk: w for w in self._table.parked() if w.sk not in self._parked_before}


def told_names(nameless: Sequence[NamelessHint], find: Find) -> dict[tuple[str, str], Subject]:
    """Whose names those are, of the first `MOST_NAMES`: each costs a request to Okta."""
    names = list(dict.fromkeys((each.app_id, each.app_user_name) for each in nameless))
    found = {name: find(*name) for name in names[:MOST_NAMES]}
    return {name: subject for name, subject in found.items() if subject}


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
    if state.chain:
        what, detail = f"look {state.chain.looks}: differs", ""
    elif state.open:
        what, detail = "read both sides: differs", ", ".join(sorted(a.value for a in state.open))
    else:
        what, detail = ("found nobody" if now is Outcome.NOBODY else "read both sides: equal"), ""
    if state.next_look:
        detail = f"again at {state.next_look:%H:%M:%S} UTC"
    return Moment(state.last_read, "check", what, detail)


def _reason(
    parked: Mapping[str, ParkedWork], subject: Subject, incidents: Sequence[Incident]
) -> str:
    """Why work about this subject, or about one of its incidents, was set aside."""
    names = {incident.id for incident in incidents}
    for work in parked.values():
        match message_of(work):
            case CheckMessage() as message:
                if any(hint.subject == subject for hint in message.hints):
                    return work.reason
            case RemediationMessage() as message:
                if message.incident_id in names:
                    return work.reason
    return ""
