"""Each change reaches its directory as if a person had made it there, and is refused as there."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.okta.times import parse
from tests.sandbox.control.conftest import GRAPH_APP, SYNC_APP, Here


def test_both_sides_of_a_person(here: Here) -> None:
    found = here.person("global.admin")
    okta, entra = found["okta"], found["entra"]
    assert (okta["login"], okta["status"]) == ("global.admin@corp.example", "ACTIVE")
    assert okta["profile"]["mobilePhone"] == "+1 202 555 0102"
    assert [each["app"] for each in okta["assigned"]] == [GRAPH_APP]
    assert parse(okta["assigned"][0]["lastPush"]) < datetime.now(UTC)
    assert entra["userPrincipalName"] == "global.admin@corp.example"
    assert entra["mobilePhone"] == "+1 202 555 0101"
    assert [each["name"] for each in entra["roles"]] == ["Global Administrator"]


def test_people_of_one_side_only(here: Here) -> None:
    assert here.person("unlinked.user")["entra"] is None
    assert here.person("break.glass")["okta"] is None
    group = here.person("group.member")["entra"]
    assert group["roles"] == []
    assert here.person("eligible.admin")["entra"]["eligible"][0]["name"] == "Global Administrator"
    assert here.person("synced.newer")["entra"]["setInCloud"] is True


def test_a_value_changed_in_okta_is_pushed(here: Here) -> None:
    before = here.person("landed.user")["okta"]["assigned"][0]["lastPush"]
    here.done("/okta/profile", person="landed.user", mobilePhone="+1 202 555 0130")
    here.done("/okta/profile", person="landed.user", otherMails=["a@example.net", "b@example.net"])
    assert here.tenant.get_user("landed.user").mobile_phone == "+1 202 555 0130"
    assert here.tenant.get_user("landed.user").other_mails == ("a@example.net", "b@example.net")
    assert here.person("landed.user")["okta"]["assigned"][0]["lastPush"] > before


def test_a_value_is_cleared_on_both_sides(here: Here) -> None:
    here.done("/okta/profile", person="landed.user", mobilePhone=None, otherMails=[])
    found = here.tenant.get_user("landed.user")
    assert (found.mobile_phone, found.other_mails) == (None, ())


def test_the_same_value_again_is_no_push(here: Here) -> None:
    told = here.done("/okta/profile", person="landed.user", mobilePhone="+1 202 555 0113")
    assert "nothing is pushed" in told
    assert len(here.org.log.everything()) == 0


def test_an_attribute_the_org_does_not_have_is_okta_s_refusal(here: Here) -> None:
    here.org.state.user_attributes.discard("otherMails")
    status, sentence = here.refused("/okta/profile", person="landed.user", otherMails=["a@b.c"])
    assert status == 409
    assert "not defined in the user schema" in sentence


def test_a_push_that_is_lost(here: Here) -> None:
    here.done("/okta/lose-push", person="landed.user")
    assert here.person("landed.user")["okta"]["pushLost"] is True
    here.done("/okta/profile", person="landed.user", mobilePhone="+1 202 555 0131")
    assert here.tenant.get_user("landed.user").mobile_phone == "+1 202 555 0113"
    assert here.person("landed.user")["okta"]["pushLost"] is False
    assert here.refused("/okta/lose-push", person="leaver.user")[0] == 409


def test_a_leaver(here: Here) -> None:
    here.done("/okta/deactivate", person="landed.user")
    okta = here.person("landed.user")["okta"]
    assert (okta["status"], okta["assigned"]) == ("DEPROVISIONED", [])
    assert not here.tenant.get_user("landed.user").account_enabled
    assert here.refused("/okta/deactivate", person="landed.user")[0] == 409
    # As in Okta: whoever is deactivated can be assigned to nothing.
    assert here.refused("/okta/assign", person="landed.user", app=GRAPH_APP)[0] == 409


def test_unassigned_and_assigned_again(here: Here) -> None:
    here.done("/okta/unassign", person="landed.user", app=GRAPH_APP)
    assert here.refused("/okta/unassign", person="landed.user", app=GRAPH_APP)[0] == 409
    assert here.person("landed.user")["okta"]["assigned"] == []
    here.done("/okta/assign", person="landed.user", app=GRAPH_APP)
    assert here.refused("/okta/assign", person="landed.user", app=GRAPH_APP)[0] == 409
    assert here.org.app_user("landed.user", GRAPH_APP).external_id == (
        here.tenant.get_user("landed.user").id
    )
    assert here.org.app_user("landed.user", GRAPH_APP).profile["mobilePhone"] == "+1 202 555 0113"


def test_a_synced_user_is_assigned_by_the_immutable_id(here: Here) -> None:
    here.done("/okta/unassign", person="synced.same", app=SYNC_APP)
    here.done("/okta/assign", person="synced.same", app=SYNC_APP)
    assert here.org.app_user("synced.same", SYNC_APP).external_id == "c3luY2VkLnNhbWU="


def test_another_tool_s_administrator_is_in_the_audit_log(here: Here) -> None:
    here.done("/entra/user", person="landed.user", mobilePhone="+1 202 555 0132")
    here.done("/entra/user", person="landed.user", otherMails=[], accountEnabled=False)
    found = here.tenant.get_user("landed.user")
    assert (found.mobile_phone, found.other_mails) == ("+1 202 555 0132", ())
    assert not found.account_enabled
    here.clock.advance(1)
    entries = here.tenant.audit_entries("landed.user")
    by = [entry["initiatedBy"]["user"]["userPrincipalName"] for entry in entries]  # type: ignore[index]
    assert by == ["tenant.admin@corp.example"] * 2


def test_nobody_of_the_world_is_named_where_nobody_could(here: Here) -> None:
    here.done("/entra/user", person="restricted.user", mobilePhone="+1 202 555 0133")
    here.clock.advance(1)
    (entry,) = here.tenant.audit_entries("restricted.user")
    assert entry["initiatedBy"]["user"]["userPrincipalName"] == ""  # type: ignore[index]


def test_what_is_set_in_the_cloud_outlives_the_push(here: Here) -> None:
    here.done("/entra/user", person="synced.same", mobilePhone="+1 202 555 0134")
    here.done("/okta/profile", person="synced.same", mobilePhone="+1 202 555 0135")
    assert here.tenant.get_user("synced.same").mobile_phone == "+1 202 555 0134"
    here.done("/entra/user", person="synced.same", mobilePhone=None)
    assert here.tenant.get_user("synced.same").mobile_phone == "+1 202 555 0135"


def test_the_flag(here: Here) -> None:
    here.done("/entra/flag", enabled=True)
    assert here.tenant.bypass_enabled
    assert here.read()["tenant"]["flag"] is True
    here.done("/entra/flag", enabled=False)
    assert not here.tenant.bypass_enabled


def test_a_role_is_given_and_taken(here: Here) -> None:
    role = {"person": "landed.user", "role": "Exchange Administrator"}
    assert here.refused("/entra/role", **role, held="active")[0] == 400  # unknown to this world
    role["role"] = "User Administrator"
    assert here.refused("/entra/role", **role, held="none")[0] == 409
    here.done("/entra/role", **role, held="active")
    assert here.refused("/entra/role", **role, held="active")[0] == 409
    here.done("/entra/role", **role, held="eligible")
    entra = here.person("landed.user")["entra"]
    assert [each["name"] for each in entra["roles"]] == ["User Administrator"]
    assert [each["name"] for each in entra["eligible"]] == ["User Administrator"]
    here.done("/entra/role", **role, held="none")
    entra = here.person("landed.user")["entra"]
    assert (entra["roles"], entra["eligible"]) == ([], [])


def test_a_role_makes_pushes_land_nowhere(here: Here) -> None:
    role = {"person": "landed.user", "role": "Global Administrator"}
    here.done("/entra/role", **role, held="active")
    here.done("/okta/profile", person="landed.user", mobilePhone="+1 202 555 0136")
    assert here.tenant.get_user("landed.user").mobile_phone == "+1 202 555 0113"


def test_whoever_is_missing_on_a_side_is_not_changed_there(here: Here) -> None:
    assert here.refused("/okta/profile", person="break.glass", mobilePhone="1")[0] == 409
    assert here.refused("/entra/user", person="unlinked.user", mobilePhone="1")[0] == 409
    here.tenant.delete_user("landed.user")
    assert here.person("landed.user")["entra"]["deleted"] is True
    assert here.refused("/entra/user", person="landed.user", mobilePhone="1")[0] == 409
