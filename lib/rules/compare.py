"""Is the actual value the expected one?"""

from __future__ import annotations

from enum import StrEnum

from lib.model import Attribute, Value


class Comparison(StrEnum):
    EQUAL = "equal"
    FORMAT = "format"  # the same phone written nationally and internationally: said, not drift
    DIFFERENT = "different"
    NO_OPINION = "no_opinion"


def compare(attribute: Attribute, expected: Value, actual: Value) -> Comparison:
    """An empty expected value is no opinion and is never written."""
    if expected is None or expected in ("", ()):
        return Comparison.NO_OPINION
    match attribute:
        case Attribute.MOBILE_PHONE:
            return _phones(str(expected), str(actual or ""))
        case Attribute.OTHER_MAILS:
            same = _mails(expected) == _mails(actual)
        case Attribute.ACCOUNT_ENABLED:
            same = expected == actual
    return Comparison.EQUAL if same else Comparison.DIFFERENT


def _mails(value: Value) -> frozenset[str]:
    """Graph documents no order, and addresses are matched without case."""
    given = value if isinstance(value, tuple) else (value,)
    return frozenset(mail.strip().casefold() for mail in given if isinstance(mail, str) and mail)


def phone_digits(phone: str) -> str:
    """Digits, and one leading + when the number is international ("00" counts as +)."""
    digits = "".join(c for c in phone if c.isdecimal() and c.isascii())
    if phone.strip().startswith("+"):
        return "+" + digits
    return "+" + digits[2:] if digits.startswith("00") else digits


def _phones(expected: str, actual: str) -> Comparison:
    one, other = phone_digits(expected), phone_digits(actual)
    if one == other:
        return Comparison.EQUAL
    if one.startswith("+") != other.startswith("+"):
        international, national = (one, other) if one.startswith("+") else (other, one)
        # Without the trunk 0 a national number is what follows the country code (1 to 3
        # digits); fewer than 6 digits would match by chance.
        subscriber = national.lstrip("0")
        country = international[1:].removesuffix(subscriber)
        if len(subscriber) >= 6 and 1 <= len(country) <= 3 and international.endswith(subscriber):
            return Comparison.FORMAT
    return Comparison.DIFFERENT
