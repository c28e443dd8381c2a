"""What tests of the sweep's pages read off them, and rows of a report."""

from __future__ import annotations

import csv
import io
from typing import Any

from lib.model import Attribute
from lib.rules.sweep import Found
from tests.console.browser import Markup
from tests.fakes.clock import START
from tests.fakes.make import APP, OTHER_APP
from tests.fakes.sweeping import who

OUTPUTS = {"OktaAppIds": f"{APP},{OTHER_APP}", "SweepQueueUrl": "https://sqs.example/sweep"}


def row(number: int, what: str = "differs", app: str = APP, **more: Any) -> Found:
    attributes = more.get("attributes", (Attribute.MOBILE_PHONE,) if what == "differs" else ())
    return Found(who(number, app), what, START, attributes)


def users(text: str) -> list[str]:
    """In the order of the table."""
    rows = text.partition("<tbody>")[2].partition("</tbody>")[0].split('data-label="Okta user"')
    return [each.partition(">")[2].partition("<")[0] for each in rows[1:]]


def next_page(text: str) -> str:
    found = [a["href"] for tag, a in Markup(text).tags if tag == "a" and a.get("rel") == "next"]
    return found[0] or "" if found else ""


def cells(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.text)))
