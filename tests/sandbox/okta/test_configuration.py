"""Apps, schema, mappings, features and connection as an administrator would have set them."""

from __future__ import annotations

from tests.sandbox.okta.conftest import APP, DIRSYNC_APP, ORDINARY, Okta


def test_the_apps_of_one_kind(okta: Okta) -> None:
    found = okta.get("/api/v1/apps", filter='name eq "office365"').json()
    assert {app["id"] for app in found} == {APP, DIRSYNC_APP}
    assert okta.get("/api/v1/apps", filter='name eq "salesforce"').json() == []
    (one,) = okta.get("/api/v1/apps", filter=f'id eq "{APP}"').json()
    assert one == okta.get(f"/api/v1/apps/{APP}").json()
    assert one["features"] == ["PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION"]


def test_apps_filter_by_few_attributes(okta: Okta) -> None:
    answer = okta.get("/api/v1/apps", filter='label eq "Microsoft 365"')
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000031")


def test_the_schema_names_the_attributes(okta: Okta) -> None:
    definitions = okta.get(f"/api/v1/meta/schemas/apps/{APP}/default").json()["definitions"]
    custom = definitions["custom"]["properties"]
    assert {name: each["externalName"] for name, each in custom.items()} == {
        "mobilePhone": "mobilePhone",
        "otherMails": "otherMails",
        "department": "department",
        "title": "jobTitle",
    }
    assert custom["otherMails"]["type"] == "array"
    synced = okta.get(f"/api/v1/meta/schemas/apps/{DIRSYNC_APP}/default").json()["definitions"]
    assert "mobilePhone" in synced["base"]["properties"]
    assert "mobilePhone" not in synced["custom"]["properties"]


def test_the_list_of_mappings_leaves_the_properties_out(okta: Okta) -> None:
    (listed,) = okta.get("/api/v1/mappings", targetId=APP, limit="200").json()
    assert "properties" not in listed
    assert listed["target"]["id"] == APP
    user_type = okta.get(f"/api/v1/users/{ORDINARY}").json()["type"]["id"]
    assert listed["source"]["id"] == user_type
    whole = okta.get(f"/api/v1/mappings/{listed['id']}").json()
    assert whole["properties"]["mobilePhone"] == {
        "expression": "user.mobilePhone",
        "pushStatus": "PUSH",
    }
    assert whole["properties"]["title"]["pushStatus"] == "DONT_PUSH"
    assert "department" not in whole["properties"]
    assert okta.get("/api/v1/mappings", sourceId=user_type, targetId="0oaNothing").json() == []
    assert len(okta.get("/api/v1/mappings").json()) == 4
    assert okta.get("/api/v1/mappings/prmNothing").status_code == 404


def test_mappings_page(okta: Okta) -> None:
    url, seen = "/api/v1/mappings?limit=3", []
    while url:
        answer = okta.get(url)
        seen += [each["id"] for each in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    assert len(seen) == len(set(seen)) == 4


def test_mappings_are_read_only(okta: Okta) -> None:
    (listed,) = okta.get("/api/v1/mappings", targetId=APP).json()
    answer = okta.post(f"/api/v1/mappings/{listed['id']}", {"properties": {}})
    assert answer.status_code == 405


def test_features_and_connection(okta: Okta) -> None:
    feature = okta.get(f"/api/v1/apps/{DIRSYNC_APP}/features/USER_PROVISIONING").json()
    update = feature["capabilities"]["update"]
    assert update["profile"]["status"] == "ENABLED"
    assert update["lifecycleDeactivate"]["status"] == "DISABLED"
    assert okta.get(f"/api/v1/apps/{APP}/connections/default").json()["status"] == "ENABLED"


def test_provisioning_switched_off(okta: Okta) -> None:
    okta.org.change_app(APP, features=[])
    assert okta.get(f"/api/v1/apps/{APP}/features/USER_PROVISIONING").status_code == 400
    assert okta.get(f"/api/v1/apps/{APP}/connections/default").json()["status"] == "DISABLED"
