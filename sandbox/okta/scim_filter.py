"""The SCIM filter subset Okta's System Log takes.

`eventType eq "…" and (target.id eq "00u…" or not (actor.id pr))`. All operators but `[ ]`.
A path that meets a list matches when any member does, which is how `target.id eq "…"` works.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Predicate = Callable[[Mapping[str, object]], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<paren>[()])|(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>[A-Za-z_$][\w.$-]*))"""
)

_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda actual, wanted: actual == wanted,
    "ne": lambda actual, wanted: actual != wanted,
    "co": lambda actual, wanted: wanted in actual,
    "sw": lambda actual, wanted: actual.startswith(wanted),
    "ew": lambda actual, wanted: actual.endswith(wanted),
    "gt": lambda actual, wanted: actual > wanted,
    "ge": lambda actual, wanted: actual >= wanted,
    "lt": lambda actual, wanted: actual < wanted,
    "le": lambda actual, wanted: actual <= wanted,
}

# Okta's own limits: the time range is since/until, and change details are not indexed.
_NOT_FILTERABLE = ("published", "changeDetails")


class FilterError(ValueError):
    """The expression cannot be used; the text says where."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def parse_filter(expression: str, attributes: frozenset[str] | None = None) -> Predicate:
    """Compiles an expression; FilterError when it is not one, or names what is not filterable.

    `attributes` is what an endpoint can filter by; None leaves it at any path of an event.
    """
    reader = _Reader(list(_tokens(expression)), attributes)
    predicate = reader.either()
    if reader.peek() is not None:
        raise FilterError(f"unexpected {reader.take().text!r}")
    return predicate


def _tokens(expression: str) -> Iterator[_Token]:
    at = 0
    end = len(expression.rstrip())
    while at < end:
        match = _TOKEN.match(expression, at)
        if match is None:
            raise FilterError(f"cannot read the expression from position {at}")
        yield _Token(str(match.lastgroup), match.group(str(match.lastgroup)))
        at = match.end()


class _Reader:
    """Recursive descent: `or` binds weaker than `and`, which binds weaker than `not`."""

    def __init__(self, tokens: list[_Token], attributes: frozenset[str] | None) -> None:
        self._tokens = tokens
        self._attributes = attributes
        self._at = 0

    def peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def take(self) -> _Token:
        token = self.peek()
        if token is None:
            raise FilterError("the expression ends too early")
        self._at += 1
        return token

    def _skip_word(self, word: str) -> bool:
        token = self.peek()
        if token is not None and token.kind == "word" and token.text.lower() == word:
            self._at += 1
            return True
        return False

    def either(self) -> Predicate:
        parts = [self._both()]
        while self._skip_word("or"):
            parts.append(self._both())
        return lambda event: any(part(event) for part in parts)

    def _both(self) -> Predicate:
        parts = [self._one()]
        while self._skip_word("and"):
            parts.append(self._one())
        return lambda event: all(part(event) for part in parts)

    def _one(self) -> Predicate:
        if self._skip_word("not"):
            inner = self._group(self.take())
            return lambda event: not inner(event)
        token = self.take()
        return self._group(token) if token.text == "(" else self._comparison(token)

    def _group(self, opening: _Token) -> Predicate:
        if opening.text != "(":
            raise FilterError(f"expected ( and found {opening.text!r}")
        inner = self.either()
        if self.take().text != ")":
            raise FilterError("a parenthesis is not closed")
        return inner

    def _comparison(self, token: _Token) -> Predicate:
        if token.kind != "word":
            raise FilterError(f"expected an attribute and found {token.text!r}")
        path = token.text.split(".")
        known = self._attributes is None or token.text in self._attributes
        if path[0] in _NOT_FILTERABLE or not known:
            raise FilterError(f"{token.text} cannot be filtered on")
        operator = self.take().text.lower()
        if operator == "pr":
            return lambda event: any(value is not None for value in _values(event, path))
        if operator not in _COMPARE:
            raise FilterError(f"unknown operator {operator!r}")
        compare = _COMPARE[operator]
        wanted = _literal(self.take())
        return lambda event: any(
            compare(_text(value), wanted) for value in _values(event, path) if value is not None
        )


def _literal(token: _Token) -> str:
    if token.kind == "string":
        return re.sub(r"\\(.)", r"\1", token.text[1:-1])
    if token.kind == "word" and token.text in {"true", "false"}:
        return token.text
    raise FilterError(f"expected a quoted value and found {token.text!r}")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _values(node: object, path: list[str]) -> Iterator[object]:
    if isinstance(node, list):
        for member in node:
            yield from _values(member, path)
    elif not path:
        yield node
    elif isinstance(node, Mapping):
        yield from _values(node.get(path[0]), path[1:])
