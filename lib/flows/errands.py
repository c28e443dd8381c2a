"""What a committed transaction still has to send: pages and remediation messages.

The subject's item remembers them, so a crash after the commit costs a repeat and not the work: the
redelivered message runs them before anything else. Receivers drop repeats by key. A page that can
not be sent holds nothing up: its own row is due, and tick sends it.
"""

from __future__ import annotations

from dataclasses import replace

from aws_lambda_powertools import Logger

from lib.errors import PushproofError
from lib.incident import Entry, News, Page, Severity
from lib.messages import RemediationMessage
from lib.model import Subject
from lib.ports import Pager, RemediationQueue
from lib.rules.page_flood import kind, limit, quarter
from lib.rules.pages import group_page
from lib.store.records import SubjectState
from lib.store.table import Table
from lib.times import Clock

logger = Logger(child=True)

ACTOR = "pages"
# What a resolve waits for in vain: no alert was opened that it could close.
NO_ALERT = "no-alert"


class Errands:
    def __init__(self, table: Table, pager: Pager, queue: RemediationQueue, clock: Clock) -> None:
        self._table, self._pager, self._queue, self._clock = table, pager, queue, clock

    def run(self, state: SubjectState) -> SubjectState:
        """Sends everything the state remembers, then forgets it. Raises Transient when a mend can
        not be queued.
        """
        # Mends first: a topic that fails must not hold them back.
        for errand in state.errands:
            if errand.digest:
                self._queue.send(
                    RemediationMessage(
                        errand.incident_id, errand.digest, errand.attempt, state.subject.user_id
                    )
                )
        for incident_id in dict.fromkeys(e.incident_id for e in state.errands if e.page_key):
            self.try_pages(incident_id)
        self._table.errands_done(state)
        return replace(state, errands=(), version=state.version + 1)

    def try_pages(self, incident_id: str) -> None:
        """As send_pages; what fails is left to tick."""
        try:
            self.send_pages(incident_id)
        except PushproofError as error:
            logger.warning("page not sent", extra={"incident": incident_id, "reason": str(error)})

    def send_pages(self, incident_id: str) -> None:
        """In the order in which they became news. Raises Transient, and what is left stays due."""
        alerted = False
        for told in self._table.told(incident_id):
            page = told.page
            published = told.published
            if not told.done:
                published = self._send(page, alerted)
            elif told.listed:
                self._table.page_unlisted(page)
            alerted = alerted or (published and not page.news.resolves)

    def _send(self, page: Page, alerted: bool) -> bool:
        """Published, or done without: the answer. `alerted`: an alert is open for a resolve."""
        instead = NO_ALERT if page.news.resolves and not alerted else ""
        instead = instead or self._in_a_summary(page) or self._flooded(page)
        if instead:
            self._table.page_grouped(page, instead, self._entry(page, instead))
            return False
        self._pager.page(page)
        self._table.page_sent(page, self._clock())
        return True

    def _in_a_summary(self, page: Page) -> str:
        """The first sweep's one page stands for what it found; leavers page by themselves."""
        urgent = page.severity is Severity.CRITICAL or page.everyone
        if urgent or page.news is not News.OPENED or not page.user_id:
            return ""
        sweep_id = self._table.baseline_of(Subject(page.app_id, page.user_id))
        return f"sweep-{sweep_id}" if sweep_id else ""

    def _flooded(self, page: Page) -> str:
        """The group page that stands for this one, if there are too many like it.

        A resolve is never held back, or its alert would stay open; the incident of a shared cause
        stands for many already.
        """
        if page.news.resolves or page.everyone:
            return ""
        most, start = limit(page), quarter(page)
        if start is None:
            return ""
        place = self._table.place(f"pages#{kind(page)}", start, page.key, most + 1)
        if place is not None and place < most:
            return ""
        group = group_page(page, start)
        if place == most:
            # The first one too many tells of all of them; until it is done, a retry tells again.
            self._pager.page(group)
        return group.key

    def _entry(self, page: Page, instead: str) -> Entry:
        why = "nobody was paged of it" if instead == NO_ALERT else f"grouped in {instead}"
        return Entry(self._clock(), ACTOR, "not paged", f"{page.news.value}: {why}")
