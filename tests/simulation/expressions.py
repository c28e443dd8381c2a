"""DynamoDB's expressions, as far as the store writes them. What is not known here is no expression:
it raises, so that the store can not outgrow its stand-in unseen.

Source: DynamoDB developer guide, "Condition expressions", "Update expressions".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import moto.dynamodb

Item = Mapping[str, Any]
_TOKEN = re.compile(r"\s*(<=|>=|<>|[=<>(),]|[:#]?[A-Za-z_][A-Za-z0-9_]*)")
_RESERVED = frozenset(
    (Path(str(moto.dynamodb.__file__)).parent / "parsing" / "reserved_keywords.txt")
    .read_text(encoding="utf-8")
    .split()
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


class UnknownExpression(AssertionError):
    """The stand-in does not know it: teach it, and let the contract prove it."""


class Invalid(Exception):
    """What DynamoDB answers with ValidationException."""


class _Missing:
    """An attribute that is not there: no value, and unlike every value."""


MISSING: Any = _Missing()


@dataclass
class Scope:
    """One evaluation: the item as it is, and the request's names and values with their use."""

    item: Item
    names: Mapping[str, str]
    values: Mapping[str, Any]
    used: set[str] = field(default_factory=set)

    def attribute(self, token: str) -> str:
        if not token.startswith("#"):
            return token
        self.used.add(token)
        if token not in self.names:
            raise Invalid(f"{token} is not defined")
        return self.names[token]

    def operand(self, token: str) -> Any:
        if token.startswith(":"):
            self.used.add(token)
            if token not in self.values:
                raise Invalid(f"{token} is not defined")
            return self.values[token]
        return self.item.get(self.attribute(token), MISSING)

    def finish(self) -> None:
        unused = {*self.names, *self.values} - self.used
        if unused:
            raise Invalid(f"unused in expressions: {sorted(unused)}")


Node = tuple[Any, ...]


@cache
def condition(text: str) -> Node:
    parser = _Parser(text)
    node = parser.disjunction()
    parser.end()
    return node


@cache
def update(text: str) -> tuple[Node, ...]:
    """("SET", attribute, operand), ("ADD", attribute, value), ("REMOVE", attribute)."""
    parser = _Parser(text)
    found: list[Node] = []
    while parser.more():
        clause = parser.next().upper()
        if clause not in ("SET", "ADD", "REMOVE"):
            raise UnknownExpression(text)
        while True:
            name = parser.attribute()
            if clause == "SET":
                parser.expect("=")
                found.append((clause, name, parser.operand()))
            elif clause == "ADD":
                found.append((clause, name, parser.operand()))
            else:
                found.append((clause, name))
            if not parser.take(","):
                break
    if not found:
        raise UnknownExpression(text)
    return tuple(found)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._read(text))
        self._at = 0

    def _read(self, text: str) -> Iterator[str]:
        position = 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None:
                raise UnknownExpression(text)
            position = found.end()
            yield found[1]

    def more(self) -> bool:
        return self._at < len(self._tokens)

    def peek(self) -> str:
        return self._tokens[self._at] if self.more() else ""

    def next(self) -> str:
        token = self.peek()
        self._at += 1
        return token

    def take(self, token: str) -> bool:
        if self.peek().upper() != token:
            return False
        self._at += 1
        return True

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise UnknownExpression(self._text)

    def end(self) -> None:
        if self.more():
            raise UnknownExpression(self._text)

    def attribute(self) -> str:
        token = self.next()
        if not re.fullmatch(r"#?[A-Za-z_][A-Za-z0-9_]*", token):
            raise UnknownExpression(self._text)
        if token.upper() in _RESERVED:
            raise Invalid(f"{token} is a reserved keyword")
        return token

    def disjunction(self) -> Node:
        node = self._conjunction()
        while self.take("OR"):
            node = ("OR", node, self._conjunction())
        return node

    def _conjunction(self) -> Node:
        node = self._one()
        while self.take("AND"):
            node = ("AND", node, self._one())
        return node

    def _one(self) -> Node:
        if self.take("NOT"):
            return ("NOT", self._one())
        if self.take("("):
            node = self.disjunction()
            self.expect(")")
            return node
        word = self.peek()
        if word in ("attribute_exists", "attribute_not_exists"):
            self.next()
            self.expect("(")
            name = self.attribute()
            self.expect(")")
            return (word, name)
        if word in ("contains", "begins_with"):
            self.next()
            self.expect("(")
            one = self.operand()
            self.expect(",")
            other = self.operand()
            self.expect(")")
            return (word, one, other)
        left = self.operand()
        if self.take("BETWEEN"):
            low = self.operand()
            self.expect("AND")
            return ("BETWEEN", left, low, self.operand())
        sign = self.next()
        if sign not in ("=", "<>", *_COMPARE):
            raise UnknownExpression(self._text)
        return (sign, left, self.operand())

    def operand(self) -> Node:
        word = self.peek()
        if word.startswith(":"):
            return ("value", self.next())
        if word == "size":
            self.next()
            self.expect("(")
            name = self.attribute()
            self.expect(")")
            return ("size", name)
        if word in ("if_not_exists", "list_append"):
            self.next()
            self.expect("(")
            one = self.operand()
            self.expect(",")
            other = self.operand()
            self.expect(")")
            return (word, one, other)
        return ("value", self.attribute())


def holds(node: Node, scope: Scope) -> bool:
    """Every part is evaluated, so that what a request names counts as used."""
    kind, *parts = node
    match kind:
        case "AND" | "OR":
            both = [holds(part, scope) for part in parts]
            return all(both) if kind == "AND" else any(both)
        case "NOT":
            return not holds(parts[0], scope)
        case "attribute_exists" | "attribute_not_exists":
            there = scope.attribute(parts[0]) in scope.item
            return there is (kind == "attribute_exists")
    given = [value(part, scope) for part in parts]
    match kind:
        case "contains":
            return not isinstance(given[0], _Missing) and given[1] in given[0]
        case "begins_with":
            return isinstance(given[0], str) and given[0].startswith(given[1])
        case "BETWEEN":
            return _alike(*given) and bool(given[1] <= given[0] <= given[2])
        case "=":
            return _alike(*given) and bool(given[0] == given[1])
        case "<>":
            return not (_alike(*given) and given[0] == given[1])
    return _alike(*given) and _COMPARE[kind](*given)


def value(node: Node, scope: Scope) -> Any:
    kind, *parts = node
    if kind == "value":
        return scope.operand(parts[0])
    if kind == "size":
        held = scope.operand(parts[0])
        return MISSING if isinstance(held, _Missing | Decimal | bool) else Decimal(len(held))
    one, other = (value(part, scope) for part in parts)
    if kind == "if_not_exists":
        return other if isinstance(one, _Missing) else one
    if not isinstance(one, list) or not isinstance(other, list):
        raise Invalid("list_append takes two lists")
    return [*one, *other]


def _alike(*given: Any) -> bool:
    """Values of different types never compare."""
    return len({type(each) for each in given}) == 1 and not isinstance(given[0], _Missing)
