"""What looks like a cause and is not: nothing is named on a guess."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from lib.incident import CauseName
from lib.model import Attribute, Link, LinkSource
from lib.rules.causes import BypassFact, Case, name_causes
from lib.rules.expected import Expectation, MappingState
from tests.fakes.cases import DENIED, failed, stale, synced
from tests.fakes.clock import START
from tests.fakes.make import (
    GLOBAL_ADMINISTRATOR,
    OBJECT,
    PHONE,
    USER_ADMINISTRATOR,
    app_user,
    case,
    entra_user,
    leaver,
    push,
    push_log,
    reading,
    role,
    standing,
    started,
)

C = CauseName
HOUR = timedelta(hours=1)
MAILS, ENABLED = Attribute.OTHER_MAILS, Attribute.ACCOUNT_ENABLED
NEAR_MISSES: dict[str, tuple[CauseName, Callable[[], Case]]] = {
    "pinned by immutable id": (
        C.NOT_LINKED,
        lambda: case(link=Link(OBJECT, LinkSource.IMMUTABLE_ID)),
    ),
    "features unread": (C.PROVISIONING_OFF, lambda: case(configuration=None)),
    "an expression": (
        C.MAPPING_CREATE_ONLY,
        lambda: case(expectation=stale(MappingState.EXPRESSION)),
    ),
    "format only": (
        C.MAPPING_CREATE_ONLY,
        lambda: case(
            expectation=Expectation(
                Attribute.MOBILE_PHONE, PHONE, MappingState.PUSHED, "555 0100", "+1-555-0100"
            )
        ),
    ),
    "refused on an administrator": (
        C.CONNECTOR_UNDERPRIVILEGED,
        lambda: case(push_log=push_log(push("FAILURE", reason=DENIED)), standing=standing(role())),
    ),
    "refused, roles unread": (
        C.CONNECTOR_UNDERPRIVILEGED,
        lambda: case(
            push_log=push_log(push("FAILURE", reason=DENIED)), standing=standing(active_roles=None)
        ),
    ),
    "refused, restriction unknown": (
        C.CONNECTOR_UNDERPRIVILEGED,
        lambda: case(
            push_log=push_log(push("FAILURE", reason=DENIED)), entra=entra_user(restricted=None)
        ),
    ),
    "refused, reason cut": (
        C.CONNECTOR_UNDERPRIVILEGED,
        lambda: failed(DENIED.partition(" url")[0].ljust(255, "x")),
    ),
    "on-premises mastered": (
        C.CONNECTOR_UNDERPRIVILEGED,
        lambda: failed("httpStatusCode=400 on-premises mastered"),
    ),
    "restriction unknown": (
        C.RESTRICTED_MANAGEMENT,
        lambda: case(entra=entra_user(restricted=None)),
    ),
    "log not read to its end": (C.NOT_PUSHED, lambda: case(push_log=push_log(complete=False))),
    "log begins too late": (
        C.NOT_PUSHED,
        lambda: case(push_log=push_log(since=START)),
    ),
    "no log": (C.NOT_PUSHED, lambda: case(push_log=None)),
    "pushed a moment before": (
        C.NOT_PUSHED,
        lambda: case(reading=reading(app_user=app_user(last_updated=START + timedelta(seconds=1)))),
    ),
    "removal not in the log": (C.NOT_PUSHED, lambda: leaver(push_log=push_log())),
    "flag on before the push": (C.DIRSYNC_OVERRIDE, lambda: synced(True)),
    "cloud user": (C.DIRSYNC_OVERRIDE, lambda: synced(False, entra=entra_user())),
    "push failed": (
        C.DIRSYNC_OVERRIDE,
        lambda: synced(False, push_log=push_log(push("FAILURE"))),
    ),
    "other attribute": (
        C.DIRSYNC_OVERRIDE,
        lambda: case(
            MAILS, entra=entra_user(synced=True), bypass=BypassFact(False, START, "graph")
        ),
    ),
    "connector outranks": (
        C.PRIVILEGED_TARGET,
        lambda: case(standing=standing(role()), connector_roles=frozenset({GLOBAL_ADMINISTRATOR})),
    ),
    "lesser role, connector enough": (
        C.PRIVILEGED_TARGET,
        lambda: case(standing=standing(role(USER_ADMINISTRATOR))),
    ),
    "eligible only": (
        C.PRIVILEGED_TARGET,
        lambda: case(standing=standing(eligible_roles=(role(),))),
    ),
    "roles unread": (C.PRIVILEGED_TARGET, lambda: case(standing=None)),
    "user refused, not a licence": (C.LICENCE, lambda: failed(DENIED)),
    "started only": (C.PUSH_FAILED, lambda: case(push_log=push_log(started()))),
    "failed before the change": (
        C.PUSH_FAILED,
        lambda: case(push_log=push_log(push("FAILURE", START - 2 * HOUR))),
    ),
    "failed, then succeeded": (
        C.PUSH_FAILED,
        lambda: case(push_log=push_log(push("FAILURE", START - HOUR), push())),
    ),
    "enabled in Okta, never pushed": (
        C.NOT_PUSHED,
        lambda: case(ENABLED, push_log=push_log()),
    ),
}


@pytest.mark.parametrize(("name", "near"), NEAR_MISSES.values(), ids=NEAR_MISSES.keys())
def test_a_near_miss_is_not_named_so(name: CauseName, near: Callable[[], Case]) -> None:
    assert name not in {cause.name for cause in name_causes(near())}
