"""Standing: roles, groups and applications, and what is said when a part may not be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lib.errors import NotFound, Transient
from lib.graph import Graph
from lib.model import RoleGrant, Standing
from tests.unit.fakes_http import BASE, Answer, FakeVendor, Sent, http_of

ID = "00000000-0000-0000-0000-000000000001"
GLOBAL = "62e90394-69f5-4237-9190-012177145e10"
HELPDESK = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
ROLE = {
    "@odata.type": "#microsoft.graph.directoryRole",
    "id": "r1",
    "displayName": "Global Administrator",
    "roleTemplateId": GLOBAL,
}
GROUP = {
    "@odata.type": "#microsoft.graph.group",
    "id": "g1",
    "displayName": "Admins",
    "isAssignableToRole": True,
}
ORDINARY_GROUP = GROUP | {"id": "g2", "isAssignableToRole": None}
UNIT = {"@odata.type": "#microsoft.graph.administrativeUnit", "id": "u1", "displayName": "Unit"}
REFUSED = {
    "status": 403,
    "body": {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient"}},
}
GONE = {"status": 404, "body": {"error": {"code": "Request_ResourceNotFound", "message": "x"}}}
Part = dict[str, object]


def assigned(template: str, scope: object = "/") -> Part:
    return {"id": "a", "roleDefinitionId": template, "directoryScopeId": scope}


def ok(*members: object) -> Part:
    return {"status": 200, "body": {"value": list(members)}}


def standing_of(
    belongs: Part | None = None,
    owned: Part | None = None,
    direct: Part | None = None,
    eligible: Part | None = None,
    more: Callable[[Sent], Answer] | None = None,
    kind: str = "users",
    applications: bool = True,
) -> tuple[Standing, FakeVendor]:
    parts = {
        f"/{kind}/{ID}/transitiveMemberOf": belongs or ok(),
        f"/{kind}/{ID}/ownedObjects": owned or ok(),
        "/roleManagement/directory/roleAssignments": direct or ok(),
        "/roleManagement/directory/roleEligibilityScheduleInstances": eligible or ok(),
    }

    def handle(sent: Sent) -> Answer:
        if not sent.path.endswith("$batch"):
            assert more is not None
            return more(sent)
        assert isinstance(sent.body, dict)
        return Answer(
            json={
                "responses": [
                    {"id": each["id"], **parts.get(each["url"].partition("?")[0], GONE)}
                    for each in sent.body["requests"]
                ]
            }
        )

    vendor = FakeVendor(handle)
    return Graph(http_of(vendor), applications=applications).standing(ID), vendor


def test_nobody_special_is_one_round_trip() -> None:
    standing, vendor = standing_of(belongs=ok(ORDINARY_GROUP, UNIT))
    assert standing == Standing(ID, (), (), (), False)
    assert len(vendor.sent) == 1
    assert isinstance(vendor.sent[0].body, dict)
    urls = [each["url"] for each in vendor.sent[0].body["requests"]]
    assert any(url.endswith(f"?$filter=principalId%20eq%20'{ID}'") for url in urls)


def test_a_direct_role_keeps_its_scope_and_its_name() -> None:
    standing, _ = standing_of(
        belongs=ok(ROLE), direct=ok(assigned(GLOBAL), assigned(HELPDESK, "/administrativeUnits/u1"))
    )
    assert standing.active_roles == (
        RoleGrant(GLOBAL, "Global Administrator"),
        RoleGrant(HELPDESK, HELPDESK, "/administrativeUnits/u1"),
    )


def test_a_role_that_came_through_a_group_names_the_group() -> None:
    standing, _ = standing_of(belongs=ok(ROLE, GROUP))
    assert standing.active_roles == (RoleGrant(GLOBAL, "Global Administrator", via="group:g1"),)
    assert standing.role_assignable_groups == ("g1",)


def test_a_scoped_assignment_does_not_hide_the_same_role_through_a_group() -> None:
    scoped = assigned(GLOBAL, "/administrativeUnits/u1")
    standing, _ = standing_of(belongs=ok(ROLE, GROUP), direct=ok(scoped))
    assert standing.active_roles is not None
    assert {(role.scope, role.via) for role in standing.active_roles} == {
        ("/administrativeUnits/u1", "direct"),
        ("/", "group:g1"),
    }


@pytest.mark.parametrize("scope", [None, "", 5])
def test_an_assignment_without_a_scope_counts_as_tenant_wide(scope: object) -> None:
    standing, _ = standing_of(direct=ok(assigned(GLOBAL, scope)))
    assert standing.active_roles == (RoleGrant(GLOBAL, GLOBAL),)


def test_eligible_roles() -> None:
    standing, _ = standing_of(eligible=ok(assigned(GLOBAL)))
    assert standing.eligible_roles == (RoleGrant(GLOBAL, GLOBAL, via="eligible"),)
    assert standing.active_roles == ()


def test_a_tenant_without_pim_has_nobody_eligible() -> None:
    error = {"code": "AadPremiumLicenseRequired", "message": "needs Entra ID P2"}
    standing, _ = standing_of(eligible={"status": 400, "body": {"error": error}})
    assert standing.eligible_roles == ()


def test_an_owner_of_a_role_assignable_group_counts_like_a_member() -> None:
    standing, _ = standing_of(owned=ok(GROUP))
    assert standing.role_assignable_groups == ("g1",)
    standing, _ = standing_of(belongs=ok(GROUP), owned=ok(GROUP, GROUP | {"id": "g3"}))
    assert standing.role_assignable_groups == ("g1", "g3")


@pytest.mark.parametrize("kind", ["application", "servicePrincipal"])
def test_an_owner_of_an_application(kind: str) -> None:
    standing, _ = standing_of(owned=ok({"@odata.type": f"#microsoft.graph.{kind}", "id": "a"}))
    assert standing.owns_applications is True


def test_a_part_that_is_refused_is_unknown_and_the_others_are_not() -> None:
    standing, _ = standing_of(belongs=REFUSED)
    assert standing.active_roles is None
    assert standing.role_assignable_groups is None
    assert standing.eligible_roles == ()
    assert standing_of(direct=REFUSED)[0].active_roles is None
    assert standing_of(eligible=REFUSED)[0].eligible_roles is None
    standing, _ = standing_of(owned=REFUSED)
    assert (standing.owns_applications, standing.role_assignable_groups) == (None, None)


def test_members_of_which_only_type_and_id_are_told_are_unknown() -> None:
    bare_role = {"@odata.type": ROLE["@odata.type"], "id": "r1", "roleTemplateId": None}
    bare_group = {"@odata.type": GROUP["@odata.type"], "id": "g1", "displayName": None}
    assert standing_of(belongs=ok(bare_role))[0].active_roles is None
    assert standing_of(belongs=ok(bare_group))[0].role_assignable_groups is None
    assert standing_of(direct=ok({"id": "a"}))[0].active_roles is None


@pytest.mark.parametrize("status", [429, 500, 503, 424])
@pytest.mark.parametrize("name", ["belongs", "owned", "direct", "eligible"])
def test_a_part_that_failed_for_now_is_raised(name: str, status: int) -> None:
    failed: Part = {"status": status, "headers": {"Retry-After": "4"}}
    with pytest.raises(Transient) as caught:
        standing_of(**{name: failed})  # type: ignore[arg-type]
    assert caught.value.retry_after == 4.0


def test_a_service_principal_takes_a_second_round_trip() -> None:
    standing, vendor = standing_of(belongs=ok(ROLE), kind="servicePrincipals")
    assert standing.active_roles == (RoleGrant(GLOBAL, "Global Administrator"),)
    assert len(vendor.sent) == 2


def test_whoever_may_not_read_applications_asks_for_none() -> None:
    with pytest.raises(NotFound, match="applications are not asked for"):
        standing_of(belongs=ok(ROLE), kind="servicePrincipals", applications=False)


def test_an_object_that_is_neither_is_not_found() -> None:
    with pytest.raises(NotFound):
        standing_of(kind="devices")


def test_further_pages_of_a_part_are_read() -> None:
    first: Part = {
        "status": 200,
        "body": {"value": [], "@odata.nextLink": f"{BASE}/v1.0/more?page=2"},
    }
    standing, vendor = standing_of(belongs=first, more=lambda _: Answer(json={"value": [ROLE]}))
    assert standing.active_roles == (RoleGrant(GLOBAL, "Global Administrator"),)
    assert len(vendor.sent) == 2


def test_pages_without_end_or_refused_are_unknown() -> None:
    again = {"value": [], "@odata.nextLink": f"{BASE}/v1.0/more?page=2"}
    first: Part = {"status": 200, "body": again}
    assert standing_of(belongs=first, more=lambda _: Answer(json=again))[0].active_roles is None
    refused = Answer(403, json=REFUSED["body"])
    assert standing_of(belongs=first, more=lambda _: refused)[0].active_roles is None
