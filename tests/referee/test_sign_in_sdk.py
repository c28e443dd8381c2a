"""azure-identity understands the simulated authority, also when it says no."""

from __future__ import annotations

import pytest
from azure.core.exceptions import ClientAuthenticationError

from tests.referee.conftest import Vendors
from tests.referee.microsoft import as_administrator, as_app


def scope(vendors: Vendors, permission: str = ".default") -> str:
    return f"{vendors.graph_root}/{permission}"


def test_an_application_gets_a_token_and_keeps_it(vendors: Vendors) -> None:
    credential = as_app(vendors, "reader")
    first = credential.get_token(scope(vendors))
    second = credential.get_token(scope(vendors))
    assert first.token == second.token
    assert first.expires_on > 0
    assert vendors.tenant.calls["POST /{tenant}/oauth2/v2.0/token"] == 1


def test_a_wrong_secret(vendors: Vendors) -> None:
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        as_app(vendors, "reader", secret="another").get_token(scope(vendors))


def test_an_administrator_signs_in_by_device_code(vendors: Vendors) -> None:
    credential = as_administrator(vendors, "global.admin@corp.example")
    assert credential.get_token(scope(vendors, "Directory.AccessAsUser.All")).token


def test_a_declined_device_code(vendors: Vendors) -> None:
    credential = as_administrator(vendors, "global.admin@corp.example", answer="cancel")
    with pytest.raises(ClientAuthenticationError, match="authorization_declined"):
        credential.get_token(scope(vendors, "Directory.AccessAsUser.All"))
