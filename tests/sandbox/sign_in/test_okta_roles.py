"""Scopes say which action, admin roles on what; and what the org tells of both."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib.errors import NotFound, Refused
from lib.http import Http
from lib.model import Subject
from lib.okta_sign_in import READ, TOUCH
from tests.sandbox.okta.conftest import APP, ORDINARY
from tests.sandbox.sign_in.conftest import OktaSide, okta_secret

READS = (
    f"/api/v1/apps/{APP}",
    f"/api/v1/apps/{APP}/users",
    f"/api/v1/meta/schemas/apps/{APP}/default",
    "/api/v1/mappings",
    "/api/v1/logs",
    f"/api/v1/users/{ORDINARY}",
)
ACCESS = ("/oauth2/v1/clients/reader/roles", "/api/v1/apps/reader/grants")


def as_service_app(okta: OktaSide, name: str, *roles: str, more: tuple[str, ...] = ()) -> Http:
    clients = okta.org.oauth.clients
    scopes = (*READ, TOUCH, *more)
    clients[name] = replace(clients[name], roles=roles or clients[name].roles, scopes=scopes)
    return okta.http(okta_secret(name), *scopes)


@pytest.mark.parametrize("path", READS)
def test_a_scope_without_a_role_opens_nothing(okta: OktaSide, path: str) -> None:
    with pytest.raises(Refused, match="E0000006"):
        as_service_app(okta, "roleless").request("GET", path)
    assert as_service_app(okta, "reader").request("GET", path).status == 200


def test_a_reading_role_writes_nothing(okta: OktaSide) -> None:
    subject = Subject(APP, ORDINARY)
    scopes = (*READ, TOUCH)
    with pytest.raises(Refused, match="E0000006"):
        okta.client(okta_secret("reader"), *scopes).touch(subject, "department", "x")
    assert okta.client(okta_secret("plain"), *scopes).touch(subject, "department", "x")


@pytest.mark.parametrize("path", ACCESS)
def test_who_may_do_what_is_told_to_super_administrators_with_the_scope(
    okta: OktaSide, path: str
) -> None:
    scopes = ("okta.roles.read", "okta.appGrants.read")
    for http in (
        as_service_app(okta, "reader"),
        as_service_app(okta, "plain", "SUPER_ADMIN"),
        as_service_app(okta, "bound", "READ_ONLY_ADMIN", more=scopes),
    ):
        with pytest.raises(Refused, match="E0000006"):
            http.request("GET", path)
    told = as_service_app(okta, "elliptic", "SUPER_ADMIN", more=scopes).request("GET", path)
    assert told.body == okta.http("test-token").request("GET", path).body


def test_what_is_told(okta: OktaSide) -> None:
    http = okta.http("test-token")
    (role,) = http.request("GET", ACCESS[0]).body
    assert (role["type"], role["status"], role["assignmentType"]) == (
        "READ_ONLY_ADMIN",
        "ACTIVE",
        "CLIENT",
    )
    grants = http.request("GET", ACCESS[1]).body
    assert {each["scopeId"] for each in grants} == {*READ, TOUCH}
    for path in ("/oauth2/v1/clients/nobody/roles", "/api/v1/apps/nobody/grants"):
        with pytest.raises(NotFound):
            http.request("GET", path)


def test_a_token_tells_its_maker_and_the_makers_roles(okta: OktaSide) -> None:
    http = okta.http("test-token")
    me = http.request("GET", "/api/v1/users/me").body
    roles = http.request("GET", f"/api/v1/users/{me['id']}/roles").body
    assert [(each["type"], each["assignmentType"]) for each in roles] == [("SUPER_ADMIN", "USER")]
    assert http.request("GET", f"/api/v1/users/{ORDINARY}/roles").body == []
    with pytest.raises(NotFound):
        as_service_app(okta, "reader").request("GET", "/api/v1/users/me")
