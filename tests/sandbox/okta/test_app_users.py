"""/api/v1/apps and the assignments below it."""

from __future__ import annotations

import pytest

from tests.sandbox.okta.conftest import APP, DIRSYNC_APP, ORDINARY, SYNCED, UNASSIGNED, Okta

ONE = f"/api/v1/apps/{APP}/users/{ORDINARY}"


def test_an_assignment_and_the_user_beside_it(okta: Okta) -> None:
    plain = okta.get(ONE).json()
    assert plain["id"] == ORDINARY
    assert plain["status"] == "PROVISIONED"
    assert plain["scope"] == "USER"
    assert plain["credentials"] == {"userName": "ordinary.user@corp.example"}
    assert plain["externalId"] == "a0000000-0000-4000-8000-000000000001"
    assert "_embedded" not in plain
    expanded = okta.get(ONE, expand="user").json()
    assert expanded.pop("_embedded") == {"user": okta.get(f"/api/v1/users/{ORDINARY}").json()}
    assert expanded == plain


def test_the_external_id_of_a_synced_user_is_the_immutable_id(okta: Okta) -> None:
    body = okta.get(f"/api/v1/apps/{DIRSYNC_APP}/users/{SYNCED}").json()
    assert body["externalId"] == "c3luY2VkLnVzZXI="
    assert body["scope"] == "GROUP"


@pytest.mark.parametrize("user", [UNASSIGNED, "00uNobody", "0uaWrongKindOfId"])
def test_a_user_who_is_not_assigned(okta: Okta, user: str) -> None:
    answer = okta.get(f"/api/v1/apps/{APP}/users/{user}")
    assert answer.status_code == 404
    assert answer.json()["errorCode"] == "E0000007"
    assert answer.json()["errorSummary"] == f"Not found: Resource not found: {user} (AppUser)"


def test_an_unknown_app(okta: Okta) -> None:
    answer = okta.get(f"/api/v1/apps/0oaNothing/users/{ORDINARY}")
    assert answer.status_code == 404
    assert "0oaNothing (AppInstance)" in answer.json()["errorSummary"]


def test_an_unmapped_attribute_can_be_written(okta: Okta) -> None:
    before = okta.get(ONE).json()
    okta.clock.advance(5)
    answer = okta.post(ONE, {"profile": {"department": "touched"}})
    assert answer.status_code == 200
    assert answer.json()["profile"] == {**before["profile"], "department": "touched"}
    assert answer.json()["lastUpdated"] > before["lastUpdated"]
    assert len(okta.logged("application.user_membership.update")) == 1


def test_a_mapped_attribute_cannot_be_changed_while_push_is_on(okta: Okta) -> None:
    before = okta.get(ONE).json()
    for body in (
        {"profile": {"mobilePhone": "+1 555 0199"}},
        {"profile": {"department": "touched", "mobilePhone": "+1 555 0199"}},
        {"profile": {"title": "Lead"}},
    ):
        answer = okta.post(ONE, body)
        assert (answer.status_code, answer.json()["errorCode"]) == (403, "E0000075")
    assert answer.json()["errorSummary"] == (
        "Cannot modify the title attribute because it has a field mapping "
        "and profile push is enabled."
    )
    assert okta.get(ONE).json() == before
    assert okta.org.log.everything() == []


def test_a_mapped_attribute_may_repeat_the_mapped_value(okta: Okta) -> None:
    body = {"profile": {"mobilePhone": "+1 555 0100", "department": "touched"}}
    assert okta.post(ONE, body).status_code == 200


def test_a_mapped_attribute_is_free_when_push_is_off(okta: Okta) -> None:
    okta.org.change_app(APP, features=["PUSH_USER_DEACTIVATION"])
    assert okta.post(ONE, {"profile": {"mobilePhone": "+1 555 0199"}}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"profile": {"shoeSize": "43"}},
        {"profile": {"department": ["a", "list"]}},
        {"profile": {"department": 7}},
        {"profile": {"department": "x"}, "credentials": {"userName": "y"}},
        {"credentials": {"userName": ""}},
        {"department": "touched"},
        {},
    ],
)
def test_a_body_that_makes_no_sense(okta: Okta, body: dict[str, object]) -> None:
    before = okta.get(ONE).json()
    answer = okta.post(ONE, body)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000001")
    assert answer.json()["errorCauses"]
    assert okta.get(ONE).json() == before


@pytest.mark.parametrize("body", [[], "text", {"profile": "text"}, {"credentials": []}])
def test_a_body_that_is_not_the_right_kind(okta: Okta, body: object) -> None:
    assert okta.post(ONE, body).json()["errorCode"] == "E0000003"


def test_credentials_rename_the_app_user(okta: Okta) -> None:
    answer = okta.post(ONE, {"credentials": {"userName": "renamed@corp.example"}})
    assert answer.json()["credentials"] == {"userName": "renamed@corp.example"}
    assert len(okta.logged("application.user_membership.change_username")) == 1


def test_an_unassigned_user_is_gone(okta: Okta) -> None:
    assert okta.delete(ONE).status_code == 204
    assert okta.get(ONE).status_code == 404
    assert okta.delete(ONE).status_code == 404
    okta.settle()
    assert okta.entra("ordinary")["accountEnabled"] is False
    assert okta.get(f"/api/v1/users/{ORDINARY}").json()["status"] == "ACTIVE"


def test_listing_pages_by_the_next_link(okta: Okta) -> None:
    for number in range(5):
        okta.add_user(f"00uMore{number:013d}", f"more{number}@corp.example")
    url, seen, pages = f"/api/v1/apps/{APP}/users?limit=2&expand=user", [], 0
    while url:
        answer = okta.get(url)
        seen += [each["id"] for each in answer.json()]
        assert all(each["_embedded"]["user"]["id"] == each["id"] for each in answer.json())
        assert "self" in answer.links
        url = answer.links.get("next", {}).get("url", "")
        pages += 1
    assert len(seen) == len(set(seen)) == 6
    assert pages == 3


def test_listing_by_the_beginning_of_a_name(okta: Okta) -> None:
    found = okta.get(f"/api/v1/apps/{APP}/users", q="ORDINARY.u").json()
    assert [each["id"] for each in found] == [ORDINARY]
    assert okta.get(f"/api/v1/apps/{APP}/users", q="user@corp").json() == []


@pytest.mark.parametrize("limit", ["0", "501", "-1", "many"])
def test_a_page_size_outside_the_limits(okta: Okta, limit: str) -> None:
    answer = okta.get(f"/api/v1/apps/{APP}/users", limit=limit)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000001")
