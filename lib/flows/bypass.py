"""bypass: a signed-in Global Administrator sets the tenant's flag, or takes it back.

Documented for delegated Global Administrators only, so no function ever does it: `graph` acts as
the person who signed in. The flag is read before anything else, so that a crash between the PATCH
and its record is found out by the next run.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from aws_lambda_powertools import Logger

from lib.errors import (
    Conflict,
    NotDone,
    NotFound,
    Permanent,
    PushproofError,
    Refused,
    Transient,
    Unauthorized,
)
from lib.flows import caps, concerned
from lib.flows import preview as previews
from lib.flows.evidence import Evidence
from lib.flows.flag_incident import FlagIncident, last_incident, open_incident
from lib.flows.preview import Preview
from lib.flows.runs import Ended, Run
from lib.incident import Incident
from lib.model import DirectorySync, Receipt
from lib.ports import GraphPort, OktaPort
from lib.rules.case import BypassFact
from lib.rules.flag import ENABLE, NAME, Known, Obstacle, obstacle
from lib.rules.policy import gate
from lib.settings import PolicySettings, WatchSettings
from lib.store.table import Table
from lib.times import Clock, to_text

logger = Logger(child=True)

# Reads after writes may be stale; seconds before each attempt to read the flag back.
READ_BACK = (0.0, 1.0, 2.0, 4.0, 8.0)
# Reading a large tenant takes minutes; renewed right before the PATCH.
LOCKED = timedelta(minutes=15)
# Counters of their own: a cap on setting the flag must never hold back taking it back.
SET, TAKEN_BACK = "tenant-wide", "tenant-wide-back"
SOURCE = "an administrator's GET onPremisesSynchronization"

Confirm = Callable[[str], bool]


def known(table: Table, policy: PolicySettings, tenant_id: str, now: datetime) -> Known:
    """What the table tells; reads no vendor."""
    incident = open_incident(table, tenant_id)
    mode = table.mode(policy.mode)
    decision = None
    if incident is not None:
        approvals = concerned.approvals(table, incident)
        people = concerned.people_needed(table, incident)
        decision = gate(incident.plan, mode, approvals, now, policy.approval_hours, people)
    return Known(
        mode=mode,
        fact=table.bypass_fact(),
        preview=previews.recorded(table),
        checks=table.ordinary_checks(),
        incident=incident,
        decision=decision,
        members=table.member_count(incident) if incident else 0,
    )


class Bypass:
    """Every outcome is a Run: REFUSED and WAITS wrote nothing. Raises NotDone when nothing was
    written for now, any other Transient when it is not known how a write ended, and Permanent when
    the sign-in is refused.
    """

    def __init__(
        self,
        watch: WatchSettings,
        policy: PolicySettings,
        okta: OktaPort,
        graph: GraphPort,
        table: Table,
        evidence: Evidence,
        incidents: FlagIncident,
        holder: str,
        sleep: Callable[[float], None],
        clock: Clock,
    ) -> None:
        """`holder` names this run alone: it holds the tenant lock."""
        self._watch, self._policy = watch, policy
        self._okta, self._graph, self._table = okta, graph, table
        self._evidence, self._incidents = evidence, incidents
        self._holder, self._sleep, self._clock = holder, sleep, clock

    def known(self) -> Known:
        return known(self._table, self._policy, self._watch.tenant_id, self._clock())

    def preview(self) -> Preview:
        """Whom it would overwrite, kept as evidence; the open incident's plan is for exactly it."""
        found = previews.take(
            self._okta, self._graph, self._evidence, self._watch.app_ids, self._clock
        )
        previews.record(self._table, found)
        incident = self._incidents.found()
        if incident is not None:
            self._incidents.previewed(incident, found.digest, _told(found))
        return found

    def enable(self, confirm: Confirm) -> Run:
        """The article's GET, PATCH, GET, behind everything that must hold first."""
        sync = self._read()
        if isinstance(sync, Run):
            return sync
        if sync.bypass_enabled:
            return self._found_on()
        self._found_off(f"{NAME} reads false")
        stands = obstacle(self.known(), self._clock())
        if stands is not None:
            return self._refuse(stands)
        summary = previews.recorded(self._table)
        numbers = summary.overwritten if summary else 0
        question = (
            f"Set {NAME} for the whole tenant now? At least {numbers} numbers are overwritten, "
            "and there is no undo."
        )
        if not confirm(question):
            return Run(Ended.WAITS, "not confirmed")
        return self._locked(lambda: self._enable(sync))

    def disable(self, confirm: Confirm) -> Run:
        """The way back of the switch. Numbers that were overwritten stay as they are."""
        sync = self._read()
        if isinstance(sync, Run):
            return sync
        if not sync.bypass_enabled:
            self._found_off(f"{NAME} reads false already", settled=True)
            return Run(Ended.HEALED, f"{NAME} reads false already; nothing was written")
        self._seen_on()
        question = (
            f"Set {NAME} to false for the whole tenant now? Numbers that were overwritten stay "
            "as they are."
        )
        if not confirm(question):
            return Run(Ended.WAITS, "not confirmed")
        return self._locked(lambda: self._disable(sync))

    # -- under the tenant lock --------------------------------------------------------------

    def _enable(self, sync: DirectorySync) -> Run:
        by_hand = self._incidents.found() is None
        incident = self._incidents.opened()
        # Read and gated after the question: a prompt may stand open for hours.
        fresh = previews.take(
            self._okta, self._graph, self._evidence, self._watch.app_ids, self._clock
        )
        previews.record(self._table, fresh)
        moved = self._incidents.previewed(incident, fresh.digest, _told(fresh))
        incident = moved.incident
        now = self.known()
        if by_hand:
            why = f"{incident.id} was opened for it and needs an approval"
            return self._refuse(_approve(incident, why), incident)
        if moved.changed:
            why = f"the preview changed: {_told(fresh)} now; approve again"
            return self._refuse(_approve(incident, why), incident)
        stands = obstacle(now, self._clock())
        if stands is not None:
            return self._refuse(stands, incident)
        if not self._renew():
            return self._refuse(_BUSY, incident)
        # A try whose outcome was lost has its place already, and may have happened.
        begun, who = incident.in_flight is not None, caps.who(incident)
        taken = caps.Taken(SET, who, self._clock(), new=False) if begun else self._place(SET, who)
        if taken is None:
            return self._refuse(Obstacle(self._capped, ENABLE), incident)
        try:
            incident = self._incidents.begins(incident)
        except Permanent as error:
            caps.give_back(self._table, taken)
            return Run(Ended.REFUSED, str(error), incident)
        # Before the PATCH: a crash after it must not cost the evidence.
        previews.keep(self._table, fresh)
        try:
            receipt = self._set(sync, enabled=True)
        except (Unauthorized, NotDone) as error:
            self._incidents.not_done(incident, str(error), begun=begun)
            self._not_set(fresh, taken)
            raise
        except (Refused, Permanent) as error:
            ids = error.request_id if isinstance(error, Refused) else None
            moved_back = self._incidents.refused(incident, str(error), ids, begun=begun)
            self._not_set(fresh, taken)
            return Run(Ended.REFUSED, _refused("set", error), moved_back)
        except Transient as error:
            self._incidents.unknown(incident, str(error))
            raise
        self._table.record_bypass(BypassFact(True, self._clock(), SOURCE))
        done = self._incidents.done(incident, "bypass_enable done", receipt)
        return Run(Ended.DONE, f"{NAME} is set and was read back", done)

    def _not_set(self, preview: Preview, taken: caps.Taken) -> None:
        """This try overwrote no number. Unless an earlier one may have, the hour's place is free
        again and the preview is no evidence.
        """
        if not taken.new:
            return
        caps.give_back(self._table, taken)
        try:
            previews.let_expire(self._table, preview)
        except PushproofError as error:
            logger.warning("preview kept", extra={"reason": str(error)})

    def _disable(self, sync: DirectorySync) -> Run:
        if not self._renew():
            return self._refuse(_BUSY)
        taken = self._place(TAKEN_BACK, self._since())
        if taken is None:
            return self._refuse(Obstacle(self._capped, "pushproof bypass disable"))
        last = last_incident(self._table, self._watch.tenant_id)
        if last:
            self._incidents.add(last, "bypass_disable begins", NAME)
        try:
            receipt = self._set(sync, enabled=False)
        except (Refused, Permanent, NotDone) as error:
            if last:
                how = "not done" if isinstance(error, Unauthorized | NotDone) else "refused"
                self._incidents.add(last, f"bypass_disable {how}", str(error))
            caps.give_back(self._table, taken)
            if isinstance(error, Unauthorized | NotDone):
                raise
            return Run(Ended.REFUSED, _refused("changed", error))
        if last:
            self._incidents.add(last, "bypass_disable done", f"HTTP {receipt.status}", receipt)
        self._found_off("bypass_disable", settled=True)
        return Run(Ended.DONE, f"{NAME} is false and was read back")

    def _set(self, sync: DirectorySync, *, enabled: bool) -> Receipt:
        receipt = self._graph.set_bypass(sync.id, enabled)
        for wait in READ_BACK:
            if wait:
                self._sleep(wait)
            try:
                if self._graph.directory_sync().bypass_enabled is enabled:
                    return receipt
            except (Refused, Permanent, NotDone) as error:
                after = error.retry_after if isinstance(error, NotDone) else None
                why = f"it was written and can not be read back: {error}"
                raise Transient(why, after) from None
        told = str(not enabled).lower()
        raise Transient(f"{NAME} still reads {told} after the PATCH; run it again", retry_after=60)

    def _locked(self, work: Callable[[], Run]) -> Run:
        if not self._renew():
            return self._refuse(_BUSY)
        try:
            return work()
        finally:
            self._table.release_tenant_lock(self._holder)

    def _renew(self) -> bool:
        try:
            self._table.take_tenant_lock(self._holder, self._clock(), LOCKED)
        except Conflict:
            return False
        return True

    def _place(self, name: str, who: str) -> caps.Taken | None:
        limit = self._policy.tenant_steps_per_hour
        return caps.take(self._table, name, who, self._clock(), limit)

    @property
    def _capped(self) -> str:
        limit = self._policy.tenant_steps_per_hour
        return f"the cap of {limit} tenant-wide steps an hour is reached; wait for the next hour"

    # -- what was read ----------------------------------------------------------------------

    def _read(self) -> DirectorySync | Run:
        """Refused means unknown, never false: nothing is recorded of it."""
        try:
            return self._graph.directory_sync()
        except Refused as error:
            return Run(Ended.REFUSED, _refused("read", error))
        except NotFound:
            why = "the tenant has no directory synchronisation, so there is no flag to set"
            return Run(Ended.REFUSED, why)

    def _seen_on(self) -> None:
        recorded = self._table.bypass_fact()
        if recorded is None or not recorded.enabled:
            self._table.record_bypass(BypassFact(True, self._clock(), SOURCE))

    def _since(self) -> str:
        """Which switching-on is taken back: a second try of one takes no second place."""
        recorded = self._table.bypass_fact()
        return f"since-{to_text(recorded.at)}" if recorded else "since-unknown"

    def _found_on(self) -> Run:
        """Set already: by an earlier run that did not get to say so, or by somebody else."""
        self._seen_on()
        incident = self._incidents.found()
        why = f"{NAME} reads true already; nothing was written"
        if incident is None:
            return Run(Ended.HEALED, why)
        if incident.next_step is None and incident.in_flight is None:
            self._incidents.ask(incident)
            return Run(Ended.HEALED, why, incident)
        return Run(Ended.HEALED, why, self._incidents.done(incident, "flag is on already", None))

    def _found_off(self, why: str, *, settled: bool = False) -> None:
        """`settled`: no step in flight can still be about to set it."""
        recorded = self._table.bypass_fact()
        if recorded is None or recorded.enabled is not False:
            self._table.record_bypass(BypassFact(False, self._clock(), SOURCE))
        incident = self._incidents.found()
        begun = incident is not None and settled and incident.in_flight is not None
        if incident is not None and (incident.steps_done or begun):
            self._incidents.off_again(incident, why)

    def _refuse(self, stands: Obstacle, incident: Incident | None = None) -> Run:
        return Run(Ended.REFUSED, str(stands), incident)


_BUSY = Obstacle("a tenant-wide step is under way, or was cut off within 15 minutes", ENABLE)


def _approve(incident: Incident, why: str) -> Obstacle:
    return Obstacle(why, f"pushproof approve {incident.id}")


def _told(preview: Preview) -> str:
    count = len(preview.overwrites)
    return f"{count} number{'' if count == 1 else 's'}"


def _refused(what: str, error: Refused | Permanent) -> str:
    said = f"{error.status} {error.code}" if isinstance(error, Refused) else str(error)
    return (
        f"Microsoft did not let {NAME} be {what} ({said}): whoever signed in is not a Global "
        "Administrator, or the operators' application lacks consent to "
        "OnPremDirectorySynchronization.ReadWrite.All"
    )
