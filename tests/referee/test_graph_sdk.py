"""Microsoft's Graph SDK understands the simulated tenant: every read, write and refusal that the
product depends on.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from msgraph.generated.audit_logs.directory_audits.directory_audits_request_builder import (
    DirectoryAuditsRequestBuilder,
)
from msgraph.generated.models.directory_role import DirectoryRole
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.on_premises_directory_synchronization import (
    OnPremisesDirectorySynchronization,
)
from msgraph.generated.models.on_premises_directory_synchronization_feature import (
    OnPremisesDirectorySynchronizationFeature,
)
from msgraph.generated.models.user import User
from msgraph.generated.models.user_collection_response import UserCollectionResponse
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem
from msgraph_core.tasks.page_iterator import PageIterator

from tests.referee.conftest import Vendors
from tests.referee.microsoft import as_administrator, as_app, run

ORDINARY = "a0000000-0000-4000-8000-000000000001"
SYNCED = "a0000000-0000-4000-8000-000000000003"
ADMIN = "a0000000-0000-4000-8000-000000000004"
ELIGIBLE = "a0000000-0000-4000-8000-000000000005"
MEMBER = "a0000000-0000-4000-8000-000000000006"
RESTRICTED = "a0000000-0000-4000-8000-000000000007"
NOBODY = "a0000000-0000-4000-8000-00000000ffff"
GROUP = "b0000000-0000-4000-8000-000000000001"
GLOBAL = "62e90394-69f5-4237-9190-012177145e10"
ADMIN_NAME = "global.admin@corp.example"
FIELDS = [
    "id",
    "userPrincipalName",
    "mobilePhone",
    "otherMails",
    "accountEnabled",
    "onPremisesSyncEnabled",
    "onPremisesImmutableId",
    "isManagementRestricted",
]


def query(builder: Any, name: str, **values: Any) -> RequestConfiguration:
    parameters = getattr(builder, f"{name}GetQueryParameters")(**values)
    return RequestConfiguration(query_parameters=parameters)


def users(**values: Any) -> RequestConfiguration:
    return query(UsersRequestBuilder, "UsersRequestBuilder", **values)


def one(**values: Any) -> RequestConfiguration:
    return query(UserItemRequestBuilder, "UserItemRequestBuilder", **values)


def read(vendors: Vendors, object_id: str) -> User:
    found = run(
        vendors,
        as_app(vendors, "reader"),
        lambda c: c.users.by_user_id(object_id).get(one(select=FIELDS)),
    )
    assert isinstance(found, User)
    return found


def test_one_user_with_the_selected_fields(vendors: Vendors) -> None:
    ordinary = read(vendors, ORDINARY)
    assert ordinary.id == ORDINARY
    assert ordinary.mobile_phone == "+1 202 555 0100"
    assert ordinary.other_mails == ["ordinary.private@example.net"]
    assert ordinary.account_enabled is True
    assert ordinary.on_premises_sync_enabled is None
    synced = read(vendors, SYNCED)
    assert synced.on_premises_sync_enabled is True
    assert synced.on_premises_immutable_id == "c3luY2VkLnVzZXI="
    assert read(vendors, RESTRICTED).is_management_restricted is True


def test_fields_that_are_not_selected_are_not_there(vendors: Vendors) -> None:
    found = run(vendors, as_app(vendors, "reader"), lambda c: c.users.by_user_id(ORDINARY).get())
    assert found.mobile_phone == "+1 202 555 0100"
    assert found.other_mails is None
    assert found.account_enabled is None


def test_a_user_who_is_not_there(vendors: Vendors) -> None:
    with pytest.raises(ODataError) as caught:
        read(vendors, NOBODY)
    assert caught.value.response_status_code == 404
    assert caught.value.error.code == "Request_ResourceNotFound"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"id in ('{ORDINARY}','{SYNCED}','{NOBODY}')", [ORDINARY, SYNCED]),
        ("userPrincipalName in ('Ordinary.User@corp.example','o''neil@x')", [ORDINARY]),
        ("onPremisesImmutableId in ('c3luY2VkLnVzZXI=')", [SYNCED]),
        ("onPremisesSyncEnabled eq true", [SYNCED]),
    ],
)
def test_users_by_filter(vendors: Vendors, expression: str, expected: list[str]) -> None:
    found = run(
        vendors,
        as_app(vendors, "reader"),
        lambda c: c.users.get(users(filter=expression, select=FIELDS)),
    )
    assert sorted(each.id for each in found.value) == expected


def test_a_filter_that_cannot_be_right(vendors: Vendors) -> None:
    with pytest.raises(ODataError) as caught:
        run(
            vendors,
            as_app(vendors, "reader"),
            lambda c: c.users.get(users(filter="id in ('not-an-id')")),
        )
    assert caught.value.response_status_code == 400
    assert caught.value.error.code == "Request_BadRequest"


def test_pages_of_users(vendors: Vendors) -> None:
    async def all_ids(client: Any) -> list[str]:
        first = await client.users.get(users(top=3, select=["id"]))
        assert first.odata_next_link
        found: list[str] = []
        iterator = PageIterator(first, client.request_adapter)
        await iterator.iterate(lambda user: found.append(user.id) or True)
        return found

    found = run(vendors, as_app(vendors, "reader"), all_ids)
    assert len(found) == len(set(found)) == 7


def batch_of(*urls: str) -> BatchRequestContent:
    content = BatchRequestContent()
    for number, url in enumerate(urls, start=1):
        request = RequestInformation()
        request.http_method = Method.GET
        request.url = url
        content.add_request(str(number), BatchRequestItem(request, id=str(number)))
    return content


async def bodies(client: Any, content: BatchRequestContent) -> dict[str, bytes]:
    """The SDK's own batch, its parts' bodies as they came: msgraph-core 1.5.2 loses them."""
    request = await client.batch.to_post_request_information(content)
    raw = await client.request_adapter.send_primitive_async(request, "bytes", {})
    return {each["id"]: json.dumps(each["body"]).encode() for each in json.loads(raw)["responses"]}


def as_model(raw: bytes, kind: Any) -> Any:
    return (
        JsonParseNodeFactory().get_root_parse_node("application/json", raw).get_object_value(kind)
    )


def test_a_batch_of_good_and_bad_parts(vendors: Vendors) -> None:
    content = batch_of(
        f"/users?$filter=id%20in%20('{ORDINARY}')&$select=id,otherMails",
        "/users?$filter=id%20in%20('bad')",
        f"/users/{NOBODY}",
    )
    found = run(vendors, as_app(vendors, "reader"), lambda c: c.batch.post(content))
    assert found.get_response_status_codes() == {"1": 200, "2": 400, "3": 404}
    raw = run(vendors, as_app(vendors, "reader"), lambda c: bodies(c, content))
    page = as_model(raw["1"], UserCollectionResponse)
    assert page.value[0].other_mails == ["ordinary.private@example.net"]
    assert as_model(raw["2"], ODataError).error.code == "Request_BadRequest"
    assert as_model(raw["3"], ODataError).error.code == "Request_ResourceNotFound"


def test_a_throttled_part_of_a_batch(vendors: Vendors) -> None:
    vendors.tenant.faults.add("GET /v1.0/users", 429, headers={"Retry-After": "7"})
    content = batch_of("/users", f"/users/{ORDINARY}")
    found = run(vendors, as_app(vendors, "reader"), lambda c: c.batch.post(content))
    assert found.get_response_status_codes() == {"1": 429, "2": 200}
    headers = {name.lower(): value for name, value in found.responses["1"].headers.items()}
    assert headers["retry-after"] == "7"


def test_a_throttled_call(vendors: Vendors) -> None:
    vendors.tenant.faults.add("GET /v1.0/users/{id}", 429, headers={"Retry-After": "7"})
    with pytest.raises(ODataError) as caught:
        read(vendors, ORDINARY)
    assert caught.value.response_status_code == 429
    assert caught.value.error.code == "TooManyRequests"
    headers = {k.lower(): v for k, v in dict(caught.value.response_headers).items()}
    assert "7" in str(headers["retry-after"])


def test_roles_and_groups_of_a_user(vendors: Vendors) -> None:
    reader = as_app(vendors, "reader")
    admin = run(vendors, reader, lambda c: c.users.by_user_id(ADMIN).transitive_member_of.get())
    (role,) = [each for each in admin.value if isinstance(each, DirectoryRole)]
    assert (role.role_template_id, role.display_name) == (GLOBAL, "Global Administrator")
    member = run(vendors, reader, lambda c: c.users.by_user_id(MEMBER).transitive_member_of.get())
    (group,) = [each for each in member.value if isinstance(each, Group)]
    assert (group.id, group.is_assignable_to_role) == (GROUP, True)
    (through,) = [each for each in member.value if isinstance(each, DirectoryRole)]
    assert through.display_name == "Helpdesk Administrator"
    owner = run(vendors, reader, lambda c: c.users.by_user_id(ELIGIBLE).owned_objects.get())
    (owned,) = [each for each in owner.value if isinstance(each, Group)]
    assert owned.is_assignable_to_role is True


def test_assignments_and_eligibilities(vendors: Vendors) -> None:
    async def both(client: Any) -> tuple[Any, Any]:
        roles = client.role_management.directory
        assigned = roles.role_assignments
        eligible = roles.role_eligibility_schedule_instances
        parameters = {"filter": f"principalId eq '{ADMIN}'"}
        builder = type(assigned)
        first = await assigned.get(query(builder, "RoleAssignmentsRequestBuilder", **parameters))
        parameters = {"filter": f"principalId eq '{ELIGIBLE}'"}
        second = await eligible.get(
            query(type(eligible), "RoleEligibilityScheduleInstancesRequestBuilder", **parameters)
        )
        return first, second

    assigned, eligible = run(vendors, as_app(vendors, "reader"), both)
    assert [(r.role_definition_id, r.directory_scope_id) for r in assigned.value] == [(GLOBAL, "/")]
    assert [r.role_definition_id for r in eligible.value] == [GLOBAL]


def test_the_standing_of_a_service_principal(vendors: Vendors) -> None:
    connector = vendors.world.identity("connector").object_id
    found = run(
        vendors,
        as_app(vendors, "reader"),
        lambda c: c.service_principals.by_service_principal_id(
            connector
        ).transitive_member_of.get(),
    )
    assert [each.display_name for each in found.value] == ["User Administrator"]


def write(vendors: Vendors, who: Any, object_id: str, **changes: Any) -> None:
    run(vendors, who, lambda c: c.users.by_user_id(object_id).patch(User(**changes)))


def test_writes_that_are_taken(vendors: Vendors) -> None:
    writer = as_app(vendors, "writer")
    write(vendors, writer, ORDINARY, mobile_phone="+1 202 555 0150")
    write(vendors, writer, ORDINARY, other_mails=["a@example.net", "b@example.net"])
    write(vendors, writer, ORDINARY, account_enabled=False)
    found = read(vendors, ORDINARY)
    assert found.mobile_phone == "+1 202 555 0150"
    assert found.other_mails == ["a@example.net", "b@example.net"]
    assert found.account_enabled is False


@pytest.mark.parametrize("target", [ADMIN, RESTRICTED])
def test_a_write_that_is_refused(vendors: Vendors, target: str) -> None:
    with pytest.raises(ODataError) as caught:
        write(vendors, as_app(vendors, "writer"), target, mobile_phone="+1 202 555 0150")
    error = caught.value.error
    assert caught.value.response_status_code == 403
    assert error.code == "Authorization_RequestDenied"
    assert error.message == "Insufficient privileges to complete the operation."
    assert error.inner_error.request_id
    assert error.inner_error.client_request_id


def test_the_phone_of_a_synced_user_is_not_written(vendors: Vendors) -> None:
    with pytest.raises(ODataError) as caught:
        write(vendors, as_app(vendors, "writer"), SYNCED, mobile_phone="+1 202 555 0150")
    assert caught.value.response_status_code == 400
    assert "on-premises mastered" in caught.value.error.message


def test_an_administrator_signs_in_by_device_code_and_writes(vendors: Vendors) -> None:
    administrator = as_administrator(vendors, ADMIN_NAME)
    me = run(vendors, administrator, lambda c: c.me.get(one(select=["id"])))
    assert me.id == ADMIN
    write(vendors, administrator, ADMIN, mobile_phone="+1 202 555 0160")
    assert read(vendors, ADMIN).mobile_phone == "+1 202 555 0160"


def test_an_application_is_nobody(vendors: Vendors) -> None:
    with pytest.raises(ODataError) as caught:
        run(vendors, as_app(vendors, "reader"), lambda c: c.me.get())
    assert caught.value.response_status_code == 400


def test_the_directory_sync_flag(vendors: Vendors) -> None:
    with pytest.raises(ODataError) as caught:
        run(
            vendors,
            as_app(vendors, "reader"),
            lambda c: c.directory.on_premises_synchronization.get(),
        )
    assert caught.value.response_status_code == 403

    administrator = as_administrator(vendors, ADMIN_NAME)

    async def switch_on(client: Any) -> tuple[Any, Any]:
        sync = client.directory.on_premises_synchronization
        (before,) = (await sync.get()).value
        features = OnPremisesDirectorySynchronizationFeature(bypass_dir_sync_overrides_enabled=True)
        body = OnPremisesDirectorySynchronization(features=features)
        await sync.by_on_premises_directory_synchronization_id(before.id).patch(body)
        (after,) = (await sync.get()).value
        return before, after

    before, after = run(vendors, administrator, switch_on)
    assert before.id == vendors.world.tenant.id
    assert before.features.bypass_dir_sync_overrides_enabled is False
    assert after.features.bypass_dir_sync_overrides_enabled is True
    assert after.features.soft_match_on_upn_enabled is True


def test_the_audit_log_names_who_changed_what(vendors: Vendors) -> None:
    write(vendors, as_app(vendors, "writer"), ORDINARY, mobile_phone="+1 202 555 0150")
    expression = (
        f"activityDisplayName eq 'Update user' and targetResources/any(t:t/id eq '{ORDINARY}')"
    )
    found = run(
        vendors,
        as_app(vendors, "reader"),
        lambda c: c.audit_logs.directory_audits.get(
            query(DirectoryAuditsRequestBuilder, "DirectoryAuditsRequestBuilder", filter=expression)
        ),
    )
    entry = found.value[0]
    assert entry.activity_date_time.tzinfo
    assert entry.result == "success"
    assert entry.initiated_by.app.display_name == "writer"
    (target,) = entry.target_resources
    assert target.id == ORDINARY
    changed = {each.display_name: each.new_value for each in target.modified_properties}
    assert "Mobile" in changed["Included Updated Properties"]
