"""What a committed transaction still has to send: pages and remediation messages.

The subject's item remembers them, so a crash after the commit costs a repeat and not the page:
the redelivered message runs them before anything else. Receivers drop repeats by key.
"""

from __future__ import annotations

from dataclasses import replace

from lib.messages import RemediationMessage
from lib.ports import Pager, RemediationQueue
from lib.store.records import SubjectState
from lib.store.table import Table
from lib.times import Clock


class Errands:
    def __init__(self, table: Table, pager: Pager, queue: RemediationQueue, clock: Clock) -> None:
        self._table, self._pager, self._queue, self._clock = table, pager, queue, clock

    def run(self, state: SubjectState) -> SubjectState:
        """Sends everything the state remembers, then forgets it. Raises Transient."""
        # Mends first: a topic that fails must not hold them back.
        for errand in state.errands:
            if errand.digest:
                self._queue.send(
                    RemediationMessage(
                        errand.incident_id, errand.digest, errand.attempt, state.subject.user_id
                    )
                )
        for incident_id in dict.fromkeys(e.incident_id for e in state.errands if e.page_key):
            self.send_pages(incident_id)
        self._table.errands_done(state)
        return replace(state, errands=(), version=state.version + 1)

    def send_pages(self, incident_id: str) -> None:
        for page in self._table.unsent_pages(incident_id):
            self._pager.page(page)
            self._table.page_sent(page, self._clock())
