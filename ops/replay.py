"""Sends samples to the hook's address with the hook's secret, as Okta would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import requests

from lib.aws import client
from ops import samples
from ops.connection import Connection, Trouble


@dataclass(frozen=True)
class Sent:
    """What the hook answered to one sample."""

    sample: str
    status: int
    answer: str

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def send_all(connection: Connection, files: Sequence[str]) -> list[Sent]:
    """Every file is read before the first is sent. Raises Trouble."""
    loaded = [samples.load(file) for file in files]
    secret = client("secretsmanager").get_secret_value(SecretId=connection.output("HookSecretId"))[
        "SecretString"
    ]
    url = connection.output("HookUrl")
    sent = []
    with requests.Session() as session:
        for sample in loaded:
            headers = {**sample.headers, "Authorization": secret}
            try:
                answer = session.request(
                    sample.method,
                    url,
                    headers=headers,
                    data=sample.body.encode() if sample.body is not None else None,
                    timeout=(3, 10),
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                kind = type(error).__name__
                raise Trouble(f"The hook could not be reached ({kind}).") from None
            sent.append(Sent(sample.name, answer.status_code, answer.text[:200]))
    return sent
