"""Operators on this machine: who a signed request comes from.

They stand for people who assumed one role through single sign-on, so what tells them apart is the
role session's name, as in AWS.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.aws.template import ACCOUNT, REGION

ROLE = "PushproofOperator"
_ROLE_ID = "AROALOCALPUSHPROOF01"


@dataclass(frozen=True)
class Identity:
    """Temporary credentials of one role session. `allowed`: may call the API at all."""

    name: str
    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    allowed: bool = True

    @property
    def arn(self) -> str:
        return f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/{self.name}"

    @property
    def user_id(self) -> str:
        return f"{_ROLE_ID}:{self.name}"

    def environment(self) -> dict[str, str]:
        """Variables under which boto3 and the pushproof command act as this identity."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.session_token,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }


def operator(name: str, *, allowed: bool = True) -> Identity:
    return Identity(
        name=name,
        access_key="ASIA" + secrets.token_hex(8).upper(),
        secret_key=secrets.token_urlsafe(30),
        session_token=secrets.token_urlsafe(40),
        allowed=allowed,
    )


def by_access_key(identities: Iterable[Identity]) -> dict[str, Identity]:
    return {identity.access_key: identity for identity in identities}
