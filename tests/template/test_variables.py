"""The variables of template.yaml are the ones the functions ask for, no more and no fewer."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

PREFIX = "PUSHPROOF_"
TEXTS = {
    "OKTA_APP_IDS": "0oa00000000000000000",
    "OKTA_ORG_URL": "https://corp.example",
    "ENTRA_SIGN_IN": "secret",
    "ENTRA_CLOUD": "global",
    "ENTRA_AUTHORITY": "https://login.example",
    "GRAPH_ROOT": "https://graph.example",
    "MODE": "approve",
    "HTTPS_PAGES": "chat",
    "BREAK_GLASS": "11111111-aaaa-4aaa-8aaa-111111111111",
    "CONNECTOR_OBJECT_ID": "22222222-bbbb-4bbb-8bbb-222222222222",
}


class Asked(dict[str, str]):
    """Answers any variable with something that makes sense, and remembers its name."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return TEXTS.get(name.removeprefix(PREFIX), "1")


def function_of(handler: str) -> str:
    return handler.title().replace("_", "") + "Function"


@pytest.mark.parametrize(
    "name", ["receive", "check", "remediate", "approve", "catch_up", "tick", "sweep"]
)
def test_a_function_gets_exactly_what_it_asks_for(
    template: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing listens there: receive asks for its secret during init and must bear that.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    asked = Asked()
    getattr(importlib.import_module(f"lib.wiring.{name}"), name)(asked)
    properties = template["Resources"][function_of(name)]["Properties"]
    given = {v for v in properties["Environment"]["Variables"] if v.startswith(PREFIX)}
    assert given == asked.names
