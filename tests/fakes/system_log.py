"""Okta's System Log behind the real client, by the simulator's rules, without a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from lib.okta_log import SystemLog
from sandbox.okta.errors import OktaError
from sandbox.okta.log_query import read_page
from sandbox.okta.syslog import SystemLog as Stored
from sandbox.okta.times import iso
from tests.fakes.clock import FakeClock
from tests.fakes.make import APP, LOGIN, USER
from tests.unit.fakes_http import Answer, FakeVendor, Sent, http_of

ORG = "https://corp.okta.example"
PUSH = "application.provision.user.push_profile"
DEACTIVATE = "application.provision.user.deactivate"
OFFICE = "app.office365.api.error.push.profile"


def log_event(
    uuid: str, published: datetime, user: str = USER, kind: str = PUSH, app: str = APP
) -> dict[str, Any]:
    target = [
        {"id": "0ua1", "type": "AppUser", "alternateId": LOGIN},
        {"id": app, "type": "AppInstance"},
        {"id": user, "type": "User", "alternateId": LOGIN},
    ]
    return {"uuid": uuid, "published": iso(published), "eventType": kind, "target": target}


class FakeSystemLog:
    """`clock` is Okta's. `trouble`: answers given before the log's own, in order.

    `page_size` is what Okta makes of our limit; `answered` may change every answer.
    """

    def __init__(self, clock: FakeClock, page_size: int = 1000) -> None:
        self.clock, self.page_size = clock, page_size
        self.stored = Stored(lambda: clock.now)
        self.trouble: list[Answer] = []
        self.answered: Callable[[Answer], Answer] = lambda answer: answer
        self.vendor = FakeVendor(self._answer)
        self.client = SystemLog(http_of(self.vendor, base=ORG), ORG)

    def add(self, event: dict[str, Any], *, late: float = 0.0) -> None:
        """`late`: seconds until it is persisted."""
        self.stored.append(event, delay_seconds=late)

    def push(self, uuid: str, user: str = USER, *, ago: float = 0.0, **more: Any) -> None:
        self.add(log_event(uuid, self.clock.now - timedelta(seconds=ago), user, **more))

    @property
    def queries(self) -> list[dict[str, str]]:
        return [sent.query for sent in self.vendor.sent]

    def _answer(self, sent: Sent) -> Answer:
        assert sent.url.startswith(ORG + "/api/v1/logs?")
        if self.trouble:
            return self._dated(self.trouble.pop(0))
        given = dict(sent.query)
        given["limit"] = str(min(self.page_size, int(given.get("limit", "100"))))
        try:
            page = read_page(self.stored, given, self.clock.now)
        except OktaError as error:
            return self._dated(Answer(error.status, error.body()))
        here = ORG + urlsplit(sent.url).path
        links = [("Link", f'<{sent.url}>; rel="self"')]
        if page.next_query is not None:
            links.append(("Link", f'<{here}?{page.next_query}>; rel="next"'))
        return self.answered(self._dated(Answer(200, page.events, links)))

    def _dated(self, answer: Answer) -> Answer:
        date = self.clock.now.replace(microsecond=0)
        return replace(answer, date=format_datetime(date, usegmt=True))
