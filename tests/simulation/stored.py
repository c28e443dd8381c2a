"""(2) One open incident, and (4) nothing resolved without a proof: at every item that is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lib.model import Subject
from tests.simulation.memory import Change
from tests.simulation.news import News
from tests.simulation.plans import canonical, difference, flap, holds, meant
from tests.simulation.seen import CLOSED, Given, Violation


class Stored(News):
    def stored(self, changes: Sequence[Change]) -> None:
        for (pk, sk), before, after in changes:
            kind, _, rest = pk.partition("#")
            if kind == "INCIDENT" and sk == "HEAD" and after is not None:
                self._incident(rest, before, json.loads(after["body"]))
            elif kind == "INCIDENT" and sk.startswith("PAGE#") and after is not None:
                self._page_row(rest, sk, before, after)
            elif kind == "APPROVAL" and after is not None:
                self._approval(rest, json.loads(after["body"]))
            elif kind == "RULING" and after is not None:
                self._ruling(tuple(rest.split("#")), sk)
            elif pk == "CONTROL#mode" and after is not None:
                self.modes.append((self.effects.number, str(after["mode"])))
            elif pk == "LOCK#tenant":
                until = datetime.fromisoformat(after["until"]) if after else self.clocks.peek()
                holder = str(after["holder"]) if after else ""
                self.locks.append((self.effects.number, holder, until))
            elif kind == "COUNTER" and after is not None and self.effects.run:
                self.effects.run.counted.add(rest.partition("#")[0])

    def _incident(self, ident: str, before: Any, body: dict[str, Any]) -> None:
        known = json.loads(before["body"]) if before else None
        self.heads[ident] = body
        subject = body["subject"]
        key = (subject["app_id"], subject["user_id"], body["attribute"])
        mine = self.open[key]
        if body["status"] in CLOSED:
            mine.discard(ident)
        else:
            mine.add(ident)
        if len(mine) > 1:
            raise Violation(f"(2) two open incidents of one subject and attribute: {sorted(mine)}")
        if subject["user_id"].startswith("*"):
            return
        if known is None:
            self._opened(ident, body)
        elif known["status"] in CLOSED and body["status"] != known["status"]:
            raise Violation(f"(4) {ident} was {known['status']} and is {body['status']}")
        run = self.effects.run
        if body["status"] == "resolved" and (known is None or known["status"] != "resolved"):
            self._resolved(ident, body)
        elif (
            run
            and Subject(**subject) in run.readings
            and (known is None or known["drift_read_at"] != body["drift_read_at"])
        ):
            self.drift_read[ident] = run.readings[Subject(**subject)][0]
        if run and known is not None and body["in_flight"] and known["in_flight"]:
            run.retried = True

    def _opened(self, ident: str, body: Mapping[str, Any]) -> None:
        plan, subject = body["plan"], body["subject"]
        ruled = self.ruled.get((subject["app_id"], subject["user_id"], body["attribute"]))
        if ruled is not None and ruled == difference(plan):
            raise Violation(f"(3) {ident} was opened although a person dismissed this difference")

    def _ruling(self, subject: tuple[str, ...], attribute: str) -> None:
        """Stored together with the open incident that it ends, whose difference stays."""
        for ident in self.open[subject[0], subject[1], attribute]:
            key = (subject[0], subject[1], attribute)
            self.ruled[key] = difference(self.heads[ident]["plan"])

    def _resolved(self, ident: str, body: Mapping[str, Any]) -> None:
        """(4) By reads of this very run, later than the last drift read and the last step."""
        run, plan = self.effects.run, body["plan"]
        subject = Subject(**body["subject"])
        if run is None or subject not in run.readings:
            raise Violation(f"(4) {ident} is resolved without a read")
        at, reading = run.readings[subject]
        last = max(self.steps.get(ident, -1), self.drift_read.get(ident, -1))
        if at <= last:
            raise Violation(f"(4) {ident} is resolved by a read before its last step or drift read")
        expected = meant(reading, body["attribute"])
        link = (plan["link"] or {}).get("object_id")
        object_id = reading.app_user.external_id if reading.app_user else link
        seen = [
            (number, user)
            for name, (number, user) in run.users.items()
            if number > last and (name in (object_id, link) or user is not None)
        ]
        if not seen and object_id is not None:
            raise Violation(f"(4) {ident} is resolved without a single read of the account")
        agree = any(holds(user, body["attribute"], expected) for _, user in seen) or not seen
        if not agree:
            raise Violation(f"(4) {ident} is resolved although the read shows another value")
        if self.steps.get(ident, -1) > self.drift_read.get(ident, -1):
            # Ours, and not somebody else's after ours had not landed.
            self.mended[flap(body)] = self.clocks.peek()

    # -- approvals --------------------------------------------------------------------------

    def shown(self, digest: str, plan: Mapping[str, Any]) -> None:
        """A person looks at a plan: its digest stands for exactly this text."""
        text = canonical(plan)
        if self.plans.setdefault(digest, text) != text:
            raise Violation("(3) one digest stands for two plans")

    def _approval(self, ident: str, body: Mapping[str, Any]) -> None:
        at = datetime.fromisoformat(body["at"])
        plan = self.plans.get(body["digest"])
        if plan is None:
            raise Violation("(3) an approval of a plan that nobody was shown")
        self.given[ident].append(Given(body["person"], plan, at))
