"""Microsoft's clouds, as facts of the vendor's pages."""

from __future__ import annotations

import pytest

from lib.clouds import CLOUDS, Cloud, cloud
from lib.errors import SettingError
from lib.settings import Environment


def chosen(**variables: str) -> Cloud:
    return cloud(Environment({f"PUSHPROOF_{name}": value for name, value in variables.items()}))


@pytest.mark.parametrize(
    ("name", "authority", "graph", "audience"),
    [
        ("global", "login.microsoftonline.com", "graph.microsoft.com", ""),
        ("usgov_l4", "login.microsoftonline.us", "graph.microsoft.us", "USGov"),
        ("usgov_l5", "login.microsoftonline.us", "dod-graph.microsoft.us", "USGov"),
        ("china", "login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn", "China"),
    ],
)
def test_each_cloud(name: str, authority: str, graph: str, audience: str) -> None:
    found = chosen(ENTRA_CLOUD=name)
    assert found == CLOUDS[name]
    assert found.authority == f"https://{authority}"
    assert found.graph_root == f"https://{graph}"
    assert found.audience == f"api://AzureADTokenExchange{audience}"


def test_the_global_one_is_what_nobody_chose() -> None:
    assert chosen(ENTRA_AUTHORITY="", GRAPH_ROOT="") == CLOUDS["global"]


def test_addresses_given_by_hand_win() -> None:
    found = chosen(
        ENTRA_CLOUD="china", ENTRA_AUTHORITY="https://a.example/", GRAPH_ROOT="https://g.example/x"
    )
    assert found == Cloud("https://a.example", "https://g.example/x", CLOUDS["china"].audience)


def test_an_unknown_cloud_is_one_sentence() -> None:
    with pytest.raises(SettingError, match=r"ENTRA_CLOUD must be one of global, .*china\.$"):
        chosen(ENTRA_CLOUD="moon")
