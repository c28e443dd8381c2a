"""Service principals by appId, and the permissions they were granted."""

from __future__ import annotations

from sandbox.entra.routes_applications import GRAPH_APP_ID
from tests.sandbox.entra.conftest import Entra, denied


def test_the_granted_permissions_are_told_by_role_id(entra: Entra) -> None:
    wanted = next(
        each for each in entra.tenant.directory.service_principals.values() if each.permissions
    )
    named = f"/v1.0/servicePrincipals(appId='{wanted.client_id}')?$select=id"
    found = entra.get(named, "directory").json()
    assert found["id"] == wanted.id
    resource = entra.get(
        f"/v1.0/servicePrincipals(appId='{GRAPH_APP_ID}')?$select=id,appRoles", "directory"
    ).json()
    names = {role["id"]: role["value"] for role in resource["appRoles"]}
    listed = entra.get(f"/v1.0/servicePrincipals/{wanted.id}/appRoleAssignments", "directory")
    rows = listed.json()["value"]
    assert {names[row["appRoleId"]] for row in rows} == wanted.permissions
    assert {row["resourceId"] for row in rows} == {resource["id"]}


def test_it_takes_the_right_to_read_applications(entra: Entra) -> None:
    path = f"/v1.0/servicePrincipals(appId='{GRAPH_APP_ID}')"
    assert denied(entra.get(path))


def test_an_unknown_application_is_not_found(entra: Entra) -> None:
    for path in (
        "/v1.0/servicePrincipals(appId='a0000000-0000-4000-8000-0000000000ff')",
        "/v1.0/servicePrincipals/a0000000-0000-4000-8000-0000000000ff/appRoleAssignments",
    ):
        assert entra.get(path, "directory").status_code == 404
