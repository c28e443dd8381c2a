"""Every call of the page by itself: opened by what its row says and by nothing else listed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from lib.errors import NotFound, Refused
from sandbox.tls import Tls
from sandbox.world_model import World
from tests.permissions import page
from tests.permissions.conftest import SERVICE_APP, Entra, Grants, serving_okta
from tests.permissions.test_okta import hook_of

ENTRA = ("reader", "writer", "operator")
ADMINISTRATOR = "tenant.admin"
PLACES = {
    "users": "a0000000-0000-4000-8000-000000000004",
    "servicePrincipals": "5e1f0000-0000-4000-8000-000000000002",
    "app_id": "5e1f0000-0000-4000-8000-000000000005",
    "onPremisesSynchronization": "12cce4b4-4ab8-40b7-be4d-f5d7742ec185",
    "app": "0oaMicrosoft365Graph",
    "user": "00uOrdinaryUser00000",
    "client_id": SERVICE_APP,
}
QUERIES = {
    "roleAssignments": "?$filter=principalId eq 'a0000000-0000-4000-8000-000000000004'",
    "roleEligibilityScheduleInstances": "?$filter=principalId eq "
    "'a0000000-0000-4000-8000-000000000004'",
}
VALUES = {
    "mobilePhone": "+1 202 555 0199",
    "otherMails": ["leaver@example.net"],
    "accountEnabled": False,
}
# Refused to applications whatever they have: the row says so.
DELEGATED = "GET /v1.0/directory/onPremisesSynchronization"


@dataclass(frozen=True)
class Row:
    who: str
    call: page.Call

    def __str__(self) -> str:
        return f"{self.who} {self.call.route} {self.call.attribute}"


def rows(of: Iterable[str]) -> list[Row]:
    return [
        Row(who, call)
        for call in page.calls()
        if call.needs
        for who in sorted(call.who)
        if who in of and not (who == "reader" and call.route == DELEGATED)
    ]


def graph_status(entra: Entra, row: Row) -> int:
    method, path = row.call.route.split()
    kind = path.split("/")[-2] if path.endswith("{id}") else path.split("/")[2]
    path = path.replace("{id}", PLACES.get(kind, "")).replace("{app_id}", PLACES["app_id"])
    person = ADMINISTRATOR if row.who == "operator" else None
    body: dict[str, object] | None = None
    if method == "PATCH":
        body = {row.call.attribute or "mobilePhone": VALUES[row.call.attribute or "mobilePhone"]}
        if "onPremises" in path:
            body = {"features": {"bypassDirSyncOverridesEnabled": True}}
    return requests.request(
        method,
        f"{entra.url}/graph{path}{QUERIES.get(path.rpartition('/')[2], '')}",
        headers={"Authorization": f"Bearer {entra.tenant.token(row.who, person)}"},
        json=body,
        timeout=5,
    ).status_code


@pytest.mark.parametrize("row", rows(ENTRA), ids=str)
def test_graph(row: Row, entra: Grants) -> None:
    assert graph_status(entra(**{row.who: row.call.needs}), row) in (200, 204)
    for needed in row.call.needs:
        assert graph_status(entra(**{row.who: page.granted(row.who) - {needed}}), row) == 403


@pytest.mark.parametrize("row", rows(("stack", "administrator")), ids=str)
def test_okta(row: Row, demo: World, tls: Tls) -> None:
    """Each with a token for just these scopes: the app itself was granted all."""
    every = page.granted(row.who)
    with serving_okta(demo, tls, every, ("SUPER_ADMIN",)) as okta:
        made = okta.service_app(("okta.eventHooks.manage",)) if "{hook}" in row.call.route else None
        hook = ""
        if made is not None:
            body = hook_of("https://127.0.0.1:9/hook")
            hook = str(dict(made.request("POST", "/api/v1/eventHooks", json=body).body)["id"])  # type: ignore[call-overload]
            made.request("POST", f"/api/v1/eventHooks/{hook}/lifecycle/deactivate")
        mappings = okta.org.flask.test_client().get(
            "/api/v1/mappings", headers={"Authorization": "SSWS a-token"}
        )
        places = {**PLACES, "hook": hook, "mapping": mappings.get_json()[0]["id"]}
        if row.call.route.endswith("/grants"):
            places["app"] = SERVICE_APP

        def status(scopes: Iterable[str]) -> int:
            method, path = row.call.route.split()
            path = re.sub(r"\{(\w+)\}", lambda found: places[found[1]], path)
            http = okta.service_app(scopes)
            try:
                return http.request(method, path, json=body_for(row.call.route)).status
            except Refused as refused:
                return refused.status
            except NotFound:  # no user is behind a service app, say
                return 404

        assert status(row.call.needs) in (200, 204, 400, 404)
        others = {*every} - {*row.call.needs}
        if row.call.needs == ("okta.eventHooks.read",):
            others -= {"okta.eventHooks.manage"}  # which includes reading
        if row.call.needs == ("okta.apps.read",):
            others -= {"okta.apps.manage"}
        assert status(others) == 403


def body_for(route: str) -> dict[str, object] | None:
    if route.endswith("/lifecycle/verify") or route.startswith(("GET", "DELETE")):
        return None
    if "eventHooks" in route:
        return hook_of("https://127.0.0.1:9/hook")
    return {"profile": {"department": "touched"}}


def test_a_row_needs_only_what_was_listed_for_its_caller() -> None:
    for call in page.calls():
        for who in call.who - {"anybody"}:
            if (who, call.route) == ("reader", DELEGATED):
                continue
            assert set(call.needs) <= page.granted(who), call


def test_every_listed_permission_opens_some_call() -> None:
    """The two that open nothing by themselves decide what an answer holds."""
    for who in {each.who for each in page.grants()}:
        opened = {name for call in page.calls() if who in call.who for name in call.needs}
        assert page.granted(who) - opened <= {"GroupMember.Read.All"}


def test_rows_are_there_once() -> None:
    keys = [(call.route, call.attribute, who) for call in page.calls() for who in call.who]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("folder", ["lib", "ops"])
def test_no_address_in_the_code_is_missing_from_the_page(folder: str) -> None:
    """What tests might not reach: path literals of both vendors, f-strings with {} for a hole."""
    known = {re.sub(r"\{\w+\}", "{}", call.route.split()[1]) for call in page.calls()}
    known |= {path.removeprefix("/v1.0").removeprefix("/{}") for path in known}
    found = set()
    for file in (Path(__file__).parents[2] / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            text = literal(node)
            if re.match(r"/(api/v1|v1\.0|oauth2|roleManagement|auditLogs)/", text):
                found.add((file.name, text.partition("?")[0]))
    # A part of an address may stand alone: what begins a known one is known.
    missing = {each for each in found if not any(path.startswith(each[1]) for path in known)}
    assert found
    assert missing == set()


def literal(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
        return "".join(str(part) for part in parts)
    return ""
