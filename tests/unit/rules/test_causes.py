"""Each cause: a case in, the named cause with its evidence out; and near misses that are not it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from lib.incident import PRECEDENCE, CauseName, Certainty
from lib.model import Attribute, Link, LinkSource
from lib.rules.cause_table import CAUSES
from lib.rules.causes import Case, name_causes
from lib.rules.expected import Expectation, MappingState
from tests.fakes.cases import DENIED, failed, stale, synced
from tests.fakes.clock import START
from tests.fakes.make import (
    OBJECT,
    SECRETS,
    case,
    configuration,
    entra_user,
    leaver,
    push,
    push_log,
    role,
    standing,
    started,
)

HOUR = timedelta(hours=1)
CONFIRMED, SUSPECTED = Certainty.CONFIRMED, Certainty.SUSPECTED
MAILS, ENABLED = Attribute.OTHER_MAILS, Attribute.ACCOUNT_ENABLED
BY_NAME = Link(OBJECT, LinkSource.USER_PRINCIPAL_NAME)


@dataclass(frozen=True)
class Row:
    name: CauseName
    certainty: Certainty
    case: Callable[[], Case]
    evidence: str


C = CauseName
NAMED = {
    "nobody": Row(C.NOT_LINKED, CONFIRMED, lambda: case(entra=None), "name no Entra user"),
    "by name only": Row(
        C.NOT_LINKED, CONFIRMED, lambda: case(link=BY_NAME), "user principal name only"
    ),
    "sign-in": Row(C.CONNECTOR_AUTH, CONFIRMED, lambda: failed("AADSTS50079: mfa"), "AADSTS50079"),
    "sign-in, mended since": Row(
        C.CONNECTOR_AUTH,
        SUSPECTED,
        lambda: failed("AADSTS50079: mfa", pushed_since=START + HOUR),
        "it can sign in again",
    ),
    "sign-in, others pushed before": Row(
        C.CONNECTOR_AUTH,
        CONFIRMED,
        lambda: failed("AADSTS50079: mfa", pushed_since=START - HOUR),
        "AADSTS50079",
    ),
    "no profile push": Row(
        C.PROVISIONING_OFF,
        CONFIRMED,
        lambda: case(configuration=configuration(features=frozenset({"PUSH_USER_DEACTIVATION"}))),
        "PUSH_PROFILE_UPDATES",
    ),
    "no deactivation": Row(
        C.PROVISIONING_OFF,
        CONFIRMED,
        lambda: leaver(configuration=configuration(features=frozenset({"PUSH_PROFILE_UPDATES"}))),
        "PUSH_USER_DEACTIVATION",
    ),
    "unmapped": Row(
        C.MAPPING_MISSING,
        CONFIRMED,
        lambda: case(expectation=Expectation(MAILS, (), MappingState.MISSING)),
        "no mapping",
    ),
    "create only": Row(
        C.MAPPING_CREATE_ONLY,
        CONFIRMED,
        lambda: case(expectation=stale(MappingState.CREATE_ONLY)),
        "DONT_PUSH",
    ),
    "override": Row(
        C.MAPPING_CREATE_ONLY,
        SUSPECTED,
        lambda: case(expectation=stale(MappingState.PUSHED)),
        "an override",
    ),
    "ordinary refused": Row(
        C.CONNECTOR_UNDERPRIVILEGED, CONFIRMED, lambda: failed(DENIED), "request-id r-1"
    ),
    "restricted": Row(
        C.RESTRICTED_MANAGEMENT,
        CONFIRMED,
        lambda: case(entra=entra_user(restricted=True)),
        "isManagementRestricted is true",
    ),
    "never pushed": Row(
        C.NOT_PUSHED, CONFIRMED, lambda: case(push_log=push_log(started())), "no completed push"
    ),
    "never deactivated": Row(C.NOT_PUSHED, CONFIRMED, leaver, "no completed deactivation"),
    "flag off": Row(C.DIRSYNC_OVERRIDE, CONFIRMED, lambda: synced(False), "is false"),
    "flag unknown": Row(C.DIRSYNC_OVERRIDE, SUSPECTED, lambda: synced(None), "unknown, not false"),
    "flag never read": Row(
        C.DIRSYNC_OVERRIDE, SUSPECTED, lambda: synced(None, bypass=None), "unknown, not false"
    ),
    "flag on too late": Row(
        C.DIRSYNC_OVERRIDE, SUSPECTED, lambda: synced(True, HOUR), "after the last push"
    ),
    "outranks the connector": Row(
        C.PRIVILEGED_TARGET,
        CONFIRMED,
        lambda: case(standing=standing(role())),
        "row 'Global Administrator': needs Global Administrator or Privileged Authentication",
    ),
    "connector unknown": Row(
        C.PRIVILEGED_TARGET,
        SUSPECTED,
        lambda: case(standing=standing(role()), connector_roles=None),
        "own roles are unknown",
    ),
    "in a guarded group": Row(
        C.PRIVILEGED_TARGET,
        CONFIRMED,
        lambda: case(standing=standing(role_assignable_groups=("g-1",))),
        "role-assignable group g-1",
    ),
    "licence": Row(C.LICENCE, CONFIRMED, lambda: failed(DENIED + ".assignLicense"), "licence"),
    "failed": Row(C.PUSH_FAILED, CONFIRMED, lambda: failed("something broke"), "push-failure"),
    "failed, cut short": Row(
        C.PUSH_FAILED, CONFIRMED, lambda: failed(DENIED[:150].ljust(255, "x")), "truncated"
    ),
    "skipped": Row(
        C.PUSH_FAILED, CONFIRMED, lambda: case(push_log=push_log(push("SKIPPED"))), "push-skipped"
    ),
    "nothing": Row(C.UNEXPLAINED, CONFIRMED, case, "push log yes"),
}


@pytest.mark.parametrize("row", NAMED.values(), ids=NAMED.keys())
def test_a_cause_is_named_with_its_evidence(row: Row) -> None:
    found = {cause.name: cause for cause in name_causes(row.case())}
    assert row.name in found
    assert found[row.name].certainty is row.certainty
    facts = " | ".join(evidence.fact for evidence in found[row.name].evidence)
    assert row.evidence in facts
    assert not [secret for secret in SECRETS if secret in facts]


def test_all_that_match_are_kept_and_the_first_in_precedence_leads() -> None:
    found = name_causes(
        synced(
            False,
            standing=standing(role()),
            link=BY_NAME,
            expectation=stale(MappingState.PUSHED),
        )
    )
    names = [cause.name for cause in found]
    assert names == [
        C.NOT_LINKED,
        C.MAPPING_CREATE_ONLY,
        C.DIRSYNC_OVERRIDE,
        C.PRIVILEGED_TARGET,
    ]
    assert names == sorted(names, key=PRECEDENCE.index)


def test_unexplained_stands_alone() -> None:
    for row in NAMED.values():
        found = name_causes(row.case())
        assert found
        if len(found) > 1:
            assert C.UNEXPLAINED not in {cause.name for cause in found}


def test_the_precedence_of_the_design() -> None:
    assert [name.value for name in PRECEDENCE] == [
        "not_linked",
        "connector_auth",
        "provisioning_off",
        "mapping_missing",
        "mapping_create_only",
        "connector_underprivileged",
        "restricted_management",
        "not_pushed",
        "dirsync_override",
        "privileged_target",
        "changed_after_push",
        "licence",
        "push_failed",
        "unexplained",
    ]
    assert set(CAUSES) == set(CauseName)
