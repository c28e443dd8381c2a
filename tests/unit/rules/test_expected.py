"""What Okta means each attribute to be: the account's whole table and the three-way compare."""

from __future__ import annotations

from typing import Any

import pytest

from lib.model import AppConfiguration, Attribute, MappingRule, OktaReading
from lib.rules.expected import (
    Expectation,
    MappingState,
    account_expectation,
    as_value,
    attribute_name,
    expectations,
)
from tests.fakes.make import MAILS, OLD_PHONE, PHONE, app_user, configuration, okta_user, reading

# Assigned to this app; to another watched one; to none. Then what is expected for each status.
ACCOUNT: dict[str, tuple[bool | None, bool | None, bool | None]] = {
    "ACTIVE": (True, None, False),
    "STAGED": (None, None, False),
    "PROVISIONED": (None, None, False),
    "RECOVERY": (None, None, False),
    "PASSWORD_EXPIRED": (None, None, False),
    "LOCKED_OUT": (None, None, False),
    "SUSPENDED": (None, None, False),
    "DEPROVISIONED": (False, False, False),
}


@pytest.mark.parametrize("status", ACCOUNT)
def test_the_account(status: str) -> None:
    user = okta_user(status)
    here, elsewhere, nowhere = ACCOUNT[status]
    assert account_expectation(reading(user=user)).value is here
    other = reading(user=user, app_user=None, assigned_elsewhere=True)
    assert account_expectation(other).value is elsewhere
    assert account_expectation(reading(user=user, app_user=None)).value is nowhere


def test_a_user_okta_no_longer_knows_is_a_leaver() -> None:
    gone: OktaReading = reading(user=None, app_user=None)
    assert account_expectation(gone).value is False
    # An assignment without its user can not be: no opinion rather than a guess.
    assert account_expectation(reading(user=None)).value is None


def phone(config: AppConfiguration | None = None, **changes: Any) -> Expectation:
    return expectations(reading(**changes), config or configuration())[0]


def mapped(expression: str, push_status: str = "PUSH") -> AppConfiguration:
    rule = MappingRule(expression, push_status)
    return configuration(mappings={"oty1": {"mobilePhone": rule}})


def test_a_plain_mapping_expects_the_users_value() -> None:
    found = phone()
    assert (found.value, found.mapping, found.stale) == (PHONE, MappingState.PUSHED, False)


@pytest.mark.parametrize("status", ["PUSH", "DONT_PUSH"])
def test_an_app_user_that_lags_behind_is_stale(status: str) -> None:
    """AppUser equal to Entra would hide this; the Okta user masters it."""
    held = app_user(profile={"mobilePhone": OLD_PHONE})
    found = phone(mapped(" user.mobilePhone ", status), app_user=held)
    assert (found.value, found.on_app_user, found.stale) == (PHONE, OLD_PHONE, True)
    create_only = found.mapping is MappingState.CREATE_ONLY
    assert create_only is (status == "DONT_PUSH")


def test_another_way_of_writing_it_is_not_stale() -> None:
    assert not phone(app_user=app_user(profile={"mobilePhone": "+1 555 0100"})).stale


@pytest.mark.parametrize("expression", ['"+1" + user.mobilePhone', "appuser.x", "user.a.b", ""])
def test_other_expressions_are_not_evaluated(expression: str) -> None:
    found = phone(mapped(expression), app_user=app_user(profile={"mobilePhone": OLD_PHONE}))
    assert (found.value, found.mapping) == (OLD_PHONE, MappingState.EXPRESSION)
    assert not found.stale


def test_empty_is_no_opinion_even_where_the_app_user_holds_something() -> None:
    found = phone(user=okta_user(profile={"mobilePhone": " "}))
    assert found.value is None
    assert not found.stale


def test_what_nothing_maps_is_said() -> None:
    assert phone(configuration(mappings={"oty1": {}})).mapping is MappingState.MISSING
    nothing = phone(configuration(schema_attributes={"department": None}))
    assert (nothing.mapping, nothing.value) == (MappingState.ABSENT, None)


def test_what_could_not_be_read_is_not_guessed() -> None:
    assert phone(app_user=None).mapping is MappingState.UNREAD
    assert expectations(reading(), None)[0] == Expectation(
        Attribute.MOBILE_PHONE, None, MappingState.UNREAD, why="configuration not read"
    )
    two: dict[str, dict[str, MappingRule]] = {"oty1": {}, "oty2": {}}
    found = phone(configuration(mappings=two), user=okta_user(type_id="oty3"))
    assert (found.mapping, found.value) == (MappingState.UNREAD, PHONE)


def test_one_mapping_serves_a_user_whose_type_is_not_told() -> None:
    assert phone(user=okta_user(type_id=None)).mapping is MappingState.PUSHED


def test_the_schema_names_the_attribute() -> None:
    """By its external name first, then by its own, letter case aside."""
    renamed = configuration(
        schema_attributes={"mobilephone": "businessPhones", "cell": "MobilePhone"}
    )
    assert attribute_name(Attribute.MOBILE_PHONE, renamed) == "cell"
    own = configuration(schema_attributes={"MOBILEPHONE": None})
    assert attribute_name(Attribute.MOBILE_PHONE, own) == "MOBILEPHONE"


@pytest.mark.parametrize(
    ("raw", "phone_value", "mails_value"),
    [
        (PHONE, PHONE, (PHONE,)),
        (list(MAILS), None, MAILS),
        ([" a@x.example ", "", 7, None], None, ("a@x.example",)),
        (None, None, ()),
        (7, None, ()),
        ({}, None, ()),
    ],
)
def test_raw_values_of_another_shape_are_no_value(
    raw: object, phone_value: object, mails_value: object
) -> None:
    assert as_value(Attribute.MOBILE_PHONE, raw) == phone_value
    assert as_value(Attribute.OTHER_MAILS, raw) == mails_value


def test_a_user_of_another_type_is_not_judged_by_the_only_mapping() -> None:
    """What another type's user is mapped from nobody read: the assignment is all that is known."""
    profile = {"login": "x", "mobilePhone": OLD_PHONE}
    other = phone(user=okta_user(type_id="oty2", profile=profile))
    assert (other.value, other.mapping) == (PHONE, MappingState.UNREAD)
    assert other.on_user is None
    assert not other.stale


def test_where_okta_names_no_type_the_only_mapping_counts() -> None:
    profile = {"login": "x", "mobilePhone": OLD_PHONE}
    untyped = phone(user=okta_user(type_id=None, profile=profile))
    assert (untyped.value, untyped.mapping) == (OLD_PHONE, MappingState.PUSHED)
    rules = configuration().mappings["oty1"]
    two = configuration(mappings={"oty1": rules, "oty2": rules})
    assert phone(two, user=okta_user(type_id=None)).mapping is MappingState.UNREAD
