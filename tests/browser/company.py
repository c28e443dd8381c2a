"""A company's fortnight of drifts, for pictures: many causes, most proved, some that wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

from lib.incident import CauseName, Incident, Severity, Status
from lib.model import Attribute, Subject
from lib.rules.hook_health import HookHealth
from lib.settings import Mode
from lib.store.incidents import _summary
from lib.store.keys import incident as incident_key
from tests.console.test_overview import write
from tests.fakes.make import APP
from tests.fakes.stage import Stage

# The lead cause, the attribute, how bad, what of it is open and how many.
KINDS = (
    (CauseName.NOT_PUSHED, Attribute.ACCOUNT_ENABLED, Severity.CRITICAL, "waiting_approval", 1),
    (CauseName.PRIVILEGED_TARGET, Attribute.MOBILE_PHONE, Severity.HIGH, "waiting_approval", 2),
    (CauseName.DIRSYNC_OVERRIDE, Attribute.MOBILE_PHONE, Severity.HIGH, "waiting_person", 1),
    (CauseName.RESTRICTED_MANAGEMENT, Attribute.MOBILE_PHONE, Severity.HIGH, "waiting_person", 1),
    (CauseName.NOT_PUSHED, Attribute.OTHER_MAILS, Severity.WARNING, "waiting_approval", 1),
    (CauseName.PUSH_FAILED, Attribute.OTHER_MAILS, Severity.WARNING, "proving", 2),
    (CauseName.UNEXPLAINED, Attribute.MOBILE_PHONE, Severity.WARNING, "remediating", 1),
)
CLOSED, DAYS = 120, 14


def fill(stage: Stage, like: Incident) -> None:
    """The same every time. `like`: what those that are added are made from."""
    write(stage, [{**incident_key(one.id), **_summary(one)} for one in _incidents(stage, like)])
    now = stage.clock()
    stage.table.record_hook_health(HookHealth(now - timedelta(hours=26), now, 412, 1), None)
    stage.table.set_mode(Mode.APPROVE, "second.operator", now - timedelta(days=9))
    for cap, used, most in (("writes", 3, 50), ("disables", 1, 5)):
        for who in range(used):
            assert stage.table.take_place(cap, str(who), now, most)


def _incidents(stage: Stage, like: Incident) -> Iterator[Incident]:
    random, now = Random(7), stage.clock()
    waiting = [kind for kind in KINDS for _ in range(kind[4])]
    for kind in waiting:
        opened = now - timedelta(minutes=random.randint(4, 2600))
        one = _made(like, random, kind)
        yield replace(one, status=Status(kind[3]), opened_at=opened, updated_at=opened)
    for _ in range(CLOSED):
        opened = now - timedelta(minutes=random.randint(60, DAYS * 1440))
        ended = min(opened + timedelta(minutes=random.randint(5, 900)), now)
        one = replace(_made(like, random, random.choice(KINDS)), opened_at=opened, updated_at=ended)
        if random.random() < 0.1:
            yield replace(one, status=Status.DISMISSED)
        else:
            mended = random.random() < 0.8
            done = replace(one, steps_done=1, last_step_at=ended) if mended else one
            yield replace(done, status=Status.RESOLVED)


def _made(
    like: Incident, random: Random, kind: tuple[CauseName, Attribute, Severity, str, int]
) -> Incident:
    cause, attribute, severity, _, _ = kind
    user = "".join(
        random.choices("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", k=17)
    )
    return replace(
        like,
        id=f"inc-{random.getrandbits(40):010x}",
        subject=Subject(APP, f"00u{user}"),
        attribute=attribute,
        severity=severity,
        causes=(replace(like.lead, name=cause),),
    )
