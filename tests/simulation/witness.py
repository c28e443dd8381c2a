"""What must always hold, watched from outside: every stored item, vendor call, page and log line.

It shares no rule with lib/: what a plan is, who approved it and what a cap allows is told here once
more, from what was stored and seen. Numbers are those of design.md, "What must always hold".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from lib.model import Attribute, OktaReading, Subject, Value
from tests.simulation.effects import Run
from tests.simulation.log import FORGED_MAIL, FORGED_PHONE
from tests.simulation.plans import canonical, flap, meant, ordered
from tests.simulation.seen import CLOSED, Rules, Violation
from tests.simulation.stored import Stored

__all__ = ["CLOSED", "Rules", "Violation", "Witness"]

DAY = timedelta(days=1)
WATCHED = frozenset({"mobilePhone", "otherMails", "accountEnabled"})


class Witness(Stored):
    """(3) and (5): who may write what, asked at every write a vendor is sent."""

    def patch(self, object_id: str, changes: Mapping[Attribute, Value], actor: str | None) -> None:
        self.writes["privileged_write" if actor else "graph_write"] += 1
        ((attribute, value),) = changes.items()
        if attribute.value not in WATCHED:
            raise Violation(f"(3) {attribute.value} is not watched")
        if value is True:
            raise Violation("(3) an account is switched on")
        if value in (FORGED_PHONE, (FORGED_MAIL,)):
            raise Violation("(5) a value of an event's body is written")
        kind = "privileged_write" if actor else "graph_write"
        body = self._begun(kind, attribute.value, object_id)
        step = body["plan"]["steps"][body["steps_done"]]
        if ordered(value) != ordered(step["after"]):
            raise Violation("(3) another value is written than the plan's")
        run, subject = self._run(), Subject(**body["subject"])
        read_at, reading = self._fresh(subject)
        expected = meant(reading, attribute.value)
        if ordered(expected) != ordered(value):
            raise Violation("(3) what is written is not what Okta said right before")
        self._pinned(reading, body, object_id)
        at, user = run.users.get(object_id, (-1, None))
        if at < read_at or user is None:
            raise Violation("(3) the account was not read right before the write")
        actual = body["plan"]["actual"]
        held = ordered(user.value(attribute))
        if held != ordered(actual) and held != ordered(value) and (held or actual):
            raise Violation("(3) the account held another value than the plan's")
        if not actor and self.truth(subject).standing and run.standings.get(object_id, -1) < 0:
            raise Violation("(3) whether the target is privileged was not read")
        self._allowed(body, read_at)
        disables = attribute is Attribute.ACCOUNT_ENABLED
        self._capped("disables" if disables else "writes")
        self._not_flapping(body, read_at)

    def touch(self, subject: Subject, attribute: str, value: str) -> None:
        self.writes["okta_touch"] += 1
        if attribute != self.rules.touch_attribute:
            raise Violation(f"(3) {attribute} is touched")
        if FORGED_PHONE in value or FORGED_MAIL in value:
            raise Violation("(5) a value of an event's body is written")
        body = self._begun("okta_touch", attribute, None, subject)
        read_at, _ = self._fresh(subject)
        self._allowed(body, read_at)
        self._capped("writes")
        self._not_flapping(body, read_at)

    def set_bypass(self, enabled: bool, actor: str | None) -> None:
        self.writes["bypass_enable" if enabled else "bypass_disable"] += 1
        run = self._run()
        if actor is None:
            raise Violation("(3) a function sets the tenant's flag")
        if not self.locks or not self.locks[-1][1] or self.locks[-1][2] < self.clocks.peek():
            raise Violation("(3) the tenant's flag is set without the tenant lock")
        if not enabled:
            return
        begun = [
            body
            for body in self.heads.values()
            if body["in_flight"] == "bypass_enable" and body["status"] not in CLOSED
        ]
        if len(begun) != 1:
            raise Violation("(3) the flag is set without a recorded intent")
        self._allowed(begun[0], run.began_at)

    def _run(self) -> Run:
        if self.effects.run is None:
            raise Violation("(3) a write outside any run")
        return self.effects.run

    def _begun(
        self, kind: str, target: str, object_id: str | None, subject: Subject | None = None
    ) -> dict[str, Any]:
        """The one incident whose intent is exactly this write."""
        found = []
        for ident, body in self.heads.items():
            plan = body["plan"]
            if body["in_flight"] != kind or body["status"] in CLOSED:
                continue
            step = (
                plan["steps"][body["steps_done"]] if body["steps_done"] < len(plan["steps"]) else {}
            )
            whose = object_id is not None and (plan["link"] or {}).get("object_id") == object_id
            mine = subject is not None and Subject(**body["subject"]) == subject
            if step.get("kind") == kind and step.get("target") == target and (whose or mine):
                found.append((ident, body))
        if len(found) != 1:
            raise Violation(f"(3) {kind} of {target} without exactly one recorded intent")
        ident, body = found[0]
        self.steps[ident] = self.effects.number
        if body["plan"]["policy"]["blocked"]:
            raise Violation("(3) a blocked plan runs")
        link = (body["plan"]["link"] or {}).get("object_id", "")
        if link.lower() in self.rules.break_glass:
            raise Violation("(3) a break-glass account is written")
        return body

    def _fresh(self, subject: Subject) -> tuple[int, OktaReading]:
        run = self._run()
        if subject not in run.readings:
            raise Violation("(3) Okta was not read right before the write")
        return run.readings[subject]

    def _pinned(self, reading: OktaReading, body: Mapping[str, Any], object_id: str) -> None:
        link = body["plan"]["link"]
        if link is None or link["source"] == "user_principal_name":
            raise Violation("(3) a write through a link that is not pinned")
        external = reading.app_user.external_id if reading.app_user else None
        if reading.app_user is not None and not external:
            if link["source"] not in ("stored", "external_id", "immutable_id"):
                raise Violation("(3) a write through a name")
            return
        if external and "-aaaa-" in external and external != object_id:
            raise Violation("(3) another account is written than the one Okta is linked to")

    def _allowed(self, body: Mapping[str, Any], since: int) -> None:
        """Mode and approvals, at some moment between the fresh read and now."""
        modes = {mode for number, mode in self.modes if number >= since}
        modes.add(next(mode for number, mode in reversed(self.modes) if number <= since))
        plan, now = canonical(body["plan"]), self.clocks.peek()
        lasting = timedelta(hours=self.rules.approval_hours, seconds=60)
        given = [g for g in self.given[body["id"]] if g.plan == plan and now - g.at <= lasting]
        people = {g.person.casefold().split("@")[0] for g in given}
        excluded = {name.split("@")[0] for name in body["plan"]["policy"]["excluded"]}
        people -= excluded
        needed = int(body["plan"]["policy"]["approvals"])
        for mode in modes:
            if mode == "observe":
                continue
            if len(people) >= (max(1, needed) if mode == "approve" else needed):
                break
        else:
            raise Violation(f"(3) {len(people)} people approved this plan, modes {sorted(modes)}")
        if body["in_flight"] == "bypass_enable":
            return
        locked = [each for each in self.locks if each[0] <= since]
        if locked and locked[-1][1] and locked[-1][2] >= now and locked[-1] == self.locks[-1]:
            raise Violation("(3) a user's step runs beside a tenant-wide step")

    def _capped(self, name: str) -> None:
        run = self._run()
        if not run.retried and name not in run.counted:
            raise Violation(f"(3) a write without a place under the hourly cap of {name}")

    def _not_flapping(self, body: Mapping[str, Any], since: int) -> None:
        at = self.mended.get(flap(body))
        if at is None or self.clocks.peek() - at >= DAY:
            return
        if not any(g.plan == canonical(body["plan"]) for g in self.given[body["id"]]):
            raise Violation("(3) what came back within a day is mended again without a person")
