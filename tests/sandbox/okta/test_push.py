"""The push engine: what it writes, when it does not, and what the log says about it."""

from __future__ import annotations

import pytest

from tests.sandbox.okta.conftest import APP, DIRSYNC_APP, ORDINARY, SYNCED, UNASSIGNED, Okta

PUSH = "application.provision.user.push_profile"
STARTED = "app.user_management.push_profile_update"
ONE = f"/api/v1/apps/{APP}/users/{ORDINARY}"


def test_a_mapped_change_is_pushed_and_logged(okta: Okta) -> None:
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.settle()
    assert okta.entra("ordinary")["mobilePhone"] == "+1 555 0199"
    started, succeeded = okta.logged(PUSH)
    assert started["legacyEventType"] == STARTED
    assert succeeded["legacyEventType"] == f"{STARTED}_success"
    assert started["transaction"] == succeeded["transaction"]
    assert started["transaction"]["type"] == "JOB"
    assert started["actor"]["type"] == "SystemPrincipal"
    for event in (started, succeeded):
        assert event["outcome"] == {"result": "SUCCESS", "reason": None}
        by_type = {target["type"]: target for target in event["target"]}
        assert by_type["AppInstance"]["id"] == APP
        assert by_type["User"]["id"] == ORDINARY
        assert by_type["AppUser"]["id"].startswith("0ua")
        assert by_type["AppUser"]["alternateId"] == "ordinary.user@corp.example"


def test_targets_come_in_any_order(okta: Okta) -> None:
    for number in range(6):
        okta.org.set_user_profile("ordinary", {"mobilePhone": f"+1 555 015{number}"})
        okta.settle()
    orders = {tuple(t["type"] for t in event["target"]) for event in okta.logged(PUSH)}
    assert len(orders) > 2


def test_a_push_carries_the_whole_profile(okta: Okta) -> None:
    account = okta.entra("ordinary")
    account.update(mobilePhone="+1 555 0177", otherMails=[])
    okta.post(ONE, {"profile": {"department": "touched"}})
    okta.settle()
    assert account["mobilePhone"] == "+1 555 0100"
    assert account["otherMails"] == ["ordinary.private@example.net"]
    assert "department" not in account


def test_an_attribute_the_app_does_not_push(okta: Okta) -> None:
    okta.org.change_app(APP, pushes=["mobilePhone"])
    okta.org.set_user_profile("ordinary", {"otherMails": ["new.private@example.net"]})
    okta.settle()
    assert okta.get(ONE).json()["profile"]["otherMails"] == ["new.private@example.net"]
    assert okta.entra("ordinary")["otherMails"] == ["ordinary.private@example.net"]
    assert okta.logged(PUSH)[-1]["outcome"]["result"] == "SUCCESS"


def test_a_cleared_value_is_sent_as_such(okta: Okta) -> None:
    okta.org.set_user_profile("ordinary", {"mobilePhone": None, "otherMails": None})
    okta.settle()
    assert okta.entra("ordinary")["mobilePhone"] is None
    assert okta.entra("ordinary")["otherMails"] == []


def test_each_path_uses_its_own_interface(okta: Okta) -> None:
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.org.set_user_profile("synced", {"mobilePhone": "+1 555 0198"})
    okta.settle()
    assert okta.tenant.written == {"connector_write": 1, "sync_write": 1}
    assert okta.get(f"/api/v1/apps/{DIRSYNC_APP}/users/{SYNCED}").json()["lastSync"]


def test_a_suppressed_push_never_happens_but_the_next_one_does(okta: Okta) -> None:
    okta.org.suppress_push("ordinary", "the task was lost")
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.settle()
    assert okta.get(ONE).json()["profile"]["mobilePhone"] == "+1 555 0199"
    assert okta.entra("ordinary")["mobilePhone"] == "+1 555 0100"
    assert okta.logged(PUSH) == []
    okta.post(ONE, {"profile": {"department": "touched"}})
    okta.settle()
    assert okta.entra("ordinary")["mobilePhone"] == "+1 555 0199"
    assert len(okta.logged(PUSH)) == 2


def test_no_difference_no_push(okta: Okta) -> None:
    okta.post(ONE, {"profile": {"department": "-"}})
    okta.settle()
    assert okta.org.log.everything() == []
    assert not okta.tenant.written


def test_push_switched_off(okta: Okta) -> None:
    okta.org.change_app(APP, features=["PUSH_NEW_USERS"])
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.settle()
    assert not okta.tenant.written
    assert okta.logged(PUSH) == []


REASONS = {
    "403": ("httpStatusCode=403 errorCode=Authorization_RequestDenied", "method=PATCH"),
    "400": ("httpStatusCode=400 errorCode=Request_BadRequest", "method=PATCH"),
    "AADSTS50079": ("Office365ProvisioningException: 400 AADSTS50079", "svc_OKTA_sync_"),
    "licence": ("httpStatusCode=403 errorCode=Authorization_RequestDenied", "assignLicense"),
}


@pytest.mark.parametrize("kind", sorted(REASONS))
def test_a_failed_push_says_why_and_writes_nothing(okta: Okta, kind: str) -> None:
    okta.org.engine.reason_limit = None
    okta.org.fail_next_push("ordinary", kind)
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.settle()
    assert okta.entra("ordinary")["mobilePhone"] == "+1 555 0100"
    started, failed = okta.logged(PUSH)
    (detail,) = okta.logged("app.office365.api.error.push.profile")
    assert failed["legacyEventType"] == f"{STARTED}_failure"
    assert failed["outcome"]["result"] == detail["outcome"]["result"] == "FAILURE"
    assert failed["outcome"]["reason"].startswith(
        "Automatic profile push of user ordinary.user@corp.example to app Microsoft Office 365"
        " failed: "
    )
    assert failed["outcome"]["reason"].endswith(detail["outcome"]["reason"])
    for piece in REASONS[kind]:
        assert piece in detail["outcome"]["reason"]
    assert started["transaction"]["id"] == failed["transaction"]["id"]
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0198"})
    okta.settle()
    assert okta.entra("ordinary")["mobilePhone"] == "+1 555 0198"


def test_reasons_are_cut_at_255_characters(okta: Okta) -> None:
    okta.org.fail_next_push("ordinary", "403")
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.settle()
    _, failed = okta.logged(PUSH)
    (detail,) = okta.logged("app.office365.api.error.push.profile")
    assert len(failed["outcome"]["reason"]) == len(detail["outcome"]["reason"]) == 255
    assert "Authorization_RequestDenied" not in failed["outcome"]["reason"]
    assert "Authorization_RequestDenied" in detail["outcome"]["reason"]


def test_an_unknown_kind_of_failure(okta: Okta) -> None:
    with pytest.raises(ValueError, match="418"):
        okta.org.fail_next_push("ordinary", "418")


def test_a_failed_deactivation_leaves_the_account_enabled(okta: Okta) -> None:
    okta.org.fail_next_push("ordinary", "licence")
    okta.org.unassign("ordinary", APP)
    okta.settle()
    assert okta.entra("ordinary")["accountEnabled"] is True
    (event,) = okta.logged("application.provision.user.deactivate")
    assert event["outcome"]["result"] == "FAILURE"
    assert len(okta.logged("app.office365.api.error.deactivate.user")) == 1


def test_a_suppressed_deactivation_is_not_even_logged(okta: Okta) -> None:
    okta.org.suppress_push("ordinary", "licence error beforehand")
    okta.org.deactivate("ordinary")
    okta.settle()
    assert okta.entra("ordinary")["accountEnabled"] is True
    assert okta.logged("application.provision.user.deactivate") == []
    assert len(okta.logged("application.user_membership.remove")) == 1


def test_assigning_pushes_the_mapped_values(okta: Okta) -> None:
    app_user = okta.org.assign("unassigned", APP)
    okta.settle()
    assert app_user.profile["mobilePhone"] == "+1 555 0120"
    body = okta.get(f"/api/v1/apps/{APP}/users/{UNASSIGNED}").json()
    assert (body["status"], body["scope"]) == ("PROVISIONED", "USER")
    assert okta.entra("unassigned")["mobilePhone"] == "+1 555 0120"
    assert len(okta.logged("application.user_membership.add")) == 1
    assert len(okta.logged("application.provision.user.push")) == 1
    assert len(okta.logged(PUSH)) == 2
    assert okta.org.assign("unassigned", APP) is app_user


def test_a_mapping_okta_cannot_evaluate(okta: Okta) -> None:
    okta.org.change_app(APP, mapping={"mobilePhone": "user.mobilePhone + user.extension"})
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.settle()
    assert okta.get(ONE).json()["profile"]["mobilePhone"] == "+1 555 0100"
    assert len(okta.logged("application.appuser.mapping.invalid.expression")) == 1
    assert okta.logged(PUSH) == []


def test_a_mapping_with_a_function(okta: Okta) -> None:
    okta.org.change_app(APP, mapping={"mobilePhone": "String.removeSpaces(user.mobilePhone)"})
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.settle()
    assert okta.entra("ordinary")["mobilePhone"] == "+15550199"


def test_an_account_that_does_not_exist(okta: Okta) -> None:
    okta.add_user("00uNowhereInEntra000", "nowhere@corp.example")
    okta.org.set_user_profile("nowhere@corp.example", {"mobilePhone": "+1 555 0199"})
    okta.settle()
    _, failed = okta.logged(PUSH)
    assert "HTTP status code 404" in failed["outcome"]["reason"]
