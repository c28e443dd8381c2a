"""What is looked up after the integration tests, tried on calls that nobody should make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sandbox.run import Sandbox
from sandbox.world_model import World
from tests.permissions.seen import Seen

USER = "/graph/v1.0/users/a0000000-0000-4000-8000-000000000004"


def graph(sandbox: Sandbox, who: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {sandbox.tenant.token(who)}"}


@pytest.fixture
def sandbox(demo: World) -> Sandbox:
    """Not started: its applications answer in this process."""
    return Sandbox(demo)


def test_a_listed_call_is_found(sandbox: Sandbox) -> None:
    seen = Seen(sandbox)
    sandbox.tenant.flask.test_client().get(USER, headers=graph(sandbox, "reader"))
    sandbox.org.flask.test_client().get(
        "/api/v1/logs", headers={"Authorization": f"SSWS {sandbox.okta_token}"}
    )
    assert seen.calls == {
        ("reader", "GET /v1.0/users/{id}", ""),
        ("stack", "GET /api/v1/logs", ""),
    }
    assert (seen.unlisted(), seen.beyond) == (set(), set())


@pytest.mark.parametrize(
    ("who", "method", "path", "body"),
    [
        ("reader", "GET", "/graph/v1.0/groups", None),
        ("writer", "GET", USER, None),
        ("reader", "PATCH", USER, {"mobilePhone": "+1 202 555 0199"}),
        ("writer", "PATCH", USER, {"mobilePhone": "+1 202 555 0199", "department": "x"}),
    ],
)
def test_any_other_call_is_told(
    sandbox: Sandbox, who: str, method: str, path: str, body: object
) -> None:
    seen = Seen(sandbox)
    client = sandbox.tenant.flask.test_client()
    client.open(path, method=method, json=body, headers=graph(sandbox, who))
    assert {each[0] for each in seen.unlisted()} == {who}


def test_a_part_of_a_batch_is_a_call(sandbox: Sandbox) -> None:
    seen = Seen(sandbox)
    parts = [{"id": "1", "method": "GET", "url": "/groups"}]
    sandbox.tenant.flask.test_client().post(
        "/graph/v1.0/$batch", json={"requests": parts}, headers=graph(sandbox, "reader")
    )
    assert seen.unlisted() == {("reader", "GET /v1.0/groups", "")}


def test_the_stacks_token_at_an_administrators_call(sandbox: Sandbox) -> None:
    seen = Seen(sandbox)
    for token in (sandbox.okta_token, sandbox.administrator_token):
        sandbox.org.flask.test_client().delete(
            "/api/v1/apps/0oaMicrosoft365Graph/users/00uOrdinaryUser00000",
            headers={"Authorization": f"SSWS {token}"},
        )
    assert {each[0] for each in seen.unlisted()} == {"stack", "administrator"}


def test_a_world_that_grants_more(demo: World) -> None:
    more = tuple(
        replace(each, permissions=(*each.permissions, "Directory.Read.All"))
        for each in demo.identities
    )
    sandbox = Sandbox(replace(demo, identities=more))
    seen = Seen(sandbox)
    sandbox.tenant.flask.test_client().get(USER, headers=graph(sandbox, "reader"))
    assert seen.beyond == {("reader", "Directory.Read.All")}
