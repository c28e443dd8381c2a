"""What Okta means each watched attribute to be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from lib.model import AppConfiguration, Attribute, OktaReading, Value
from lib.rules.compare import Comparison, compare

PLAIN_REFERENCE = re.compile(r"\s*user\.([A-Za-z_][A-Za-z0-9_]*)\s*")


class MappingState(StrEnum):
    """How the attribute gets from the Okta user to the AppUser."""

    PUSHED = "pushed"  # a plain reference, on create and update
    CREATE_ONLY = "create_only"  # pushStatus DONT_PUSH
    EXPRESSION = "expression"  # anything but a plain reference: reported as not evaluated
    MISSING = "missing"  # in the schema, mapped by nothing
    ABSENT = "absent"  # not an attribute of this app at all
    UNREAD = "unread"  # configuration could not be read


@dataclass(frozen=True)
class Expectation:
    """`value` None (or empty) is no opinion. `on_user` is what the plain mapping refers to.

    Where user and AppUser differ, the user's value is expected (Okta masters it) and `stale`
    tells that a push of the AppUser would send something else.
    """

    attribute: Attribute
    value: Value
    mapping: MappingState = MappingState.PUSHED
    on_app_user: Value = None
    on_user: Value = None
    why: str = ""

    @property
    def stale(self) -> bool:
        if self.mapping not in (MappingState.PUSHED, MappingState.CREATE_ONLY):
            return False
        return compare(self.attribute, self.on_user, self.on_app_user) is Comparison.DIFFERENT


def expectations(
    reading: OktaReading, configuration: AppConfiguration | None
) -> tuple[Expectation, ...]:
    """One per watched attribute, in a fixed order."""
    profile = (
        _profile_expectation(Attribute.MOBILE_PHONE, reading, configuration),
        _profile_expectation(Attribute.OTHER_MAILS, reading, configuration),
    )
    return (*profile, account_expectation(reading))


def account_expectation(reading: OktaReading) -> Expectation:
    """false: DEPROVISIONED, or assigned to no watched app. true: ACTIVE and assigned here.

    Else no opinion: suspended, locked out, staged, or assigned to another watched app only.
    """
    assigned = reading.app_user is not None or reading.assigned_elsewhere
    status = reading.user.status if reading.user else None
    value: bool | None = None
    if status is None and not assigned:
        why = "Okta no longer knows the user"
        value = False
    elif status == "DEPROVISIONED":
        why = "the Okta user is deactivated"
        value = False
    elif not assigned:
        why = "assigned to no watched app of this tenant"
        value = False
    elif reading.app_user is None:
        why = "another watched app speaks for this user"
    elif status == "ACTIVE":
        why = "the Okta user is active and assigned"
        value = True
    else:
        why = f"no opinion while the Okta user is {status}"
    return Expectation(Attribute.ACCOUNT_ENABLED, value, why=why)


def attribute_name(attribute: Attribute, configuration: AppConfiguration) -> str | None:
    """The AppUser's variable name: the one whose external name or own name is the Graph name.

    Okta lists display names only, so the schema is asked rather than a name assumed.
    """
    wanted = attribute.value.casefold()
    for by_external in (True, False):
        for name, external in configuration.schema_attributes.items():
            if ((external or "") if by_external else name).casefold() == wanted:
                return name
    return None


def as_value(attribute: Attribute, raw: object) -> Value:
    """A profile's raw JSON value as a Value; what has another shape is no value."""
    if attribute is Attribute.OTHER_MAILS:
        given = raw if isinstance(raw, list | tuple) else [raw]
        return tuple(mail.strip() for mail in given if isinstance(mail, str) and mail.strip())
    return raw.strip() if isinstance(raw, str) and raw.strip() else None


def _profile_expectation(
    attribute: Attribute, reading: OktaReading, configuration: AppConfiguration | None
) -> Expectation:
    app_user, user = reading.app_user, reading.user
    if app_user is None:
        return Expectation(attribute, None, MappingState.UNREAD, why="not assigned to the app")
    if configuration is None:
        return Expectation(attribute, None, MappingState.UNREAD, why="configuration not read")
    name = attribute_name(attribute, configuration)
    if name is None:
        return Expectation(
            attribute, None, MappingState.ABSENT, why="the app has no such attribute"
        )
    on_app_user = as_value(attribute, app_user.profile.get(name))
    rules = configuration.mappings
    type_id = user.type_id if user else None
    by_type = rules.get(type_id or "")
    if type_id is None and len(rules) == 1:
        by_type = next(iter(rules.values()))
    if by_type is None:
        why = "no mapping of the user's type was read"
        return Expectation(attribute, on_app_user, MappingState.UNREAD, on_app_user, why=why)
    rule = by_type.get(name)
    if rule is None:
        return Expectation(
            attribute, on_app_user, MappingState.MISSING, on_app_user, why="nothing maps it"
        )
    reference = PLAIN_REFERENCE.fullmatch(rule.expression)
    if reference is None or user is None:
        why = "the mapping expression is not evaluated"
        return Expectation(attribute, on_app_user, MappingState.EXPRESSION, on_app_user, why=why)
    on_user = as_value(attribute, user.profile.get(reference[1]))
    state = MappingState.PUSHED if rule.push_status == "PUSH" else MappingState.CREATE_ONLY
    why = f"mapped from user.{reference[1]}"
    return Expectation(attribute, on_user, state, on_app_user, on_user, why)
