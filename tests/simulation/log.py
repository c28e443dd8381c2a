"""Okta's System Log and its hook: what was published, persisted, delivered and acknowledged."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lib.model import Subject
from lib.okta_log import PATH, LogPage
from lib.rules.hints import HOOK_EVENTS
from lib.times import to_text
from tests.simulation.clocks import Clocks

PUSH = "application.provision.user.push_profile"
PROFILE = "user.account.update_profile"
REMOVED = "application.user_membership.remove"
# Values of an event's body: whoever writes one of them has believed an event.
FORGED_PHONE, FORGED_MAIL = "+15556660000", "canary-forged@evil.example"


@dataclass
class Logged:
    """`persisted`: in the world's seconds. `taken`: the hook's delivery was answered with 200."""

    body: dict[str, Any]
    subject: Subject
    published: datetime
    persisted: float
    guessed: bool
    taken: bool = False


@dataclass
class Log:
    clocks: Clocks
    entries: list[Logged] = field(default_factory=list)
    outbox: list[Logged] = field(default_factory=list)  # what the hook has still to deliver

    def add(self, kind: str, subject: Subject, *, app: bool, result: str) -> dict[str, Any]:
        number = len(self.entries)
        published = self.clocks.okta()
        target: list[dict[str, str]] = [
            {"id": "0uaSIM", "type": "AppUser", "alternateId": "canary@corp.example"},
            {"id": subject.user_id, "type": "User", "alternateId": "canary@corp.example"},
        ]
        if app:
            target.append({"id": subject.app_id, "type": "AppInstance"})
        body = {
            "uuid": f"event-{number}",
            "published": to_text(published),
            "eventType": kind,
            "outcome": {"result": result, "reason": FORGED_MAIL},
            "debugContext": {"debugData": {"mobilePhone": FORGED_PHONE, "mail": FORGED_MAIL}},
            "target": target,
        }
        # Most are persisted at once; some a while later, behind newer ones.
        late = (0.0, 0.5, 0.5, 2.0, 20.0)[number * 7 % 5]
        entry = Logged(body, subject, published, self.clocks.now + late, guessed=not app)
        self.entries.append(entry)
        if kind in HOOK_EVENTS:
            self.outbox.append(entry)
        return body

    # -- as lib/flows/catch_up.py reads it, in the order in which entries were persisted -----

    def page(self, link: str) -> LogPage:
        """`link` names how many entries were read: a position of its own kind, as Okta's is."""
        after = float(link.rpartition("=")[2])
        return self._page(after, number=int(link.partition("n=")[2].partition("&")[0]))

    def since(self, since: datetime) -> LogPage:
        late = self.clocks.now - (self.clocks.okta() - since).total_seconds()
        return self._page(late, number=-1)

    def _page(self, after: float, number: int) -> LogPage:
        order = sorted((entry.persisted, place, entry) for place, entry in enumerate(self.entries))
        seen = [
            each
            for each in order
            if (each[0], each[1]) > (after, number) and each[0] <= self.clocks.now
        ][:3]
        last = seen[-1] if seen else (after, number, None)
        link = f"{PATH}?n={last[1]}&after={last[0]}"
        bodies = tuple(entry.body for _, _, entry in seen)
        return LogPage(bodies, self.clocks.okta_date(), link)
