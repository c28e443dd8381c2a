"""What became of one hint: how far it came, and whether it goes on by itself.

Told from what the table held before the event was sent and holds now, so that no clock of ours
decides, and nothing but the right to read the table is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from lib.flows.sight import needed
from lib.flows.tasks import Task
from lib.incident import Incident, Status
from lib.model import Subject
from lib.rules import coverage
from lib.rules.hints import Hint
from lib.store.records import SubjectState


class Outcome(StrEnum):
    """The first are on their way; from PARKED on nothing moves without a person or a new event."""

    WAITING = "waits for check"
    MARKED = "waits for a round of the sweep"
    LOOKING = "differs, is looked at again"
    ONCE_MORE = "was read, and is once more"
    MENDING = "is being mended"
    PROVING = "was mended, is to be proved"
    PARKED = "is parked"
    FOR_PERSON = "waits for a person"
    FOR_APPROVAL = "waits for approval"
    OBSERVED = "differs, nothing is done in mode observe"
    SHARED = "is listed by a shared cause"
    DISMISSED = "differs, and was dismissed"
    PROVED = "was mended and proved"
    EQUAL = "both sides agree"
    ANSWERED = "was answered by an earlier read"
    NOBODY = "is nobody of this app"

    @property
    def ended(self) -> bool:
        return self not in _GOING

    @property
    def good(self) -> bool:
        """Both sides are known to agree."""
        return self in (Outcome.PROVED, Outcome.EQUAL)

    @property
    def final(self) -> bool:
        """Not even a person moves it on, but by a new event."""
        return self.ended and self not in _PEOPLE

    @property
    def for_somebody(self) -> bool:
        return self in (Outcome.FOR_PERSON, Outcome.FOR_APPROVAL)


_GOING = frozenset(
    {
        Outcome.WAITING,
        Outcome.MARKED,
        Outcome.LOOKING,
        Outcome.ONCE_MORE,
        Outcome.MENDING,
        Outcome.PROVING,
    }
)
_PEOPLE = frozenset(
    {
        Outcome.PARKED,
        Outcome.FOR_PERSON,
        Outcome.FOR_APPROVAL,
        Outcome.OBSERVED,
        Outcome.SHARED,
    }
)
_OF = {
    Status.OBSERVED: Outcome.OBSERVED,
    Status.WAITING_APPROVAL: Outcome.FOR_APPROVAL,
    Status.WAITING_PERSON: Outcome.FOR_PERSON,
    Status.REMEDIATING: Outcome.MENDING,
    Status.PROVING: Outcome.PROVING,
    Status.SHARED: Outcome.SHARED,
    Status.RESOLVED: Outcome.PROVED,
    Status.DISMISSED: Outcome.DISMISSED,
}
_ORDER = list(Outcome)
_OURS = (Status.REMEDIATING, Status.PROVING)


@dataclass(frozen=True)
class Seen:
    """What the table says now. `incidents`: the subject's that are open or moved since.

    `parked`: work about it was set aside since. `marked`: a sweep is to read it.
    """

    state: SubjectState
    incidents: tuple[Incident, ...] = ()
    parked: bool = False
    marked: bool = False


def answered(
    hint: Hint, before: SubjectState, states: Mapping[Subject, SubjectState], settle: timedelta
) -> Outcome | None:
    """Where check would drop the hint as it is: by the very rule check goes by."""
    task = Task(hint.published, hinted=True, look=False, first_seen=None, guessed=hint.guessed)
    if needed(task, before, states, settle) or before.chain or before.next_look:
        return None
    covered = coverage.is_covered(hint.published, before.covered_to)
    guessed = hint.guessed and coverage.is_covered(hint.published, before.guessed_to)
    return Outcome.ANSWERED if covered or guessed else Outcome.NOBODY


def outcome(hint: Hint, before: SubjectState, seen: Seen, *, look: bool = False) -> Outcome:
    """`before`: as stored when the event was sent. `look`: no event, and due by itself."""
    state = seen.state
    if seen.parked:
        return Outcome.PARKED
    if not _read_since(hint, before, state, look):
        return Outcome.MARKED if seen.marked else Outcome.WAITING
    mends = [_OF[incident.status] for incident in seen.incidents if incident.status in _OURS]
    if mends:
        return worst(mends)
    if state.chain:
        return Outcome.LOOKING
    if state.next_look:
        return Outcome.ONCE_MORE
    if seen.incidents:
        return worst(_OF[incident.status] for incident in seen.incidents)
    if state.ruled:
        return Outcome.DISMISSED
    proved = {m.at for m in state.mended.values()} - {m.at for m in before.mended.values()}
    if proved:
        return Outcome.PROVED
    # Check asks Graph for nobody where an event without an app says nothing of this one.
    unseen = hint.guessed and state.link is None and state.covered_to == before.covered_to
    return Outcome.NOBODY if unseen else Outcome.EQUAL


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """What is told of several: what still moves first, then what a person has to do with."""
    return min(outcomes, key=_ORDER.index)


def _read_since(hint: Hint, before: SubjectState, state: SubjectState, look: bool) -> bool:
    """A read that counts for this hint was stored after it was sent."""
    if state.last_read is None or state.last_read == before.last_read:
        return False
    if look or state.chain or state.next_look:
        return True
    # A hint of unknown time or from the future counts as published at its own read; what check
    # wants covered then tells that it was there.
    wanted = [hint.published] if hint.published else []
    if state.wanted_to and state.wanted_to != before.wanted_to:
        wanted.append(state.wanted_to)
    reads = [state.covered_to, state.guessed_to if hint.guessed else None]
    return any(coverage.is_covered(moment, read) for moment in wanted for read in reads)
