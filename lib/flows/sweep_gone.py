"""Linked users whom a sweep met on no page: leavers, of whom hooks may have missed some.

Graph says in bulk whose account is still enabled; only those are worth Okta's single reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lib.flows.sweep_page import hand_over
from lib.model import KeyKind, Subject, UserKey
from lib.ports import CheckQueue, GraphPort
from lib.rules.hints import Hint
from lib.rules.sweep import Counts, Found, fingerprint
from lib.store.table import Table
from lib.times import Clock

SIZE = 8  # bytes of a fingerprint


class SweepGone:
    def __init__(self, graph: GraphPort, table: Table, checks: CheckQueue, clock: Clock) -> None:
        self._graph, self._table, self._checks, self._clock = graph, table, checks, clock

    def run(self, sweep_id: str, linked: Sequence[Subject]) -> Counts:
        """May be repeated. Raises what a whole Graph call raises."""
        gone = unseen(self._table, sweep_id, linked)
        states = self._table.subjects(gone)
        keys = {
            subject: UserKey(KeyKind.OBJECT_ID, state.link.object_id)
            for subject, state in states.items()
            if state.link
        }
        answers = self._graph.read_users(list(dict.fromkeys(keys.values()))) if keys else {}
        enabled = []
        for subject, key in keys.items():
            user = answers.get(key)
            # What can not be told in bulk, a check finds out.
            if user is not None and getattr(user, "account_enabled", True) is not False:
                enabled.append(subject)
        now = self._clock()
        hand_over(self._checks, [Hint(subject, None) for subject in enabled], 0, now)
        self._table.keep_found(sweep_id, [Found(s, "gone", now) for s in enabled])
        return Counts(gone=len(enabled))


def unseen(table: Table, sweep_id: str, subjects: Iterable[Subject]) -> list[Subject]:
    """Those whose user was on no page of the sweep's first round, of whichever app."""
    left: dict[bytes, list[Subject]] = {}
    for subject in subjects:
        left.setdefault(fingerprint(subject.user_id), []).append(subject)
    if not left:
        return []
    for who in table.seen(sweep_id):
        for start in range(0, len(who), SIZE):
            left.pop(who[start : start + SIZE], None)
    return [subject for found in left.values() for subject in found]
