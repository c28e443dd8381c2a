"""catch_up leaves Okta alone with everybody else while it is down."""

from __future__ import annotations

from typing import Any

import pytest

from lib.errors import Transient
from lib.wiring import catch_up as wiring

VARIABLES = {
    "PUSHPROOF_TABLE": "table",
    "PUSHPROOF_OKTA_ORG_URL": "https://corp.example",
    "PUSHPROOF_OKTA_SECRET_ID": "secret",
    "PUSHPROOF_OKTA_APP_IDS": "0oaAAAAAAAAAAAAAAAA1",
    "PUSHPROOF_CHECK_QUEUE_URL": "https://sqs.example/q",
}


def test_its_requests_pass_the_breaker_that_check_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    shared: list[str] = []

    def held(_ask: Any) -> Any:
        raise Transient("Okta is down and left alone for now", 30)

    def breaker(_env: Any, vendor: str) -> Any:
        shared.append(vendor)
        return held

    monkeypatch.setattr(wiring, "breaker", breaker)
    reader, _ = wiring.catch_up(VARIABLES)
    assert shared == ["Okta"]
    # Before any credential is fetched: nothing is asked of Okta, nor signed in to.
    with pytest.raises(Transient, match="left alone"):
        reader._log.now()
