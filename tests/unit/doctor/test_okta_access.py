"""Token or service app: scopes, admin roles and proof of possession."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from lib.errors import Transient, Unauthorized
from lib.okta_admin import OktaAdmin
from lib.okta_sign_in import READ, TOUCH
from ops.doctor.finding import Finding, Severity
from ops.doctor.okta_access import Lookers, examine
from tests.fakes.keys import private_pem, rsa_key
from tests.unit.fakes_http import Answer, FakeVendor, Sent, http_of

DENIED = Answer(403, {"errorCode": "E0000006", "errorSummary": "no"})
ALL = (*READ, TOUCH)


def service_app() -> str:
    given = {"client_id": "0oaClient", "key_id": "k", "private_key": private_pem(rsa_key())}
    return json.dumps(given)


class Org:
    """Grants `scopes`, tells `told` and `roles`."""

    def __init__(self, scopes: Sequence[str] = READ, roles: Sequence[str] = ()) -> None:
        self.scopes = set(scopes)
        self.told: Answer | None = None
        self.roles = Answer(json=[self.role(each) for each in roles or ("READ_ONLY_ADMIN",)])
        self.scheme = "DPoP"
        self.trouble: Exception | None = None
        self.asked: list[str] = []

    @staticmethod
    def role(kind: str, status: str = "ACTIVE") -> dict[str, str]:
        return {"type": kind, "label": f"The {kind}", "status": status}

    def sign_in(self, scopes: Sequence[str]) -> str:
        if self.trouble:
            raise self.trouble
        if not set(scopes) <= self.scopes:
            raise Unauthorized("Okta sign-in: invalid_scope")
        return self.scheme

    def answer(self, sent: Sent) -> Answer:
        self.asked.append(sent.path)
        if sent.path.endswith("/grants"):
            grants = [{"scopeId": each, "status": "ACTIVE"} for each in sorted(self.scopes)]
            grants.append({"scopeId": "okta.groups.manage", "status": "INACTIVE"})
            return self.told or Answer(json=grants)
        if sent.path.endswith("/users/me"):
            return self.told or Answer(json={"id": "00uMaker"})
        return self.roles

    def examine(self, *, touches: bool = False, token: bool = False) -> list[Finding]:
        admin = OktaAdmin(http_of(FakeVendor(self.answer)))
        secret = "x" if token else service_app()
        return examine(lambda: secret, self.sign_in, Lookers(admin, admin, admin), touches=touches)


def codes(found: list[Finding]) -> list[str]:
    return [each.code for each in found]


def not_ok(found: list[Finding]) -> list[str]:
    return [each.code for each in found if each.severity is not Severity.OK]


def test_exactly_what_is_needed() -> None:
    org = Org()
    found = org.examine()
    assert codes(found) == ["okta_scope"] * len(READ) + ["okta_dpop", "okta_role"]
    assert org.asked == [
        "/root/api/v1/apps/0oaClient/grants",
        "/root/oauth2/v1/clients/0oaClient/roles",
    ]


def test_exactly_what_touches_need() -> None:
    found = Org(ALL, ["READ_ONLY_ADMIN", "APP_ADMIN"]).examine(touches=True)
    assert codes(found) == ["okta_scope"] * len(ALL) + ["okta_dpop", "okta_role", "okta_role"]


@pytest.mark.parametrize("scope", ALL)
def test_each_scope_is_missed(scope: str) -> None:
    found = Org([each for each in ALL if each != scope], ["APP_ADMIN"]).examine(touches=True)
    missing = [each for each in found if each.code == "okta_scope_missing"]
    assert [scope in each.seen for each in missing] == [True]
    # The others were tried by themselves.
    assert codes(found).count("okta_scope") == len(ALL) - 1
    assert "okta_dpop" in codes(found)


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        ("okta.groups.read", "okta_scope_not_needed"),
        ("okta.users.manage", "okta_scope_writes"),
        ("okta.apps.manage", "okta_scope_writes"),
        ("okta.eventHooks.manage", "okta_scope_set_up"),
        ("okta.eventHooks.read", None),
        ("okta.roles.read", None),
        ("okta.appGrants.read", None),
    ],
)
def test_what_is_granted_besides(scope: str, code: str | None) -> None:
    assert not_ok(Org([*READ, scope]).examine()) == ([code] if code else [])


def test_without_any_scope_nothing_is_known_of_proofs() -> None:
    found = Org([]).examine()
    assert codes(found).count("okta_scope_missing") == len(READ)
    assert "okta_dpop_unknown" in codes(found)


def test_bearer_tokens_are_a_warning() -> None:
    org = Org()
    org.scheme = "Bearer"
    assert not_ok(org.examine()) == ["okta_dpop_off"]


@pytest.mark.parametrize(
    "trouble", [Transient("busy"), Unauthorized("Okta sign-in: invalid_client")]
)
def test_an_org_that_does_not_tell_is_unknown(trouble: Exception) -> None:
    org = Org()
    org.trouble, org.told, org.roles = trouble, DENIED, DENIED
    found = org.examine()
    assert codes(found) == [
        "okta_scopes_untold",
        "okta_dpop_unknown",
        "okta_grants_unread",
        "okta_roles_unread",
    ]
    assert {each.severity for each in found} == {Severity.UNKNOWN}


def test_an_outage_between_two_scopes_is_unknown() -> None:
    org = Org(["okta.logs.read"])
    sign_in, asked = org.sign_in, []

    def failing(scopes: Sequence[str]) -> str:
        asked.append(scopes)
        if len(asked) > 1:
            raise Transient("busy")
        return sign_in(scopes)

    org.sign_in = failing  # type: ignore[method-assign]
    assert codes(org.examine())[:2] == ["okta_scopes_untold", "okta_dpop_unknown"]


@pytest.mark.parametrize(
    ("roles", "touches", "expected"),
    [
        (["SUPER_ADMIN"], True, ["okta_role_broad"]),
        (["ORG_ADMIN"], False, ["okta_role_broad"]),
        (["READ_ONLY_ADMIN", "HELP_DESK_ADMIN"], False, ["okta_role_not_needed"]),
        (["APP_ADMIN", "READ_ONLY_ADMIN"], False, ["okta_role_not_needed"]),
        (["READ_ONLY_ADMIN"], True, ["okta_role_untouching"]),
        (["CUSTOM"], True, ["okta_role_custom"]),
    ],
)
def test_roles(roles: list[str], touches: bool, expected: list[str]) -> None:
    org = Org(ALL if touches else READ, roles)
    assert not_ok(org.examine(touches=touches)) == expected


def test_no_role_at_all() -> None:
    org = Org(ALL)
    org.roles = Answer(json=[org.role("READ_ONLY_ADMIN", "INACTIVE")])
    assert not_ok(org.examine(touches=True)) == ["okta_role_none"]


# -- a token


def test_a_token_has_its_makers_roles() -> None:
    org = Org(roles=["SUPER_ADMIN"])
    found = org.examine(token=True)
    assert codes(found) == ["okta_is_token", "okta_role_broad"]
    assert org.asked == ["/root/api/v1/users/me", "/root/api/v1/users/00uMaker/roles"]
    assert found[0].severity is Severity.NOTE


@pytest.mark.parametrize("told", [DENIED, Answer(json={})])
def test_a_token_whose_maker_is_not_told(told: Answer) -> None:
    org = Org()
    org.told = told
    assert codes(org.examine(token=True)) == ["okta_is_token", "okta_roles_unread"]


def test_a_secret_that_is_not_read_or_makes_no_sense_is_unknown() -> None:
    def withheld() -> str:
        raise Transient("AWS answered AccessDeniedException")

    org = Org()
    admin = OktaAdmin(http_of(FakeVendor(org.answer)))
    for secret in (withheld, lambda: '{"client_id": "0oaClient"}'):
        (found,) = examine(secret, org.sign_in, Lookers(admin, admin, admin), touches=False)
        assert found.code == "okta_unsigned"
        assert found.severity is Severity.UNKNOWN
    assert org.asked == []
