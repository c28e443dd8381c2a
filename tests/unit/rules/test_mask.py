"""Values on a screen by default: recognisable, not readable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.model import Value
from lib.rules.mask import mask, show


@pytest.mark.parametrize(
    ("value", "masked", "shown"),
    [
        ("+15550100", "+1…00", "+15550100"),
        ("555010", "…", "555010"),
        ("", "(none)", "(none)"),
        (None, "(none)", "(none)"),
        ((), "(none)", "(none)"),
        (True, "true", "true"),
        (False, "false", "false"),
        (("a@b.example",), "1: a…@b…", "a@b.example"),
        (("a@b.example", "+15550100"), "2: a…@b…, +1…00", "a@b.example, +15550100"),
    ],
)
def test_mask_and_show(value: Value, masked: str, shown: str) -> None:
    assert (mask(value), show(value)) == (masked, shown)


@pytest.mark.parametrize(
    "odd",
    ["+1\x1b[2K\x1b[1G+44 20", "+1\r+44", "\u202e0010555", "a\nb", "\x9b2J", "\u2066x", "\ud800"],
)
def test_a_value_does_not_steer_the_screen(odd: str) -> None:
    for told in (show(odd), show((odd, odd)), mask(odd), mask((odd,))):
        assert told.isprintable()
    assert "\\" in show(odd)


@given(st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True))
def test_no_phone_can_be_read(phone: str) -> None:
    assert phone not in mask(phone)
    assert phone[2:-2] not in mask(phone)


@given(st.lists(st.emails(), min_size=1, max_size=4))
def test_no_mail_can_be_read(mails: list[str]) -> None:
    masked = mask(tuple(mails))
    for mail in mails:
        local, _, domain = mail.rpartition("@")
        assert mail not in masked
        assert f"@{domain}" not in masked
        assert len(local) < 2 or f"{local}@" not in masked
