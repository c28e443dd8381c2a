"""Reads both sides for a batch of subjects: Okta first, then Graph, each as few times as can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from lib.errors import Permanent, Refused, Transient, Unauthorized
from lib.flows.tasks import LOCKED_OUT, Result, Retry, Task
from lib.incident import Incident
from lib.model import Attribute, EntraUser, Link, OktaReading, Subject, UserKey
from lib.ports import GraphPort, OktaPort
from lib.rules import coverage
from lib.rules.links import lookup_keys, resolve
from lib.store.records import SubjectState


@dataclass(frozen=True)
class Sight:
    """What one check saw of one subject. `nobody`: Graph was not asked, because the hint named no
    app and the user was never seen in this one.
    """

    task: Task
    state: SubjectState
    incidents: Mapping[Attribute, Incident]
    reading: OktaReading
    link: Link | None
    entra: EntraUser | None
    nobody: bool = False


def needed(
    task: Task,
    state: SubjectState,
    states: Mapping[Subject, SubjectState],
    settle: timedelta,
) -> bool:
    """False for a hint that is answered, will be by a queued look, or is another app's.

    Okta allows about 50 AppUser reads a minute, so none is made in vain.
    """
    if coverage.is_covered(task.published, state.covered_to):
        return False
    if task.guessed and coverage.is_covered(task.published, state.guessed_to):
        return False
    if coverage.will_be_covered(task.published, state.next_look, settle):
        return False
    user_id = state.subject.user_id
    known = any(s.link for s in states.values() if s.subject.user_id == user_id)
    return not (task.guessed and known and state.link is None and not state.open)


class Eyes:
    """`results` collects the subjects that could not be read, and why."""

    def __init__(self, okta: OktaPort, graph: GraphPort, app_ids: tuple[str, ...]) -> None:
        self._okta, self._graph, self._app_ids = okta, graph, app_ids

    def okta(
        self,
        tasks: Mapping[Subject, Task],
        states: Mapping[Subject, SubjectState],
        results: dict[Subject, Result],
    ) -> dict[Subject, OktaReading]:
        # Where a missing assignment would say nothing, no other app is asked about it either.
        bare = [s for s, task in tasks.items() if task.guessed and states[s].link is None]
        rest = [s for s in tasks if s not in bare]
        answers = self._okta.read_subjects(bare, ()) if bare else {}
        if rest:
            answers |= self._okta.read_subjects(rest, self._app_ids)
        readings = {}
        for subject, answer in answers.items():
            if isinstance(answer, OktaReading):
                readings[subject] = answer
            elif isinstance(answer, Transient):
                results[subject] = Retry(str(answer), answer.retry_after)
            elif isinstance(answer, Unauthorized):
                results[subject] = Retry(str(answer), LOCKED_OUT)
            else:
                results[subject] = Permanent(str(answer))
        return readings

    def graph(
        self,
        readings: Mapping[Subject, OktaReading],
        tasks: Mapping[Subject, Task],
        states: Mapping[Subject, SubjectState],
        incidents: Mapping[Subject, Mapping[Attribute, Incident]],
        results: dict[Subject, Result],
    ) -> list[Sight]:
        nobody = {
            subject
            for subject, reading in readings.items()
            if self._nobody(tasks[subject], reading, states[subject], readings)
        }
        asked = {
            subject: () if subject in nobody else lookup_keys(reading, states[subject].link)
            for subject, reading in readings.items()
        }
        every = list(dict.fromkeys(key for keys in asked.values() for key in keys))
        found = self._graph.read_users(every) if every else {}
        sights = []
        for subject, reading in readings.items():
            users: dict[UserKey, EntraUser | None] = {}
            trouble: Result = None
            for key in asked[subject]:
                answer = found.get(key)
                if isinstance(answer, Transient):
                    trouble = Retry(str(answer), answer.retry_after)
                elif isinstance(answer, Refused):
                    # Not to be told is not to be told that there is nobody.
                    trouble = Permanent(str(answer))
                else:
                    users[key] = answer
            if trouble:
                results[subject] = trouble
                continue
            link, entra = resolve(asked[subject], users, states[subject].link)
            seen = (tasks[subject], states[subject], incidents[subject], reading, link, entra)
            sights.append(Sight(*seen, nobody=subject in nobody))
        return sights

    def _nobody(
        self,
        task: Task,
        reading: OktaReading,
        state: SubjectState,
        readings: Mapping[Subject, OktaReading],
    ) -> bool:
        """An event without an app says nothing of an app the user was never seen in.

        But a leaver who was never seen at all is looked for by name, once, through the first
        watched app: good enough to report an account that is still enabled.
        """
        if not task.guessed or reading.app_user is not None or state.link is not None:
            return False
        if state.open:
            return False  # what is open is proved by a read, never by not asking
        user_id = state.subject.user_id
        assigned = any(r.app_user for r in readings.values() if r.subject.user_id == user_id)
        left = reading.user is not None and reading.user.status == "DEPROVISIONED"
        first = state.subject.app_id == self._app_ids[0]
        return assigned or not (left and first)
