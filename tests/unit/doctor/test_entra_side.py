"""Permissions, roles and the tenant's flag."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from lib.errors import NotFound, Permanent, Refused, Transient
from lib.model import DirectorySync, RoleGrant
from lib.rules.causes import BypassFact
from lib.rules.matrix import CALLER_NAMES
from ops.doctor import directory_flag, entra_permissions, entra_roles
from ops.doctor.finding import Finding, Severity
from ops.doctor.identity import Identity, Who, from_directory, from_sign_in
from tests.fakes.clock import START, FakeClock
from tests.fakes.graph import FakeGraph
from tests.fakes.make import (
    CONNECTOR,
    GLOBAL_ADMINISTRATOR,
    OBJECT,
    TENANT,
    USER_ADMINISTRATOR,
    role,
    standing,
)
from tests.unit.fakes_http import Answer, FakeVendor, http_of

NEEDED = frozenset({"User.Read.All", "RoleManagement.Read.Directory", "GroupMember.Read.All"})
READER = NEEDED | {"AuditLog.Read.All"}
WRITER = frozenset(
    {
        "User.Read.All",
        "User-Phone.ReadWrite.All",
        "User-Mail.ReadWrite.All",
        "User.EnableDisableAccount.All",
    }
)
GUEST_INVITER = "95e79109-95c0-4d8e-aee3-d01accf2d47b"


def codes(found: list[Finding]) -> list[str]:
    return [each.code for each in found]


def not_ok(found: list[Finding]) -> list[str]:
    return [each.code for each in found if each.severity is not Severity.OK]


def held(who: Who, *permissions: str) -> Identity:
    return Identity(who, OBJECT, frozenset(permissions), signed_in=True)


def permissions(who: Who, names: frozenset[str], connector_known: bool = False) -> list[Finding]:
    return entra_permissions.examine(held(who, *names), connector_known=connector_known)


@pytest.mark.parametrize(("who", "names"), [(Who.READER, READER), (Who.WRITER, WRITER)])
def test_exactly_what_is_needed(who: Who, names: frozenset[str]) -> None:
    found = permissions(who, names)
    assert codes(found) == ["entra_signs_in"] + ["entra_granted"] * len(names)


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_the_reader_needs_each(name: str) -> None:
    assert not_ok(permissions(Who.READER, READER - {name})) == ["entra_missing"]


def test_the_audit_log_is_recommended() -> None:
    (found,) = [f for f in permissions(Who.READER, NEEDED) if f.severity is not Severity.OK]
    assert found.code == "entra_unexplained"
    assert found.severity is Severity.WARNING
    # A broad permission for the directory does not open the audit log.
    broad = NEEDED | {"Directory.Read.All"}
    assert not_ok(permissions(Who.READER, broad)) == ["entra_unexplained", "entra_not_needed"]


@pytest.mark.parametrize("name", sorted(WRITER))
def test_the_writer_needs_each_for_what_it_mends(name: str) -> None:
    expected = "entra_missing" if name == "User.Read.All" else "entra_unmendable"
    found = [f for f in permissions(Who.WRITER, WRITER - {name}) if f.severity != Severity.OK]
    assert codes(found) == [expected]
    assert name in found[0].seen


def test_reading_applications_is_needed_to_tell_the_connectors_roles() -> None:
    assert not_ok(permissions(Who.READER, READER, connector_known=True)) == ["entra_missing"]
    more = READER | {"Application.Read.All"}
    assert not_ok(permissions(Who.READER, more, connector_known=True)) == []
    assert not_ok(permissions(Who.READER, more)) == []


@pytest.mark.parametrize(
    ("who", "base", "extra", "code"),
    [
        (Who.READER, READER, "Mail.Read", "entra_not_needed"),
        (Who.READER, READER, "User.ReadWrite.All", "entra_reader_writes"),
        (Who.READER, READER, "User.EnableDisableAccount.All", "entra_reader_writes"),
        (Who.WRITER, WRITER, "AuditLog.Read.All", "entra_not_needed"),
        (Who.WRITER, WRITER, "Directory.ReadWrite.All", "entra_writer_too_broad"),
        (Who.WRITER, WRITER, "RoleManagement.ReadWrite.Directory", "entra_writer_too_broad"),
    ],
)
def test_what_is_not_needed(who: Who, base: frozenset[str], extra: str, code: str) -> None:
    assert not_ok(permissions(who, base | {extra})) == [code]


def test_a_broader_permission_covers_and_is_said() -> None:
    broad = frozenset({"Directory.Read.All", "RoleManagement.Read.Directory", "AuditLog.Read.All"})
    assert not_ok(permissions(Who.READER, broad)) == ["entra_not_needed"]


def test_what_was_not_told_is_never_ok() -> None:
    cases = {
        "entra_no_sign_in": Identity(Who.WRITER, refused="AADSTS7000215"),
        "entra_not_told": Identity(Who.WRITER, unread="AWS answered AccessDeniedException"),
        "entra_federated": Identity(Who.WRITER, unread="AADSTS700213", trusts="arn:role/x"),
        "entra_opaque": Identity(Who.WRITER, OBJECT, None, signed_in=True),
    }
    for code, identity in cases.items():
        assert not_ok(entra_permissions.examine(identity, connector_known=False)) == [code]


# -- who they are


def token(claims: object) -> Mapping[str, str]:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return {"Authorization": f"Bearer head.{middle}.signature"}


def test_a_token_tells_permissions_and_object() -> None:
    found = from_sign_in(Who.READER, lambda: token({"oid": OBJECT, "roles": ["User.Read.All"]}))
    assert found == Identity(Who.READER, OBJECT, frozenset({"User.Read.All"}), signed_in=True)


def test_a_token_without_roles_holds_none() -> None:
    assert from_sign_in(Who.READER, lambda: token({"oid": OBJECT})).permissions == frozenset()


@pytest.mark.parametrize("raw", ["opaque", "a.b", "a.!!.c", "a.bm90IGpzb24.c", "a.W10.c"])
def test_an_opaque_token_tells_nothing(raw: str) -> None:
    found = from_sign_in(Who.READER, lambda: {"Authorization": f"Bearer {raw}"})
    assert (found.object_id, found.permissions, found.signed_in) == (None, None, True)


@pytest.mark.parametrize(
    ("error", "part"), [(Permanent("AADSTS7000222"), "refused"), (Transient("busy"), "unread")]
)
def test_a_sign_in_that_fails(error: Exception, part: str) -> None:
    def headers() -> Mapping[str, str]:
        raise error

    assert getattr(from_sign_in(Who.WRITER, headers), part) == str(error)


def directory(*answers: Answer) -> FakeVendor:
    return FakeVendor(answers)


PRINCIPAL = Answer(json={"id": OBJECT})
RESOURCE = Answer(json={"id": "graph", "appRoles": [{"id": "r1", "value": "User.Read.All"}]})


def of_directory(*answers: Answer) -> Identity:
    from lib.graph import Graph

    return from_directory(Who.WRITER, Graph(http_of(directory(*answers))), "client")


def test_the_directory_tells_what_an_application_was_granted() -> None:
    granted = {
        "value": [
            {"appRoleId": "r1", "resourceId": "graph"},
            {"appRoleId": "r1", "resourceId": "another api"},
            {"appRoleId": "gone", "resourceId": "graph"},
        ]
    }
    found = of_directory(PRINCIPAL, RESOURCE, Answer(json=granted))
    assert found.object_id == OBJECT
    assert found.permissions == {"User.Read.All", "gone"}
    assert not found.signed_in


def test_the_directory_is_read_page_by_page() -> None:
    first = {
        "value": [{"appRoleId": "r1", "resourceId": "graph"}],
        "@odata.nextLink": "https://vendor.example/next",
    }
    second = {"value": [{"appRoleId": "r2", "resourceId": "graph"}]}
    found = of_directory(PRINCIPAL, RESOURCE, Answer(json=first), Answer(json=second))
    assert found.permissions == {"User.Read.All", "r2"}


def test_a_directory_that_does_not_tell() -> None:
    denied = {"error": {"code": "Authorization_RequestDenied", "message": "no"}}
    assert "Authorization_RequestDenied" in of_directory(Answer(403, denied)).unread
    assert of_directory(Answer(404, {"error": {}})).refused


# -- roles


@pytest.fixture
def graph() -> FakeGraph:
    return FakeGraph(FakeClock())


def roles_of(graph: FakeGraph, *active: RoleGrant, **more: object) -> list[Finding]:
    graph.standings[OBJECT] = standing(*active, **more)
    return entra_roles.of_identity(graph, held(Who.WRITER))  # type: ignore[arg-type]


def test_no_role_is_best(graph: FakeGraph) -> None:
    assert codes(roles_of(graph)) == ["role_none"]


@pytest.mark.parametrize("template", sorted(CALLER_NAMES))
def test_an_outranking_writer_is_said_loudly(graph: FakeGraph, template: str) -> None:
    (found,) = roles_of(graph, role(template.upper(), "?"))
    assert found.code == "role_outranks"
    assert found.severity is Severity.PROBLEM
    assert "THE WRITER" in found.seen
    assert CALLER_NAMES[template] in found.seen


def test_an_eligible_role_counts(graph: FakeGraph) -> None:
    eligible = (RoleGrant(GLOBAL_ADMINISTRATOR, "?", via="eligible"),)
    (found,) = roles_of(graph, eligible_roles=eligible)
    assert found.code == "role_outranks"
    assert "(eligible)" in found.seen


def test_any_other_role_is_a_warning(graph: FakeGraph) -> None:
    assert codes(roles_of(graph, role(GUEST_INVITER, "?"))) == ["role_held"]


def test_roles_that_are_not_told(graph: FakeGraph) -> None:
    assert codes(roles_of(graph, active_roles=None)) == ["role_unread"]
    assert codes(roles_of(graph, eligible_roles=None)) == ["role_unread"]
    nobody = entra_roles.of_identity(graph, Identity(Who.WRITER))  # type: ignore[arg-type]
    assert codes(nobody) == ["role_unread"]
    graph.trouble["standing"] = Refused(403, "Authorization_RequestDenied", "no")
    assert codes(roles_of(graph)) == ["role_unread"]


def connector(graph: FakeGraph, *active: RoleGrant, **more: object) -> Finding:
    graph.standings[CONNECTOR] = standing(*active, **more)
    (found,) = entra_roles.of_connector(graph, CONNECTOR)  # type: ignore[arg-type]
    return found


def test_the_connector(graph: FakeGraph) -> None:
    assert connector(graph, role()).code == "connector_outranks"
    lacking = connector(graph, role(USER_ADMINISTRATOR, "?"))
    assert lacking.code == "connector_lacks"
    assert "User Administrator" in lacking.seen
    assert connector(graph).code == "connector_lacks"
    # A role that is scoped to a unit outranks nobody tenant-wide.
    scoped = RoleGrant(GLOBAL_ADMINISTRATOR, "?", scope="/administrativeUnits/x")
    assert connector(graph, scoped).code == "connector_lacks"


def test_a_connector_that_is_not_known(graph: FakeGraph) -> None:
    (unset,) = entra_roles.of_connector(graph, None)  # type: ignore[arg-type]
    assert unset.code == "connector_unknown"
    assert connector(graph, active_roles=None).code == "connector_unknown"
    graph.missing.add(CONNECTOR)
    assert connector(graph).code == "connector_unknown"


# -- the flag


def flag(graph: FakeGraph, recorded: BypassFact | None = None) -> Finding:
    (found,) = directory_flag.examine(graph, lambda: recorded, START)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(("enabled", "code"), [(True, "flag_on"), (False, "flag_off")])
def test_a_flag_that_is_read(graph: FakeGraph, enabled: bool, code: str) -> None:
    graph.sync = DirectorySync(TENANT, enabled)
    assert flag(graph).code == code
    # What was read now wins over what was recorded.
    assert flag(graph, BypassFact(not enabled, START, "x")).code == code


@pytest.mark.parametrize(
    ("enabled", "days", "code"),
    [(True, 1, "flag_on"), (False, 1, "flag_off"), (True, 31, "flag_old"), (False, 31, "flag_old")],
)
def test_a_refusal_falls_back_to_what_was_recorded(
    graph: FakeGraph, enabled: bool, days: int, code: str
) -> None:
    graph.trouble["directory_sync"] = Refused(403, "Authorization_RequestDenied", "no")
    found = flag(graph, BypassFact(enabled, START - timedelta(days=days), "x"))
    assert found.code == code
    assert f"{days} day" in found.seen


def test_an_answer_recorded_as_unknown_is_never_false(graph: FakeGraph) -> None:
    graph.trouble["directory_sync"] = Refused(403, "Authorization_RequestDenied", "no")
    for days in (1, 31):
        recorded = BypassFact(None, START - timedelta(days=days), "x")
        assert flag(graph, recorded).code == "flag_unknown"


def test_a_refusal_is_unknown_never_false(graph: FakeGraph) -> None:
    for error in (Refused(403, "Authorization_RequestDenied", "no"), NotFound("none")):
        graph.trouble["directory_sync"] = error
        assert flag(graph).code == "flag_unknown"
    for error in (Transient("busy"), Permanent("no JSON")):
        graph.trouble["directory_sync"] = error
        assert flag(graph).code == "flag_not_read"


@pytest.mark.parametrize("error", [Permanent("AADSTS700213"), Transient("busy")])
def test_a_reader_that_can_not_tell_leaves_what_was_recorded(
    graph: FakeGraph, error: Permanent | Transient
) -> None:
    graph.trouble["directory_sync"] = error
    found = flag(graph, BypassFact(True, START - timedelta(days=2), "x"))
    assert found.code == "flag_on"
    assert "recorded, 2 days ago" in found.seen
