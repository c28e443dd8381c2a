"""This function's AWS identity as a token that Entra accepts in place of a secret.

Source: AWS IAM "outbound identity federation". STS answers at its regional endpoints only; `sub`
is the role's ARN.
"""

from __future__ import annotations

from typing import Any

import boto3
import botocore.session

from lib.aws import CONFIG, called
from lib.errors import SettingError

# Seconds; it is used at once. The role may ask for no longer one (template.yaml).
LIFETIME = 300


class WebIdentity:
    """Called for every sign-in. Raises Transient naming the AWS error's code."""

    def __init__(self, sts: Any, audience: str) -> None:
        """SettingError when boto3 is older than the API."""
        if not hasattr(sts, "get_web_identity_token"):
            raise SettingError(
                "PUSHPROOF_ENTRA_SIGN_IN is federated and this boto3 does not know "
                "sts:GetWebIdentityToken; ship a newer boto3 with the function, or sign in with a "
                "certificate."
            )
        self._sts = sts
        self._audience = audience

    def __call__(self) -> str:
        answer = called(
            self._sts.get_web_identity_token,
            Audience=[self._audience],
            SigningAlgorithm="RS256",  # the only one Entra takes
            DurationSeconds=LIFETIME,
        )
        return str(answer["WebIdentityToken"])


def web_identity(audience: str) -> WebIdentity:
    session = botocore.session.get_session()
    # Older versions would ask the global endpoint, which does not have this action.
    session.set_config_variable("sts_regional_endpoints", "regional")
    sts: Any = boto3.Session(botocore_session=session).client("sts", config=CONFIG)
    return WebIdentity(sts, audience)
