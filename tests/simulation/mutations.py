"""Each safety rule switched off, by itself: the harness has to notice every one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import lib.flows.approve as approve_flow
import lib.flows.bypass as bypass_flow
import lib.flows.check as check_flow
import lib.flows.decide as decide_flow
import lib.flows.flag_incident as flag_flow
import lib.flows.remediate as remediate_flow
import lib.flows.rulings as rulings_flow
import lib.flows.tick as tick_flow
from lib.flows import caps
from lib.flows.check import Check
from lib.flows.drifts import Drifts
from lib.flows.errands import Errands
from lib.flows.guards import Guards
from lib.flows.remediate import Remediation
from lib.flows.runs import Scene
from lib.flows.tick import Tick
from lib.incident import Plan
from lib.model import KeyKind, Link, UserKey
from lib.rules import coverage, plans, policy
from lib.rules.policy import Approval, Decision
from lib.settings import Mode
from lib.store.incidents import Incidents
from lib.store.items import Items
from lib.store.table import Table
from lib.store.wanted import Wanted
from tests.fakes.clock import START
from tests.simulation.vendors import SimGraph

# Sets an attribute of a module or class, and puts it back afterwards.
Patch = Callable[[Any, str, Any], None]


def covers_too_much(patch: Patch) -> None:
    """A read covers hints that were published right before it, whatever replication still hides."""
    later: Callable[[datetime, timedelta], datetime] = lambda at, _: at  # noqa: E731
    patch(coverage, "covered_to", later)


def guesses_cover(patch: Patch) -> None:
    """A read that asked Graph for nobody covers hints that named the app."""

    def nobody(self: Any, sight: Any) -> None:
        state = self._state(sight, chain=None, cover=True)
        self._commit(self._settled(sight, state), [])

    patch(Check, "_nobody", nobody)


def writes_without_condition(patch: Patch) -> None:
    real = Items._put

    def put(self: Any, item: Any, condition: str = "", values: Any = None) -> Any:
        return real(self, item)

    patch(Items, "_put", put)


def does_not_read_before_a_write(patch: Patch) -> None:
    """The plan is believed, as it was made."""

    def read(self: Any, incident: Any) -> Any:
        plan = incident.plan
        reading = self._okta.read_subject(plan.subject, ())
        user = self._graph.read_user(plan.link.object_id) if plan.link else None
        return Scene(reading, user)

    patch(Guards, "read", read)
    patch(Guards, "stop", lambda self, incident, step, scene: None)


def believes_any_link(patch: Patch) -> None:
    patch(Link, "pinned", property(lambda self: True))


def ignores_a_changed_link(patch: Patch) -> None:
    def read(self: Any, incident: Any) -> Any:
        plan = incident.plan
        others = [app for app in self._app_ids if app != plan.subject.app_id]
        reading = self._okta.read_subject(plan.subject, others)
        return Scene(reading, self._graph.read_user(plan.link.object_id)) if plan.link else None

    patch(Guards, "read", read)


def approves_whatever_the_plan(patch: Patch) -> None:
    """Approvals count for an incident, and not for exactly one plan."""
    real = policy.gate

    def gate(plan: Plan, mode: Mode, approvals: Any, *more: Any) -> Decision:
        given = [replace(each, digest=plan.digest) for each in approvals]
        return real(plan, mode, given, *more)

    _gate(patch, gate)


def counts_approvals_not_people(patch: Patch) -> None:
    real = policy.gate

    def gate(plan: Plan, mode: Mode, approvals: Any, *more: Any) -> Decision:
        each: list[Approval] = [
            replace(one, person=f"{one.person} {number}@") for number, one in enumerate(approvals)
        ]
        return real(plan, mode, each, *more)

    _gate(patch, gate)
    alike: Callable[[str, str], bool] = lambda one, other: one == other  # noqa: E731
    patch(approve_flow, "same_person", alike)


def approvals_last_for_good(patch: Patch) -> None:
    real = policy.gate

    def gate(plan: Plan, mode: Mode, approvals: Any, *more: Any) -> Decision:
        return real(plan, mode, approvals, more[0], 1e6, *more[2:])

    _gate(patch, gate)


def _gate(patch: Patch, gate: Any) -> None:
    for module in (
        *(policy, approve_flow, remediate_flow, bypass_flow, decide_flow, flag_flow, tick_flow),
    ):
        patch(module, "gate", gate)


def anybody_approves(patch: Patch) -> None:
    """The target, and whoever changed the value, approve too."""
    nobody: Callable[[str, Any], bool] = lambda person, excluded: False  # noqa: E731
    patch(policy, "is_excluded", nobody)
    patch(rulings_flow, "is_excluded", nobody)


def ignores_the_mode(patch: Patch) -> None:
    patch(Table, "mode", lambda self, default: default)


def has_no_cap(patch: Patch) -> None:
    free = caps.Taken("writes", "anybody", START, new=False)
    patch(Remediation, "_place", lambda self, incident: free)


def has_no_tenant_lock(patch: Patch) -> None:
    patch(Table, "tenant_locked", lambda self, now: False)


def takes_any_tenant_lock(patch: Patch) -> None:
    patch(Table, "take_tenant_lock", lambda self, holder, now, lasting: None)


def touches_break_glass(patch: Patch) -> None:
    real: Any = policy.policy_for

    def policy_for(case: Any, kinds: Any, break_glass: frozenset[str]) -> Any:
        return real(case, kinds, frozenset())

    patch(plans, "policy_for", policy_for)
    patch(Guards, "_now_guarded", lambda self, incident, step, scene: "")


def forgets_errands(patch: Patch) -> None:
    """Pages and mends are sent when they come up, and remembered nowhere."""
    lists_no_page_as_due(patch)
    real = Table.commit_subject

    def commit(self: Any, state: Any, changes: Any = (), conditions: Any = ()) -> Any:
        stored = real(self, replace(state, errands=()), changes, conditions)
        return replace(stored, errands=state.errands)

    patch(Table, "commit_subject", commit)


def lists_no_page_as_due(patch: Patch) -> None:
    real = Incidents._page_put

    def put(self: Any, incident: Any, page: Any) -> Any:
        made = real(self, incident, page)
        given = made["Update"]
        given["UpdateExpression"] = given["UpdateExpression"].partition(", due_pk")[0]
        values = given["ExpressionAttributeValues"]
        given["ExpressionAttributeValues"] = {":b": values[":b"], ":t": values[":t"]}
        return made

    patch(Incidents, "_page_put", put)


def has_no_tick(patch: Patch) -> None:
    nothing: Mapping[str, int] = {}
    patch(Tick, "run", lambda self: nothing)


def opens_what_was_dismissed(patch: Patch) -> None:
    patch(Drifts, "_dismissed", lambda self, plan: False)


def mends_what_comes_back(patch: Patch) -> None:
    patch(Drifts, "_back", lambda self, sight, plan: "")


def proves_by_a_filter(patch: Patch) -> None:
    """What agrees in a filtered read is called proved, although an index may lag."""
    real = SimGraph.read_user

    def read_user(self: Any, object_id: str) -> Any:
        key = UserKey(KeyKind.OBJECT_ID, object_id)
        answer = self.read_users([key])[key]
        return answer if not isinstance(answer, Exception) else real(self, object_id)

    patch(SimGraph, "read_user", read_user)


def proves_under_a_step(patch: Patch) -> None:
    """A read from before the step, or while it is under way, proves it."""
    patch(check_flow, "under_way", lambda incident, now: False)
    patch(Items, "_transact", _without_conditions())


def _without_conditions() -> Any:
    real = Items._transact

    def transact(self: Any, puts: list[dict[str, Any]]) -> None:
        bare = []
        for each in puts:
            put = each.get("Put")
            if put and put["Item"]["pk"].startswith(("INCIDENT#", "SUBJECT#")):
                bare.append({"Put": {"TableName": put["TableName"], "Item": put["Item"]}})
            else:
                bare.append(each)
        real(self, bare)

    return transact


def pages_under_new_keys(patch: Patch) -> None:
    """Each sending of a page has a key of its own."""
    real = Errands._send
    numbers = iter(range(1_000_000))

    def send(self: Any, page: Any, alerted: bool) -> bool:
        pager = self._pager

        class Renamed:
            def page(self, page: Any) -> None:
                pager.page(replace(page, key=f"{page.key}-{next(numbers)}"))

        self._pager = Renamed()
        try:
            return real(self, page, alerted)
        finally:
            self._pager = pager

    patch(Errands, "_send", send)


def asks_nobody_twice(patch: Patch) -> None:
    """A hint that names no app is answered by any link of the user's."""
    patch(check_flow, "needed", lambda task, state, states, settle: not task.guessed)


def forgets_whom_a_storm_wants(patch: Patch) -> None:
    """Hints are taken off the queue, and no round knows of them."""
    patch(Wanted, "want", lambda self, marks: None)


def pages_tell_values(patch: Patch) -> None:
    real = decide_flow.page

    def page(incident: Any, news: Any, detail: str = "", *more: Any, **others: Any) -> Any:
        made = real(incident, news, detail, *more, **others)
        return replace(made, text=f"{made.text} {incident.plan.expected}")

    patch(decide_flow, "page", page)


def logs_tell_values(patch: Patch) -> None:
    real = Check._expected

    def expected(self: Any, reading: Any) -> Any:
        found = real(self, reading)
        check_flow.logger.info("read", extra={"values": [str(each.value) for each in found]})
        return found

    patch(Check, "_expected", expected)
