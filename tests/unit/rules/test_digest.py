"""A digest is for exactly one plan."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from lib.incident import CauseName, Drift, Plan, Policy, Step, StepKind, values_digest
from lib.model import Attribute, Link, LinkSource, Subject
from lib.rules.drifts import watched_digest
from lib.rules.expected import Expectation, MappingState
from lib.store.codec import decode, encode
from tests.fakes.make import (
    APP,
    OBJECT,
    OLD_PHONE,
    OTHER_OBJECT,
    PHONE,
    SUBJECT,
    entra_user,
    plan,
)

STEP = Step(StepKind.GRAPH_WRITE, "mobilePhone", OLD_PHONE, PHONE)
OTHER: dict[str, list[Any]] = {
    "incident_id": ["inc-9876543210"],
    "tenant_id": ["another"],
    "subject": [Subject(APP, "00uSOMEBODYELSE00001"), replace(SUBJECT, app_id="0oaB")],
    "link": [None, Link(OTHER_OBJECT, LinkSource.EXTERNAL_ID), Link(OBJECT, LinkSource.STORED)],
    "attribute": [Attribute.OTHER_MAILS],
    "expected": ["+15550101", "+1 5550100", None],
    "actual": ["+15550198", None, ""],
    "cause": [CauseName.NOT_PUSHED],
    "steps": [
        (),
        (STEP, STEP),
        (replace(STEP, kind=StepKind.PRIVILEGED_WRITE),),
        (replace(STEP, target="otherMails"),),
        (replace(STEP, before=None),),
        (replace(STEP, after="+15550101"),),
        (replace(STEP, note="x"),),
    ],
    "policy": [
        Policy(1, ()),
        Policy(0, ("why",)),
        Policy(0, (), ("somebody",)),
        Policy(0, (), (), "blocked"),
        Policy(0, (), (), "", "somebody at some time"),
    ],
    "watched": ["another"],
}


def test_every_field_has_another_value_here() -> None:
    assert set(OTHER) == {field.name for field in fields(Plan)}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in OTHER.items() for v in vs])
def test_any_change_changes_the_digest(name: str, value: Any) -> None:
    base = plan(STEP)
    assert replace(base, **{name: value}).digest != base.digest


def test_the_same_plan_has_the_same_digest() -> None:
    base = plan(STEP, expected=("a@x.example",), attribute=Attribute.OTHER_MAILS)
    assert replace(base).digest == base.digest
    assert decode(Plan, encode(base)).digest == base.digest


def drifts(*values: tuple[Attribute, Any, Any]) -> list[Drift]:
    return [Drift(attribute, expected, actual) for attribute, expected, actual in values]


def test_a_chain_digest_knows_values_and_whose_they_are() -> None:
    one = drifts((Attribute.OTHER_MAILS, ("a@x.example", "b@x.example"), ()))
    link = Link(OBJECT, LinkSource.EXTERNAL_ID)
    base = values_digest(one, link)
    swapped = drifts((Attribute.OTHER_MAILS, ("b@x.example", "a@x.example"), ()))
    assert values_digest(swapped, replace(link, source=LinkSource.STORED)) == base
    assert values_digest(one, None) != base
    assert values_digest(one, Link(OTHER_OBJECT, LinkSource.EXTERNAL_ID)) != base
    both = one + drifts((Attribute.ACCOUNT_ENABLED, True, False))
    assert values_digest(both, link) != base
    assert values_digest(both[::-1], link) == values_digest(both, link)


def of_mails(*mails: str) -> Plan:
    step = Step(StepKind.GRAPH_WRITE, "otherMails", mails, mails)
    return plan(step, attribute=Attribute.OTHER_MAILS, expected=mails, actual=mails)


def test_addresses_have_no_order_in_a_plans_digest() -> None:
    one = of_mails("a@x.example", "B@x.example", "c@x.example")
    swapped = of_mails("c@x.example", "a@x.example", "B@x.example")
    assert swapped.digest == one.digest
    # What is written stays as Okta has it.
    assert swapped.expected == ("c@x.example", "a@x.example", "B@x.example")


@pytest.mark.parametrize(
    "mails",
    [
        ("a@x.example",),
        ("a@x.example", "a@x.example", "B@x.example"),
        ("a@x.example", "b@y.example"),
    ],
)
def test_other_addresses_are_another_digest(mails: tuple[str, ...]) -> None:
    assert of_mails(*mails).digest != of_mails("a@x.example", "B@x.example").digest


def test_addresses_have_no_order_in_what_a_touch_would_push() -> None:
    mails, swapped = ("a@x.example", "b@x.example"), ("b@x.example", "a@x.example")

    def digest(expected: Any, on_app_user: Any, on_user: Any, actual: Any) -> str:
        of = Expectation(
            Attribute.OTHER_MAILS,
            expected,
            MappingState.PUSHED,
            on_app_user=on_app_user,
            on_user=on_user,
        )
        return watched_digest((of,), entra_user(other_mails=actual))

    base = digest(mails, mails, mails, mails)
    assert digest(swapped, swapped, swapped, swapped) == base
    assert digest(mails, mails, mails, mails[:1]) != base
    assert digest(mails, mails[:1], mails, mails) != base
