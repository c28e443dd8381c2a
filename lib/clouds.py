"""Microsoft's clouds: where tokens come from, where Graph is, and for whom AWS tokens are made.

Source: the vendor's "National cloud deployments" and "Workload identity federation" pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lib.settings import Environment


@dataclass(frozen=True)
class Cloud:
    """`audience` is what a federated credential expects; it is compared letter by letter."""

    authority: str
    graph_root: str
    audience: str


CLOUDS: Mapping[str, Cloud] = {
    "global": Cloud(
        "https://login.microsoftonline.com",
        "https://graph.microsoft.com",
        "api://AzureADTokenExchange",
    ),
    "usgov_l4": Cloud(
        "https://login.microsoftonline.us",
        "https://graph.microsoft.us",
        "api://AzureADTokenExchangeUSGov",
    ),
    "usgov_l5": Cloud(
        "https://login.microsoftonline.us",
        "https://dod-graph.microsoft.us",
        "api://AzureADTokenExchangeUSGov",
    ),
    "china": Cloud(
        "https://login.partner.microsoftonline.cn",
        "https://microsoftgraph.chinacloudapi.cn",
        "api://AzureADTokenExchangeChina",
    ),
}


def cloud(env: Environment) -> Cloud:
    """The named cloud; an authority or a Graph root that is given by hand wins."""
    named = CLOUDS[env.one_of("ENTRA_CLOUD", tuple(CLOUDS), "global")]
    return replace(
        named,
        authority=env.https("ENTRA_AUTHORITY", named.authority),
        graph_root=env.https("GRAPH_ROOT", named.graph_root),
    )
