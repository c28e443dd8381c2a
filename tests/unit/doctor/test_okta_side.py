"""The event hook, the app, the touch attribute and the token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from lib.errors import Refused, Transient
from lib.model import Attribute, MappingRule
from lib.okta_admin import OktaAdmin, conditions, event_hook, misfiltered
from lib.rules.hints import HOOK_EVENTS
from ops.doctor import hook, okta_app
from ops.doctor.finding import Finding
from ops.doctor.okta_token import OktaReads
from ops.doctor.proof_record import ProofRecord, TouchProof
from tests.fakes.clock import START, FakeClock
from tests.fakes.make import APP, OTHER_APP, USER, configuration
from tests.fakes.okta import FakeOkta
from tests.unit.doctor.aws import FakeAws
from tests.unit.fakes_http import Answer, FakeVendor, Sent, http_of

URL = "https://hook.example/okta/events"


def codes(found: list[Finding]) -> list[str]:
    return [each.code for each in found]


def registered(identifier: str = "who1", **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": identifier,
        "name": "pushproof",
        "status": "ACTIVE",
        "verificationStatus": "VERIFIED",
        "events": {
            "items": list(HOOK_EVENTS),
            "filter": {"eventFilterMap": conditions(HOOK_EVENTS, (APP,))},
        },
        "channel": {"config": {"uri": URL}},
    }
    return body | changes


def look(*hooks: dict[str, Any]) -> list[Finding]:
    vendor = FakeVendor([Answer(json=list(hooks))])
    return hook.examine(OktaAdmin(http_of(vendor)), URL, (APP,))


def with_conditions(*given: Any) -> dict[str, Any]:
    return registered(
        events={"items": list(HOOK_EVENTS), "filter": {"eventFilterMap": list(given)}}
    )


def filtered_for(*app_ids: str, of: Sequence[str] = HOOK_EVENTS) -> dict[str, Any]:
    return with_conditions(*conditions(of, app_ids))


LAST = HOOK_EVENTS[-1]
ONE = conditions(HOOK_EVENTS, (APP,))[0]["condition"]


def test_a_healthy_hook() -> None:
    assert codes(look(registered())) == ["hook_ready"]


@pytest.mark.parametrize(
    ("hooks", "expected"),
    [
        ([], ["hook_missing"]),
        ([registered(channel={"config": {"uri": "https://other.example"}})], ["hook_missing"]),
        ([registered(status="INACTIVE")], ["hook_inactive"]),
        ([registered(verificationStatus="UNVERIFIED")], ["hook_unverified"]),
        (
            [
                registered(
                    events={
                        "items": list(HOOK_EVENTS[1:]),
                        "filter": {"eventFilterMap": conditions(HOOK_EVENTS[1:], (APP,))},
                    }
                )
            ],
            ["hook_types_missing"],
        ),
        (
            [
                registered(
                    events={
                        "items": [*HOOK_EVENTS, "user.session.start"],
                        "filter": {
                            "eventFilterMap": [
                                *conditions(HOOK_EVENTS, (APP,)),
                                {"event": "user.session.start", "condition": {"expression": "x"}},
                            ]
                        },
                    }
                )
            ],
            ["hook_ready", "hook_types_additional"],
        ),
        ([filtered_for(OTHER_APP)], ["hook_misfiltered"]),
        ([filtered_for(APP, OTHER_APP)], ["hook_misfiltered"]),
        # One type is enough to miss what it tells; one without a condition misses nothing.
        ([filtered_for(APP, of=HOOK_EVENTS[:1])], ["hook_ready"]),
        ([filtered_for(OTHER_APP, of=HOOK_EVENTS[:1])], ["hook_misfiltered"]),
        # Users' events name no app: a condition on apps keeps all of them away.
        ([with_conditions({"event": LAST, "condition": ONE})], ["hook_misfiltered"]),
        ([with_conditions({"event": HOOK_EVENTS[0]})], ["hook_misfiltered"]),
        (
            [registered(events={"items": list(HOOK_EVENTS), "filter": None})],
            ["hook_ready", "hook_unfiltered"],
        ),
        ([registered(), registered("who2")], ["hook_ready", "hook_twice"]),
        # A dead one beside a living one does not hide it.
        ([registered(status="INACTIVE"), registered("who2")], ["hook_ready", "hook_twice"]),
    ],
)
def test_a_hook_that_is_not_right(hooks: list[dict[str, Any]], expected: list[str]) -> None:
    assert codes(look(*hooks)) == expected


def test_the_order_of_apps_and_spaces_do_not_matter_in_a_filter() -> None:
    body = filtered_for(OTHER_APP, APP)
    for each in body["events"]["filter"]["eventFilterMap"]:
        each["condition"]["expression"] = each["condition"]["expression"].replace("&&", "  &&  ")
    found = event_hook(body)
    assert misfiltered(found, HOOK_EVENTS, (APP, OTHER_APP)) == ()
    assert misfiltered(found, HOOK_EVENTS, (APP,)) != ()


def test_hooks_that_may_not_be_read() -> None:
    vendor = FakeVendor([Answer(403, {"errorCode": "E0000006", "errorSummary": "no"})])
    (found,) = hook.examine(OktaAdmin(http_of(vendor)), URL, (APP,))
    assert found.code == "hook_unread"
    assert "E0000006" in found.seen


# -- the app


@pytest.fixture
def proofs() -> ProofRecord:
    return ProofRecord(FakeAws(), "table")


def examine(okta: FakeOkta, proofs: ProofRecord, touch: str | None = None) -> list[Finding]:
    return okta_app.examine(okta, APP, touch, proofs, START)  # type: ignore[arg-type]


@pytest.fixture
def okta() -> FakeOkta:
    return FakeOkta(FakeClock())


def test_a_healthy_app(okta: FakeOkta, proofs: ProofRecord) -> None:
    assert codes(examine(okta, proofs)) == ["app_ready"] * len(Attribute)


RULES = {"otherMails": MappingRule("user.otherMails", "PUSH")}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"features": frozenset({"PUSH_USER_DEACTIVATION"})}, ["app_feature_off"] * 2),
        ({"features": frozenset({"PUSH_PROFILE_UPDATES"})}, ["app_feature_off"]),
        ({"schema_attributes": {"mobilePhone": None}}, ["app_attribute_absent"]),
        ({"mappings": {"oty1": RULES}}, ["app_unmapped"]),
        (
            {"mappings": {"oty1": RULES | {"mobilePhone": MappingRule("user.x", "DONT_PUSH")}}},
            ["app_create_only"],
        ),
        (
            {"mappings": {"oty1": RULES | {"mobilePhone": MappingRule("a ? b : c", "PUSH")}}},
            ["app_expression"],
        ),
        ({"mappings": {}}, ["app_no_mapping"] * 2),
        # Only the second user type leaves it out, and it is named.
        (
            {
                "mappings": {
                    "oty1": RULES | {"mobilePhone": MappingRule("user.mobilePhone", "PUSH")},
                    "oty2": RULES,
                }
            },
            ["app_unmapped"],
        ),
    ],
)
def test_an_app_that_does_not_push(
    okta: FakeOkta, proofs: ProofRecord, changes: dict[str, Any], expected: list[str]
) -> None:
    okta.config = configuration(**changes)
    found = [each for each in examine(okta, proofs) if each.code != "app_ready"]
    assert codes(found) == expected


def test_an_app_that_can_not_be_read(okta: FakeOkta, proofs: ProofRecord) -> None:
    okta.trouble["configuration"] = Refused(403, "E0000006", "no")
    assert codes(examine(okta, proofs)) == ["app_unread"]
    okta.trouble["configuration"] = Transient("busy")
    assert codes(examine(okta, proofs)) == ["app_not_told"]


@pytest.mark.parametrize(
    ("attribute", "changes", "expected"),
    [
        ("nickName", {}, "touch_absent"),
        ("mobilePhone", {}, "touch_watched"),
        ("phone2", {"schema_attributes": {"phone2": "MobilePhone"}}, "touch_watched"),
        (
            "department",
            {"mappings": {"oty1": {"department": MappingRule("user.department", "PUSH")}}},
            "touch_mapped",
        ),
        ("department", {}, "touch_unproved"),
    ],
)
def test_the_touch_attribute(
    okta: FakeOkta,
    proofs: ProofRecord,
    attribute: str,
    changes: dict[str, Any],
    expected: str,
) -> None:
    okta.config = configuration(**changes)
    assert examine(okta, proofs, attribute)[-1].code == expected


def test_a_proof_counts_for_its_app_and_attribute(okta: FakeOkta, proofs: ProofRecord) -> None:
    proofs.write(TouchProof(APP, "department", USER, START, "uuid", 1.5))
    assert examine(okta, proofs, "department")[-1].code == "touch_ready"
    okta.config = configuration(schema_attributes={"title": None})
    assert examine(okta, proofs, "title")[-1].code == "touch_unproved"
    assert proofs.read("0oaOther") is None


def test_a_proof_that_can_not_be_read(okta: FakeOkta) -> None:
    aws = FakeAws()
    aws.error = "AccessDeniedException"
    found = examine(okta, ProofRecord(aws, "table"), "department")
    assert found[-1].code == "touch_proof_unread"
    assert "AccessDeniedException" in found[-1].seen


def test_touches_that_are_off_are_noted() -> None:
    from ops.doctor.texts import finding

    assert finding("touch_off").severity == "note"


# -- the token


def reads(handler: Callable[[Sent], Answer]) -> list[Finding]:
    vendor = FakeVendor(handler)
    return OktaReads(OktaAdmin(http_of(vendor))).examine((APP,), START)


def answer(sent: Sent) -> Answer:
    return Answer(json=[{"id": USER}] if sent.path.endswith(("/users", "/logs")) else {})


def test_a_token_that_reads_everything() -> None:
    found = reads(answer)
    assert set(codes(found)) == {"okta_reads"}
    assert len(found) == 7


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("/logs", "the System Log"),
        ("/schemas/", "the schema"),
        ("/mappings", "the mappings"),
        (f"/users/{USER}", "one assignment"),
    ],
)
def test_a_token_that_may_not_read_a_part(part: str, what: str) -> None:
    refusal = Answer(403, {"errorCode": "E0000006", "errorSummary": "no"})
    found = reads(lambda s: refusal if part in s.path else answer(s))
    refused = [each for each in found if each.code == "okta_refused"]
    assert refused
    assert what in refused[0].seen
    assert "okta_reads" in codes(found)


def test_a_token_that_is_no_token_is_said_once() -> None:
    found = reads(lambda _: Answer(401, {"errorCode": "E0000011", "errorSummary": "no"}))
    assert codes(found) == ["okta_no_token"]


def test_an_outage_is_no_refusal() -> None:
    found = reads(lambda s: Answer(500) if s.path.endswith("/logs") else answer(s))
    assert codes(found)[-1] == "okta_not_told"


def test_an_app_without_anybody() -> None:
    found = reads(lambda _: Answer(json=[]))
    assert "okta_nobody" in codes(found)


def test_the_hook_is_read_tolerantly() -> None:
    found = event_hook({"id": "who1", "events": None, "channel": None})
    assert (found.uri, found.event_types, found.receives) == ("", (), False)
