"""Roles, role-assignable groups, eligibility, ownership."""

from __future__ import annotations

import pytest

from sandbox.entra.roles import GLOBAL_ADMINISTRATOR, REPORTS_READER
from tests.sandbox.entra.conftest import (
    EVERYBODY,
    GLOBAL,
    HOLDER,
    ORDINARY,
    OWNER,
    RESTRICTED,
    ROLE_HOLDERS,
    Entra,
    denied,
    error,
)

EVENTUAL = {"ConsistencyLevel": "eventual"}
ROLES = "/v1.0/roleManagement/directory"


def kinds(entra: Entra, path: str, who: str = "directory") -> dict[str, dict[str, object]]:
    value = entra.get(path, who).json()["value"]
    return {each["@odata.type"].removeprefix("#microsoft.graph."): each for each in value}


def test_a_role_through_a_group_is_transitive_only(entra: Entra) -> None:
    direct = entra.get(f"/v1.0/users/{HOLDER}/memberOf", "directory").json()["value"]
    assert {each["id"] for each in direct} == {ROLE_HOLDERS, EVERYBODY}
    found = kinds(entra, f"/v1.0/users/{HOLDER}/transitiveMemberOf")
    assert found["directoryRole"]["roleTemplateId"] == REPORTS_READER
    assert found["directoryRole"]["displayName"] == "Reports Reader"


def test_an_ordinary_group_answers_null_not_false(entra: Entra) -> None:
    path = f"/v1.0/users/{HOLDER}/memberOf?$select=id,displayName,isAssignableToRole"
    value = entra.get(path, "directory").json()["value"]
    assert {each["displayName"]: each["isAssignableToRole"] for each in value} == {
        "Role holders": True,
        "Everybody": None,
    }


def test_without_the_right_to_read_groups_only_type_and_id_are_told(entra: Entra) -> None:
    path = f"/v1.0/users/{HOLDER}/transitiveMemberOf?$select=displayName,isAssignableToRole"
    value = entra.get(path).json()["value"]
    groups = [each for each in value if each["@odata.type"] == "#microsoft.graph.group"]
    assert groups == [
        {
            "@odata.type": "#microsoft.graph.group",
            "id": group,
            "displayName": None,
            "isAssignableToRole": None,
        }
        for group in (ROLE_HOLDERS, EVERYBODY)
    ]
    # The role is readable with RoleManagement.Read.Directory.
    assert any(each["displayName"] == "Reports Reader" for each in value)


def test_without_the_right_to_read_roles_only_type_and_id_are_told(entra: Entra) -> None:
    (role,) = entra.get(f"/v1.0/users/{GLOBAL}/transitiveMemberOf", "writer").json()["value"]
    assert role["@odata.type"] == "#microsoft.graph.directoryRole"
    assert role["id"]
    assert role["roleTemplateId"] is None


def test_a_restricted_unit_is_a_membership(entra: Entra) -> None:
    found = kinds(entra, f"/v1.0/users/{RESTRICTED}/memberOf")
    assert found["administrativeUnit"]["isMemberManagementRestricted"] is True


def test_a_cast_is_an_advanced_query(entra: Entra) -> None:
    path = f"/v1.0/users/{HOLDER}/transitiveMemberOf/microsoft.graph.directoryRole"
    assert error(entra.get(path)) == (400, "Request_UnsupportedQuery")
    only_count = entra.get(path, params={"$count": "true"})
    assert only_count.status_code == 400
    found = entra.get(path, params={"$count": "true"}, headers=EVENTUAL).json()["value"]
    assert [each["roleTemplateId"] for each in found] == [REPORTS_READER]


def test_direct_assignments_need_a_filter(entra: Entra) -> None:
    assert error(entra.get(f"{ROLES}/roleAssignments")) == (400, "Request_BadRequest")
    by_principal = {"$filter": f"principalId eq '{GLOBAL}'"}
    (found,) = entra.get(f"{ROLES}/roleAssignments", params=by_principal).json()["value"]
    assert found["roleDefinitionId"] == GLOBAL_ADMINISTRATOR
    assert found["directoryScopeId"] == "/"
    by_role = {"$filter": f"roleDefinitionId eq '{GLOBAL_ADMINISTRATOR}'"}
    everybody = entra.get(f"{ROLES}/roleAssignments", params=by_role).json()["value"]
    assert [each["principalId"] for each in everybody] == [GLOBAL]
    through_group = {"$filter": f"principalId eq '{HOLDER}'"}
    assert entra.get(f"{ROLES}/roleAssignments", params=through_group).json()["value"] == []


def test_a_scoped_role_is_an_assignment_and_no_membership(entra: Entra) -> None:
    entra.tenant.assign_role("ordinary", "User Administrator", scope="restricted")
    params = {"$filter": f"principalId eq '{ORDINARY}'"}
    (found,) = entra.get(f"{ROLES}/roleAssignments", params=params).json()["value"]
    assert found["directoryScopeId"].startswith("/administrativeUnits/")
    assert entra.get(f"/v1.0/users/{ORDINARY}/transitiveMemberOf").json()["value"] == []


def test_schedule_instances(entra: Entra) -> None:
    params = {"$filter": f"principalId eq '{HOLDER}'"}
    path = f"{ROLES}/roleAssignmentScheduleInstances"
    (active,) = entra.get(path, params=params).json()["value"]
    assert (active["memberType"], active["assignmentType"]) == ("Group", "Assigned")
    params = {"$filter": f"principalId eq '{OWNER}'"}
    path = f"{ROLES}/roleEligibilityScheduleInstances"
    (eligible,) = entra.get(path, params=params).json()["value"]
    assert eligible["roleDefinitionId"] == GLOBAL_ADMINISTRATOR
    assert eligible["memberType"] == "Direct"


def test_transitive_assignments_are_beta_and_advanced(entra: Entra) -> None:
    path = "/beta/roleManagement/directory/transitiveRoleAssignments"
    params = {"$filter": f"principalId eq '{HOLDER}'", "$count": "true"}
    assert entra.get(path, params=params).status_code == 404
    (found,) = entra.get(path, params=params, headers=EVENTUAL).json()["value"]
    assert (found["principalId"], found["roleDefinitionId"]) == (ROLE_HOLDERS, REPORTS_READER)
    assert entra.get(path.replace("beta", "v1.0"), params=params).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        f"{ROLES}/roleAssignments?$filter=principalId eq 'x'",
        f"{ROLES}/roleAssignmentScheduleInstances",
        f"{ROLES}/roleEligibilityScheduleInstances",
        "/v1.0/groups",
    ],
)
def test_each_path_has_its_permission(entra: Entra, path: str) -> None:
    assert denied(entra.get(path, "writer"))


def test_directory_read_does_not_open_the_activation_lists(entra: Entra) -> None:
    assert denied(entra.get(f"{ROLES}/roleEligibilityScheduleInstances", "directory"))


def test_owned_objects(entra: Entra) -> None:
    entra.tenant.own_application("owner", "c0000000-0000-4000-8000-000000000001")
    found = kinds(entra, f"/v1.0/users/{OWNER}/ownedObjects")
    assert found["group"]["isAssignableToRole"] is True
    assert found["application"]["id"] == "c0000000-0000-4000-8000-000000000001"
    cast = f"/v1.0/users/{OWNER}/ownedObjects/microsoft.graph.group"
    assert [each["id"] for each in entra.get(cast).json()["value"]] == [ROLE_HOLDERS]


def test_a_service_principal_has_its_own_path_and_permission(entra: Entra) -> None:
    connector = "5e1f0000-0000-4000-8000-000000000002"
    assert entra.get(f"/v1.0/users/{connector}/transitiveMemberOf").status_code == 404
    assert denied(entra.get(f"/v1.0/servicePrincipals/{connector}/transitiveMemberOf"))
    found = kinds(entra, f"/v1.0/servicePrincipals/{connector}/transitiveMemberOf")
    assert found["directoryRole"]["displayName"] == "User Administrator"


def test_groups(entra: Entra) -> None:
    group = entra.get(f"/v1.0/groups/{ROLE_HOLDERS}", "directory").json()
    assert group["isAssignableToRole"] is True
    members = entra.get(f"/v1.0/groups/{ROLE_HOLDERS}/members", "directory").json()["value"]
    assert [each["id"] for each in members] == [HOLDER]
    owners = entra.get(f"/v1.0/groups/{ROLE_HOLDERS}/owners", "directory").json()["value"]
    assert [each["id"] for each in owners] == [OWNER]
    assert entra.get(f"/v1.0/groups/{OWNER}", "directory").status_code == 404
