"""Microsoft Graph's JSON as the model's objects. Errors name fields, never values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lib.errors import Transient
from lib.model import DirectorySync, EntraUser

Json = Mapping[str, object]

# otherMails, accountEnabled and the on-premises properties come only when they are selected.
USER_FIELDS = (
    "id",
    "userPrincipalName",
    "mobilePhone",
    "otherMails",
    "accountEnabled",
    "onPremisesSyncEnabled",
    "onPremisesImmutableId",
    "isManagementRestricted",
)
# Without one of these nothing can be compared or safely written; null is fine, absence is not.
_NEEDED = USER_FIELDS[:6]


def entra_user(body: object) -> EntraUser:
    """Raises Transient naming the field when an answer lacks one that was selected."""
    given = mapping(body)
    for needed in _NEEDED:
        if needed not in given:
            raise Transient(f"Graph's user has no {needed} field")
    object_id, name = given["id"], given["userPrincipalName"]
    mails, phone = given["otherMails"], given["mobilePhone"]
    if not isinstance(object_id, str) or not isinstance(name, str):
        raise Transient("Graph's user has no usable id or userPrincipalName field")
    if not isinstance(mails, list | None) or not isinstance(phone, str | None):
        raise Transient("Graph's user has an otherMails or mobilePhone field of another type")
    immutable_id = given.get("onPremisesImmutableId")
    return EntraUser(
        object_id=object_id,
        user_principal_name=name,
        mobile_phone=phone,
        other_mails=tuple(mail for mail in mails or () if isinstance(mail, str)),
        account_enabled=_flag(given, "accountEnabled"),
        synced=_flag(given, "onPremisesSyncEnabled"),
        immutable_id=immutable_id if isinstance(immutable_id, str) else None,
        restricted=_flag(given, "isManagementRestricted"),
    )


def directory_sync(body: object) -> DirectorySync | None:
    """v1.0 answers a collection of one; its own documentation also shows the bare entity.

    None for an empty collection. Raises Transient when the flag is not there.
    """
    given = mapping(body)
    if "value" in given:
        first = next(members(body), None)
        if first is None:
            return None
        given = mapping(first)
    identifier = given.get("id")
    flag = mapping(given.get("features")).get("bypassDirSyncOverridesEnabled")
    if not isinstance(identifier, str) or not isinstance(flag, bool):
        raise Transient("Graph's onPremisesSynchronization has no bypassDirSyncOverridesEnabled")
    return DirectorySync(identifier, flag)


def members(body: object) -> Iterator[object]:
    """What a collection answer holds. Raises Transient when it is none."""
    value = mapping(body).get("value")
    if not isinstance(value, list):
        raise Transient("Graph answered something else where a collection belongs")
    return iter(value)


def next_link(body: object) -> str | None:
    """Pages may have any size, even none, as long as this is there."""
    link = mapping(body).get("@odata.nextLink")
    return link if isinstance(link, str) and link else None


def mapping(value: object) -> Json:
    """A JSON object, or an empty one for null, a missing key and anything else."""
    return value if isinstance(value, Mapping) else {}


def _flag(given: Json, name: str) -> bool | None:
    value = given.get(name)
    return value if isinstance(value, bool) else None
