"""The ordinary reasons that Okta's article has ruled out first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lib.errors import Refused, Transient
from lib.model import Attribute, MappingRule
from lib.okta_admin import OktaAdmin
from lib.times import to_text
from ops.doctor.ordinary import Ordinary, examine, passed
from tests.fakes.clock import START, FakeClock
from tests.fakes.graph import FakeGraph
from tests.fakes.make import APP, CONNECTOR, OTHER_APP, configuration, role, standing
from tests.fakes.okta import FakeOkta
from tests.unit.fakes_http import Answer, FakeVendor, http_of

STARTED = "app.user_management.push_profile_update"
RULES = {"otherMails": MappingRule("user.otherMails", "PUSH")}


def entry(result: str = "SUCCESS", legacy: str = f"{STARTED}_success") -> dict[str, Any]:
    return {
        "uuid": "u",
        "eventType": "application.provision.user.push_profile",
        "legacyEventType": legacy,
        "published": to_text(START - timedelta(days=2)),
        "outcome": {"result": result},
    }


@pytest.fixture
def okta() -> FakeOkta:
    return FakeOkta(FakeClock())


@pytest.fixture
def graph() -> FakeGraph:
    found = FakeGraph(FakeClock())
    found.standings[CONNECTOR] = standing(role())
    return found


def look(
    okta: FakeOkta,
    graph: FakeGraph,
    log: Answer | None = None,
    *,
    connector: str | None = CONNECTOR,
    attribute: Attribute = Attribute.MOBILE_PHONE,
) -> Ordinary:
    vendor = FakeVendor([log or Answer(json=[entry()])])
    (found,) = examine(
        okta,  # type: ignore[arg-type]
        OktaAdmin(http_of(vendor)),
        graph,  # type: ignore[arg-type]
        (APP,),
        connector,
        START,
        attribute,
    )
    asked = vendor.sent[0].query
    assert f'target.id eq "{APP}"' in asked["filter"]
    assert asked["since"] == to_text(START - timedelta(days=30))
    return found


def codes(found: Ordinary) -> list[str]:
    return [each.code for each in found.findings]


def test_all_of_them_pass(okta: FakeOkta, graph: FakeGraph) -> None:
    found = look(okta, graph)
    assert codes(found) == ["app_ready", "push_seen", "connector_outranks"]
    assert "2 days" in found.findings[1].seen
    assert passed([found])


def test_an_unknown_connector_is_said_and_does_not_hinder(okta: FakeOkta, graph: FakeGraph) -> None:
    found = look(okta, graph, connector=None)
    assert codes(found)[-1] == "connector_unknown"
    assert passed([found])


def test_a_connector_that_does_not_outrank_hinders(okta: FakeOkta, graph: FakeGraph) -> None:
    graph.standings[CONNECTOR] = standing()
    found = look(okta, graph)
    assert [each.code for each in found.in_the_way] == ["connector_lacks"]
    assert not passed([found])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"features": frozenset({"PUSH_USER_DEACTIVATION"})}, "app_feature_off"),
        ({"mappings": {"oty1": RULES}}, "app_unmapped"),
        ({"mappings": {}}, "app_no_mapping"),
        (
            {"mappings": {"oty1": RULES | {"mobilePhone": MappingRule("user.x", "DONT_PUSH")}}},
            "app_create_only",
        ),
    ],
)
def test_an_app_that_does_not_push_it(
    okta: FakeOkta, graph: FakeGraph, changes: dict[str, Any], code: str
) -> None:
    okta.config = configuration(**changes)
    found = look(okta, graph)
    assert [each.code for each in found.in_the_way] == [code]
    assert not passed([found])
    # The other attribute's mapping is nobody's business here.
    other = look(okta, graph, attribute=Attribute.OTHER_MAILS)
    assert passed([other]) is (code in ("app_unmapped", "app_create_only"))


@pytest.mark.parametrize(
    ("log", "code"),
    [
        (Answer(json=[]), "push_none"),
        (Answer(json=[entry(legacy=STARTED)]), "push_none"),
        (Answer(json=[entry("FAILURE")]), "push_failing"),
        (Answer(json=[entry("SKIPPED"), entry(legacy=STARTED)]), "push_failing"),
        (Answer(403, {"errorCode": "E0000006", "errorSummary": "no"}), "push_unread"),
    ],
)
def test_a_log_without_a_success(okta: FakeOkta, graph: FakeGraph, log: Answer, code: str) -> None:
    found = look(okta, graph, log)
    assert [each.code for each in found.in_the_way] == [code]
    assert not passed([found])


def test_one_success_among_failures_does(okta: FakeOkta, graph: FakeGraph) -> None:
    assert passed([look(okta, graph, Answer(json=[entry("FAILURE"), entry()]))])


@pytest.mark.parametrize(
    ("trouble", "code"),
    [(Refused(403, "E0000006", "no"), "app_unread"), (Transient("busy"), "app_not_told")],
)
def test_an_app_that_can_not_be_read_hinders(
    okta: FakeOkta, graph: FakeGraph, trouble: Refused | Transient, code: str
) -> None:
    okta.trouble["configuration"] = trouble
    found = look(okta, graph)
    assert [each.code for each in found.in_the_way] == [code]
    assert not passed([found])


def test_an_app_without_the_attribute_has_no_say(okta: FakeOkta, graph: FakeGraph) -> None:
    good = look(okta, graph)
    okta.config = configuration(schema_attributes={"otherMails": None})
    without = look(okta, graph)
    assert not without.concerned
    assert passed([good, Ordinary(OTHER_APP, without.findings)])
    assert not passed([without]), "somebody has to push it"
    assert not passed([])
