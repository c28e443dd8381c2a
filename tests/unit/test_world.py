"""Loading a world file: what it becomes, and one sentence for every way it makes no sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.entra.roles import GLOBAL_ADMINISTRATOR, ROLE_NAMES, role_template
from sandbox.world import DEMO, World, WorldError, load_world

MINIMAL = """
tenant: {id: 12cce4b4-4ab8-40b7-be4d-f5d7742ec185}
okta: {org: corp, rate_limits: {apps: 50, users: 600, logs: 60, other: 600}}
apps:
  - id: 0oaMicrosoft365Graph
    label: Microsoft 365
    features: [PUSH_PROFILE_UPDATES]
    path: graph
    schema: {mobilePhone: mobilePhone, department: department}
    mappings: {mobilePhone: {expression: user.mobilePhone}}
    pushes: [mobilePhone]
identities:
  - name: writer
    kind: app
    client_id: 5e1f0000-0000-4000-8000-000000000005
    object_id: 5e1f0000-0000-4000-8000-000000000006
    secret: s3cret
    permissions: [User.Read.All]
  - name: operator
    kind: public_client
    client_id: 5e1f0000-0000-4000-8000-000000000007
    permissions: [Directory.AccessAsUser.All]
okta_tokens:
  - {name: api, token: t0ken}
people:
  - name: first
    okta: {id: 00uFirst000000000000, login: first@corp.example}
    assigned: {app: 0oaMicrosoft365Graph, profile: {mobilePhone: "+1 202 555 0100"}}
    entra:
      id: a0000000-0000-4000-8000-000000000001
      user_principal_name: first@corp.example
      roles: [global administrator]
      groups: [Some]
  - name: second
    okta: {id: 00uSecond00000000000, login: second@corp.example}
    entra:
      id: a0000000-0000-4000-8000-000000000002
      user_principal_name: second@corp.example
groups:
  - id: b0000000-0000-4000-8000-000000000001
    name: Some
    members: [second]
"""


def changed(path: str, value: object) -> str:
    """The minimal world with one field, such as `people.0.entra.roles`, set; None removes it."""
    document: Any = yaml.safe_load(MINIMAL)
    *steps, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    place = document
    for step in steps:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return yaml.safe_dump(document)


def test_defaults() -> None:
    world = load_world(MINIMAL)
    assert world.tenant.stale_read_seconds == 0.0
    assert not world.tenant.bypass_dir_sync_overrides
    person = world.person("first")
    assert person.okta is not None
    assert person.okta.status == "ACTIVE"
    assert person.assigned is not None
    assert (person.assigned.external_id, person.assigned.scope) == ("object", "USER")
    assert person.entra is not None
    assert person.entra.account_enabled
    assert person.entra.synced is None
    assert world.apps[0].mappings["mobilePhone"].push_status == "PUSH"


def test_roles_become_template_ids() -> None:
    entra = load_world(MINIMAL).person("first").entra
    assert entra is not None
    assert entra.roles == (GLOBAL_ADMINISTRATOR,)
    assert role_template(GLOBAL_ADMINISTRATOR.upper()) == GLOBAL_ADMINISTRATOR
    assert len(set(ROLE_NAMES.values())) == len(ROLE_NAMES)


def test_memberships_from_both_sides_are_joined() -> None:
    assert load_world(MINIMAL).groups[0].members == ("second", "first")


def test_secrets_are_in_no_repr() -> None:
    text = repr(load_world(MINIMAL))
    assert "s3cret" not in text
    assert "t0ken" not in text


def test_a_file_and_its_text_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(MINIMAL)
    assert load_world(path) == load_world(str(path)) == load_world(MINIMAL)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (
            "people.0.entra.roles",
            ["Emperor"],
            'people[0].entra.roles[0]: "Emperor" is not a role this world knows; use a role name '
            "or template id of sandbox/entra/roles.py",
        ),
        ("tenant.id", "corp", 'tenant.id: "corp" is not a GUID'),
        ("tenant.stale_read_seconds", -1, "tenant.stale_read_seconds: must be from 0 to below"),
        ("tenant.stale_read_seconds", "1 s", "tenant.stale_read_seconds: must be a number of"),
        ("tenant.stale_read_seconds", True, "tenant.stale_read_seconds: must be a number of"),
        ("tenant.bypass_dir_sync_overrides", "no", "bypass_dir_sync_overrides: must be true or"),
        ("tenant.nickname", "x", 'tenant: "nickname" is not a key here; use id, bypass_dir_sync'),
        ("tenant", None, "tenant: must be a mapping"),
        ("planets", [], 'the world: "planets" is not a key here'),
        ("okta.rate_limits.apps", 0, "okta.rate_limits.apps: must be at least 1"),
        ("okta.rate_limits.apps", 1.5, "okta.rate_limits.apps: must be a whole number"),
        ("okta.rate_limits.logs", None, "okta.rate_limits.logs: must be a whole number"),
        ("apps.0.id", "0oaShort", 'apps[0].id: "0oaShort" must be 20 letters and digits'),
        ("apps.0.path", "scim", 'apps[0].path: "scim" is not one of graph, dirsync'),
        ("apps.0.pushes", ["fax"], 'apps[0].pushes[0]: "fax" is not an attribute of this app'),
        ("apps.0.mappings.fax", {"expression": "x"}, 'apps[0].mappings.fax: "fax" is not an attr'),
        ("apps.0.mappings.mobilePhone.push_status", "MAYBE", '"MAYBE" is not one of PUSH, DONT'),
        ("identities.0.kind", "robot", 'identities[0].kind: "robot" is not one of app'),
        ("identities.0.secret", None, "identities[0].secret: must be text"),
        ("identities.1.secret", "x", "identities[1].secret: a public_client has none"),
        (
            "identities.1.client_id",
            "5e1f0000-0000-4000-8000-000000000005",
            "identities[1].client_id: the same as identities[0].client_id",
        ),
        (
            "identities.0.object_id",
            "a0000000-0000-4000-8000-000000000001",
            "identities[0].object_id: the same as people[0].entra.id",
        ),
        ("people.0.name", "second", "people[1].name: the same as people[0].name"),
        ("people.1.okta.login", "First@corp.example", "people[1].okta.login: the same as"),
        ("people.0.okta.status", "HAPPY", 'people[0].okta.status: "HAPPY" is not one of STAGED'),
        ("people.0.okta.id", "0oaFirst000000000000", "must be 20 letters and digits that start"),
        ("people.0.okta", None, "people[0].assigned: only somebody with an okta entry"),
        ("people.0.entra", None, "people[0].assigned: external_id must be none"),
        ("people.0.assigned.app", "0oaSomewhereElse0000", "is not the id of one of the apps"),
        ("people.0.assigned.external_id", "immutable", "immutable needs entra.immutable_id"),
        ("people.0.assigned.profile", {"a": {"b": 1}}, "people[0].assigned.profile.a: must be"),
        ("people.0.entra.mobile_phone", 15550100, "must be text; put quotes around numbers"),
        ("people.0.entra.other_mails", "x", "people[0].entra.other_mails: must be a list"),
        ("people.0.entra.cloud_set_mobile", "+1", "only a synced user can have an override"),
        ("people.0.entra.groups", ["None such"], 'groups[0]: "None such" is not the name of one'),
        ("people.0", "somebody", "people[0]: must be a mapping"),
        ("groups.0.members", ["third"], 'groups[0].members[0]: "third" is not the name of'),
        ("groups.0.roles", ["Guest Inviter"], "only a role_assignable group can hold roles"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(path: str, value: object, says: str) -> None:
    with pytest.raises(WorldError) as wrong:
        load_world(changed(path, value))
    assert says in str(wrong.value)
    assert "\n" not in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [\n", "line 2: this is not YAML"),
        ("- one\n- two\n", "the world: must be a mapping"),
        ("\n", "the world: must be a mapping"),
        (MINIMAL + "tenant: {}\n", '"tenant" is given twice'),
        (MINIMAL + "1: one\n", "the key 1 must be text"),
    ],
)
def test_what_is_no_world_at_all(text: str, says: str) -> None:
    with pytest.raises(WorldError) as wrong:
        load_world(text)
    assert says in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="cannot be read: No such file"):
        load_world(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\n")
    with pytest.raises(WorldError, match="not UTF-8"):
        load_world(tmp_path / "bytes.yaml")


@pytest.fixture(scope="module")
def demo() -> World:
    return load_world(DEMO)


def test_the_demonstration_has_everybody_it_tells_of(demo: World) -> None:
    assert {person.name for person in demo.people} >= {
        "ordinary.user",
        "global.admin",
        "privileged.auth.admin",
        "tenant.admin",
        "user.admin",
        "synced.override",
        "leaver.user",
        "disabled.user",
        "landed.user",
        "restricted.user",
        "group.member",
        "unlinked.user",
        "first.operator",
        "second.operator",
    }
    assert {app.path for app in demo.apps} == {"graph", "dirsync"}
    assert {identity.name for identity in demo.identities} == {
        "connector",
        "reader",
        "writer",
        "operator",
    }


def test_the_demonstrations_drifts_are_there(demo: World) -> None:
    def values(name: str) -> tuple[object, object, object]:
        person = demo.person(name)
        assert person.assigned is not None
        assert person.entra is not None
        profile = person.assigned.profile
        actual = person.entra.cloud_set_mobile or person.entra.mobile_phone
        return profile.get("mobilePhone"), actual, person.entra.account_enabled

    for name in ("global.admin", "synced.override", "restricted.user"):
        expected, actual, _ = values(name)
        assert expected != actual
    expected, actual, enabled = values("landed.user")
    assert (expected, enabled) == (actual, True)
    assert values("disabled.user")[2] is False
    leaver = demo.person("leaver.user")
    assert leaver.assigned is None
    assert leaver.entra is not None
    assert leaver.entra.account_enabled
    overrides = [p.name for p in demo.people if p.entra and p.entra.cloud_set_mobile]
    assert len(overrides) >= 3


def test_the_touch_attribute_is_mapped_nowhere(demo: World) -> None:
    for app in demo.apps:
        assert "department" in app.schema
        assert "department" not in app.mappings


def test_nobody_of_the_demonstration_is_real(demo: World) -> None:
    fictional = ("+1 202 555 01", "+44 7700 900", "07700 900")
    for person in demo.people:
        names = [person.okta.login] if person.okta else []
        numbers = []
        if person.entra:
            names += [person.entra.user_principal_name, *person.entra.other_mails]
            numbers += [person.entra.mobile_phone, person.entra.cloud_set_mobile]
        assert all(name.endswith((".example", "@example.net")) for name in names)
        assert all(number is None or number.startswith(fictional) for number in numbers)
