"""Properties of a Graph user: which exist, which come by default, what values they take.

Source: the vendor's user resource and "Update user" pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from sandbox.entra.errors import GraphError, bad_request, invalid_value, not_modelled


class Kind(Enum):
    TEXT = "text"
    FLAG = "flag"
    TEXTS = "texts"


@dataclass(frozen=True)
class Property:
    """`cloud`: stays writable in the cloud for a synced user. `audit`: the audit log's name."""

    kind: Kind
    default: bool = False
    writable: bool = True
    nullable: bool = True
    longest: int = 256
    most: int = 250
    cloud: bool = False
    audit: str = ""


# otherMails has no on-premises counterpart; accountEnabled is synced, yet the vendor's incident
# guide has administrators write it in the cloud too.
USER: Mapping[str, Property] = {
    "id": Property(Kind.TEXT, default=True, writable=False),
    "businessPhones": Property(Kind.TEXTS, True, nullable=False, most=1, longest=64),
    "displayName": Property(Kind.TEXT, True, nullable=False),
    "givenName": Property(Kind.TEXT, True, longest=64),
    "jobTitle": Property(Kind.TEXT, True, longest=128),
    "mail": Property(Kind.TEXT, True),
    "mobilePhone": Property(Kind.TEXT, True, longest=64, audit="Mobile"),
    "officeLocation": Property(Kind.TEXT, True, longest=128),
    "preferredLanguage": Property(Kind.TEXT, True),
    "surname": Property(Kind.TEXT, True, longest=64),
    "userPrincipalName": Property(Kind.TEXT, True, nullable=False),
    "otherMails": Property(Kind.TEXTS, nullable=False, longest=250, cloud=True, audit="OtherMail"),
    "accountEnabled": Property(Kind.FLAG, nullable=False, cloud=True),
    "city": Property(Kind.TEXT, longest=128),
    "companyName": Property(Kind.TEXT, longest=64),
    "country": Property(Kind.TEXT, longest=128),
    "department": Property(Kind.TEXT, longest=64),
    "employeeId": Property(Kind.TEXT, longest=16),
    "usageLocation": Property(Kind.TEXT, longest=2, cloud=True),
    "userType": Property(Kind.TEXT),
    "createdDateTime": Property(Kind.TEXT, writable=False),
    "isManagementRestricted": Property(Kind.FLAG, writable=False),
    "onPremisesImmutableId": Property(Kind.TEXT),
    "onPremisesLastSyncDateTime": Property(Kind.TEXT, writable=False),
    "onPremisesProvisioningErrors": Property(Kind.TEXTS, writable=False),
    "onPremisesSyncEnabled": Property(Kind.FLAG, writable=False),
}
DEFAULT = tuple(name for name, each in USER.items() if each.default)
_UNMODELLED = frozenset({"passwordProfile", "userPrincipalName", "onPremisesImmutableId"})


def audit_name(name: str) -> str:
    """The audit log's name of a property: `Mobile`, `OtherMail`, `AccountEnabled` …"""
    return USER[name].audit or name[0].upper() + name[1:]


def check_values(changes: Mapping[str, object]) -> None:
    """GraphError (400) for the first property that does not exist or value it cannot take."""
    if not changes:
        raise bad_request("Empty payload. JSON content expected.")
    for name, value in changes.items():
        if name in _UNMODELLED:
            raise not_modelled(f"writing {name}")
        rules = USER.get(name)
        if rules is None:
            raise bad_request(f"Resource 'User' does not have a property named '{name}'.")
        if not rules.writable:
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
        problem = _problem(name, rules, value)
        if problem is not None:
            raise problem


def _problem(name: str, rules: Property, value: object) -> GraphError | None:
    if value is None:
        return None if rules.nullable else invalid_value(name)
    match rules.kind:
        case Kind.FLAG:
            good = isinstance(value, bool)
        case Kind.TEXT:
            good = _text(value, rules)
        case Kind.TEXTS:
            good = (
                isinstance(value, list)
                and len(value) <= rules.most
                and all(_text(each, rules) for each in value)
            )
            # "Accent characters are not allowed", says the vendor of otherMails.
            if good and name == "otherMails":
                good = isinstance(value, list) and all(str(each).isascii() for each in value)
    return None if good else invalid_value(name)


def _text(value: object, rules: Property) -> bool:
    return isinstance(value, str) and 0 < len(value) <= rules.longest
