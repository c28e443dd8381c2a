"""No log line and no page holds a phone, a mail address, a user name, a secret or a digest."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import pytest

from lib.errors import Permanent, Refused, Transient
from lib.messages import CheckMessage
from lib.model import ProfileChange, Subject
from lib.rules.hints import NamelessHint
from lib.settings import Mode
from tests.fakes.clock import START
from tests.fakes.make import (
    APP,
    LOGIN,
    OBJECT,
    OLD_MAILS,
    OLD_PHONE,
    PHONE,
    SECRETS,
    SUBJECT,
    app_user,
    okta_user,
    role,
    standing,
)
from tests.fakes.stage import Stage

# What a log record holds whoever logs; the rest was given to it.
STANDARD = set(vars(logging.makeLogRecord({})))


def drift(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE, other_mails=OLD_MAILS)
    stage.hint()
    stage.drain()


def format_only(stage: Stage) -> None:
    stage.graph.set(mobile_phone="5550100")
    stage.hint()


def leaver(stage: Stage) -> None:
    stage.hint()
    stage.okta.unassign()
    stage.drifted()
    stage.drain()


def refused(stage: Stage) -> None:
    stage.graph.trouble["patch"] = Refused(403, "Authorization_RequestDenied", "Insufficient.")
    drift(stage)


def later(stage: Stage) -> None:
    stage.graph.trouble["patch"] = Transient("HTTP 429", 5)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.mend()


def capped(stage: Stage) -> None:
    stage.build(writes_per_hour=0)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.mend()


def privileged(stage: Stage) -> None:
    stage.build(mode=Mode.APPROVE)
    stage.okta.changer = ProfileChange("00uCHANGER", "the.changer@corp.example", START)
    stage.graph.standings[OBJECT] = standing(role())
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.says("first.colleague")
    stage.says("second.colleague")


def touched(stage: Stage) -> None:
    stage.build(touch_attribute="department")
    drift(stage)


def by_name(stage: Stage) -> None:
    stage.okta.assigned[SUBJECT] = app_user(external_id=None)
    drift(stage)


def unreadable(stage: Stage) -> None:
    stage.okta.trouble[SUBJECT] = Permanent("Okta's AppUser has no status field")
    stage.hint()
    stage.okta.trouble[SUBJECT] = Transient("HTTP 503")
    stage.hint(Subject(APP, "00uSECOND00000000001"), SUBJECT)


def rubbish(stage: Stage) -> None:
    stage.run({"m": f"{LOGIN} {PHONE}", "n": json.dumps({"v": 1, "subjects": [LOGIN]})})
    stage.run({"m": CheckMessage(nameless=(NamelessHint(APP, LOGIN, START),))})
    stage.remediate.run("r", f"{LOGIN} {PHONE}")


def broken_table(stage: Stage) -> None:
    stage.table = type(stage.table)(stage.table._client, "no-such-table")
    stage.build()
    stage.checks.down = True
    stage.hint()


def silent(stage: Stage) -> None:
    stage.build(mode=Mode.OBSERVE)
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.drifted()
    stage.okta.users[SUBJECT.user_id] = okta_user(profile={"login": LOGIN})
    stage.hint(ago=0)


# Each with whether anything is logged at all: silence would pass every search.
STORIES: dict[Callable[[Stage], None], bool] = {
    drift: True,
    format_only: True,
    leaver: True,
    refused: True,
    later: True,
    capped: True,
    privileged: False,
    touched: True,
    by_name: False,
    unreadable: True,
    rubbish: True,
    broken_table: True,
    silent: False,
}


@pytest.mark.parametrize(
    ("story", "logs"), STORIES.items(), ids=[story.__name__ for story in STORIES]
)
def test_a_story_is_told_without_values(
    stage: Stage,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    story: Callable[[Stage], None],
    logs: bool,
) -> None:
    with caplog.at_level(logging.INFO):
        story(stage)
    records = [record for record in caplog.records if "lib." in record.name]
    assert bool(records) is logs
    told = "\n".join([line(record) for record in caplog.records] + list(capfd.readouterr()))
    told += "".join(f"\n{p.key}\n{p.subject_line}\n{p.text}" for p in stage.pager.pages)
    digests = [m.digest[:8] for m in stage.remediations.sent]
    if story is not broken_table:
        every = [*stage.incidents(), *stage.incidents(closed=True)]
        digests += [incident.plan.digest[:8] for incident in every]
    hidden = [*SECRETS, "the.changer", *digests]
    assert not [secret for secret in hidden if secret.casefold() in told.casefold()]


def line(record: logging.LogRecord) -> str:
    given = {name: value for name, value in vars(record).items() if name not in STANDARD}
    return record.getMessage() + json.dumps(given, default=repr)
