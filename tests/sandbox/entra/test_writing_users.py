"""PATCH /users/{id}: values, permissions, roles, synced and restricted users."""

from __future__ import annotations

import pytest

from tests.sandbox.entra.conftest import (
    GLOBAL,
    HOLDER,
    NOBODY,
    ORDINARY,
    OVERRIDE,
    OWNER,
    RESTRICTED,
    Entra,
    denied,
    error,
)

MASTERED = (
    "Unable to update the specified properties for on-premises mastered Directory Sync objects "
    "or objects currently undergoing migration."
)


def test_a_write_is_204_without_a_body(entra: Entra) -> None:
    answer = entra.patch(ORDINARY, {"mobilePhone": "+1 202 555 0199", "otherMails": []})
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer.headers
    assert answer.headers["request-id"]
    after = entra.tenant.get_user("ordinary")
    assert (after.mobile_phone, after.other_mails) == ("+1 202 555 0199", ())


def test_what_is_left_out_stays(entra: Entra) -> None:
    entra.patch(ORDINARY, {"accountEnabled": False})
    after = entra.tenant.get_user("ordinary")
    assert not after.account_enabled
    assert after.mobile_phone == "+1 202 555 0100"
    assert after.other_mails == ("ordinary.old@example.net",)


@pytest.mark.parametrize(
    "changes",
    [
        {"otherMails": None},
        {"otherMails": "one@example.net"},
        {"otherMails": [None]},
        {"otherMails": ["ü@example.net"]},
        {"otherMails": ["x" * 251]},
        {"otherMails": ["a@example.net"] * 251},
        {"mobilePhone": "1" * 65},
        {"mobilePhone": 15550100},
        {"accountEnabled": None},
        {"accountEnabled": "false"},
        {"businessPhones": ["+1 202 555 0100", "+1 202 555 0101"]},
        {"shoeSize": 43},
        {"id": NOBODY},
        {"onPremisesSyncEnabled": None},
        {},
    ],
)
def test_values_that_are_refused(entra: Entra, changes: dict[str, object]) -> None:
    before = entra.tenant.get_user("ordinary")
    assert error(entra.patch(ORDINARY, changes, "connector")) == (400, "Request_BadRequest")
    assert entra.tenant.get_user("ordinary") == before


@pytest.mark.parametrize(
    "changes",
    [
        {"otherMails": [f"{n}@example.net" for n in range(250)]},
        {"otherMails": ["x" * 250]},
        {"mobilePhone": "1" * 64},
        {"mobilePhone": None},
    ],
)
def test_values_at_the_limit(entra: Entra, changes: dict[str, object]) -> None:
    assert entra.patch(ORDINARY, changes).status_code == 204


@pytest.mark.parametrize("body", [None, [], "text", 1])
def test_a_body_that_is_no_object(entra: Entra, body: object) -> None:
    assert error(entra.patch(ORDINARY, body)) == (400, "BadRequest")


def test_nobody_is_404(entra: Entra) -> None:
    answer = entra.patch(NOBODY, {"mobilePhone": "1"})
    assert error(answer) == (404, "Request_ResourceNotFound")


def test_each_narrow_permission_covers_its_own_properties(entra: Entra) -> None:
    assert entra.patch(ORDINARY, {"mobilePhone": "1"}, "phones").status_code == 204
    assert denied(entra.patch(ORDINARY, {"otherMails": []}, "phones"))
    assert denied(entra.patch(ORDINARY, {"mobilePhone": "2", "otherMails": []}, "phones"))
    assert denied(entra.patch(ORDINARY, {"department": "Sales"}, "writer"))
    assert denied(entra.patch(ORDINARY, {"mobilePhone": "1"}, "reader"))
    # Documented as a pair with User.Read.All, which this app lacks.
    assert denied(entra.patch(ORDINARY, {"accountEnabled": False}, "phones"))
    assert entra.tenant.get_user("ordinary").mobile_phone == "1"


def test_the_body_of_a_refusal(entra: Entra) -> None:
    answer = entra.patch(GLOBAL, {"mobilePhone": "1"}, headers={"client-request-id": "mine"})
    assert answer.status_code == 403
    assert answer.json() == {
        "error": {
            "code": "Authorization_RequestDenied",
            "message": "Insufficient privileges to complete the operation.",
            "innerError": {
                "date": "2026-09-01T12:00:00",
                "request-id": answer.headers["request-id"],
                "client-request-id": "mine",
            },
        }
    }


@pytest.mark.parametrize("name", ["mobilePhone", "otherMails", "accountEnabled"])
def test_an_app_without_a_role_may_not_touch_an_administrator(entra: Entra, name: str) -> None:
    value = {"mobilePhone": "1", "otherMails": [], "accountEnabled": False}[name]
    assert denied(entra.patch(GLOBAL, {name: value}, "writer"))
    assert denied(entra.patch(GLOBAL, {name: value}, "connector"))  # User Administrator
    entra.tenant.assign_role("writer", "Privileged Authentication Administrator")
    assert entra.patch(GLOBAL, {name: value}, "writer").status_code == 204


def test_what_is_not_sensitive_needs_no_role(entra: Entra) -> None:
    assert entra.patch(GLOBAL, {"department": "Sales"}, "connector").status_code == 204


def test_one_sensitive_property_refuses_the_whole_write(entra: Entra) -> None:
    assert denied(entra.patch(GLOBAL, {"department": "Sales", "mobilePhone": "1"}, "connector"))
    assert entra.tenant.get_user("global").values["department"] is None


@pytest.mark.parametrize("target", [HOLDER, OWNER])
def test_members_and_owners_of_role_assignable_groups(entra: Entra, target: str) -> None:
    assert denied(entra.patch(target, {"mobilePhone": "1"}))
    entra.tenant.assign_role("writer", "User Administrator")
    assert denied(entra.patch(target, {"mobilePhone": "1"}))
    entra.tenant.assign_role("writer", "Global Administrator")
    assert entra.patch(target, {"mobilePhone": "1"}).status_code == 204


def test_being_eligible_protects_nobody(entra: Entra) -> None:
    entra.tenant.make_eligible("ordinary", "Global Administrator")
    assert entra.patch(ORDINARY, {"mobilePhone": "1"}).status_code == 204


def test_people_write_as_far_as_their_roles_go(entra: Entra) -> None:
    as_user_admin = {"who": "operator", "user": "users"}
    assert entra.patch(ORDINARY, {"mobilePhone": "1"}, **as_user_admin).status_code == 204
    assert denied(entra.patch(GLOBAL, {"mobilePhone": "1"}, **as_user_admin))
    assert denied(entra.patch(ORDINARY, {"mobilePhone": "1"}, "operator", user="ordinary"))
    as_privileged = {"who": "operator", "user": "privileged"}
    assert entra.patch(GLOBAL, {"mobilePhone": "1"}, **as_privileged).status_code == 204
    assert denied(entra.patch(ORDINARY, {"department": "Sales"}, **as_privileged))


def test_administrators_are_only_written_as_the_user(entra: Entra) -> None:
    as_privileged = {"who": "profile editor", "user": "privileged"}
    assert entra.patch(ORDINARY, {"mobilePhone": "1"}, **as_privileged).status_code == 204
    assert denied(entra.patch(GLOBAL, {"mobilePhone": "1"}, **as_privileged))


def test_a_restricted_unit_beats_every_tenant_wide_role(entra: Entra) -> None:
    assert denied(entra.patch(RESTRICTED, {"mobilePhone": "1"}))
    assert denied(entra.patch(RESTRICTED, {"mobilePhone": "1"}, "operator", user="global"))
    entra.tenant.assign_role("ordinary", "User Administrator", scope="restricted")
    allowed = entra.patch(RESTRICTED, {"mobilePhone": "1"}, "operator", user="ordinary")
    assert allowed.status_code == 204


def test_a_role_scoped_to_the_unit_protects_its_holder_and_reaches_nobody_outside(
    entra: Entra,
) -> None:
    entra.tenant.assign_role("ordinary", "Directory Readers", scope="restricted")
    assert denied(entra.patch(ORDINARY, {"mobilePhone": "1"}, "operator", user="users"))
    entra.tenant.assign_role("disabled", "Global Administrator", scope="restricted")
    assert denied(entra.patch(GLOBAL, {"mobilePhone": "1"}, "operator", user="disabled"))


def test_a_synced_users_phone_is_mastered_elsewhere(entra: Entra) -> None:
    answer = entra.patch(OVERRIDE, {"mobilePhone": "1"})
    assert error(answer) == (400, "Request_BadRequest")
    assert answer.json()["error"]["message"] == MASTERED
    as_global = entra.patch(OVERRIDE, {"mobilePhone": "1"}, "operator", user="global")
    assert as_global.status_code == 400


@pytest.mark.parametrize("changes", [{"otherMails": ["a@example.net"]}, {"accountEnabled": False}])
def test_a_synced_user_takes_the_other_two(entra: Entra, changes: dict[str, object]) -> None:
    assert entra.patch(OVERRIDE, changes).status_code == 204


def test_reads_are_stale_after_a_write_and_lists_longer(entra: Entra) -> None:
    entra.tenant.directory.stale_read_seconds = 10
    entra.patch(ORDINARY, {"mobilePhone": "new"})

    def seen() -> tuple[str, str]:
        single = entra.get(f"/v1.0/users/{ORDINARY}").json()["mobilePhone"]
        params = {"$filter": f"id eq '{ORDINARY}'"}
        listed = entra.get("/v1.0/users", params=params).json()["value"][0]["mobilePhone"]
        return single, listed

    old = "+1 202 555 0100"
    assert seen() == (old, old)
    entra.clock.forward(5)
    assert seen() == ("new", old)
    entra.patch(ORDINARY, {"mobilePhone": "newer"})
    entra.clock.forward(5)
    assert seen() == ("newer", "new")
    entra.clock.forward(5)
    assert seen() == ("newer", "newer")
