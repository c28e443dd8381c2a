"""Okta's JSON: null and missing keys are fine unless a decision hangs on them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lib import okta_parse
from lib.errors import Permanent
from lib.model import MappingRule, Subject

SUBJECT = Subject("0oaAPP", "00uUSER")
APP_USER: dict[str, object] = {
    "id": "00uUSER",
    "externalId": "abc",
    "status": "PROVISIONED",
    "scope": "GROUP",
    "lastUpdated": "2025-01-01T10:00:00.000Z",
    "credentials": {"userName": "ordinary.user@corp.example"},
    "profile": {"mobilePhone": "+15550100", "otherMails": ["a@corp.example"], "x": None},
}
EVENT: dict[str, object] = {
    "uuid": "u-1",
    "published": "2025-01-01T10:00:00.123Z",
    "eventType": "application.provision.user.push_profile",
    "legacyEventType": "app.user_management.push_profile_success",
    "displayMessage": "Push",
    "outcome": {"result": "SUCCESS", "reason": None},
    "actor": {"id": "00uACTOR", "alternateId": "admin@corp.example"},
}


def without(given: dict[str, object], *names: str, **instead: object) -> dict[str, object]:
    return {k: v for k, v in given.items() if k not in names} | instead


def test_an_app_user() -> None:
    found = okta_parse.app_user(APP_USER, SUBJECT)
    assert found.status == "PROVISIONED"
    assert found.scope == "GROUP"
    assert found.external_id == "abc"
    assert found.user_name == "ordinary.user@corp.example"
    assert found.last_updated == datetime(2025, 1, 1, 10, tzinfo=UTC)
    assert found.profile["otherMails"] == ["a@corp.example"]


@pytest.mark.parametrize("mails", ["a@corp.example", ["a@corp.example"], None, []])
def test_other_mails_stay_as_okta_wrote_them(mails: object) -> None:
    body = without(APP_USER, profile={"otherMails": mails})
    assert okta_parse.app_user(body, SUBJECT).profile == {"otherMails": mails}


@pytest.mark.parametrize("name", ["id", "externalId", "scope", "credentials", "profile"])
def test_an_app_user_may_lack_what_decides_nothing(name: str) -> None:
    for body in (without(APP_USER, name), without(APP_USER, **{name: None})):
        assert okta_parse.app_user(body, SUBJECT).user_id == "00uUSER"


@pytest.mark.parametrize("name", ["status", "lastUpdated"])
@pytest.mark.parametrize("value", ["absent", None, 5, "", [], {}])
def test_an_app_user_without_what_decides_is_permanent_and_names_the_field(
    name: str, value: object
) -> None:
    body = without(APP_USER, name)
    if value != "absent":
        body[name] = value
    with pytest.raises(Permanent, match=name) as caught:
        okta_parse.app_user(body, SUBJECT)
    assert "corp.example" not in str(caught.value)


@pytest.mark.parametrize("moment", ["2025-01-01T10:00:00", "yesterday", "hidden@corp.example"])
def test_a_time_without_zone_is_named_but_not_told(moment: str) -> None:
    with pytest.raises(Permanent, match="lastUpdated") as caught:
        okta_parse.app_user(without(APP_USER, lastUpdated=moment), SUBJECT)
    assert moment not in str(caught.value)


@pytest.mark.parametrize("body", [None, [], "x", 1, {}])
def test_no_app_user_at_all_is_permanent(body: object) -> None:
    with pytest.raises(Permanent, match="status"):
        okta_parse.app_user(body, SUBJECT)


def test_a_user() -> None:
    body: dict[str, object] = {
        "id": "00uUSER",
        "status": "ACTIVE",
        "type": {"id": "oty1"},
        "profile": {"login": "ordinary.user@corp.example"},
    }
    found = okta_parse.user(body)
    assert (found.login, found.status, found.type_id) == (
        "ordinary.user@corp.example",
        "ACTIVE",
        "oty1",
    )
    bare = okta_parse.user({"id": "00uUSER", "status": "STAGED", "profile": None, "type": None})
    assert (bare.login, bare.type_id, bare.profile) == ("", None, {})
    for name in ("id", "status"):
        with pytest.raises(Permanent, match=name):
            okta_parse.user(without(body, name))


@pytest.mark.parametrize("embedded", [None, {}, {"user": None}, {"user": {}}, "x"])
def test_a_user_that_was_not_embedded_is_none(embedded: object) -> None:
    assert okta_parse.embedded_user({"_embedded": embedded}) is None


def test_features_must_be_there_but_may_be_empty() -> None:
    assert okta_parse.features({"features": []}) == frozenset()
    assert okta_parse.features({"features": ["PUSH_NEW_USERS", None]}) == {"PUSH_NEW_USERS"}
    wrong: list[object] = [{}, {"features": None}, []]
    for body in wrong:
        with pytest.raises(Permanent, match="features"):
            okta_parse.features(body)


def test_schema_attributes_of_both_parts() -> None:
    body = {
        "definitions": {
            "base": {"properties": {"displayName": {"externalName": "displayName"}, "odd": None}},
            "custom": {"properties": {"phone": {"externalName": "mobilePhone"}, "own": {}}},
        }
    }
    assert okta_parse.schema_attributes(body) == {
        "displayName": "displayName",
        "odd": None,
        "phone": "mobilePhone",
        "own": None,
    }
    assert okta_parse.schema_attributes({"definitions": {"base": None, "custom": {}}}) == {}
    with pytest.raises(Permanent, match="definitions"):
        okta_parse.schema_attributes({})


def test_a_mapping_towards_the_app() -> None:
    body = {
        "source": {"id": "oty1", "type": "user"},
        "target": {"id": "0oaAPP", "type": "appuser"},
        "properties": {
            "mobilePhone": {"expression": "user.mobilePhone", "pushStatus": "DONT_PUSH"},
            "department": {"expression": "user.department"},
            "gone": None,
        },
    }
    assert okta_parse.mapping_of(body, "0oaAPP") == (
        "oty1",
        {
            "mobilePhone": MappingRule("user.mobilePhone", "DONT_PUSH"),
            "department": MappingRule("user.department", "PUSH"),
        },
    )
    assert okta_parse.mapping_of(body, "0oaOTHER") is None
    backwards = body | {"source": body["target"], "target": body["source"]}
    assert okta_parse.mapping_of(backwards, "0oaAPP") is None
    assert okta_parse.mapping_of(None, "0oaAPP") is None


def test_a_push_event() -> None:
    found = okta_parse.push_event(EVENT)
    assert found is not None
    assert (found.result, found.reason, found.started) == ("SUCCESS", None, False)
    assert found.published == datetime(2025, 1, 1, 10, 0, 0, 123000, tzinfo=UTC)


def test_a_push_event_without_outcome_or_legacy_type() -> None:
    found = okta_parse.push_event(without(EVENT, "outcome", "legacyEventType", "displayMessage"))
    assert found is not None
    assert (found.result, found.legacy_event_type, found.display_message) == ("UNKNOWN", None, "")


@pytest.mark.parametrize("name", ["uuid", "published", "eventType"])
def test_an_event_that_cannot_be_placed_is_none(name: str) -> None:
    assert okta_parse.push_event(without(EVENT, name)) is None
    assert okta_parse.push_event(without(EVENT, **{name: 5})) is None
    assert okta_parse.push_event(None) is None


def test_who_changed_a_profile() -> None:
    found = okta_parse.profile_change(EVENT)
    assert found is not None
    assert (found.actor_id, found.actor_login) == ("00uACTOR", "admin@corp.example")
    for body in (without(EVENT, "actor"), without(EVENT, actor=None), without(EVENT, "published")):
        assert okta_parse.profile_change(body) is None


@pytest.mark.parametrize("body", [None, {}, "x", 3])
def test_a_list_must_be_a_list(body: object) -> None:
    with pytest.raises(Permanent):
        okta_parse.items(body)
