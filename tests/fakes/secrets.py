"""Secrets Manager, as far as the hook's secret asks it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError


class FakeSecrets:
    """`versions` by stage. `error` names an AWS error code, "unreachable" breaks the network."""

    def __init__(self, **versions: str) -> None:
        self.versions = dict(versions)
        self.error = ""
        self.calls: list[str] = []

    def get_secret_value(self, SecretId: str, VersionStage: str) -> dict[str, Any]:  # noqa: N803
        self.calls.append(VersionStage)
        if self.error == "unreachable":
            raise EndpointConnectionError(endpoint_url="https://secrets.example")
        code = self.error
        if not code and VersionStage not in self.versions:
            code = "ResourceNotFoundException"
        if code:
            error: Any = {"Error": {"Code": code, "Message": SecretId}}
            raise ClientError(error, "GetSecretValue")
        return {"SecretString": self.versions[VersionStage]}
