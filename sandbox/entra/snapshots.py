"""What the tenant hands to tests and to Okta's push engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.entra.directory import User


@dataclass(frozen=True)
class UserSnapshot:
    """One user as it is now, whatever stale reads still answer."""

    id: str
    user_principal_name: str
    mobile_phone: str | None
    other_mails: tuple[str, ...]
    account_enabled: bool
    synced: bool | None
    immutable_id: str | None
    restricted: bool
    deleted: bool
    cloud_set_mobile: str | None
    values: Mapping[str, object]


@dataclass(frozen=True)
class WriteRefusal:
    """A push that Graph refused, with what Okta puts into its log. `path` follows the version."""

    status: int
    code: str
    message: str
    method: str
    path: str
    request_id: str
    client_request_id: str


def snapshot(user: User) -> UserSnapshot:
    values = user.values
    mobile, mails = values["mobilePhone"], values["otherMails"]
    synced, immutable = values["onPremisesSyncEnabled"], values["onPremisesImmutableId"]
    mobile_phone = None if mobile is None else str(mobile)
    return UserSnapshot(
        user.id,
        user.user_principal_name,
        mobile_phone,
        tuple(str(each) for each in mails) if isinstance(mails, list) else (),
        values["accountEnabled"] is True,
        None if synced is None else synced is True,
        None if immutable is None else str(immutable),
        user.restricted,
        user.deleted,
        mobile_phone if user.override else None,
        dict(values),
    )
