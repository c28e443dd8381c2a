"""(2) One key for each piece of news, and (6) nothing of a person in it or in a log line."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lib.incident import Page
from tests.simulation.log import FORGED_PHONE
from tests.simulation.seen import Seen, Violation

CANARY = re.compile(r"canary|\+?1?555777|" + re.escape(FORGED_PHONE[1:]))
STANDARD = set(vars(logging.makeLogRecord({})))


class News(Seen):
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
