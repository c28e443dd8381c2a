"""Pages of a sweep: everybody on them read on both sides, by the rules of check.

Okta's page is read first, then Graph, as few times as can be. What agrees is written only where
something is to be remembered; what differs gets its look chain, and the last look is check's own:
deciding stays in one place. Nothing is covered that was read on one side only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lib.errors import Permanent, Refused, Transient
from lib.incident import values_digest
from lib.messages import CheckMessage, pack
from lib.model import AppUserPage, Attribute, EntraUser, Link, OktaReading, Subject, UserKey
from lib.ports import CheckQueue, Configurations, GraphPort
from lib.rules import coverage
from lib.rules.drifts import Verdict, judge
from lib.rules.expected import expectations
from lib.rules.hints import Hint
from lib.rules.links import lookup_keys, resolve
from lib.rules.looks import Chain, advance
from lib.rules.sweep import TRIES, Counts, Found, Kind, Mark, Sweep, fingerprint, start_for
from lib.settings import WatchSettings
from lib.store.records import SubjectState
from lib.store.table import Table
from lib.times import Clock

# Seconds until a part that could not be read is asked for again.
AGAIN = 60


@dataclass(frozen=True)
class Picked:
    """Of one page: whom to read on the other side, and what was counted."""

    readings: tuple[OktaReading, ...]
    marks: Mapping[Subject, Mark]
    counts: Counts
    found: tuple[Found, ...]


@dataclass
class _Work:
    """What pages come to, before any of it is stored."""

    sweep: Sweep
    taken_at: datetime  # Okta's time of the reading at hand
    marks: Mapping[Subject, Mark]
    counts: Counts = field(default_factory=Counts)
    states: list[SubjectState] = field(default_factory=list)
    keep: list[Mark] = field(default_factory=list)
    covered: list[Mark] = field(default_factory=list)
    # A look in so many seconds, and one at once.
    handed: dict[float, list[Hint]] = field(default_factory=lambda: defaultdict(list))
    drifting: list[Subject] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)

    def count(self, **more: int) -> None:
        self.counts += Counts(**more)

    def tell(self, subject: Subject, what: str, verdict: Verdict | None = None) -> None:
        attributes = tuple(d.attribute for d in verdict.drifts) if verdict else ()
        self.found.append(Found(subject, what, self.taken_at, attributes))

    def single(self, subject: Subject) -> None:
        """A check of its own, which also answers what hints want."""
        mark = self.marks.get(subject)
        self.handed[0].append(
            Hint(
                subject,
                mark.published if mark else None,
                guessed=bool(mark and mark.guessed),
            )
        )
        if mark:
            self.covered.append(mark)
        self.count(single=1)


class SweepPage:
    def __init__(
        self,
        watch: WatchSettings,
        graph: GraphPort,
        table: Table,
        configurations: Configurations,
        checks: CheckQueue,
        clock: Clock,
    ) -> None:
        self._delays = watch.look_delays
        self._settle = timedelta(seconds=watch.settle)
        self._graph, self._table, self._configurations = graph, table, configurations
        self._checks, self._clock = checks, clock

    def pick(self, sweep: Sweep, number: int, page: AppUserPage, *, marked: bool) -> Picked:
        """Whom of a page to read on the other side. `marked`: hints are marked for this sweep.

        `number`: the page's in its round.
        """
        subjects = [reading.subject for reading in page.readings]
        ask = marked or not sweep.everybody
        marks = self._table.wanted(subjects) if ask else {}
        counts, found = Counts(pages=1), []
        if sweep.round == 1:
            self._remember_seen(sweep, number, page)
            listed = len(subjects) + len(page.unreadable)
            counts += Counts(listed=listed, unreadable=len(page.unreadable))
            app_id = sweep.apps[sweep.app]
            lacking = [Subject(app_id, user_id) for user_id in page.unreadable if user_id]
            found = [Found(subject, "unreadable", page.taken_at) for subject in lacking]
        wanted = [r for r in page.readings if _is_wanted(sweep, marks.get(r.subject), r.taken_at)]
        return Picked(tuple(wanted), marks, counts, tuple(found))

    def run(self, sweep: Sweep, picked: Sequence[Picked]) -> Counts:
        """What pages of one app add to the sweep's counts.

        May be repeated. Raises Transient, Permanent and Refused for all of them.
        """
        marks = {subject: mark for one in picked for subject, mark in one.marks.items()}
        work = _Work(sweep, sweep.updated_at, marks)
        for one in picked:
            work.counts += one.counts
            work.found += one.found
        if wanted := [reading for one in picked for reading in one.readings]:
            self._read(wanted, work)
        self._store(work)
        return work.counts

    def _read(self, readings: Sequence[OktaReading], work: _Work) -> None:
        configuration = self._configurations.configuration(readings[0].subject.app_id)
        if configuration is None:
            # Without it nothing has an opinion, and everything would seem to agree.
            raise Permanent("Okta refuses the app's configuration")
        states = self._table.subjects([reading.subject for reading in readings])
        asked = {r.subject: lookup_keys(r, states[r.subject].link) for r in readings}
        every = list(dict.fromkeys(key for keys in asked.values() for key in keys))
        answers = self._graph.read_users(every) if every else {}
        late = [answer for answer in answers.values() if isinstance(answer, Transient)]
        if len(late) * 2 > len(every):
            # Graph as a whole does not answer: the page waits, instead of everybody on it.
            waits = [error.retry_after for error in late if error.retry_after is not None]
            raise Transient("Graph answers less than half of a page", max(waits, default=None))
        for reading in readings:
            work.taken_at = reading.taken_at
            state, keys = states[reading.subject], asked[reading.subject]
            users: dict[UserKey, EntraUser | None] = {}
            for key in keys:
                answer = answers.get(key)
                if isinstance(answer, Transient | Refused):
                    break
                users[key] = answer
            if len(users) < len(keys):
                self._unread(reading.subject, work)
                continue
            link, entra = resolve(keys, users, state.link)
            expected = expectations(reading, configuration)
            verdict = judge(expected, entra)
            if not verdict.drifts and entra is None and link is not None:
                # Absence satisfies "disabled", and a filter's index may lag: asked once by id.
                verdict = judge(expected, self._graph.read_user(link.object_id))
            work.count(read=1)
            self._one(reading, state, link, verdict, work)

    def _one(
        self,
        reading: OktaReading,
        state: SubjectState,
        link: Link | None,
        verdict: Verdict,
        work: _Work,
    ) -> None:
        subject, mark = reading.subject, work.marks.get(reading.subject)
        if state.last_read is not None and reading.taken_at <= state.last_read:
            if mark and mark.published and coverage.is_covered(mark.published, state.covered_to):
                work.covered.append(mark)
            return  # a newer read is stored; a mark waits for a newer one still
        differing = {drift.attribute for drift in verdict.drifts}
        work.count(differing=1) if differing else work.count(equal=1)
        if state.open:
            # Proofs, and incidents that changed, are check's; one that is just still there waits.
            if differing == set(state.open) and not mark:
                work.count(known=1)
            else:
                work.single(subject)
        elif state.errands and (mark or differing):
            work.single(subject)
        elif not differing:
            self._agree(reading, state, link, work)
        elif state.next_look is not None:
            # Check is at it: its look is queued.
            if mark:
                work.single(subject)
        else:
            self._differ(reading, state, link, verdict, work)

    def _agree(
        self, reading: OktaReading, state: SubjectState, link: Link | None, work: _Work
    ) -> None:
        mark = work.marks.get(reading.subject)
        if state.chain:
            work.tell(reading.subject, "agrees now")
        new_link = link is not None and link.pinned and link != state.link
        if not (mark or state.chain or state.next_look or new_link or state.ruled):
            return
        stored = self._state(reading, state, link, mark, chain=None)
        covered = coverage.covered_to(reading.taken_at, self._settle)
        covered = max(covered, state.covered_to) if state.covered_to else covered
        work.states.append(replace(stored, covered_to=covered, ruled=()))
        if not mark:
            return
        if mark.published is None or coverage.is_covered(mark.published, covered):
            work.covered.append(mark)
        else:
            # Published within the settle time before T: one more read.
            wait = coverage.wait_for(mark.published, reading.taken_at, self._settle)
            work.keep.append(self._later(mark, reading.taken_at + (wait or timedelta()), work))

    def _differ(
        self,
        reading: OktaReading,
        state: SubjectState,
        link: Link | None,
        verdict: Verdict,
        work: _Work,
    ) -> None:
        subject, taken_at = reading.subject, reading.taken_at
        mark = work.marks.get(subject)
        digest = values_digest(list(verdict.drifts), link)
        chain = advance(state.chain, digest, taken_at, self._delays)
        stored = self._state(reading, state, link, mark, chain=chain)
        if chain is not state.chain:
            work.tell(subject, "differs", verdict)
        if chain.looks < len(self._delays):
            work.states.append(stored)
            known = mark or Mark(subject, work.sweep.id, self._clock())
            work.keep.append(self._later(known, chain.next_at, work))
            return
        # The next look is the last: a single GET, evidence and a decision.
        work.states.append(replace(stored, next_look=chain.next_at))
        work.handed[(chain.next_at - taken_at).total_seconds()].append(Hint(subject, None))
        work.drifting.append(subject)
        work.covered.append(mark or Mark(subject, work.sweep.id, self._clock()))
        attributes = {drift.attribute: drift for drift in verdict.drifts}
        account = attributes.get(Attribute.ACCOUNT_ENABLED)
        work.count(
            handed=1,
            phones=int(Attribute.MOBILE_PHONE in attributes),
            mails=int(Attribute.OTHER_MAILS in attributes),
            accounts=int(account is not None),
            leavers=int(account is not None and account.expected is False),
        )

    def _state(
        self,
        reading: OktaReading,
        state: SubjectState,
        link: Link | None,
        mark: Mark | None,
        *,
        chain: Chain | None,
    ) -> SubjectState:
        wanted = mark.published if mark else None
        if wanted:
            wanted = coverage.clamp(wanted, reading.taken_at)
        known = [moment for moment in (state.wanted_to, wanted) if moment]
        return replace(
            state,
            link=link if link and link.pinned else state.link,
            wanted_to=max(known, default=None),
            last_read=reading.taken_at,
            chain=chain,
            next_look=None,
        )

    def _unread(self, subject: Subject, work: _Work) -> None:
        mark = work.marks.get(subject) or Mark(subject, work.sweep.id, self._clock())
        if not mark.tries:
            work.count(unreadable=1)
        if mark.tries + 1 >= TRIES:
            work.tell(subject, "unreadable")
            work.single(subject)
            if subject not in work.marks:
                work.covered.append(mark)
            return
        due = work.taken_at + timedelta(seconds=AGAIN)
        work.keep.append(replace(self._later(mark, due, work), tries=mark.tries + 1))

    def _later(self, mark: Mark, due: datetime, work: _Work) -> Mark:
        into_the_round = work.taken_at - (work.sweep.first_read or work.taken_at)
        start = start_for(due, into_the_round)
        return replace(mark, sweep_id=work.sweep.id, due=due, start=start, tries=0)

    def _store(self, work: _Work) -> None:
        """Messages before what forgets, so that a crash repeats and never loses."""
        if work.sweep.kind is Kind.BASELINE:
            self._table.keep_baseline(work.sweep.id, work.drifting, self._clock())
        for delay, hints in work.handed.items():
            hand_over(self._checks, hints, delay, self._clock())
        lost = self._table.store_subjects(work.states)
        self._table.keep_marks([mark for mark in work.keep if mark.subject not in lost])
        self._table.unwant([mark for mark in work.covered if mark.subject not in lost])
        self._table.keep_found(work.sweep.id, work.found)

    def _remember_seen(self, sweep: Sweep, number: int, page: AppUserPage) -> None:
        ids = [r.subject.user_id for r in page.readings] + [u for u in page.unreadable if u]
        who = b"".join(fingerprint(user_id) for user_id in ids)
        app_id = sweep.apps[sweep.app]
        self._table.keep_seen(sweep.id, app_id, number, who, self._clock())


def hand_over(checks: CheckQueue, hints: Sequence[Hint], delay: float, now: datetime) -> None:
    """Looks of check's own, 25 a message; what they carry of hints is answered by them as well."""
    for message in pack(hints, (), now):
        checks.send(CheckMessage(message.hints, first_seen=now, look=True), delay=delay)


def _is_wanted(sweep: Sweep, mark: Mark | None, taken_at: datetime) -> bool:
    if mark is None:
        return sweep.everybody
    return mark.due is None or taken_at >= mark.due
