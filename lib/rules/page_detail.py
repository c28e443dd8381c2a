"""What a page may repeat of a sentence made elsewhere: no value, no name, and not too much."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lib.incident import Plan
from lib.model import Value

WITHHELD = "(withheld)"
# Shorter ones would tear our own words apart.
_LEAST = 5
_ADDRESS = re.compile(r"[^\s@<>()\"']+@[^\s@<>()\"']+")
_PHONE = re.compile(r"\+\d[\d ()./-]{5,}\d")


def without_people(detail: str, plan: Plan) -> str:
    """One line. A last line of defence: details are made of our own words and of error codes."""
    text = " ".join(detail.split())
    for shape in (*_people(plan), _ADDRESS, _PHONE):
        text = shape.sub(WITHHELD, text)
    return text


def cut(text: str, most: int) -> str:
    """At most so many characters, ending with a whole word."""
    if len(text) <= most:
        return text
    return text[: most - 3].rpartition(" ")[0].rstrip(" ,.:;") + "..."


def _people(plan: Plan) -> Iterator[re.Pattern[str]]:
    """The plan's values anywhere; who may not approve, and what stands before an @, as words."""
    values = set(_texts(plan.expected, plan.actual))
    values |= {text for step in plan.steps for text in _texts(step.before, step.after)}
    names = set(_texts(plan.policy.excluded))
    names |= set(_texts(*(text.partition("@")[0] for text in values | names)))
    # Longest first, or a part that is withheld would leave the rest of the whole.
    for value in sorted(values, key=len, reverse=True):
        yield re.compile(re.escape(value), re.IGNORECASE)
    for name in sorted(names, key=len, reverse=True):
        yield re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)


def _texts(*values: Value) -> Iterator[str]:
    for value in values:
        if isinstance(value, str | tuple):
            every = (value,) if isinstance(value, str) else value
            yield from (text for text in every if len(text) >= _LEAST)
