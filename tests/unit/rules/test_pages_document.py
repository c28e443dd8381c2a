"""docs/pages.md shows what the formatter makes. To renew it: python -m
tests.unit.rules.test_pages_document
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from lib.incident import CauseName, Incident, News, Policy, Severity, Status
from lib.model import Attribute
from lib.rules.page_formats import HttpsPages, attributes, chat_form, publication
from lib.rules.pages import group_page, page
from tests.fakes.clock import START
from tests.fakes.make import INCIDENT, SECRETS, SUBJECT, cause, plan

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "pages.md"
EXAMPLE = re.compile(r"(<!-- example: (\w+) -->\n)(\n```\w*\n.*?\n```\n)?", re.DOTALL)


def incident() -> Incident:
    return Incident(
        id=INCIDENT,
        subject=SUBJECT,
        attribute=Attribute.MOBILE_PHONE,
        status=Status.WAITING_APPROVAL,
        severity=Severity.HIGH,
        causes=(cause(CauseName.PRIVILEGED_TARGET),),
        plan=plan(policy=Policy(2, ())),
        opened_at=START,
        updated_at=START,
        drift_read_at=START,
    )


def examples() -> dict[str, str]:
    opened = page(incident(), News.OPENED, "The plan waits for 2 approvals by different people.")
    over = replace(incident(), status=Status.RESOLVED, updated_at=START + timedelta(minutes=40))
    ended = publication(page(over, News.MENDED), HttpsPages.CHAT)
    forms = json.loads(publication(opened, HttpsPages.CHAT).message)
    many = replace(opened, cause=CauseName.PUSH_FAILED)
    return {
        "email": _block(f"Subject: {opened.subject_line}\n\n{forms['default']}"),
        "sms": _block(forms["sms"]),
        "sqs": _json(forms["sqs"]),
        "resolve": _json(json.loads(ended.message)["sqs"]),
        "https": _json(forms["https"]),
        "group": _block(group_page(many, START).text),
    }


def _json(text: str) -> str:
    return _block(json.dumps(json.loads(text), indent=2), "json")


def _block(text: str, language: str = "") -> str:
    return f"\n```{language}\n{text}\n```\n"


def renewed(text: str) -> str:
    made = examples()
    return EXAMPLE.sub(lambda found: found[1] + made[found[2]], text)


def test_every_example_is_what_is_sent() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert {found[1] for found in EXAMPLE.findall(text)} == set(examples())
    assert renewed(text) == text, f"run python -m {__name__}"


def test_the_document_names_every_news_and_every_attribute() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    told = page(incident(), News.OPENED)
    for word in (*News, *Severity, *attributes(told)):
        assert f"`{word}`" in text
    assert chat_form(told)["version"] == "1.0"
    assert not [secret for secret in SECRETS if secret in text]


def test_the_filter_policies_are_json_over_known_attributes() -> None:
    text = DOCUMENT.read_text(encoding="utf-8").partition("## Filtering")[2]
    policies = [json.loads(found) for found in re.findall(r"```json\n(.*?)\n```", text, re.DOTALL)]
    assert len(policies) == 2
    for policy in policies:
        assert set(policy) <= set(attributes(page(incident(), News.OPENED)))


if __name__ == "__main__":
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
