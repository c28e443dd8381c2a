"""When two values are the same, and when Okta has no opinion."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.incident import Drift
from lib.model import Attribute, EntraUser, Value
from lib.rules.compare import Comparison, compare, phone_digits
from lib.rules.drifts import judge
from lib.rules.expected import Expectation
from tests.fakes.make import MAILS, OLD_PHONE, PHONE, entra_user

PHONE_, MAILS_, ENABLED = Attribute
EQUAL, FORMAT, DIFFERENT, NO_OPINION = Comparison


@pytest.mark.parametrize(
    ("expected", "actual", "result"),
    [
        ("+15550100", "+15550100", EQUAL),
        ("+1 (555) 01-00", "+15550100", EQUAL),
        ("+1 555 0100", "001 555 0100", EQUAL),
        ("07700 900123", "07700900123", EQUAL),
        ("+447700900123", "07700 900123", FORMAT),
        ("07700 900123", "+44 7700 900123", FORMAT),
        ("7700900123", "+447700900123", FORMAT),
        ("+447700900123", "+447700900124", DIFFERENT),
        ("+447700900123", "07700 900124", DIFFERENT),
        ("+447700900123", "+17700900123", DIFFERENT),
        ("+44123450123", "50123", DIFFERENT),  # so few digits match by chance
        ("+123456900123", "900123", DIFFERENT),  # no country code has six digits
        ("+15550100", "", DIFFERENT),
        ("+15550100", None, DIFFERENT),
        ("", "+15550100", NO_OPINION),
        (None, "+15550100", NO_OPINION),
    ],
)
def test_phones(expected: Value, actual: Value, result: Comparison) -> None:
    assert compare(PHONE_, expected, actual) is result


@pytest.mark.parametrize(
    ("expected", "actual", "result"),
    [
        (("a@x.example", "b@x.example"), ("B@X.example", "A@x.example"), EQUAL),
        (("a@x.example", "a@x.example"), ("a@x.example",), EQUAL),
        (("a@x.example",), ("a@x.example", "b@x.example"), DIFFERENT),
        (("a@x.example", "b@x.example"), ("a@x.example",), DIFFERENT),
        (("a@x.example",), (), DIFFERENT),
        ((), ("a@x.example",), NO_OPINION),
        (None, ("a@x.example",), NO_OPINION),
    ],
)
def test_mails(expected: Value, actual: Value, result: Comparison) -> None:
    assert compare(MAILS_, expected, actual) is result


@pytest.mark.parametrize(
    ("expected", "actual", "result"),
    [
        (True, True, EQUAL),
        (False, False, EQUAL),
        (True, False, DIFFERENT),
        (False, True, DIFFERENT),
        (False, None, DIFFERENT),
        (True, None, DIFFERENT),
        (None, True, NO_OPINION),
    ],
)
def test_accounts(expected: Value, actual: Value, result: Comparison) -> None:
    """False is an opinion, and an unknown state is not the expected one."""
    assert compare(ENABLED, expected, actual) is result


@given(st.from_regex(r"\+[0-9]{7,15}", fullmatch=True), st.text(" ()-./", max_size=5))
def test_punctuation_never_matters(phone: str, noise: str) -> None:
    assert compare(PHONE_, phone, phone[:4] + noise + phone[4:]) is EQUAL
    assert phone_digits(noise.join(phone)) == phone


@given(st.lists(st.emails(), min_size=1), st.randoms(use_true_random=False))
def test_order_never_matters(mails: list[str], shuffle: object) -> None:
    mixed = list(mails)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    assert compare(MAILS_, tuple(mails), tuple(mixed)) is EQUAL


def expectations(phone: Value, mails: Value, enabled: Value) -> tuple[Expectation, ...]:
    values = zip(Attribute, (phone, mails, enabled), strict=True)
    return tuple(Expectation(attribute, value) for attribute, value in values)


def test_only_what_differs_is_drift() -> None:
    found = judge(expectations(PHONE, MAILS, None), entra_user(mobile_phone=OLD_PHONE))
    assert found.drifts == (Drift(PHONE_, PHONE, OLD_PHONE),)
    assert found.without_opinion == (ENABLED,)


def test_another_format_is_a_note() -> None:
    user = entra_user(mobile_phone="07700 900123")
    found = judge(expectations("+447700900123", MAILS, True), user)
    assert (found.drifts, found.format_notes) == ((), (PHONE_,))


@pytest.mark.parametrize(
    ("enabled", "drifts"), [(False, ()), (None, ()), (True, (Drift(ENABLED, True, None),))]
)
def test_an_absent_user(enabled: bool | None, drifts: tuple[Drift, ...]) -> None:
    """Absence satisfies "disabled", and of a missing account only that is said."""
    absent: EntraUser | None = None
    found = judge(expectations(PHONE, MAILS, enabled), absent)
    assert found.drifts == drifts
    assert {PHONE_, MAILS_} <= set(found.without_opinion)
