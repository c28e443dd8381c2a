"""DynamoDB clients that count what is asked of them, or do not answer."""

from __future__ import annotations

from collections import Counter
from typing import Any

from botocore.exceptions import EndpointConnectionError


class Counting:
    """A DynamoDB client that counts what is asked of it, and how many rows it answers."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: Counter[str] = Counter()
        self.rows = 0

    def __getattr__(self, name: str) -> Any:
        def counted(**arguments: Any) -> Any:
            self.calls[name] += 1
            answer = getattr(self._client, name)(**arguments)
            self.rows += len(answer.get("Items", ()))
            return answer

        return counted


class Down:
    """A DynamoDB client that answers `calls` more times."""

    def __init__(self, client: Any, calls: int = 0) -> None:
        self._client, self.calls = client, calls

    def __getattr__(self, name: str) -> Any:
        def answer(**arguments: Any) -> Any:
            if self.calls <= 0:
                raise EndpointConnectionError(endpoint_url="https://dynamodb.example")
            self.calls -= 1
            return getattr(self._client, name)(**arguments)

        return answer
