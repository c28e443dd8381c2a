"""The audit log's client: one request, JSON inside strings, names that nobody documents."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lib.errors import Refused, Transient
from lib.graph import Graph
from lib.graph_audit import audit_entry
from lib.model import Attribute, AuditActor
from tests.unit.fakes_http import Answer, FakeVendor, http_of

OBJECT = "a0000000-0000-4000-8000-000000000001"
ACTOR = "a0000000-0000-4000-8000-000000000002"
SINCE = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
MOBILE, MAILS, ENABLED = Attribute.MOBILE_PHONE, Attribute.OTHER_MAILS, Attribute.ACCOUNT_ENABLED


def modified(name: str, new: object, old: object = None) -> dict[str, object]:
    return {
        "displayName": name,
        "oldValue": None if old is None else json.dumps(old),
        "newValue": None if new is None else json.dumps(new),
    }


def entry(*changes: dict[str, object], **instead: Any) -> dict[str, object]:
    user = {"id": ACTOR, "userPrincipalName": "an.admin@corp.example", "displayName": "An Admin"}
    target = {"id": OBJECT, "type": "User", "modifiedProperties": list(changes)}
    return {
        "activityDisplayName": "Update user",
        "activityDateTime": "2026-01-02T03:05:00.1458248Z",
        "correlationId": "504a302a-8f2d-418d-b7df-bf77de6ed831",
        "result": "success",
        "initiatedBy": {"app": None, "user": user},
        "targetResources": [target],
    } | instead


def graph_of(*answers: Answer | Exception) -> tuple[Graph, FakeVendor]:
    vendor = FakeVendor(list(answers))
    return Graph(http_of(vendor)), vendor


def test_one_request_with_the_documented_filter() -> None:
    answer = Answer(json={"value": [entry()]}, headers={"request-id": "r-1"})
    graph, vendor = graph_of(answer)
    log = graph.audit_log(OBJECT, SINCE)
    (sent,) = vendor.sent
    assert sent.path == "/root/v1.0/auditLogs/directoryAudits"
    assert sent.query["$filter"] == (
        "activityDisplayName eq 'Update user' and "
        f"targetResources/any(t:t/id eq '{OBJECT}') and "
        "activityDateTime ge 2026-01-02T03:04:05Z"
    )
    assert (len(log.entries), log.complete, log.request_id) == (1, True, "r-1")


def test_a_second_page_is_never_asked_for() -> None:
    link = "https://vendor.example/root/v1.0/auditLogs/directoryAudits?$skiptoken=x"
    graph, vendor = graph_of(Answer(json={"value": [entry()], "@odata.nextLink": link}))
    assert not graph.audit_log(OBJECT, SINCE).complete
    assert len(vendor.sent) == 1


def test_an_entry_that_is_not_understood_makes_it_incomplete() -> None:
    graph, _ = graph_of(Answer(json={"value": [entry(), entry(activityDateTime="yesterday")]}))
    log = graph.audit_log(OBJECT, SINCE)
    assert (len(log.entries), log.complete) == (1, False)


def test_a_refusal_carries_its_ids_and_a_limit_its_time_without_a_repeat() -> None:
    inner = {"request-id": "r-1", "client-request-id": "c-1"}
    error = {"code": "Authorization_RequestDenied", "message": "x", "innerError": inner}
    graph, _ = graph_of(Answer(403, {"error": error}))
    with pytest.raises(Refused) as refused:
        graph.audit_log(OBJECT, SINCE)
    assert (refused.value.request_id, refused.value.client_request_id) == ("r-1", "c-1")
    graph, vendor = graph_of(Answer(429, {"error": {}}, headers={"Retry-After": "1.5"}))
    with pytest.raises(Transient) as throttled:
        graph.audit_log(OBJECT, SINCE)
    assert throttled.value.retry_after == 1.5
    assert len(vendor.sent) == 1


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("Mobile", MOBILE),
        ("MobilePhone", MOBILE),
        ("mobilePhone", MOBILE),
        ("OtherMail", MAILS),
        ("OtherMails", MAILS),
        ("otherMails", MAILS),
        ("AccountEnabled", ENABLED),
        ("accountEnabled", ENABLED),
    ],
)
def test_every_likely_name_is_taken(name: str, attribute: Attribute) -> None:
    by_list = audit_entry(entry(modified("Included Updated Properties", f"City, {name}")), OBJECT)
    by_property = audit_entry(entry(modified(name, [])), OBJECT)
    assert by_list
    assert by_property
    assert by_list.names == by_property.names == {attribute}
    assert by_list.written == {}


@pytest.mark.parametrize(
    ("name", "new", "value"),
    [
        ("Mobile", ["+15550100"], "+15550100"),
        ("Mobile", "+15550100", "+15550100"),
        ("Mobile", [], None),
        ("OtherMail", ["a@home.example", "b@home.example"], ("a@home.example", "b@home.example")),
        ("OtherMail", [], ()),
        ("AccountEnabled", [True], True),
        ("AccountEnabled", False, False),
    ],
)
def test_values_are_json_inside_a_string_and_shown_nowhere(
    name: str, new: object, value: object
) -> None:
    found = audit_entry(entry(modified(name, new)), OBJECT)
    assert found
    assert list(found.written.values()) == [value]
    assert "5550100" not in repr(found)
    assert "home.example" not in repr(found)


@pytest.mark.parametrize(
    ("name", "new"),
    [("Mobile", [1]), ("Mobile", ["a", "b"]), ("OtherMail", [None]), ("AccountEnabled", ["yes"])],
)
def test_a_value_of_another_shape_is_not_told(name: str, new: object) -> None:
    found = audit_entry(entry(modified(name, new)), OBJECT)
    assert found
    assert found.names
    assert found.written == {}


def test_newvalue_that_is_no_json_is_not_told() -> None:
    change = {"displayName": "Mobile", "oldValue": None, "newValue": "+15550100"}
    found = audit_entry(entry(change), OBJECT)
    assert found
    assert found.names == {MOBILE}
    # By chance a number is JSON; it is of no type a phone has.
    assert found.written == {}


def test_an_entry_that_names_nothing_says_nothing_about_an_attribute() -> None:
    silent = audit_entry(entry(modified("TargetId.UserType", "Member")), OBJECT)
    empty = audit_entry(entry(modified("Included Updated Properties", "")), OBJECT)
    assert silent
    assert empty
    assert silent.names is None
    assert empty.names == frozenset()


def test_only_what_was_done_to_this_user_counts() -> None:
    others = {"id": ACTOR, "modifiedProperties": [modified("Mobile", [])]}
    mine = {"id": OBJECT.upper(), "modifiedProperties": [modified("OtherMail", [])]}
    found = audit_entry(entry(targetResources=[others, mine]), OBJECT)
    assert found
    assert found.names == {MAILS}
    assert audit_entry(entry(targetResources=[others]), OBJECT) is None
    assert audit_entry(entry(activityDisplayName="Delete user"), OBJECT) is None


def test_actors_are_ids_and_never_names() -> None:
    person = audit_entry(entry(), OBJECT)
    assert person
    assert person.actor == AuditActor(ACTOR)
    assert not person.actor.application
    app = {"appId": "APP-1", "displayName": "Okta", "servicePrincipalId": ACTOR.upper()}
    by_app = audit_entry(entry(initiatedBy={"app": app, "user": None}), OBJECT)
    assert by_app
    assert by_app.actor == AuditActor(ACTOR, "app-1")
    assert by_app.actor.application
    odd = {"id": "an.admin@corp.example"}
    by_name = audit_entry(entry(initiatedBy={"user": odd}), OBJECT)
    assert by_name
    assert str(by_name.actor) == "an actor without an id"
    assert audit_entry(entry(initiatedBy=None), OBJECT)


def test_a_sync_and_a_failure_are_told_apart() -> None:
    sync = audit_entry(entry(modified("Action Client Name", "DirectorySync")), OBJECT)
    failed = audit_entry(entry(result="failure"), OBJECT)
    assert sync
    assert failed
    assert (sync.by_sync, sync.succeeded) == (True, True)
    assert (failed.by_sync, failed.succeeded) == (False, False)
