"""check: one comparison of expected with actual per subject, looks, causes, and the decision.

Order matters: subjects and incidents are read from the table first, then Okta, then Graph. A
commit is refused when any of them changed meanwhile, so what is stored rests on reads later
than every step it knows of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger

from lib.errors import Conflict, Permanent, Refused, Transient, Unauthorized
from lib.flows import decide
from lib.flows.decide import Outcome
from lib.flows.drifts import Drifts, expected_digest, new_incident_id
from lib.flows.errands import Errands
from lib.flows.evidence import Evidence
from lib.flows.shared import Shared
from lib.flows.sight import Eyes, Sight, needed
from lib.flows.tasks import LOCKED_OUT, Result, Retry, merge
from lib.incident import Incident, Status, values_digest
from lib.messages import CheckMessage
from lib.model import Attribute, OktaReading, Subject
from lib.ports import CheckQueue, GraphPort, OktaPort
from lib.rules import coverage
from lib.rules.attempts import under_way
from lib.rules.drifts import Verdict, judge
from lib.rules.expected import Expectation, expectations
from lib.rules.looks import Chain, advance, is_last
from lib.settings import PolicySettings, WatchSettings
from lib.store.records import Errand, IncidentChange, Member, Mended, SubjectState
from lib.store.table import Table
from lib.times import Clock

logger = Logger(child=True)


class Check:
    def __init__(
        self,
        watch: WatchSettings,
        policy: PolicySettings,
        okta: OktaPort,
        graph: GraphPort,
        table: Table,
        queue: CheckQueue,
        errands: Errands,
        evidence: Evidence,
        clock: Clock,
    ) -> None:
        self._watch = watch
        self._settle = timedelta(seconds=watch.settle)
        self._eyes = Eyes(okta, graph, watch.app_ids)
        self._graph, self._table = graph, table
        self._queue, self._errands, self._evidence = queue, errands, evidence
        self._clock = clock
        self._shared = Shared(table, errands, watch.tenant_id, policy.mode, new_incident_id, clock)
        self._drifts = Drifts(policy, watch.tenant_id, table, evidence, self._shared, clock)

    def run(self, messages: Sequence[CheckMessage]) -> dict[Subject, Result]:
        """Checks every subject of the batch once. A subject not in the answer needs nothing."""
        tasks = merge(messages)
        results: dict[Subject, Result] = {
            subject: Permanent("its app is not watched")
            for subject in tasks
            if subject.app_id not in self._watch.app_ids
        }
        states = self._table.subjects([subject for subject in tasks if subject not in results])
        for subject, state in states.items():
            try:
                states[subject] = self._run_errands(state) if state.errands else state
            except Transient as error:
                results[subject] = Retry(str(error), error.retry_after)
        wanted = {
            subject: task
            for subject, task in tasks.items()
            if subject not in results
            and (task.look or needed(task, states[subject], states, self._settle))
        }
        # Before the reads: what is decided must rest on reads later than every known step.
        incidents = {subject: self._open(states[subject]) for subject in wanted}
        for subject, found in incidents.items():
            # What a person dismissed meanwhile is no longer open.
            still = {attribute: incident.id for attribute, incident in found.items()}
            states[subject] = replace(states[subject], open=still)
        readings = self._eyes.okta(wanted, states, results)
        for sight in self._eyes.graph(readings, wanted, states, incidents, results):
            subject = sight.state.subject
            try:
                self._settle_subject(sight)
                results[subject] = None
            except Conflict:
                results[subject] = Retry("a newer read is stored", after=1)
            except Transient as error:
                results[subject] = Retry(str(error), error.retry_after)
            except Unauthorized as error:
                results[subject] = Retry(str(error), LOCKED_OUT)
            except (Permanent, Refused) as error:
                results[subject] = Permanent(str(error))
        return results

    def _open(self, state: SubjectState) -> dict[Attribute, Incident]:
        found = {attr: self._table.incident(ident) for attr, ident in state.open.items()}
        return {attr: i for attr, i in found.items() if i is not None and i.status.open}

    # -- deciding ---------------------------------------------------------------------------

    def _settle_subject(self, sight: Sight) -> None:
        if sight.nobody:
            self._nobody(sight)
            return
        expected = self._expected(sight.reading)
        if sight.entra is None and sight.link is not None:
            # Absence satisfies "disabled", and a filter's index may lag: asked once by id.
            sight = replace(sight, entra=self._graph.read_user(sight.link.object_id))
        verdict = judge(expected, sight.entra)
        if sight.link is not None and self._agreeing(sight, verdict):
            # A proof, too, rests on a single GET and never on a filter, whose index may lag; also
            # where another attribute of the same user differs.
            sight = replace(sight, entra=self._graph.read_user(sight.link.object_id))
            verdict = judge(expected, sight.entra)
        if not verdict.drifts:
            self._agree(sight, verdict)
            return
        taken_at = sight.reading.taken_at
        digest = values_digest(list(verdict.drifts), sight.link)
        last_step = max(
            (i.last_step_at for i in sight.incidents.values() if i.last_step_at), default=None
        )
        before = sight.state.chain
        chain = advance(before, digest, taken_at, self._watch.look_delays, last_step)
        if is_last(chain, self._watch.look_delays):
            self._last_look(sight, expected, digest)
            return
        state = replace(self._state(sight, chain=chain, cover=False), next_look=chain.next_at)
        changes = [self._partly(sight, attr, verdict) for attr in self._agreeing(sight, verdict)]
        # The look is sent before it is remembered: a crash between the two costs a read, not
        # the look. A message that only joins leaves the scheduled look as it is.
        if chain is not before or sight.task.look:
            self._look_in(sight, (chain.next_at - taken_at).total_seconds())
        self._commit(state, changes)

    def _expected(self, reading: OktaReading) -> tuple[Expectation, ...]:
        configuration = None
        if reading.app_user is not None:
            configuration = self._evidence.configuration(reading.subject.app_id)
            if configuration is None:
                # Without it nothing has an opinion, and everything would seem to agree.
                raise Permanent("Okta refuses the app's configuration")
        return expectations(reading, configuration)

    def _agree(self, sight: Sight, verdict: Verdict) -> None:
        """Nothing differs: cover, and prove what is open."""
        for attribute in verdict.format_notes:
            user_id = sight.state.subject.user_id
            logger.info("same number, other format", extra={"user": user_id, "of": attribute})
        state = replace(self._state(sight, chain=None, cover=True), ruled=())
        outcomes = [self._partly(sight, attr, verdict) for attr in self._agreeing(sight, verdict)]
        self._commit(self._settled(sight, state), outcomes)

    def _nobody(self, sight: Sight) -> None:
        """Graph was not asked, so this answers hints that named no app, and no others; a chain of
        looks that is under way stays.
        """
        state = self._state(sight, chain=sight.state.chain, cover=False)
        state = self._settled(sight, state)
        covered = coverage.covered_to(sight.reading.taken_at, self._settle)
        self._commit(replace(state, guessed_to=covered, next_look=sight.state.next_look), [])

    def _agreeing(self, sight: Sight, verdict: Verdict) -> list[Attribute]:
        drifting = {drift.attribute for drift in verdict.drifts}
        return [attribute for attribute in sight.incidents if attribute not in drifting]

    def _partly(self, sight: Sight, attribute: Attribute, verdict: Verdict) -> Outcome:
        """What becomes of an open incident whose attribute does not differ in this read."""
        incident = sight.incidents[attribute]
        read_at = sight.reading.taken_at
        if under_way(incident, self._clock()) or read_at <= incident.drift_read_at:
            # Its outcome must be known before anything is proved.
            raise Transient("a step of this incident is under way", retry_after=5)
        if attribute in verdict.without_opinion:
            return decide.silent(incident, self._clock())
        return decide.proved(incident, read_at, self._clock())

    def _last_look(self, sight: Sight, expected: tuple[Expectation, ...], digest: str) -> None:
        """A single GET, never a filter, before anything is called drift."""
        entra = self._graph.read_user(sight.link.object_id) if sight.link else sight.entra
        sight = replace(sight, entra=entra)
        verdict = judge(expected, entra)
        if not verdict.drifts:
            self._agree(sight, verdict)
            return
        if values_digest(list(verdict.drifts), sight.link) != digest:
            chain = advance(
                None,
                values_digest(list(verdict.drifts), sight.link),
                sight.reading.taken_at,
                self._watch.look_delays,
            )
            self._look_in(sight, (chain.next_at - sight.reading.taken_at).total_seconds())
            state = replace(self._state(sight, chain=chain, cover=False), next_look=chain.next_at)
            self._commit(state, [])
            return
        outcomes = [self._partly(sight, attr, verdict) for attr in self._agreeing(sight, verdict)]
        outcomes += self._drifts.outcomes(sight, expected, verdict)
        waiting = {o.incident.attribute for o in outcomes if o.incident.status.open}
        ruled = {drift.attribute for drift in verdict.drifts} - waiting
        state = replace(self._state(sight, chain=None, cover=True), ruled=tuple(sorted(ruled)))
        self._commit(self._settled(sight, state), outcomes)

    # -- storing ----------------------------------------------------------------------------

    def _state(self, sight: Sight, *, chain: Chain | None, cover: bool) -> SubjectState:
        taken_at = sight.reading.taken_at
        state = sight.state
        if state.last_read is not None and taken_at <= state.last_read:
            raise Conflict("a newer read is stored")
        task = sight.task
        wanted = coverage.clamp(task.published, taken_at) if task.hinted else None
        known = [moment for moment in (state.wanted_to, wanted) if moment]
        covered = coverage.covered_to(taken_at, self._settle)
        if not cover:
            covered_to = state.covered_to
        else:
            covered_to = max(state.covered_to, covered) if state.covered_to else covered
        link = sight.link if sight.link and sight.link.pinned else state.link
        return replace(
            state,
            link=link,
            covered_to=covered_to,
            wanted_to=max(known, default=None),
            last_read=taken_at,
            chain=chain,
            next_look=None,
        )

    def _settled(self, sight: Sight, state: SubjectState) -> SubjectState:
        """A hint published within the settle time before T needs one more read, queued here."""
        if state.wanted_to is None:
            return state
        taken_at = sight.reading.taken_at
        wanted = coverage.clamp(state.wanted_to, taken_at)
        wait = coverage.wait_for(wanted, taken_at, self._settle)
        if wait is None:
            return state
        self._look_in(sight, wait.total_seconds())
        return replace(state, next_look=wanted + self._settle)

    def _look_in(self, sight: Sight, seconds: float) -> None:
        task = sight.task
        message = CheckMessage.look_at(
            sight.state.subject, task.first_seen or self._clock(), guessed=task.guessed
        )
        self._queue.send(message, delay=seconds)

    def _commit(self, state: SubjectState, outcomes: Sequence[Outcome]) -> None:
        still_open = dict(state.open)
        touched = dict(state.touched_at)
        mended = dict(state.mended)
        errands = list(state.errands)
        for outcome in outcomes:
            incident = outcome.incident
            if incident.status.open:
                still_open[incident.attribute] = incident.id
            else:
                still_open.pop(incident.attribute, None)
            if incident.touched_at:
                touched[incident.attribute] = incident.touched_at
            if incident.status is Status.RESOLVED and incident.mended_by_us and state.last_read:
                expected = expected_digest(incident.plan)
                mended[incident.attribute] = Mended(state.last_read, expected)
            if outcome.leaves:
                member = Member(incident.subject, incident.attribute, incident.id)
                errands.append(Errand(outcome.leaves, left=member))
            errands.extend(Errand(incident.id, page_key=p.key) for p in outcome.pages)
            if outcome.run:
                errands.append(
                    Errand(incident.id, digest=incident.plan.digest, attempt=incident.attempt)
                )
        changes = [IncidentChange(o.incident, o.entries, o.pages) for o in outcomes]
        conditions = self._listed([o.incident for o in outcomes if o.incident.parent])
        stored = self._table.commit_subject(
            replace(
                state,
                open=still_open,
                touched_at=touched,
                mended=mended,
                errands=tuple(errands),
            ),
            changes,
            conditions,
        )
        if stored.errands:
            self._run_errands(stored)

    def _listed(self, members: Sequence[Incident]) -> list[Mapping[str, Any]]:
        """A drift waits for an incident only while that one is open and lists it."""
        found: dict[str, Mapping[str, Any]] = {}
        for incident in members:
            member = Member(incident.subject, incident.attribute, incident.id)
            for condition in self._table.still_listed(incident.parent, member):
                found[str(condition["Key"])] = condition
        return list(found.values())

    def _run_errands(self, state: SubjectState) -> SubjectState:
        for errand in state.errands:
            if errand.left:
                self._shared.leave(errand.incident_id, errand.left)
        return self._errands.run(state)
