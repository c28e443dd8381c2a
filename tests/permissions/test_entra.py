"""With what the page lists everything works; without one line, exactly what it is for stops."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lib.entra_sign_in import BYPASS, PRIVILEGED_WRITE
from lib.errors import Refused, Transient
from lib.graph import Graph
from lib.model import Attribute, KeyKind, UserKey
from lib.rules.matrix import fully_read
from lib.rules.policy import privilege
from tests.permissions import page
from tests.permissions.conftest import Entra, Feature, Grants, works

ORDINARY = "a0000000-0000-4000-8000-000000000001"  # in an ordinary group
LANDED = "a0000000-0000-4000-8000-00000000000d"
ADMINISTRATOR = "a0000000-0000-4000-8000-000000000002"
LEAVER = "a0000000-0000-4000-8000-000000000004"
CONNECTOR = "5e1f0000-0000-4000-8000-000000000002"
WRITER = "5e1f0000-0000-4000-8000-000000000005"


def reader_features(entra: Entra) -> dict[str, Feature]:
    graph = entra.application("reader")
    return {
        "users": lambda: reads_users(graph),
        "roles": lambda: (
            (found := graph.standing(ORDINARY)).active_roles is not None
            and found.eligible_roles is not None
        ),
        "groups": lambda: graph.standing(ORDINARY).role_assignable_groups is not None,
        "connector": lambda: graph.standing(CONNECTOR).active_roles is not None,
        "doctor's writer": lambda: bool(graph.application(WRITER).permissions),
        "audit": lambda: graph.audit_log(ORDINARY, datetime.now(UTC)).complete,
    }


def writer_features(entra: Entra) -> dict[str, Feature]:
    graph = entra.application("writer")

    def write(attribute: Attribute, value: object) -> Feature:
        return lambda: graph.patch_user(LEAVER, {attribute: value}).status == 204  # type: ignore[dict-item]

    return {
        "mobilePhone": write(Attribute.MOBILE_PHONE, "+1 202 555 0199"),
        "otherMails": write(Attribute.OTHER_MAILS, ("leaver@example.net",)),
        "accountEnabled": write(Attribute.ACCOUNT_ENABLED, False),
    }


def operator_features(entra: Entra) -> dict[str, Feature]:
    """As ops/writer.py signs in, for each kind of step."""
    privileged = entra.administrator("privileged.auth.admin@corp.example", PRIVILEGED_WRITE)
    tenant = entra.administrator("tenant.admin@corp.example", BYPASS)

    def write() -> bool:
        change = {Attribute.MOBILE_PHONE: "+1 202 555 0102"}
        return (
            bool(privileged.signed_in_user())
            and reads_users(privileged)
            and privileged.patch_user(ADMINISTRATOR, change).status == 204
        )

    def flag() -> bool:
        before = tenant.directory_sync()
        return (
            bool(tenant.signed_in_user())
            and bool(list(tenant.synced_users()))
            and tenant.set_bypass(before.id, True).status == 204
        )

    return {
        "privileged write": write,
        "guards": lambda: fully_read(privileged.standing(LANDED)),
        "tenant flag": flag,
    }


FEATURES = {"reader": reader_features, "writer": writer_features, "operator": operator_features}


def reads_users(graph: Graph) -> bool:
    key = UserKey(KeyKind.OBJECT_ID, ORDINARY)
    found = graph.read_users([key])[key]
    if isinstance(found, Refused | Transient):
        raise found
    return found is not None and graph.read_user(ORDINARY) is not None


def working(who: str, entra: Entra) -> set[str]:
    return {name for name, feature in FEATURES[who](entra).items() if works(feature)}


@pytest.mark.parametrize("who", FEATURES)
def test_everything_works_with_what_the_page_lists(who: str, entra: Grants) -> None:
    """By just the calls it lists; the flag is what an application asks for in vain."""
    started = entra(**{who: page.granted(who)})
    assert working(who, started) == page.features(who)
    made = {*started.tenant.calls, *started.tenant.parts} - {"POST /device"}
    listed = page.routes(who)
    assert made <= listed | page.routes("anybody")
    in_vain = {"GET /v1.0/directory/onPremisesSynchronization"} if who == "reader" else set()
    assert listed - made == in_vain


@pytest.mark.parametrize(
    "line", [each for who in FEATURES for each in page.of(who)], ids=lambda e: f"{e.who}-{e.needs}"
)
def test_without_one_line_exactly_what_it_is_for_stops(line: page.Grant, entra: Grants) -> None:
    left = page.granted(line.who) - {line.needs}
    still = working(line.who, entra(**{line.who: left}))
    assert still == page.features(line.who) - line.features


def test_the_reading_application_writes_nothing_and_the_writing_one_finds_nobody(
    entra: Grants,
) -> None:
    started = entra()
    for write in writer_features(replace_client(started, "writer", "reader")).values():
        assert not works(write)
    readers = reader_features(replace_client(started, "reader", "writer"))
    assert {name for name, feature in readers.items() if works(feature)} == {"users"}


def replace_client(entra: Entra, asked: str, instead: str) -> Entra:
    class Other(Entra):
        def application(self, name: str) -> Graph:
            return super().application(instead if name == asked else name)

    return Other(entra.tenant, entra.world, entra.url)


def test_a_refused_reading_of_owned_objects_makes_everybody_need_two_people(entra: Grants) -> None:
    """The vendor's pages disagree about applications; either answer has to do."""
    started = entra()
    graph = started.application("reader")
    assert privilege(graph.standing(ORDINARY))[0] == 0
    started.tenant.faults.add("GET /v1.0/users/{id}/ownedObjects", 403)
    assert privilege(graph.standing(ORDINARY))[0] == 2


def test_the_flag_is_refused_to_applications_even_with_the_permission(entra: Grants) -> None:
    more = {*page.granted("reader"), "OnPremDirectorySynchronization.Read.All"}
    assert not works(lambda: bool(entra(reader=more).application("reader").directory_sync()))


@pytest.mark.parametrize("login", ["privileged.auth.admin", "user.admin"])
def test_the_flag_needs_a_global_administrator(entra: Grants, login: str) -> None:
    graph = entra().administrator(f"{login}@corp.example", BYPASS)
    assert not works(lambda: bool(graph.directory_sync()))


def test_the_broad_permission_for_roles_does_not_do_for_an_application(entra: Grants) -> None:
    instead = page.granted("reader") - {"RoleManagement.Read.Directory"}
    started = entra(reader={*instead, "RoleManagement.Read.All"})
    assert started.application("reader").standing(ORDINARY).active_roles is None
