"""approve's other decisions about an incident: that a difference stays, and that it may wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aws_lambda_powertools import Logger

from lib.errors import PushproofError
from lib.flows.asked import Answer, Asked, BadRequest
from lib.flows.concerned import concerned
from lib.flows.errands import Errands
from lib.incident import Entry, Incident, News, Ruling, Status
from lib.rules.attempts import under_way
from lib.rules.pages import page
from lib.rules.policy import is_excluded
from lib.rules.until import snooze_end
from lib.store.records import IncidentChange
from lib.store.table import Table
from lib.times import Clock, to_text

logger = Logger(child=True)


def asked_about(table: Table, asked: Asked) -> Incident:
    """The open incident. Raises BadRequest."""
    incident = table.incident(asked.incident)
    if incident is None:
        raise BadRequest(404, f"There is no incident {asked.incident}.")
    if not incident.status.open:
        raise BadRequest(409, f"{incident.id} is {incident.status.value} already.")
    return incident


def shown_plan(table: Table, asked: Asked) -> Incident:
    """The open incident, while its plan is the one that was looked at. Raises BadRequest."""
    digest, incident = asked.digest, asked_about(table, asked)
    if incident.plan.digest != digest:
        raise BadRequest(409, f"The plan of {incident.id} changed; look at it and decide anew.")
    return incident


def somebody_else(table: Table, asked: Asked, incident: Incident) -> None:
    """Raises BadRequest for the target, and for whoever made the change in Okta; of a shared
    cause, for those of every drift it lists.
    """
    if is_excluded(asked.person, concerned(table, incident)):
        raise BadRequest(
            403, "You are the target of this change, or made it in Okta: somebody else decides."
        )


class Rulings:
    def __init__(self, table: Table, errands: Errands, clock: Clock) -> None:
        self._table, self._errands, self._clock = table, errands, clock

    def dismiss(self, asked: Asked) -> Answer:
        """The difference stays as it is: no incident while the values are these.

        Raises BadRequest, and Conflict when the incident was written meanwhile.
        """
        why, incident = asked.why, shown_plan(self._table, asked)
        somebody_else(self._table, asked, incident)
        self._at_rest(incident)
        if incident.status in (Status.REMEDIATING, Status.PROVING):
            raise BadRequest(
                409, f"{incident.id} is {incident.status.value}; wait for its proof or failure."
            )
        conditions = self._nobody_listed(incident) if incident.everyone else ()
        now = self._clock()
        dismissed = replace(
            incident,
            status=Status.DISMISSED,
            in_flight=None,
            snoozed_until=None,
            approved_until=None,
            updated_at=now,
        )
        # Sent only where something was sent that it closes: members of a list page nobody.
        told = page(dismissed, News.DISMISSED)
        of = f" (it was listed by {incident.parent})" if incident.parent else ""
        entry = Entry(now, asked.person, "dismissed", why + of)
        change = IncidentChange(dismissed, (entry,), (told,))
        record = asked.record(now, "dismissed")
        if incident.everyone:
            self._table.decided(record, change, conditions=conditions)
        else:
            values = incident.plan.values_digest
            ruling = Ruling(incident.subject, incident.attribute, values, asked.person, why, now)
            self._table.rule(ruling, record, change)
        self._page(incident.id)
        return Answer("dismissed", dismissed.status.value)

    def snooze(self, asked: Asked) -> Answer:
        """Nobody is paged again before, unless it gets worse. Raises as dismiss does."""
        incident, now = asked_about(self._table, asked), self._clock()
        try:
            until = snooze_end(asked.text("until"), now)
        except ValueError as error:
            raise BadRequest(400, str(error)) from None
        if incident.status is Status.SHARED:
            raise BadRequest(409, f"It pages nobody itself; snooze {incident.parent}.")
        somebody_else(self._table, asked, incident)
        self._at_rest(incident)
        said = f"snoozed until {to_text(until)}" if until else "snooze ended"
        self._table.decided(
            asked.record(now, "snoozed" if until else "woken", said),
            IncidentChange(
                replace(incident, snoozed_until=until, updated_at=now),
                (Entry(now, asked.person, said),),
            ),
        )
        return Answer(said, incident.status.value)

    def _at_rest(self, incident: Incident) -> None:
        if under_way(incident, self._clock()):
            raise BadRequest(
                409, f"{incident.in_flight} of {incident.id} is under way; try again in a minute."
            )

    def _nobody_listed(self, incident: Incident) -> tuple[Mapping[str, Any], ...]:
        """Whoever joins meanwhile keeps the incident open."""
        joined = self._table.joined(incident.id)
        if self._table.members(incident.id, 1):
            raise BadRequest(
                409, f"{incident.id} lists others: dismiss its members, or cure the cause."
            )
        return (self._table.nobody_joined(incident.id, joined),)

    def _page(self, incident_id: str) -> None:
        """It is decided whether or not the page goes out now: tick sends what is left."""
        try:
            self._errands.send_pages(incident_id)
        except PushproofError as error:
            logger.warning("page not sent", extra={"reason": str(error)})
