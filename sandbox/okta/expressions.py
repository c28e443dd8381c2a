"""The few Okta Expression Language forms a world's mappings may use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_REFERENCE = re.compile(r"user\.(\w+)")
_LITERAL = re.compile(r"""(["'])(.*)\1""")
_CALL = re.compile(r"String\.(\w+)\(user\.(\w+)\)")

_FUNCTIONS: dict[str, Callable[[str], str]] = {
    "removeSpaces": lambda text: "".join(text.split()),
    "toLowerCase": str.lower,
    "toUpperCase": str.upper,
}


class InvalidExpressionError(ValueError):
    """Okta could not evaluate the mapping; the AppUser keeps what it had."""


def evaluate(expression: str, profile: Mapping[str, object]) -> object:
    """The value for one AppUser attribute. An attribute the user does not have gives None."""
    text = expression.strip()
    if match := _REFERENCE.fullmatch(text):
        return profile.get(match.group(1))
    if match := _LITERAL.fullmatch(text):
        return match.group(2)
    if (match := _CALL.fullmatch(text)) and match.group(1) in _FUNCTIONS:
        value = profile.get(match.group(2))
        return None if value is None else _FUNCTIONS[match.group(1)](str(value))
    raise InvalidExpressionError(expression)


def referenced(expression: str) -> set[str]:
    """The user attributes an expression names."""
    return set(re.findall(r"\buser\.(\w+)", expression))
