"""The demonstration's world, and with it every integration test, has what the page lists."""

from __future__ import annotations

import pytest

from sandbox.run import Sandbox
from sandbox.world_model import World
from tests.permissions import page


@pytest.mark.parametrize("who", ["reader", "writer", "operator"])
def test_nothing_more_and_nothing_less_is_granted(demo: World, who: str) -> None:
    identity = demo.identity(who)
    assert set(identity.permissions) == page.granted(who)
    assert identity.roles == ()


def test_the_tokens_have_the_listed_roles(demo: World) -> None:
    stack, administrator = demo.okta_tokens
    assert set(stack.roles) == page.roles("stack")
    assert set(administrator.roles) == page.roles("administrator")
    sandbox = Sandbox(demo)
    assert (sandbox.okta_token, sandbox.administrator_token) == (stack.token, administrator.token)


def test_nobody_else_is_there_who_could_call(demo: World) -> None:
    assert {each.name for each in demo.identities} == {"connector", "reader", "writer", "operator"}
    assert demo.okta_clients == ()
    assert not demo.tenant.app_only_directory_sync
