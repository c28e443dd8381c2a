"""/api/v1/users."""

from __future__ import annotations

from tests.sandbox.okta.conftest import APP, DIRSYNC_APP, ORDINARY, SYNCED, UNASSIGNED, Okta


def test_a_user_by_id_and_login(okta: Okta) -> None:
    by_id = okta.get(f"/api/v1/users/{ORDINARY}").json()
    assert by_id == okta.get("/api/v1/users/ordinary.user@corp.example").json()
    assert by_id["id"] == ORDINARY
    assert by_id["status"] == "ACTIVE"
    assert by_id["profile"]["login"] == "ordinary.user@corp.example"
    assert by_id["profile"]["otherMails"] == ["ordinary.private@example.net"]
    assert by_id["type"]["id"].startswith("oty")


def test_an_unknown_user(okta: Okta) -> None:
    answer = okta.get("/api/v1/users/00uNobody")
    assert answer.status_code == 404
    assert answer.json()["errorCode"] == "E0000007"
    assert answer.json()["errorSummary"] == "Not found: Resource not found: 00uNobody (User)"


def test_an_update_is_partial_and_reaches_the_app_user(okta: Okta) -> None:
    answer = okta.post(
        f"/api/v1/users/{ORDINARY}", {"profile": {"mobilePhone": "+1 555 0199", "title": "Lead"}}
    )
    assert answer.status_code == 200
    profile = answer.json()["profile"]
    assert (profile["mobilePhone"], profile["title"]) == ("+1 555 0199", "Lead")
    assert profile["otherMails"] == ["ordinary.private@example.net"]
    assigned = okta.get(f"/api/v1/apps/{APP}/users/{ORDINARY}").json()["profile"]
    assert assigned["mobilePhone"] == "+1 555 0199"
    # DONT_PUSH: applied when the assignment was made and never again.
    assert assigned["title"] == "Engineer"


def test_an_update_is_logged_with_who_did_it(okta: Okta) -> None:
    okta.post(f"/api/v1/users/{ORDINARY}", {"profile": {"mobilePhone": "+1 555 0199"}})
    (event,) = okta.logged("user.account.update_profile")
    assert event["actor"]["type"] == "User"
    assert event["transaction"]["type"] == "WEB"
    assert event["transaction"]["detail"]["requestApiTokenId"]
    assert event["debugContext"]["debugData"]["changedAttributes"] == "mobilePhone"
    assert [target["id"] for target in event["target"]] == [ORDINARY]
    assert "0199" not in str(event)


def test_the_actor_of_a_scripted_change_can_be_named(okta: Okta) -> None:
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"}, actor="unassigned")
    (event,) = okta.logged("user.account.update_profile")
    assert event["actor"]["id"] == UNASSIGNED
    assert event["transaction"]["detail"] == {}


def test_an_update_without_a_difference_does_nothing(okta: Okta) -> None:
    before = okta.get(f"/api/v1/users/{ORDINARY}").json()
    after = okta.post(f"/api/v1/users/{ORDINARY}", {"profile": {"mobilePhone": "+1 555 0100"}})
    assert after.json() == before
    assert okta.org.log.everything() == []


def test_an_attribute_the_user_schema_does_not_know(okta: Okta) -> None:
    answer = okta.post(f"/api/v1/users/{ORDINARY}", {"profile": {"shoeSize": "43"}})
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "E0000001"
    assert "shoeSize" in answer.json()["errorCauses"][0]["errorSummary"]
    assert okta.post(f"/api/v1/users/{ORDINARY}", {"shoeSize": 43}).status_code == 400


def test_deactivation_ends_assignments(okta: Okta) -> None:
    assert okta.post(f"/api/v1/users/{ORDINARY}/lifecycle/deactivate", None).status_code == 200
    assert okta.get(f"/api/v1/users/{ORDINARY}").json()["status"] == "DEPROVISIONED"
    assert okta.get(f"/api/v1/apps/{APP}/users/{ORDINARY}").status_code == 404
    okta.settle()
    assert len(okta.logged("user.lifecycle.deactivate")) == 1
    (removed,) = okta.logged("application.user_membership.remove")
    assert {t["type"] for t in removed["target"]} == {"User", "AppUser", "AppInstance"}
    again = okta.post(f"/api/v1/users/{ORDINARY}/lifecycle/deactivate", None)
    assert (again.status_code, again.json()["errorCode"]) == (403, "E0000038")


def test_deactivation_disables_the_account(okta: Okta) -> None:
    okta.org.deactivate("ordinary")
    okta.settle()
    assert okta.entra("ordinary")["accountEnabled"] is False
    (event,) = okta.logged("application.provision.user.deactivate")
    assert event["outcome"]["result"] == "SUCCESS"
    assert event["transaction"]["type"] == "JOB"


def test_an_app_without_the_feature_leaves_the_account_enabled(okta: Okta) -> None:
    okta.org.deactivate("synced")
    okta.settle()
    assert okta.get(f"/api/v1/apps/{DIRSYNC_APP}/users/{SYNCED}").status_code == 404
    assert okta.entra("synced")["accountEnabled"] is True
    assert okta.logged("application.provision.user.deactivate") == []
