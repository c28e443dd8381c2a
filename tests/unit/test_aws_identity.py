"""AWS identity in place of a secret. The real client speaks to the stand-in in tests/sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from lib.aws_identity import WebIdentity, web_identity
from lib.errors import SettingError, Transient


class Sts:
    def __init__(self, problem: Exception | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self._problem = problem

    def get_web_identity_token(self, **arguments: Any) -> dict[str, str]:
        self.asked.append(arguments)
        if self._problem:
            raise self._problem
        return {"WebIdentityToken": f"token-{len(self.asked)}"}


def test_every_sign_in_gets_a_short_token_of_its_own() -> None:
    sts = Sts()
    identity = WebIdentity(sts, "api://AzureADTokenExchange")
    assert [identity(), identity()] == ["token-1", "token-2"]
    assert sts.asked[0] == {
        "Audience": ["api://AzureADTokenExchange"],
        "SigningAlgorithm": "RS256",
        "DurationSeconds": 300,
    }


def test_an_older_boto3_is_one_clear_sentence() -> None:
    with pytest.raises(SettingError, match="PUSHPROOF_ENTRA_SIGN_IN is federated") as caught:
        WebIdentity(object(), "x")
    assert str(caught.value).count(".") == 1


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "hidden"}}, "x"),
            "AWS answered AccessDenied",
        ),
        (EndpointConnectionError(endpoint_url="https://hidden"), "EndpointConnectionError"),
    ],
)
def test_trouble_at_aws_names_its_code_only(problem: Exception, told: str) -> None:
    with pytest.raises(Transient, match=told) as caught:
        WebIdentity(Sts(problem), "x")()
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "https://sts.us-east-1.amazonaws.com"),
        ("eu-west-1", "https://sts.eu-west-1.amazonaws.com"),
        ("cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_the_regional_endpoint_is_asked_whatever_is_configured(
    region: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert web_identity("x")._sts.meta.endpoint_url == host
