"""Checks a Signature Version 4 request by signing it again, with the signer botocore uses."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sandbox.aws.identities import Identity
from sandbox.aws.template import REGION

SERVICE = "execute-api"
SKEW = timedelta(minutes=5)  # what AWS allows
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<scope>[^,]+), ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class SignedRequest:
    """A request as it arrived; header names are lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def signer_of(
    request: SignedRequest, identities: Mapping[str, Identity], now: datetime
) -> Identity | None:
    """The identity whose key signed exactly this request lately, or None."""
    given = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    identity = identities.get(given["key"]) if given else None
    stamp = _time(request.headers.get("x-amz-date", ""))
    if given is None or identity is None or stamp is None or abs(now - stamp) > SKEW:
        return None
    if given["scope"] != f"{stamp:%Y%m%d}/{REGION}/{SERVICE}/aws4_request":
        return None
    if request.headers.get("x-amz-security-token") != identity.session_token:
        return None
    signed = given["headers"].split(";")
    if not {"host", "x-amz-date"} <= set(signed) or not set(signed) <= set(request.headers):
        return None
    claimed = request.headers.get("x-amz-content-sha256")
    if claimed is not None and claimed != hashlib.sha256(request.body).hexdigest():
        return None
    if not hmac.compare_digest(_sign(request, identity, signed, stamp), given["signature"]):
        return None
    return identity


def _sign(request: SignedRequest, identity: Identity, signed: list[str], stamp: datetime) -> str:
    again = AWSRequest(
        method=request.method,
        url=request.url,
        data=request.body,
        headers={name: request.headers[name] for name in signed},
    )
    again.context["timestamp"] = f"{stamp:%Y%m%dT%H%M%SZ}"
    credentials = Credentials(identity.access_key, identity.secret_key, identity.session_token)
    signer = SigV4Auth(credentials, SERVICE, REGION)
    text = signer.string_to_sign(again, signer.canonical_request(again))
    return str(signer.signature(text, again))


def _time(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
