"""onPremisesSynchronization, and the two ways Okta's engine writes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox.entra.app import Tenant, create_tenant
from sandbox.world import World
from tests.sandbox.entra.conftest import (
    DENIED,
    GLOBAL,
    NOBODY,
    ORDINARY,
    OVERRIDE,
    RESTRICTED,
    SOURCELESS,
    SYNCED,
    TENANT,
    Clock,
    Entra,
    denied,
)

PATH = "/v1.0/directory/onPremisesSynchronization"
BYPASS = "bypassDirSyncOverridesEnabled"
AS_GLOBAL = {"who": "operator", "user": "global"}


def set_flag(entra: Entra, body: object, who: str = "operator", user: str | None = "global") -> int:
    path = f"{PATH}/{TENANT}"
    return entra.call("PATCH", path, who, user=user, json=body).status_code


def test_the_collection_holds_one_whose_id_is_the_tenants(entra: Entra) -> None:
    body = entra.get(PATH, **AS_GLOBAL).json()
    assert body["@odata.context"].endswith("$metadata#directory/onPremisesSynchronization")
    (found,) = body["value"]
    assert found["id"] == TENANT
    assert len(found["features"]) == 20
    assert found["features"][BYPASS] is False
    assert found["configuration"]["accidentalDeletionPrevention"]["alertThreshold"] == 500


def test_the_entity_has_no_value_around_it(entra: Entra) -> None:
    body = entra.get(f"{PATH}/{TENANT}", **AS_GLOBAL).json()
    assert (body["id"], "value" in body) == (TENANT, False)
    assert entra.get(f"{PATH}/{NOBODY}", **AS_GLOBAL).status_code == 404


def test_only_what_is_named_changes(entra: Entra) -> None:
    before = entra.get(f"{PATH}/{TENANT}", **AS_GLOBAL).json()["features"]
    assert set_flag(entra, {"features": {BYPASS: True}}) == 204
    after = entra.get(f"{PATH}/{TENANT}", **AS_GLOBAL).json()["features"]
    assert after == {**before, BYPASS: True}


@pytest.mark.parametrize(
    "body", [{"features": {"noSuchFeature": True}}, {"features": {BYPASS: "true"}}]
)
def test_features_that_are_refused(entra: Entra, body: object) -> None:
    assert set_flag(entra, body) == 400
    assert not entra.tenant.bypass_enabled


def test_apps_are_refused_even_with_the_permission_and_the_role(entra: Entra) -> None:
    entra.tenant.assign_role("directory", "Global Administrator")
    assert denied(entra.get(PATH, "directory"))
    assert set_flag(entra, {"features": {BYPASS: True}}, "directory", None) == 403


def test_a_tenant_may_be_told_to_answer_apps(world: World) -> None:
    kinder = replace(world, tenant=replace(world.tenant, app_only_directory_sync=True))
    tenant = create_tenant(kinder, Clock())
    for who, expected in (("directory", 200), ("reader", 403)):
        headers = {"Authorization": f"Bearer {tenant.token(who)}"}
        answer = tenant.flask.test_client().get(f"/graph{PATH}", headers=headers)
        assert answer.status_code == expected


@pytest.mark.parametrize("user", ["privileged", "users", "ordinary"])
def test_only_global_administrators(entra: Entra, user: str) -> None:
    assert denied(entra.get(PATH, "operator", user=user))
    assert set_flag(entra, {"features": {BYPASS: True}}, user=user) == 403


def test_the_scope_is_needed_too(entra: Entra) -> None:
    assert denied(entra.get(PATH, "profile editor", user="global"))


def mobiles(tenant: Tenant) -> list[str | None]:
    return [tenant.get_user(each).mobile_phone for each in (OVERRIDE, SOURCELESS, SYNCED)]


BEFORE = ["+1 202 555 0119", "+1 202 555 0118", "+1 202 555 0112"]


def test_an_override_survives_a_sync_that_says_success(entra: Entra) -> None:
    tenant = entra.tenant
    assert tenant.sync_write(OVERRIDE, {"mobilePhone": "new", "department": "Sales"}) is None
    assert mobiles(tenant) == BEFORE
    assert tenant.get_user(OVERRIDE).values["department"] == "Sales"
    entry = tenant.audit_entries(OVERRIDE)[0]
    assert entry["result"] == "success"
    assert "Mobile" not in str(entry)
    assert "DirectorySync" in str(entry)


def test_a_user_without_an_override_takes_what_is_synced(entra: Entra) -> None:
    entra.tenant.sync_write(SYNCED, {"mobilePhone": "new"})
    assert mobiles(entra.tenant) == [*BEFORE[:2], "new"]


def test_the_flag_overwrites_everybody_at_the_next_sync(entra: Entra) -> None:
    assert set_flag(entra, {"features": {BYPASS: True}}) == 204
    assert mobiles(entra.tenant) == BEFORE
    entra.tenant.sync_write(SYNCED, {"department": "Sales"})
    # The source of the second one has no number: it is lost.
    assert mobiles(entra.tenant) == ["+1 202 555 0110", None, "+1 202 555 0112"]


def test_nothing_comes_back_when_the_flag_goes_off(entra: Entra) -> None:
    set_flag(entra, {"features": {BYPASS: True}})
    entra.tenant.sync_write(OVERRIDE, {"mobilePhone": "pushed"})
    set_flag(entra, {"features": {BYPASS: False}})
    assert entra.tenant.get_user(OVERRIDE).mobile_phone == "pushed"
    entra.tenant.sync_write(OVERRIDE, {"mobilePhone": "again"})
    assert entra.tenant.get_user(OVERRIDE).mobile_phone == "again"


def test_a_push_to_an_ordinary_user_lands(entra: Entra) -> None:
    changes = {"mobilePhone": "new", "otherMails": ["new@example.net"], "accountEnabled": False}
    assert entra.tenant.connector_write(ORDINARY, changes) is None
    after = entra.tenant.get_user(ORDINARY)
    assert (after.mobile_phone, after.other_mails) == ("new", ("new@example.net",))
    assert not after.account_enabled


@pytest.mark.parametrize("name", ["mobilePhone", "otherMails", "accountEnabled"])
def test_a_push_to_an_administrator_succeeds_and_changes_nothing(entra: Entra, name: str) -> None:
    tenant = entra.tenant
    before = tenant.get_user(GLOBAL)
    value = {"mobilePhone": "new", "otherMails": ["n@example.net"], "accountEnabled": False}[name]
    assert tenant.connector_write(GLOBAL, {name: value, "department": "Sales"}) is None
    after = tenant.get_user(GLOBAL)
    assert replace(after, values={}) == replace(before, values={})
    assert after.values["department"] == "Sales"
    entry = str(tenant.audit_entries(GLOBAL)[0])
    assert "Department" in entry
    assert not any(each in entry for each in ("Mobile", "OtherMail", "AccountEnabled"))


def test_a_connector_that_outranks_lands(entra: Entra) -> None:
    entra.tenant.assign_role("connector", "Global Administrator")
    entra.tenant.connector_write(GLOBAL, {"mobilePhone": "new"})
    assert entra.tenant.get_user(GLOBAL).mobile_phone == "new"


def test_other_refusals_come_back(entra: Entra) -> None:
    tenant = entra.tenant
    unit = tenant.connector_write(RESTRICTED, {"mobilePhone": "new"})
    assert unit is not None
    assert (unit.status, unit.code, unit.message) == (403, "Authorization_RequestDenied", DENIED)
    assert unit.path == f"/users/{RESTRICTED}"
    synced = tenant.connector_write(SYNCED, {"mobilePhone": "new"})
    assert synced is not None
    assert (synced.status, synced.code) == (400, "Request_BadRequest")
    permission = tenant.connector_write(ORDINARY, {"otherMails": []}, connector="phones")
    assert permission is not None
    assert permission.status == 403
    nobody = tenant.connector_write(NOBODY, {"mobilePhone": "new"})
    assert nobody is not None
    assert nobody.status == 404
