"""GET /users, /users/{id} and /me."""

from __future__ import annotations

import uuid

import pytest

from tests.sandbox.entra.conftest import (
    GLOBAL,
    NOBODY,
    ORDINARY,
    OVERRIDE,
    Entra,
    denied,
    error,
)


def test_the_default_properties_and_no_others(entra: Entra) -> None:
    body = entra.get(f"/v1.0/users/{ORDINARY}").json()
    assert set(body) - {"@odata.context"} == {
        "businessPhones",
        "displayName",
        "givenName",
        "id",
        "jobTitle",
        "mail",
        "mobilePhone",
        "officeLocation",
        "preferredLanguage",
        "surname",
        "userPrincipalName",
    }


def test_select_gives_exactly_what_is_named(entra: Entra) -> None:
    params = {"$select": "otherMails,accountEnabled,onPremisesSyncEnabled,isManagementRestricted"}
    body = entra.get(f"/v1.0/users/{ORDINARY}", params=params).json()
    del body["@odata.context"]
    assert body == {
        "otherMails": ["ordinary.old@example.net"],
        "accountEnabled": True,
        "onPremisesSyncEnabled": None,
        "isManagementRestricted": False,
    }


def test_a_property_nobody_knows_cannot_be_selected(entra: Entra) -> None:
    answer = entra.get(f"/v1.0/users/{ORDINARY}", params={"$select": "shoeSize"})
    assert error(answer) == (400, "BadRequest")


def test_by_name_in_any_letter_case(entra: Entra) -> None:
    assert entra.get("/v1.0/users/Ordinary.User@corp.example").json()["id"] == ORDINARY


@pytest.mark.parametrize("key", [NOBODY, "not-an-id", "nobody@corp.example"])
def test_who_is_not_there_is_404(entra: Entra, key: str) -> None:
    answer = entra.get(f"/v1.0/users/{key}")
    assert error(answer) == (404, "Request_ResourceNotFound")
    assert answer.json()["error"]["message"] == (
        f"Resource '{key}' does not exist or one of its queried reference-property objects are "
        "not present."
    )


def test_a_deleted_user_is_404_and_in_no_list(entra: Entra) -> None:
    entra.tenant.delete_user("ordinary")
    assert entra.get(f"/v1.0/users/{ORDINARY}").status_code == 404
    found = entra.get("/v1.0/users", params={"$filter": f"id eq '{ORDINARY}'"}).json()
    assert found["value"] == []


def test_the_headers_of_every_answer(entra: Entra) -> None:
    mine = str(uuid.uuid4())
    answer = entra.get(f"/v1.0/users/{ORDINARY}", headers={"client-request-id": mine})
    assert answer.headers["client-request-id"] == mine
    assert answer.headers["request-id"] not in {"", mine}
    assert answer.headers["Date"] == "Tue, 01 Sep 2026 12:00:00 GMT"
    assert "ServerInfo" in answer.headers["x-ms-ags-diagnostic"]
    assert answer.headers["x-ms-resource-unit"] == "1"
    assert answer.headers["Content-Type"].startswith("application/json;odata.metadata=minimal")


def test_an_error_carries_the_same_ids(entra: Entra) -> None:
    answer = entra.get(f"/v1.0/users/{NOBODY}", headers={"client-request-id": "mine"})
    inner = answer.json()["error"]["innerError"]
    assert inner == {
        "date": "2026-09-01T12:00:00",
        "request-id": answer.headers["request-id"],
        "client-request-id": "mine",
    }


def test_in_takes_fifteen_values_and_not_sixteen(entra: Entra) -> None:
    ids = [ORDINARY, GLOBAL, *(str(uuid.uuid4()) for _ in range(13))]
    fifteen = "id in (" + ",".join(f"'{each}'" for each in ids) + ")"
    found = entra.get("/v1.0/users", params={"$filter": fifteen, "$select": "id"}).json()["value"]
    assert found == [{"id": ORDINARY}, {"id": GLOBAL}]
    sixteen = fifteen.replace("(", f"('{uuid.uuid4()}',")
    answer = entra.get("/v1.0/users", params={"$filter": sixteen})
    assert error(answer) == (400, "Request_UnsupportedQuery")
    assert "16. Max allowed: 15." in answer.json()["error"]["message"]


def test_one_malformed_id_refuses_the_whole_filter(entra: Entra) -> None:
    params = {"$filter": f"id in ('{ORDINARY}','00uNotAnEntraId00000')"}
    answer = entra.get("/v1.0/users", params=params)
    assert error(answer) == (400, "Request_BadRequest")
    message = answer.json()["error"]["message"]
    assert message == "Invalid object identifier '00uNotAnEntraId00000'."


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("userPrincipalName in ('ORDINARY.user@corp.example','x@corp.example')", [ORDINARY]),
        ("onPremisesImmutableId eq 'c3luY2VkLm92ZXJyaWRl'", [OVERRIDE]),
        ("onPremisesImmutableId in ('c3luY2VkLm92ZXJyaWRl','b')", [OVERRIDE]),
        ("onPremisesImmutableId eq 'C3LUY2VkLm92ZXJyaWRl'", []),
        (f"id eq '{ORDINARY}' or id eq '{GLOBAL}'", [ORDINARY, GLOBAL]),
        ("userPrincipalName eq 'o''reilly@corp.example'", []),
    ],
)
def test_filters(entra: Entra, text: str, ids: list[str]) -> None:
    answer = entra.get("/v1.0/users", params={"$filter": text, "$select": "id"})
    assert [each["id"] for each in answer.json()["value"]] == ids


@pytest.mark.parametrize(
    "text",
    [
        "mobilePhone eq '+1 202 555 0100'",
        "id ne 'a0000000-0000-4000-8000-000000000001'",
        "id in ()",
        "id in ('a'",
        "id eq",
        "onPremisesSyncEnabled eq 'true'",
        "id eq 'x' and",
        "%",
    ],
)
def test_filters_that_are_refused(entra: Entra, text: str) -> None:
    assert entra.get("/v1.0/users", params={"$filter": text}).status_code == 400


def test_pages_follow_an_absolute_link_that_keeps_the_query(entra: Entra) -> None:
    params = {"$filter": "onPremisesSyncEnabled eq true", "$select": "id", "$top": "2"}
    first = entra.get("/v1.0/users", params=params).json()
    assert len(first["value"]) == 2
    link = first["@odata.nextLink"]
    assert link.startswith(f"{entra.url}/graph/v1.0/users?")
    second = entra.get(link.removeprefix(f"{entra.url}/graph")).json()
    assert [set(each) for each in second["value"]] == [{"id"}]
    assert "@odata.nextLink" not in second


@pytest.mark.parametrize("top", ["0", "1000", "many"])
def test_page_sizes_that_are_refused(entra: Entra, top: str) -> None:
    assert entra.get("/v1.0/users", params={"$top": top}).status_code == 400


def test_me_is_for_people(entra: Entra) -> None:
    mine = entra.get("/v1.0/me", "operator", user="users", params={"$select": "userPrincipalName"})
    assert mine.json()["userPrincipalName"] == "user.admin@corp.example"
    assert error(entra.get("/v1.0/me")) == (400, "BadRequest")


def test_a_narrow_write_permission_does_not_read(entra: Entra) -> None:
    assert denied(entra.get(f"/v1.0/users/{ORDINARY}", "phones"))
    assert denied(entra.get("/v1.0/users", "phones"))


def test_what_is_not_modelled_says_so(entra: Entra) -> None:
    answer = entra.get("/v1.0/users", params={"$orderby": "displayName"})
    assert error(answer) == (501, "NotModelled")
    assert error(entra.get("/v1.0/planner")) == (400, "BadRequest")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer rubbish", "Basic abc"])
def test_without_a_good_token(entra: Entra, header: str) -> None:
    answer = entra.get(f"/v1.0/users/{ORDINARY}", headers={"Authorization": header})
    assert error(answer) == (401, "InvalidAuthenticationToken")


def test_a_token_expires(entra: Entra) -> None:
    token = entra.tenant.token("reader")
    headers = {"Authorization": f"Bearer {token}"}
    assert entra.get(f"/v1.0/users/{ORDINARY}", headers=headers).status_code == 200
    entra.clock.forward(3600)
    assert entra.get(f"/v1.0/users/{ORDINARY}", headers=headers).status_code == 401


def test_calls_are_counted_per_route(entra: Entra) -> None:
    entra.get(f"/v1.0/users/{ORDINARY}")
    entra.get(f"/v1.0/users/{GLOBAL}")
    entra.get("/v1.0/users")
    assert entra.tenant.calls == {"GET /v1.0/users/{id}": 2, "GET /v1.0/users": 1}
