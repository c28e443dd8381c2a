"""What must always hold, watched from outside: every stored item, vendor call, page and log line.

It shares no rule with lib/: what a plan is, who approved it and what a cap allows is told here once
more, from what was stored and seen. Numbers are those of design.md, "What must always hold".
"""

from __future__ import annotations

import json
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from lib.incident import Page
from lib.model import Attribute, EntraUser, OktaReading, Subject, Value
from tests.simulation.clocks import Clocks
from tests.simulation.effects import Effects, Run
from tests.simulation.log import FORGED_MAIL, FORGED_PHONE
from tests.simulation.memory import Change

CANARY = re.compile(r"canary|\+?1?555777|" + re.escape(FORGED_PHONE[1:]) + "|hook-secret-canary")
STANDARD = set(vars(logging.makeLogRecord({})))
DAY = timedelta(days=1)
WATCHED = frozenset({"mobilePhone", "otherMails", "accountEnabled"})
CLOSED = ("resolved", "dismissed")


class Violation(AssertionError):
    """Something that must always hold did not."""


@dataclass(frozen=True)
class Given:
    """An approval as stored, for the plan whose text was looked at."""

    person: str
    plan: str
    at: datetime


@dataclass(frozen=True)
class Rules:
    """What the deployment was told: the sides of policy that the table does not hold."""

    break_glass: frozenset[str]
    writes_per_hour: int
    disables_per_hour: int
    approval_hours: float
    touch_attribute: str | None
    default_mode: str


class Witness:
    def __init__(self, clocks: Clocks, rules: Rules) -> None:
        self.clocks, self.rules = clocks, rules
        self.effects: Effects  # set by whoever builds both
        self.truth: Callable[[Subject], Any]  # the person, set likewise
        self.heads: dict[str, dict[str, Any]] = {}  # incident id -> stored body
        self.open: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self.plans: dict[str, str] = {}  # digest -> the plan it was shown for
        self.given: dict[str, list[Given]] = defaultdict(list)
        self.modes: list[tuple[int, str]] = [(0, rules.default_mode)]
        self.locks: list[tuple[int, str, datetime]] = []  # since, holder ("" for none), until
        self.ruled: dict[tuple[str, str, str], str] = {}
        self.news: dict[str, Page] = {}  # by key, as published
        self.told: dict[tuple[str, str], set[str]] = defaultdict(set)  # page keys of an incident
        self.said: dict[str, str] = {}  # page key -> what its row says
        self.steps: dict[str, int] = {}  # incident -> number of its last vendor write
        self.drift_read: dict[str, int] = {}
        self.mended: dict[tuple[str, ...], datetime] = {}
        self.touched: dict[tuple[str, str], datetime] = {}
        self.writes: Counter[str] = Counter()
        self.pages = 0

    # -- what was read ----------------------------------------------------------------------

    def read_okta(self, reading: OktaReading) -> None:
        if self.effects.run:
            self.effects.run.readings[reading.subject] = (self.effects.number, reading)

    def read_graph(self, object_id: str, user: EntraUser | None) -> None:
        if self.effects.run:
            self.effects.run.users[object_id] = (self.effects.number, user)

    def read_standing(self, object_id: str) -> None:
        if self.effects.run:
            self.effects.run.standings[object_id] = self.effects.number

    # -- what was stored --------------------------------------------------------------------

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
        if ruled is not None and ruled == _difference(plan):
            raise Violation(f"(3) {ident} was opened although a person dismissed this difference")

    def _ruling(self, subject: tuple[str, ...], attribute: str) -> None:
        """Stored together with the open incident that it ends, whose difference stays."""
        for ident in self.open[subject[0], subject[1], attribute]:
            key = (subject[0], subject[1], attribute)
            self.ruled[key] = _difference(self.heads[ident]["plan"])

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
        expected = _expected(reading, body["attribute"])
        link = (plan["link"] or {}).get("object_id")
        object_id = reading.app_user.external_id if reading.app_user else link
        seen = [
            (number, user)
            for name, (number, user) in run.users.items()
            if number > last and (name in (object_id, link) or user is not None)
        ]
        if not seen and object_id is not None:
            raise Violation(f"(4) {ident} is resolved without a single read of the account")
        agree = any(_same(user, body["attribute"], expected) for _, user in seen) or not seen
        if not agree:
            raise Violation(f"(4) {ident} is resolved although the read shows another value")
        if ident in self.steps:
            self.mended[self._flap(body)] = self.clocks.peek()

    def _flap(self, body: Mapping[str, Any]) -> tuple[str, ...]:
        plan, subject = body["plan"], body["subject"]
        link = (plan["link"] or {}).get("object_id", "")
        expected = json.dumps(_sorted(plan["expected"]))
        return (subject["app_id"], subject["user_id"], body["attribute"], expected, link)

    # -- news -------------------------------------------------------------------------------

    def _page_row(self, ident: str, sk: str, before: Any, after: Mapping[str, Any]) -> None:
        key = sk.removeprefix("PAGE#")
        body = json.loads(after["body"])
        if before is not None and before["body"] != after["body"]:
            raise Violation(f"(2) the news under {key} was replaced by other news")
        if before is not None:
            return
        news = body["news"]
        known = self.told[ident, news]
        if news in ("opened", "mended", "dismissed") and known:
            raise Violation(f"(2) {ident} has {news} under two keys: {sorted(known)} and {key}")
        version = self.heads.get(ident, {}).get("version")
        for other in known:
            if self.said[other] == f"{version} {body['text']}":
                raise Violation(f"(2) one piece of news of {ident} has two keys: {other} and {key}")
        known.add(key)
        self.said[key] = f"{version} {body['text']}"

    def paged(self, page: Page) -> None:
        self.pages += 1
        self._mind(f"{page.subject_line}\n{page.text}\n{page.user_id} {page.object_id}", "a page")
        known = self.news.setdefault(page.key, page)
        if replace(known, at=None) != replace(page, at=None):
            raise Violation(f"(2) two different pages under one key {page.key}")
        if not page.group and page.key not in self.said:
            raise Violation(f"(2) a page was sent that its incident does not know: {page.key}")

    def logged(self, record: logging.LogRecord) -> None:
        more = {k: v for k, v in vars(record).items() if k not in STANDARD}
        self._mind(f"{record.getMessage()} {more}", "a log line")

    @staticmethod
    def _mind(text: str, where: str) -> None:
        found = CANARY.search(text)
        if found:
            raise Violation(f"(6) {where} holds {found[0]!r}: {text[:200]}")

    # -- writes -----------------------------------------------------------------------------

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
        if _sorted(value) != _sorted(step["after"]):
            raise Violation("(3) another value is written than the plan's")
        run, subject = self._run(), Subject(**body["subject"])
        read_at, reading = self._fresh(subject)
        expected = _expected(reading, attribute.value)
        if _sorted(expected) != _sorted(value):
            raise Violation("(3) what is written is not what Okta said right before")
        self._pinned(reading, body, object_id)
        at, user = run.users.get(object_id, (-1, None))
        if at < read_at or user is None:
            raise Violation("(3) the account was not read right before the write")
        actual = body["plan"]["actual"]
        held = _sorted(user.value(attribute))
        if held != _sorted(actual) and held != _sorted(value) and (held or actual):
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
        plan, now = _canonical(body["plan"]), self.clocks.peek()
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
        at = self.mended.get(self._flap(body))
        if at is None or self.clocks.peek() - at >= DAY:
            return
        if not any(g.plan == _canonical(body["plan"]) for g in self.given[body["id"]]):
            raise Violation("(3) what came back within a day is mended again without a person")

    # -- approvals --------------------------------------------------------------------------

    def shown(self, digest: str, plan: Mapping[str, Any]) -> None:
        """A person looks at a plan: its digest stands for exactly this text."""
        text = _canonical(plan)
        if self.plans.setdefault(digest, text) != text:
            raise Violation("(3) one digest stands for two plans")

    def _approval(self, ident: str, body: Mapping[str, Any]) -> None:
        at = datetime.fromisoformat(body["at"])
        plan = self.plans.get(body["digest"])
        if plan is None:
            raise Violation("(3) an approval of a plan that nobody was shown")
        self.given[ident].append(Given(body["person"], plan, at))


def _canonical(plan: Mapping[str, Any]) -> str:
    return json.dumps(plan, sort_keys=True)


def _difference(plan: Mapping[str, Any]) -> str:
    link = (plan["link"] or {}).get("object_id")
    return json.dumps([_sorted(plan["expected"]), _sorted(plan["actual"]), link])


def _sorted(value: Any) -> Any:
    return sorted(value) if isinstance(value, list | tuple) else value


def _expected(reading: OktaReading, attribute: str) -> Any:
    """What Okta means it to be, as this world is mapped: by plain references."""
    user, app = reading.user, reading.app_user
    if attribute == "accountEnabled":
        if app is None and not reading.assigned_elsewhere:
            return False
        if user is not None and user.status == "DEPROVISIONED":
            return False
        return True if app is not None and user is not None and user.status == "ACTIVE" else None
    return user.profile.get(attribute) if user is not None and app is not None else None


def _same(user: EntraUser | None, attribute: str, expected: Any) -> bool:
    if user is None:
        return expected is False
    return bool(_sorted(user.value(Attribute(attribute))) == _sorted(expected))
