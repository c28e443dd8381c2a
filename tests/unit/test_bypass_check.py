"""The ordinary checks for the flag: what is read, and what a person's word may replace."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lib.okta_admin import OktaAdmin
from lib.rules.connector import ConnectorFact
from lib.rules.flag import OrdinaryChecks, Summary
from lib.times import to_text
from ops.bypass_check import judged, walk
from ops.doctor.ordinary import Ordinary
from ops.doctor.texts import finding
from tests.fakes.clock import START, FakeClock
from tests.fakes.graph import FakeGraph
from tests.fakes.make import APP, CONNECTOR, OTHER_APP, role, standing
from tests.fakes.okta import FakeOkta
from tests.unit.fakes_http import Answer, FakeVendor, http_of

WHOLE = Summary(START, 3, 3, 1, "a digest")
FOUR_OTHERS = Summary(START, 7, 3, 1, "a digest")
READY = finding("app_ready", app=APP, attribute="mobilePhone")
PUSHED = finding("push_seen", app=APP, age="2 days")
OUTRANKS = finding("connector_outranks")
LACKS = finding("connector_lacks", roles="no role")
UNKNOWN = finding("connector_unknown", why="ConnectorObjectId is not set")
ABSENT = finding("app_attribute_absent", app=OTHER_APP, attribute="mobilePhone")


def of(*findings: Any, app: str = APP) -> Ordinary:
    return Ordinary(app, findings)


def judge(*apps: Ordinary, preview: Summary = WHOLE, **said: Any) -> OrdinaryChecks:
    return judged(apps, preview, "administrator", START, **said)


def codes(checks: OrdinaryChecks) -> list[str]:
    return [each.code for each in checks.checks if not each.passed]


def test_all_read_and_passed() -> None:
    found = judge(of(READY, PUSHED, OUTRANKS))
    assert found.passed
    assert not any(each.said for each in found.checks)
    assert (found.person, found.at, found.others) == ("administrator", START, 0)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (finding("app_unmapped", app=APP, attribute="mobilePhone", type="oty1"), "app_unmapped"),
        (
            finding("app_create_only", app=APP, attribute="mobilePhone", type="oty1"),
            "app_create_only",
        ),
        (
            finding(
                "app_feature_off",
                app=APP,
                feature="PUSH_PROFILE_UPDATES",
                attribute="mobilePhone",
            ),
            "app_feature_off",
        ),
        (finding("push_failing", app=APP, count=2), "push_failing"),
        (finding("push_unread", app=APP, why="HTTP 403"), "push_unread"),
        (LACKS, "connector_lacks"),
    ],
)
def test_one_in_the_way_is_enough_and_no_word_replaces_it(bad: Any, code: str) -> None:
    found = judge(of(READY, PUSHED, OUTRANKS, bad), connector_is_global_admin=True)
    assert codes(found) == [code]
    assert not found.passed


def test_one_apps_push_is_enough_and_none_is_not() -> None:
    none = finding("push_none", app=OTHER_APP, days=30)
    quiet = of(READY, none, OUTRANKS, app=OTHER_APP)
    assert codes(judge(quiet)) == ["push_none"]
    assert judge(of(READY, PUSHED, OUTRANKS), quiet).passed


def test_an_unknown_connector_needs_a_persons_word_and_is_recorded_as_one() -> None:
    apps = of(READY, PUSHED, UNKNOWN)
    assert codes(judge(apps)) == ["connector_unknown"]
    found = judge(apps, connector_is_global_admin=True)
    assert found.passed
    (said,) = [each for each in found.checks if each.said]
    assert "person said" in said.seen


def test_apps_without_the_attribute_have_no_say_but_one_must_have_it() -> None:
    assert judge(of(READY, PUSHED, OUTRANKS), of(ABSENT, app=OTHER_APP)).passed
    assert codes(judge(of(ABSENT))) == ["app_attribute_absent"]


@pytest.mark.parametrize("others", [None, 0, 3, 5])
def test_users_of_another_source_need_the_exact_number(others: int | None) -> None:
    apps = of(READY, PUSHED, OUTRANKS)
    refused = judge(apps, preview=FOUR_OTHERS, others=others)
    assert codes(refused) == ["source_others"]
    found = judge(apps, preview=FOUR_OTHERS, others=4)
    assert found.passed
    assert found.others == 4
    assert [each.said for each in found.checks if each.code == "source_others"] == [True]


@pytest.mark.parametrize("synced", [0, 5])
def test_where_nobody_is_linked_okta_is_not_the_source(synced: int) -> None:
    nobody = Summary(START, synced, 0, 0, "")
    found = judge(of(READY, PUSHED, OUTRANKS), preview=nobody, others=synced)
    assert codes(found) == ["source_not_okta"]


class OneFact:
    """A table that has learned one connector."""

    def __init__(self, principal: str) -> None:
        self.fact = ConnectorFact(APP, principal, False, START, "push")

    def connector_fact(self, app: str) -> ConnectorFact | None:
        return self.fact if app == APP else None


@pytest.mark.parametrize(
    ("configured", "learned", "code"),
    [
        (CONNECTOR, "", "connector_outranks"),
        (None, CONNECTOR, "connector_outranks"),
        (None, "", "connector_unknown"),
        ("11111111-eeee-4eee-8eee-111111111111", CONNECTOR, "connector_lacks"),
    ],
)
def test_the_connector_is_the_configured_one_or_the_learned_one(
    configured: str | None, learned: str, code: str
) -> None:
    clock = FakeClock()
    graph = FakeGraph(clock)
    graph.standings[CONNECTOR] = standing(role())
    entry = {
        "uuid": "u",
        "eventType": "application.provision.user.push_profile",
        "legacyEventType": "app.user_management.push_profile_update_success",
        "published": to_text(START - timedelta(days=2)),
        "outcome": {"result": "SUCCESS"},
    }
    admin = OktaAdmin(http_of(FakeVendor([Answer(json=[entry])])))
    found = walk(
        FakeOkta(clock),  # type: ignore[arg-type]
        admin,
        graph,  # type: ignore[arg-type]
        OneFact(learned),  # type: ignore[arg-type]
        (APP,),
        configured,
        START,
    )
    assert code in [each.code for app in found for each in app.findings]
    checks = judged(found, WHOLE, "administrator", START)
    assert checks.passed is (code == "connector_outranks")
